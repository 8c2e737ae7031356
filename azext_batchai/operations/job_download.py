"""`az batchai job file download`: a job's output on this machine."""
from __future__ import annotations

import os
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import (
    FileOperationError, InvalidArgumentValueError, ManualInterrupt, ResourceNotFoundError)
from knack.log import get_logger

from azext_batchai.arm.ids import FLAT_EXPERIMENT
from azext_batchai.remote.placement import find_job

if TYPE_CHECKING:
    from azext_batchai.remote.download import Fetched
    from azext_batchai.remote.download_plan import Survey
    from azext_batchai.remote.output_folder import OutputFolder

logger = get_logger(__name__)


def download_job_files(cmd: Any, client: Any, resource_group: str, job_name: str,
                       output_directory_id: str = 'stdouterr', path: str | None = None, file_name: str | None = None,
                       destination: str = '.', workspace: str | None = None, experiment: str | None = None,
                       overwrite: bool = False) -> list[dict[str, Any]]:
    """Fetch an output directory, its folder `path`, or one file of that, into the folder `destination`.

    Returns name, path, size and state (downloaded, resumed, skipped) of every file. What is there already in its
    present form is skipped, a partial file is continued, and a file that no download of this job wrote is left alone
    unless `overwrite` is set.
    """
    from azext_batchai._client_factory import batchai_client
    from azext_batchai.remote.download_record import origin_name
    from azext_batchai.remote.output_folder import OutputFolder
    from azext_batchai.remote.remote_job import RemoteJob
    from azext_batchai.remote.trouble import JobGone

    inner, folder = _inner_path(path), _folder(destination)
    _check_file_name(file_name)
    found = find_job(client, resource_group, job_name, workspace, experiment)
    job = RemoteJob(client, resource_group, found.workspace, found.experiment or FLAT_EXPERIMENT, found.resource.name,
                    reconnected=lambda: batchai_client(cmd.cli_ctx))
    source = OutputFolder(job, output_directory_id, inner)
    origin = origin_name(found.resource.job_output_directory_path_segment, output_directory_id.lower(), inner)
    try:
        wanted = _survey(source, file_name, job_name)
        results = _fetched(cmd.cli_ctx, source, wanted, folder, origin, overwrite)
    except KeyboardInterrupt:
        raise ManualInterrupt(f"Stopped. What was fetched is kept in '{folder}'; the same command goes on from there."
                              ) from None
    except JobGone:
        raise ResourceNotFoundError(f"Job '{job_name}' was deleted while its files were downloaded. Those that were "
                                    f"complete are in '{folder}'.") from None
    _check_complete(wanted, results)
    return [asdict(result) for result in results]


def _survey(source: OutputFolder, file_name: str | None, job_name: str) -> Survey:
    """What is to be fetched. Raises ResourceNotFoundError when the one file asked for is not there."""
    from azext_batchai.remote.download_plan import Survey, insist, survey
    from azext_batchai.remote.output_folder import Listing
    from azext_batchai.remote.trouble import Patience
    patience = Patience(f"Listing the files of job '{job_name}'")
    if not file_name:
        found = survey(source.listed, patience)
        if not found.files and not found.unusable:
            logger.warning("Job '%s' has no files there.", job_name)
        return found
    listing = insist(source.listed, patience)
    files = [file for file in listing.files if file.name == file_name]
    if not files:
        present = ', '.join(file.name for file in listing.files) or 'no files'
        raise ResourceNotFoundError(f"Job '{job_name}' has no file '{file_name}' there; the directory holds: "
                                    f'{present}.')
    found = Survey()
    found.take('', Listing(files))
    return found


def _fetched(cli_ctx: Any, source: OutputFolder, wanted: Survey, folder: Path, origin: str,
             overwrite: bool) -> list[Fetched]:
    from azext_batchai.remote.download import Downloader, make_folders
    from azext_batchai.remote.download_plan import plan
    from azext_batchai.remote.download_record import Record
    from azext_batchai.remote.transfer_bar import transfer_bar
    try:
        record = Record(folder)
    except OSError as error:
        raise FileOperationError(f"Cannot read the folder '{folder}': {error.strerror}.") from None
    steps = plan(wanted, folder, record, origin, overwrite)
    make_folders(folder, wanted.folders)
    sizes = [step.file.size for step in steps if step.wanted]
    with closing(record), transfer_bar(cli_ctx, len(sizes), sum(sizes)) as progress:
        return Downloader(source, record, progress).run(steps)


def _inner_path(path: str | None) -> str:
    """The folder below the output directory, spelled in one way."""
    return '/'.join(part for part in (path or '').split('/') if part not in ('', '.')) or '.'


def _check_file_name(file_name: str | None) -> None:
    if file_name and '/' in file_name:
        folder, _, name = file_name.rpartition('/')
        raise InvalidArgumentValueError(f"--file-name is a name without its folder: write --path '{folder}' "
                                        f"--file-name '{name}'.")


def _folder(destination: str) -> Path:
    folder = Path(os.path.expanduser(destination))
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise InvalidArgumentValueError(f"--destination '{destination}' is a file; give the folder for the files.")
    return folder


def _check_complete(wanted: Survey, results: list[Fetched]) -> None:
    """Raises FileOperationError when something could not be stored here, once all the rest is."""
    if wanted.unusable:
        name, reason = next(iter(wanted.unusable.items()))
        more = f', nor can {len(wanted.unusable) - 1} more' if len(wanted.unusable) > 1 else ''
        raise FileOperationError(f'{name!r} cannot be stored here{more}: {reason}. All other files are there '
                                 f'({len(results)}).')
