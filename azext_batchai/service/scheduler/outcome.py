"""What becomes of a job when a launch of its has ended. Pure.

Error codes and texts: wire facts sheet, section 14; those marked ours had no published form.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azext_batchai.arm.states import JobState
from azext_batchai.service.engines.base import LaunchState
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.store.launches import MAIN

# A machine that takes every attempt down with it must not be tried for ever.
MOST_LOST_ATTEMPTS = 5

REJECTED = 'rejected'


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
    """A stage before the last is done; the next one may start."""


Outcome = Finished | Requeued | NextStage


@dataclass(frozen=True)
class LaunchEnd:
    """How a launch ended, as the store keeps it. `state` is that of the engine, or REJECTED when it never began.

    `failure` is the error of the job this means, and `exit_code` what goes with it; None and 0 when all went well.
    `reason` is what the engine says of the end, for people.
    """
    state: str
    exit_codes: tuple[int | None, ...] = ()
    stop_reason: str | None = None
    failure: dict[str, Any] | None = None
    exit_code: int = 0
    reason: str = ''

    def as_record(self) -> dict[str, Any]:
        return {'state': self.state, 'exitCodes': list(self.exit_codes), 'stopReason': self.stop_reason,
                'failure': self.failure, 'exitCode': self.exit_code, 'reason': self.reason}


def read_end(record: dict[str, Any]) -> LaunchEnd:
    """What `LaunchEnd.as_record` wrote; an earlier version of the service wrote less."""
    return LaunchEnd(record['state'], tuple(record.get('exitCodes', ())), record.get('stopReason'),
                     record.get('failure'), record.get('exitCode', 0), record.get('reason', ''))


def error(code: str, message: str, **details: str) -> dict[str, Any]:
    """An entry of `executionInfo.errors`; details without a value are left out."""
    body: dict[str, Any] = {'code': code, 'message': message}
    given = [{'name': name, 'value': value} for name, value in details.items() if value]
    if given:
        body['details'] = given
    return body


def failed(code: str, message: str, exit_code: int | None = None, **details: str) -> Finished:
    return Finished(JobState.FAILED, exit_code, [error(code, message, **details)])


_STOPPED = {
    StopReason.TERMINATE: ('JobTerminated', 'The specified job has been terminated by the user'),
    StopReason.DELETE: ('JobTerminated', 'The specified job has been terminated by the user'),
    StopReason.RESIZE_TERMINATE: ('JobTerminated', 'The job was terminated because its cluster was resized with '
                                                   'nodeDeallocationOption terminate'),
    StopReason.CLUSTER_DELETED: ('JobTerminated', 'The job was terminated because its cluster was deleted'),
    StopReason.REMOVED: ('JobTerminated', 'The job was ended in the scheduler below, not through this service'),  # ours
    StopReason.WALL_CLOCK: ('JobMaxWallClockTimeExceeded',  # ours
                            'The job was stopped because it ran longer than constraints.maxWallClockTime'),
}

_REQUEUED = {
    StopReason.RESIZE_REQUEUE: 'its cluster was resized with nodeDeallocationOption requeue',
    StopReason.EVICTED: 'a low-priority node it ran on was taken away',
}


def stopped(reason: str, said: str = '') -> Finished:
    """The end of a job that was stopped for good; `said` is what the engine says of it. Raises KeyError for reasons
    that requeue."""
    code, message = _STOPPED[reason]
    return failed(code, _said(message, said))


def _said(text: str, reason: str) -> str:
    return f'{text} ({reason})' if reason else text


def outcome(purpose: str, end: LaunchEnd, losses: int) -> Outcome:
    """Decide from how the launch ended and why, if at all, it was stopped. `losses` counts the attempts of the job that
    were lost, this one included."""
    if end.stop_reason in _REQUEUED:
        return Requeued(_said(_REQUEUED[end.stop_reason], end.reason))
    if end.stop_reason in _STOPPED:
        return stopped(end.stop_reason, end.reason)
    if end.stop_reason == StopReason.NODE_LOST or end.state == LaunchState.LOST.value:
        if losses >= MOST_LOST_ATTEMPTS:
            return failed('JobNodeLost', _said(f'The job lost its nodes {losses} times', end.reason))  # ours
        return Requeued(_said('a node it ran on was lost', end.reason))
    if end.failure:
        return Finished(JobState.FAILED, end.exit_code, [end.failure])
    return Finished(JobState.SUCCEEDED, 0) if purpose == MAIN else NextStage()
