"""How a finished job ended, as an exit status, as a sentence and as a report. Pure."""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.states import JobState
from azext_batchai.remote.control_codes import WithoutControlCodes

# What a shell says of a process that was ended with SIGTERM.
TERMINATED_STATUS = 128 + 15
_TERMINATED = 'JobTerminated'


def exit_status(job: Any) -> int:
    """The exit status (0 to 255) that a finished job stands for: its own exit code where it has one.

    A code out of range is cut as a shell does it, so -1 is 255, but a failure is never 0. Without a code, a job that
    was terminated is 143 and any other failure 1.
    """
    if job.execution_state == JobState.SUCCEEDED:
        return 0
    info = job.execution_info
    code = info.exit_code if info else None
    if code is None:
        return TERMINATED_STATUS if _TERMINATED in [error.code for error in _errors(job)] else 1
    return code & 0xFF or 1


def ending(job: Any) -> str:
    """One line: ``Job 'j' failed with exit code 7: Job failed with non-zero exit code (JobFailed)``."""
    info = job.execution_info
    code = f' with exit code {info.exit_code}' if info and info.exit_code is not None else ''
    first = next((error for error in _errors(job) if error.message), None)
    reason = f': {" ".join(first.message.split())} ({first.code})' if first else ''
    return f"Job '{job.name}' {job.execution_state}{code}{reason}"


def report(job: Any) -> str:
    """That line, and below it the details it does not have: ``nodeId: tvm-1``, ``stderr:`` and its last lines."""
    first = ending(job)
    details = [detail for error in _errors(job) for detail in error.details or []]
    return '\n'.join([first, *(line for detail in details if detail.value and detail.value not in first
                               for line in _indented(detail.name, detail.value))])


def _indented(name: str, value: str) -> list[str]:
    lines = [_as_seen(line) for line in value.strip().split('\n')]
    return [f'  {name}: {lines[0]}'] if len(lines) == 1 else [f'  {name}:', *(f'    {line}' for line in lines)]


def _as_seen(line: str) -> str:
    """What a terminal leaves of a line: the last state of a progress bar, without colours."""
    text_only = WithoutControlCodes()
    content = line.encode('utf-8', 'replace')
    return (text_only.feed(content) + text_only.rest()).decode().rstrip('\r').rpartition('\r')[2]


def _errors(job: Any) -> list[Any]:
    return (job.execution_info.errors or []) if job.execution_info else []
