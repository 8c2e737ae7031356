"""Print what a job writes while it writes it: the commands' side of `following`."""
from __future__ import annotations

import posixpath
from typing import Callable

from azure.cli.core.azclierror import InvalidArgumentValueError, ResourceNotFoundError

from azext_batchai.remote.control_codes import filter_for
from azext_batchai.remote.first_log import first_log, is_of_the_job
from azext_batchai.remote.following import FileFollowing, Files, FolderFollowing
from azext_batchai.remote.output import Output
from azext_batchai.remote.trouble import JobGone, Trouble

LOGS = 'stdouterr'


def placed(path: str | None, file_name: str | None) -> tuple[str, str | None]:
    """Folder and name of a file; a path before its name belongs to the folder.

    Raises InvalidArgumentValueError for a path that leaves the output directory.
    """
    path = '.' if path in (None, '', '/') else str(path)
    for option, given in (('--path/-p', path), ('--file-name/-f', file_name)):
        if given and ('..' in given.split('/') or given.startswith('/') or '\x00' in given):
            raise InvalidArgumentValueError(f"{option} '{given}' leads out of the output directory; write a path below "
                                            'it, for example logs.')
    folder, name = posixpath.split(file_name or '')
    if file_name and not name:
        raise InvalidArgumentValueError(f"--file-name/-f '{file_name}' is no file; write for example stdout.txt.")
    return posixpath.normpath(posixpath.join(path, folder)), name or None


def stream_file(files: Files, job: str, name: str | None, tool_type: str | None, is_log: bool, out: Output) -> bool:
    """Copy the file, or without a `name` the job's first log, until the job ends. Whether it was ever there."""
    what = f"'{name}'" if name else 'its log'

    def pick(names: list[str]) -> str | None:
        return next((given for given in names if given == name), None) if name else first_log(names, tool_type)
    following = FileFollowing(files, pick, what, out, filter_for(out.is_terminal(), is_log))
    return _run(following.run, job, what)


def stream_all(files: Files, job: str, are_logs: bool, out: Output) -> bool:
    """Copy every file of the directory line by line until the job ends; of the logs, those its processes write.

    Whether there ever was one.
    """
    following = FolderFollowing(files, is_of_the_job if are_logs else lambda name: True, out,
                                lambda: filter_for(out.is_terminal(), log=True))
    return _run(following.run, job, 'its logs')


def _run(run: Callable[[], bool], job: str, what: str) -> bool:
    try:
        return run()
    except JobGone:
        raise ResourceNotFoundError(f"Job '{job}' was deleted while {what} was followed.") from None


def nothing_written(files: Files, job: str, name: str | None) -> ResourceNotFoundError:
    """The error for a job that has ended without the file, or without any log."""
    what = f"'{name}'" if name else 'a log'
    try:
        present = ', '.join(entry.name for entry in files.entries()) or 'no files'
    except (Trouble, JobGone):
        return ResourceNotFoundError(f"Job '{job}' has ended without writing {what}.")
    return ResourceNotFoundError(f"Job '{job}' has ended without writing {what}; the directory holds: {present}.")
