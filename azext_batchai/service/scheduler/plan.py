"""Decide what to do next about one cluster. Pure: no clock, no database, no process.

The loop calls `plan` again after it has acted, until nothing is left to do.
"""
from __future__ import annotations

from dataclasses import dataclass

from azext_batchai.arm.states import AllocationState, DeallocationOption, NodeState
from azext_batchai.service.scheduler.autoscale import wanted_nodes
from azext_batchai.service.scheduler.snapshot import ActiveJob, ClusterView, NodeView


class StopReason:
    """Why an attempt is stopped; decides what becomes of the job."""
    TERMINATE = 'terminate'
    DELETE = 'delete'
    WALL_CLOCK = 'wall_clock'
    RESIZE_REQUEUE = 'resize_requeue'
    RESIZE_TERMINATE = 'resize_terminate'
    NODE_LOST = 'node_lost'
    EVICTED = 'evicted'
    CLUSTER_DELETED = 'cluster_deleted'
    # Somebody ended it in the queue of the engine, not through us.
    REMOVED = 'removed'
    # A process that the others need has failed, or all those that count have ended: what is left of the launch ends.
    TASK_FAILED = 'task_failed'
    WORK_DONE = 'work_done'


@dataclass(frozen=True)
class StopJob:
    guid: str
    reason: str


@dataclass(frozen=True)
class KillJob:
    """The grace of a stopped job is over."""
    guid: str


@dataclass(frozen=True)
class SetAllocation:
    state: AllocationState


@dataclass(frozen=True)
class Rescale:
    """Ask the engine for `count` nodes, giving up those in `leaving`."""
    count: int
    leaving: tuple[str, ...] = ()


@dataclass(frozen=True)
class StartJob:
    guid: str
    nodes: tuple[str, ...]


@dataclass(frozen=True)
class SubmitJob:
    """Hand the job to the engine, which has a queue of its own and finds the nodes."""
    guid: str


@dataclass(frozen=True)
class RemoveCluster:
    """The cluster was to be deleted and has no node left."""


Action = StopJob | KillJob | SetAllocation | Rescale | StartJob | SubmitJob | RemoveCluster


@dataclass(frozen=True)
class Timing:
    """Seconds. `grace` is between asking a job to end and killing it, `idle_delay` keeps idle auto-scale nodes, and
    low-priority nodes are taken away at the age of `eviction` unless that is 0."""
    grace: float
    idle_delay: float
    eviction: float = 0.0


# Nodes that no job holds, in the order in which they are given up.
_FREE = (NodeState.UNUSABLE, NodeState.PREPARING, NodeState.IDLE)


def plan(view: ClusterView, now: float, timing: Timing) -> list[Action]:
    """The next actions, in order. An empty list means that only time or news can change anything.

    What lies in the future has been written by a clock that was ahead: no delay is measured from it.
    """
    actions: list[Action] = _stops(view, now, timing)
    present = [node for node in view.nodes if node.state is not NodeState.LEAVING]
    wanted = _wanted(view, present, now, timing)
    replaced = [node for node in present if _is_to_go(view, node, now, timing) and node.state in _FREE]
    victims, crowded = _surplus(view, [node for node in present if node not in replaced],
                                len(present) - len(replaced) - wanted, actions)
    victims += replaced
    settled = len(present) == wanted or _has_what_there_is(view, len(present), wanted)
    if not settled and view.allocation_state is AllocationState.STEADY:
        actions.append(SetAllocation(AllocationState.RESIZING))
    leaving = tuple(node.id for node in view.nodes if node.state is NodeState.LEAVING or node in victims)
    if leaving or len(present) < wanted:
        actions.append(Rescale(len(present) - len(victims) if leaving else wanted, leaving))
    if settled and not leaving and view.allocation_state is AllocationState.RESIZING:
        actions.append(SetAllocation(AllocationState.STEADY))
    if view.deleting:
        return actions + ([RemoveCluster()] if not view.nodes and not view.active else [])
    if view.queues_gangs:
        actions += [SubmitJob(job.guid) for job in view.queue]
    elif not crowded:
        idle = [node.id for node in present if node.state is NodeState.IDLE and node not in victims]
        actions += _starts(view, idle)
    return actions


def next_time(view: ClusterView, now: float, timing: Timing) -> float | None:
    """When to plan again if no news comes before: the nearest deadline, end of grace or end of an idle delay.

    A time that is over is none: what it allowed was not to be done, and only news can change that.
    """
    times = [job.stop_time + timing.grace for job in view.active if job.stop_time is not None and not job.killed]
    times += [job.deadline for job in view.active if job.deadline is not None and job.stop_reason is None]
    if view.low_priority and timing.eviction:
        times += [node.added + timing.eviction for node in view.nodes]
    if view.scale.target is None and len(view.nodes) > view.scale.minimum:
        times += [node.since + timing.idle_delay for node in view.nodes if node.state is NodeState.IDLE]
    return min((time for time in times if time > now), default=None)


