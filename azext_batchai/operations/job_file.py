"""`az batchai job file`: what a job wrote, and writes."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

from azext_batchai.arm.ids import FLAT_EXPERIMENT
from azext_batchai.remote.placement import find_job


def list_job_files(client: Any, resource_group: str, job_name: str, output_directory_id: str = 'stdouterr',
                   path: str | None = None, expiry: int = 60, workspace: str | None = None,
                   experiment: str | None = None) -> list[Any]:
    """The files in one of the job's output directories, each with a link that works for `expiry` minutes."""
    from azure.mgmt.batchai.models import JobsListOutputFilesOptions
    found = find_job(client, resource_group, job_name, workspace, experiment)
    return list(client.jobs.list_output_files(
        resource_group, found.workspace, found.experiment or FLAT_EXPERIMENT, found.resource.name,
        JobsListOutputFilesOptions(outputdirectoryid=output_directory_id, directory=path or '.',
                                   linkexpiryinminutes=expiry)))


def stream_job_file(cmd: Any, client: Any, resource_group: str, job_name: str, file_name: str | None = None,
                    output_directory_id: str = 'stdouterr', path: str | None = None, workspace: str | None = None,
                    experiment: str | None = None, all_files: bool = False) -> None:
    """Print a file as the job writes it, until the job ends; without a name stdout.txt or the toolkit's first log.

    With `all_files` every log is printed line by line, each line behind the name of its file.

    On a terminal everything appears as the job wrote it. Elsewhere (a pipe, a file, the log of a build) escape
    sequences and control codes other than tab, newline and carriage return are left out of logs and of other text;
    nothing is left out of a file that does not begin like text, unless it is one of the logs. `job file download`
    copies any file byte for byte.
    """
    from azext_batchai.remote.attending import remote_job, stream
    from azext_batchai.remote.job_files import RemoteJobFiles
    from azext_batchai.remote.output import ReaderLeft
    from azext_batchai.remote.streaming import LOGS, nothing_written, placed

    folder, name = placed(path, file_name)
    if all_files and name:
        raise MutuallyExclusiveArgumentError('--all is for every file, --file-name/-f for one; give one of them.')
    if not all_files and not name and (output_directory_id.lower() != LOGS or folder != '.'):
        raise RequiredArgumentMissingError(f"Say which file of '{output_directory_id}': --file-name/-f, or --all.")
    found = find_job(client, resource_group, job_name, workspace, experiment)
    files = RemoteJobFiles(remote_job(cmd, client, found.resource), output_directory_id, folder)
    try:
        if not stream(files, name, all_files):
            raise nothing_written(files, found.resource.name, name)
    except ReaderLeft:
        return
