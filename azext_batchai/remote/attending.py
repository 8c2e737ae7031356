"""Stay with a job until it ends: for people who wait or watch, and may press Ctrl-C."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import ManualInterrupt
from knack.log import get_logger

from azext_batchai.arm.ids import FLAT_EXPERIMENT, parse_resource_id
from azext_batchai.remote.exit_status import exit_with
from azext_batchai.remote.job_end import exit_status, report
from azext_batchai.remote.job_files import RemoteJobFiles
from azext_batchai.remote.job_waiting import Condition, JobWait
from azext_batchai.remote.output import Output, ReaderLeft
from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.spinner import Spinner
from azext_batchai.remote.streaming import LOGS, stream_all, stream_file

logger = get_logger(__name__)


def remote_job(cmd: Any, client: Any, job: Any) -> RemoteJob:
    """The job, as the service returned it, to be asked about again."""
    from azext_batchai._client_factory import batchai_client
    place = parse_resource_id(job.id)
    return RemoteJob(client, place.resource_group, place.workspace, place.experiment or FLAT_EXPERIMENT, job.name,
                     reconnected=lambda: batchai_client(cmd.cli_ctx), seen=job)


def wait_until(cmd: Any, job: RemoteJob, condition: Condition | None = None, interval: float | None = None,
               timeout: float | None = None) -> Any:
    """The job once it has ended, or `condition` holds; see JobWait. On Ctrl-C says that the job goes on."""
    try:
        with Spinner(cmd.cli_ctx, 'Waiting') as spinner:
            return JobWait(job, condition, interval, timeout, spinner.say).run()
    except KeyboardInterrupt:
        raise ManualInterrupt(f"Job '{job.name}' goes on; this command no longer waits for it.") from None


def stream(files: RemoteJobFiles, name: str | None = None, everything: bool = False) -> bool:
    """Print the file, the job's first log without a `name`, or all of them, until the job ends.

    False when it ended without writing it. On Ctrl-C says that the job goes on. Raises ResourceNotFoundError when the
    job is deleted, and ReaderLeft when nobody reads what we print any more.
    """
    job, is_log = files.job, files.directory_id.lower() == LOGS
    try:
        if everything:
            return stream_all(files, job.name, is_log, Output())
        return stream_file(files, job.name, name, job.seen.tool_type, is_log, Output())
    except KeyboardInterrupt:
        raise ManualInterrupt(f"Stopped streaming; job '{job.name}' goes on.") from None


def report_end(cmd: Any, job: Any) -> None:
    """Make az exit with the exit code of a finished job, and say how and why it ended if it failed."""
    status = exit_status(job)
    if status:
        logger.error(report(job))
        exit_with(cmd.cli_ctx, status)


def wait_to_the_end(cmd: Any, job: RemoteJob) -> Any:
    """The job once it has ended. Az exits with its exit code."""
    ended = wait_until(cmd, job)
    report_end(cmd, ended)
    return ended


def stream_to_the_end(cmd: Any, job: RemoteJob) -> None:
    """Print the job's first log until it ends. Az exits with its exit code; with 1 when our reader left before."""
    try:
        if not stream(RemoteJobFiles(job)):
            logger.warning("Job '%s' has ended without writing a log.", job.name)
    except ReaderLeft:
        logger.warning("Nobody reads the output any more; job '%s' goes on.", job.name)
        exit_with(cmd.cli_ctx, 1)
        return
    report_end(cmd, job.seen)
