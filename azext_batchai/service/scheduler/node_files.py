"""Write and take away what is the service's own in folders that a job may write to as well.

A job might have put a link or a pipe there, on purpose or not. Through a link the service would write where the job
cannot reach, from within a container for example, and a pipe would have it wait for a reader.
"""
from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.storage.unlinked import open_unlinked

_log = logging.getLogger(__name__)


def write_on_node(disk: Path, path: Path, text: str, mode: int = 0o600) -> None:
    """Write `path`, below the folder `disk`, through no link; a file that is there is replaced at once. Folders that
    are missing are made for the owner alone. Raises OSError."""
    try:
        folder = _enter(disk, path.parent.relative_to(disk))
        try:
            _replace(folder, path.name, text, mode)
        finally:
            os.close(folder)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _enter(disk: Path, below: Path) -> int:
    """A descriptor of the folder, for the caller to close."""
    folder = os.open(disk, os.O_RDONLY | os.O_DIRECTORY)
    for part in below.parts:
        try:
            inner = _open_folder(part, folder)
        finally:
            os.close(folder)
        folder = inner
    return folder


def _open_folder(name: str, above: int) -> int:
    """Made when it is missing, which is seldom: looking first spares the file system a change that fails."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    try:
        return os.open(name, flags, dir_fd=above)
    except FileNotFoundError:
        with suppress(FileExistsError):
            os.mkdir(name, 0o700, dir_fd=above)
        return os.open(name, flags, dir_fd=above)


def _replace(folder: int, name: str, text: str, mode: int) -> None:
    new = f'{name}.new'
    with suppress(FileNotFoundError):
        os.unlink(new, dir_fd=folder)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
    with open(descriptor, 'w', encoding='utf-8', errors='surrogateescape') as file:
        file.write(text)
    os.rename(new, name, src_dir_fd=folder, dst_dir_fd=folder)


def discard_on_node(disk: Path, path: Path, trash: Path) -> None:
    """Take `path` away, if it is there and no link above it leads out of the folder `disk`. What cannot be taken away
    stays, and is logged: a job has to end whatever it made of its folders."""
    try:
        if not os.path.lexists(path):
            return
        parent = open_unlinked(disk.resolve() / path.parent.relative_to(disk), os.O_RDONLY | os.O_DIRECTORY)
        try:
            discard(path, trash, parent)
        finally:
            os.close(parent)
    except (OSError, RuntimeError) as error:  # the latter is what older Pythons say of links that go in circles
        _log.warning('%s stays where it is: %s', path, error)
