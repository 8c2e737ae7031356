"""Why a launch failed, as an error of the job that a person can act on: which process, which node, its last words."""
from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Sequence

from azext_batchai.service.engines.base import LaunchState, Observation, Removal
from azext_batchai.service.scheduler.outcome import LaunchEnd, error
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.scheduler.stages import StageTask
from azext_batchai.service.store.launches import CONTAINER, MAIN, PREPARATION
from azext_batchai.service.toolkits.mpi_failure import MpiProblem

# Codes and texts: wire facts sheet, section 14.
_ERRORS = {
    CONTAINER: ('FailedStartingContainer', 'unable to start docker container'),
    PREPARATION: ('JobPreparationFailed', 'Job preparation task failed with non-zero exit code'),
    MAIN: ('JobFailed', 'Job failed with non-zero exit code'),
}
# Set-up that failed before any code of the user's ran (semantics sheet, section 4.5).
SET_UP_FAILED = -1
# What Linux ends with it: 128 + SIGKILL.
OUT_OF_MEMORY = 137
_REMOVALS = {Removal.ADMINISTRATOR: StopReason.REMOVED, Removal.TIME: StopReason.WALL_CLOCK,
             Removal.PREEMPTED: StopReason.EVICTED}
_TAIL_BYTES = 2000
_LONGEST_SECRET = 32 << 10  # bytes; a key vault's has 25 KiB at most


@dataclass(frozen=True)
class Circumstances:
    """What an error should say beside exit codes. `mpi` is what an MPI launch wrote down of its failure, and `mpi_node`
    the node that is about; `image` is that of the container, and `mask` hides secrets in a text."""
    mpi: MpiProblem | None = None
    mpi_node: str = ''
    image: str = ''
    mask: Callable[[str], str] = str


def launch_end(purpose: str, tasks: Sequence[StageTask], observation: Observation, stop_reason: str | None,
               known: Circumstances) -> LaunchEnd:
    """How a launch of a job ended. `tasks` are empty when nobody knows them any more."""
    end = _removed(observation, stop_reason)
    stop_reason = end.stop_reason
    if observation.state is not LaunchState.ENDED or stop_reason not in (
            None, StopReason.TASK_FAILED, StopReason.WORK_DONE):
        return end
    number = deciding_task(observation, tasks)
    if number is None or purpose not in _ERRORS:
        return end
    failure, code = _failure(purpose, tasks[number] if tasks else None, observation.exit_codes[number] or 0, known)
    return LaunchEnd(end.state, end.exit_codes, stop_reason, failure, code)


def _removed(observation: Observation, stop_reason: str | None) -> LaunchEnd:
    """The end as the engine has it: one that nobody here asked for has a reason to stop of its own."""
    if stop_reason is None and observation.removal is Removal.MEMORY:
        return LaunchEnd(LaunchState.ENDED.value, observation.exit_codes, None, error(
            'JobFailed', f'The job used more memory than it was given: {observation.reason}'), OUT_OF_MEMORY)
    if stop_reason in (None, StopReason.TASK_FAILED, StopReason.WORK_DONE) and observation.removal in _REMOVALS:
        stop_reason = _REMOVALS[observation.removal]
    return LaunchEnd(observation.state.value, observation.exit_codes, stop_reason, reason=observation.reason)


def is_done(observation: Observation, tasks: Sequence[StageTask]) -> bool:
    """Whether all that the launch is about has ended well; where its tasks are not known, that is all of them."""
    return all(code == 0 for number, code in enumerate(observation.exit_codes)
               if not tasks or tasks[number].essential)


def deciding_task(observation: Observation, tasks: Sequence[StageTask]) -> int | None:
    """The task whose exit code is that of the launch: the first that failed of those that count, None for success."""
    if is_done(observation, tasks):
        return None
    failed = [number for number, code in enumerate(observation.exit_codes)
              if code and (not tasks or tasks[number].vital)]
    return observation.first_failed if observation.first_failed in failed else next(iter(failed), None)


def _failure(purpose: str, failed: StageTask | None, code: int, known: Circumstances) -> tuple[dict[str, Any], int]:
    kind, message = _ERRORS[purpose]
    name, node_id, mpi = failed.name if failed else '', failed.task.node if failed else '', known.mpi
    if mpi:
        node_id = known.mpi_node or node_id
        name = f'rank {mpi.rank}' if mpi.rank is not None else name
        code = code if mpi.exit_code is None else mpi.exit_code
        message = f'{message}: {mpi.message}'
    elif name:
        message = f'{message}; the first to fail was {name}'
    details = {'nodeId': node_id, 'process': name,
               'stderr': last_lines(failed.task.stderr, known.mask) if failed else ''}
    if purpose == CONTAINER:
        return error(kind, message, imageName=known.image, **details), SET_UP_FAILED
    return error(kind, message, **details), code


def last_lines(file: Path, mask: Callable[[str], str] = str) -> str:
    """The end of a log, at most 2000 bytes of it in whole lines; empty when it is not there or no ordinary file.

    `mask` hides secrets in a text. It is given more than is shown, or half of one might be.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return ''
    with open(descriptor, 'rb') as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return ''
        begin = max(0, status.st_size - _TAIL_BYTES - _LONGEST_SECRET)
        stream.seek(begin)
        read = mask(stream.read(_TAIL_BYTES + _LONGEST_SECRET).decode('utf-8', 'replace')).encode('utf-8', 'replace')
    text = read[-_TAIL_BYTES:].decode('utf-8', 'replace')
    if (begin or len(read) > _TAIL_BYTES) and '\n' in text.rstrip('\n'):
        text = text.partition('\n')[2]
    return text.strip()
