"""`az batchai job wait`."""
from __future__ import annotations

from typing import Any


def wait_for_job(cmd: Any, client: Any, resource_group: str, job_name: str, workspace: str | None = None,
                 experiment: str | None = None, interval: float | None = None, timeout: float | None = None,
                 custom: str | None = None) -> None:
    """Wait until a job has ended and exit with its exit code, or until what `custom` asks for is true of it.

    `interval` are the seconds between two questions to the service, by default as few as it takes to notice at once;
    `timeout` seconds are the longest wait. A job that was terminated counts as 143, one that failed without an exit
    code as 1. Ctrl-C ends the wait, not the job.
    """
    from azext_batchai.remote.attending import remote_job, report_end, wait_until
    from azext_batchai.remote.job_waiting import compiled
    from azext_batchai.remote.placement import find_job
    condition = compiled(custom) if custom else None
    found = find_job(client, resource_group, job_name, workspace, experiment)
    ended = wait_until(cmd, remote_job(cmd, client, found.resource), condition, interval, timeout)
    if not condition:
        report_end(cmd, ended)
