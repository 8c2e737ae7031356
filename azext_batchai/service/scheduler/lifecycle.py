"""Which state may follow which. The scheduler asks here before it moves a job or a node.

Nodes that a job takes or gives back change with it, in the same statement of the store.
"""
from __future__ import annotations

from azext_batchai.arm.states import JobState, NodeState

_JOB: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.FAILED}),
    JobState.RUNNING: frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.TERMINATING, JobState.QUEUED}),
    JobState.TERMINATING: frozenset({JobState.FAILED}),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
}

_NODE: dict[NodeState, frozenset[NodeState]] = {
    NodeState.PREPARING: frozenset({NodeState.IDLE, NodeState.UNUSABLE, NodeState.LEAVING}),
    NodeState.IDLE: frozenset({NodeState.RUNNING, NodeState.UNUSABLE, NodeState.LEAVING}),
    NodeState.RUNNING: frozenset({NodeState.IDLE, NodeState.LEAVING}),
    NodeState.UNUSABLE: frozenset({NodeState.PREPARING, NodeState.IDLE, NodeState.LEAVING}),
    NodeState.LEAVING: frozenset(),
}


class IllegalTransition(RuntimeError):
    """A defect in this program, not in a request."""


def check_job(current: str, following: JobState) -> None:
    """Raises IllegalTransition unless a job may go from `current` to `following`."""
    if following not in _JOB[JobState(current)]:
        raise IllegalTransition(f'a job cannot go from {current} to {following}')


def check_node(current: str, following: NodeState) -> None:
    """Raises IllegalTransition unless a node may go from `current` to `following`."""
    if following not in _NODE[NodeState(current)]:
        raise IllegalTransition(f'a node cannot go from {current} to {following}')