def _stops(view: ClusterView, now: float, timing: Timing) -> list[Action]:
    actions: list[Action] = []
    for job in view.active:
        if job.stop_reason is None:
            reason = _reason_to_stop(view, job, now, timing)
            if reason:
                actions.append(StopJob(job.guid, reason))
        elif job.stop_time is not None and not job.killed and not 0 <= now - job.stop_time < timing.grace:
            actions.append(KillJob(job.guid))
    return actions


def _reason_to_stop(view: ClusterView, job: ActiveJob, now: float, timing: Timing) -> str | None:
    if job.wish:
        return StopReason.DELETE if job.wish == 'delete' else StopReason.TERMINATE
    if view.deleting:
        return StopReason.CLUSTER_DELETED
    if job.deadline is not None and now >= job.deadline:
        return StopReason.WALL_CLOCK
    if job.submitted:
        return None
    held = [node for node in view.nodes if node.job == job.guid]
    if len(held) < job.node_count:
        return StopReason.NODE_LOST
    if any(_is_to_go(view, node, now, timing) for node in held):
        return StopReason.EVICTED
    return None


def _is_to_go(view: ClusterView, node: NodeView, now: float, timing: Timing) -> bool:
    """Whether another node has to take the place of this one: it was unusable when the cluster was resized, or it is
    of low priority and its time is up."""
    if node.state is NodeState.UNUSABLE and node.since < view.resized:
        return True
    return view.low_priority and timing.eviction > 0 and now >= node.added + timing.eviction


def _wanted(view: ClusterView, present: list[NodeView], now: float, timing: Timing) -> int:
    if view.deleting:
        return 0
    if view.scale.target is not None:
        return view.scale.target
    if view.queues_gangs:  # its nodes are switched on and off by the engine
        return view.scale.maximum
    busy = sum(node.state is NodeState.RUNNING for node in present)
    recent = sum(node.state is NodeState.PREPARING
                 or (node.state is NodeState.IDLE and 0 <= now - node.since < timing.idle_delay) for node in present)
    # While jobs wait, an unusable node stands for nothing; when none wait it is the first to leave.
    unusable = sum(node.state is NodeState.UNUSABLE for node in present) if view.queued_nodes else 0
    wanted = min(view.scale.maximum, unusable + wanted_nodes(
        view.scale.minimum, view.scale.maximum, busy, view.queued_nodes, recent))
    return max(wanted, view.scale.initial) if view.fresh else wanted


def _has_what_there_is(view: ClusterView, present: int, wanted: int) -> bool:
    """Whether an auto-scale cluster can go on with the nodes it has, because the engine switches more on by itself when
    it has them."""
    return view.queues_gangs and view.scale.target is None and not view.deleting \
        and max(view.scale.minimum, 1) <= present < wanted


def _surplus(view: ClusterView, present: list[NodeView], surplus: int, actions: list[Action]
             ) -> tuple[list[NodeView], bool]:
    """The nodes to give up now, and whether there are still too many: then no job may start.

    Free nodes go first. What runs on the others is stopped or waited for, as the deallocation option says; an
    auto-scale cluster gives up free nodes only (semantics sheet, section 6.1).
    """
    if surplus <= 0:
        return [], False
    free = sorted((node for node in present if node.state in _FREE),
                  key=lambda node: (_FREE.index(node.state), -node.number))
    victims = free[:surplus]
    missing = surplus - len(victims)
    if missing and not view.deleting and view.scale.target is not None:
        actions += _make_room(view, present, missing)
    return victims, bool(missing) and view.scale.target is not None


def _make_room(view: ClusterView, present: list[NodeView], missing: int) -> list[Action]:
    """Stop the jobs on the nodes of the highest numbers until `missing` nodes come free."""
    if view.scale.deallocation is DeallocationOption.WAIT:
        return []
    reason = (StopReason.RESIZE_REQUEUE if view.scale.deallocation is DeallocationOption.REQUEUE
              else StopReason.RESIZE_TERMINATE)
    active = {job.guid: job for job in view.active}
    sizes = {guid: sum(node.job == guid for node in present) for guid in active}
    missing -= sum(sizes[guid] for guid, job in active.items() if job.stop_reason)
    actions: list[Action] = []
    for node in sorted(present, key=lambda node: -node.number):
        job = active.get(node.job or '')
        if missing <= 0 or job is None or job.stop_reason or StopJob(job.guid, reason) in actions:
            continue
        actions.append(StopJob(job.guid, reason))
        missing -= sizes[job.guid]
    return actions


def _starts(view: ClusterView, idle: list[str]) -> list[Action]:
    """Jobs of the queue's head, strictly in order: a large job waits for its nodes, and none passes it."""
    actions: list[Action] = []
    for job in view.queue:
        if job.node_count > len(idle):
            break
        actions.append(StartJob(job.guid, tuple(idle[:job.node_count])))
        idle = idle[job.node_count:]
    return actions
