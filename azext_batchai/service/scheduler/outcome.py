"""What becomes of a job when a launch of its has ended. Pure.

Error codes and texts: wire facts sheet, section 14; those marked ours had no published form.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azext_batchai.arm.states import JobState
from azext_batchai.service.engines.base import LaunchState, Observation
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.store.launches import PREPARATION

# A machine that takes every attempt down with it must not be tried for ever.
MOST_LOST_ATTEMPTS = 5


@dataclass(frozen=True)
class Finished:
    """`exit_code` is None when the job was not left to end by itself."""
    state: JobState
    exit_code: int | None = None
    errors: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Requeued:
    why: str


@dataclass(frozen=True)
class NextStage:
    """Preparation is done; the job itself may start."""


Outcome = Finished | Requeued | NextStage


def error(code: str, message: str, **details: str) -> dict[str, Any]:
    """An entry of `executionInfo.errors`."""
    body: dict[str, Any] = {'code': code, 'message': message}
    if details:
        body['details'] = [{'name': name, 'value': value} for name, value in details.items()]
    return body


def failed(code: str, message: str, exit_code: int | None = None, **details: str) -> Finished:
    return Finished(JobState.FAILED, exit_code, [error(code, message, **details)])


_STOPPED = {
    StopReason.TERMINATE: ('JobTerminated', 'The specified job has been terminated by the user'),
    StopReason.DELETE: ('JobTerminated', 'The specified job has been terminated by the user'),
    StopReason.RESIZE_TERMINATE: ('JobTerminated', 'The job was terminated because its cluster was resized with '
                                                   'nodeDeallocationOption terminate'),
    StopReason.CLUSTER_DELETED: ('JobTerminated', 'The job was terminated because its cluster was deleted'),
    StopReason.WALL_CLOCK: ('JobMaxWallClockTimeExceeded',  # ours
                            'The job was stopped because it ran longer than constraints.maxWallClockTime'),
}


def stopped(reason: str) -> Finished:
    """The end of a job that was stopped for good. Raises KeyError for reasons that requeue."""
    return failed(*_STOPPED[reason])


def outcome(purpose: str, observation: Observation, stop_reason: str | None, losses: int) -> Outcome:
    """Decide from how the launch ended and why, if at all, it was stopped. `losses` counts the attempts of the job that
    were lost, this one included."""
    if stop_reason == StopReason.RESIZE_REQUEUE:
        return Requeued('its cluster was resized with nodeDeallocationOption requeue')
    if stop_reason and stop_reason != StopReason.NODE_LOST:
        return stopped(stop_reason)
    if stop_reason == StopReason.NODE_LOST or observation.state is LaunchState.LOST:
        if losses >= MOST_LOST_ATTEMPTS:
            return failed('JobNodeLost', f'The job lost its nodes {losses} times')  # ours
        return Requeued('a node it ran on was lost')
    code = next((code for code in observation.exit_codes if code), 0)
    if code and purpose == PREPARATION:
        return failed('JobPreparationFailed', 'Job preparation task failed with non-zero exit code', code)
    if code:
        return failed('JobFailed', 'Job failed with non-zero exit code', code)
    return NextStage() if purpose == PREPARATION else Finished(JobState.SUCCEEDED, 0)
