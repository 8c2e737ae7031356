"""What a download has to do, decided before anything is fetched: which files there are, and where each goes."""
from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable, Iterator, TypeVar

from azure.cli.core.azclierror import FileOperationError

from azext_batchai.remote.download_record import Record
from azext_batchai.remote.local_names import UnusableName, checked_name, part_of
from azext_batchai.remote.output_folder import Listing, RemoteFile
from azext_batchai.remote.trouble import Patience, Trouble

T = TypeVar('T')

_DEEPEST = 64
_MOST_FOLDERS = 100_000


@dataclass
class Survey:
    """All there is to fetch. The names of `files` and `folders` are paths; `unusable` maps names to why we cannot."""
    files: list[RemoteFile] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)

    def take(self, folder: str, listing: Listing) -> list[str]:
        """Add what lies in `folder`. Returns the folders to look into next."""
        found = list(self._usable(folder, listing.folders))
        self.folders += found
        files = {file.name: file for file in listing.files}
        self.files += [replace(files[name.rpartition('/')[2]], name=name) for name in self._usable(folder, list(files))]
        return found

    def _usable(self, folder: str, names: list[str]) -> Iterator[str]:
        for name in names:
            path = f'{folder}/{name}' if folder else name
            try:
                checked_name(name)
            except UnusableName as error:
                self.unusable[path] = str(error)
            else:
                yield path


def survey(listed: Callable[[str], Listing], patience: Patience) -> Survey:
    """Everything below a folder; ``listed('sub/folder')`` tells what lies in one, and may raise Trouble."""
    result = Survey()
    pending = ['']
    while pending:
        folder = pending.pop()
        if folder.count('/') >= _DEEPEST or len(result.folders) > _MOST_FOLDERS:
            raise FileOperationError(f'The output directory has too many folders in each other, for example in '
                                     f'{folder[:60]!r}; choose one of them with --path.')
        pending += reversed(result.take(folder, insist(lambda: listed(folder), patience)))
    return result


def insist(ask: Callable[[], T], patience: Patience) -> T:
    """The answer to a question that may take more than one try."""
    while True:
        try:
            answer = ask()
        except Trouble as trouble:
            patience.bear(trouble)
        else:
            patience.relieve()
            return answer


@dataclass(frozen=True)
class Step:
    """A file and where it goes. `origin` names the remote folder; with `replaces` what is there may go."""
    file: RemoteFile
    target: Path
    origin: str
    wanted: bool
    replaces: bool


def plan(found: Survey, destination: Path, record: Record, origin: str, overwrite: bool) -> list[Step]:
    """A step for each file, in order of name.

    Raises FileOperationError when something is in the way or the disk is too small.
    """
    _check_folders(found.folders, destination)
    steps = [_step(file, destination, record, origin, overwrite)
             for file in sorted(found.files, key=lambda file: file.name)]
    _check_conflicts([step for step in steps if step.wanted and not step.replaces and os.path.lexists(step.target)])
    _check_space(steps, destination)
    return steps


def _step(file: RemoteFile, destination: Path, record: Record, origin: str, overwrite: bool) -> Step:
    target = destination.joinpath(*file.name.split('/'))
    try:
        status = target.stat()
    except OSError:
        return Step(file, target, origin, wanted=True, replaces=overwrite)
    if target.is_dir():
        raise FileOperationError(f"'{target}' is a folder, but the job has a file of that name; choose another folder "
                                 'with --destination.')
    done = record.done(file.name, status)
    ours = done is not None and done.origin == origin
    current = done is not None and ours and (done.size, done.modified) == (file.size, file.modified)
    return Step(file, target, origin, wanted=not current, replaces=ours or overwrite)


def _check_folders(folders: list[str], destination: Path) -> None:
    for path in (destination.joinpath(*folder.split('/')) for folder in folders):
        if os.path.lexists(path) and not os.path.isdir(path):
            raise FileOperationError(f"'{path}' is in the way: the job has a folder of that name; choose another "
                                     'folder with --destination.')


def _check_conflicts(steps: list[Step]) -> None:
    if steps:
        more = f' (and so are {len(steps) - 1} more)' if len(steps) > 1 else ''
        raise FileOperationError(f"'{steps[0].target}' is there already and is not the job's file as it is now{more}; "
                                 'choose another folder with --destination, or replace with --overwrite.')


def _check_space(steps: list[Step], destination: Path) -> None:
    needed = sum(max(0, step.file.size - _size(part_of(step.target))) for step in steps if step.wanted)
    try:
        usage = shutil.disk_usage(_existing(destination))
    except OSError as error:
        raise FileOperationError(f"Cannot use the folder '{destination}': {error.strerror}. Choose another one with "
                                 '--destination.') from None
    if needed > usage.free and usage.total:  # some file systems do not tell
        raise FileOperationError(f"The disk of '{destination}' is too small: {readable(needed)} are to be fetched, "
                                 f'{readable(usage.free)} are free.')


def _existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists; a drive of Windows may not."""
    path = path.absolute()
    return next((folder for folder in (path, *path.parents) if os.path.exists(folder)), path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def readable(size: float) -> str:
    """A size in bytes for people: ``12.3 MB``."""
    for unit in ('B', 'kB', 'MB', 'GB'):
        if size < 1000:
            return f'{size:.1f} {unit}' if unit != 'B' else f'{size:.0f} B'
        size /= 1000
    return f'{size:.1f} TB'
