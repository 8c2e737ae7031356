"""The folder of a container or share. Whatever jobs put into it, links included, nothing outside it is reached.

A path is walked one folder at a time, never through a link: where there are links, they are resolved first, and only
those that stay inside are gone along. Who exchanges a folder for a link meanwhile gets an error, not a way out.
"""
from __future__ import annotations

import errno
import os
import shutil
import stat
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from azext_batchai.service.storage.rest import names
from azext_batchai.service.storage.uploads import HIDDEN_PREFIX

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A pipe or a device that a job made must not make us wait, nor a terminal become ours.
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class OutsideTree(PermissionError):
    """The path leads out of the tree, through a link."""


@dataclass(frozen=True)
class Entry:
    """A file or folder as `Tree.scan` finds it; `status` is that of what a link leads to."""
    name: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)


class Tree:
    """Paths are sequences of names below `root`, which is absolute and without links.

    Every method raises StorageError 400 for names that cannot be, OutsideTree, and the OSErrors of what it does:
    FileNotFoundError, NotADirectoryError, IsADirectoryError, FileExistsError, OSError with ENOSPC ...
    """

    def __init__(self, root: Path):
        self.root = root

    @contextmanager
    def folder(self, parts: Sequence[str]) -> Iterator[int]:
        """A descriptor of a folder, for the ``dir_fd`` of functions of `os`; closed at the end."""
        descriptor = self._open_folder(self._inside(parts))
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def parent(self, parts: Sequence[str]) -> Iterator[tuple[int, str]]:
        """A descriptor of the folder that `parts` is in, and its name there. That name itself may be a link."""
        names.check_parts(parts)
        with self.folder(parts[:-1]) as descriptor:
            yield descriptor, parts[-1]

    def status(self, parts: Sequence[str]) -> os.stat_result:
        """Of a file or folder. What is neither, and a link that leads nowhere or out, is not found."""
        with self._found(parts) as (folder, name):
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        _require_plain(status)
        return status

    def open(self, parts: Sequence[str], flags: int = os.O_RDONLY) -> int:
        """A descriptor of a file, the caller's to close. With O_CREAT a missing file is made, to be run by whoever can
        read it; its folder must be there.

        Raises IsADirectoryError for a folder, for reading too.
        """
        if flags & os.O_CREAT and not self._exists(parts):
            with self.parent(parts) as (folder, name):
                return _open_file(name, flags, folder)
        with self._found(parts) as (folder, name):
            descriptor = _open_file(name, flags, folder)
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            return descriptor
        os.close(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        raise FileNotFoundError(errno.ENOENT, 'neither a file nor a folder')

    def make_folder(self, parts: Sequence[str]) -> None:
        """Raises FileExistsError when there is anything, FileNotFoundError when the folder above is missing."""
        with self.parent(parts) as (folder, name):
            os.mkdir(name, dir_fd=folder)

    def make_folders(self, parts: Sequence[str]) -> None:
        """The folder and those above it, as far as they are missing. Raises NotADirectoryError where a file is."""
        names.check_parts(parts)
        for count in range(1, len(parts) + 1):
            try:
                self.make_folder(parts[:count])
            except FileExistsError:
                if not stat.S_ISDIR(self.status(parts[:count]).st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from None

    def remove_file(self, parts: Sequence[str]) -> None:
        """A link goes itself, what it leads to stays."""
        with self.parent(parts) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def remove_folder(self, parts: Sequence[str]) -> None:
        """Raises OSError with ENOTEMPTY when something is in it."""
        with self.parent(parts) as (folder, name):
            os.rmdir(name, dir_fd=folder)

    def remove_empty_folders(self, parts: Sequence[str]) -> None:
        """The folder and those above it, up to the first that has something in it. Raises nothing."""
        for count in range(len(parts), 0, -1):
            try:
                self.remove_folder(parts[:count])
            except OSError:
                return

    def rename(self, old: Sequence[str], new: Sequence[str]) -> None:
        """As `os.replace`: a file that is at `new` gives way, a folder only when it is empty."""
        with self.parent(old) as (source, old_name), self.parent(new) as (target, new_name):
            os.replace(old_name, new_name, src_dir_fd=source, dst_dir_fd=target)

    def adopt(self, file: Path, parts: Sequence[str]) -> None:
        """Put a finished file, which is outside, into its place in one step; it is in no other place afterwards.

        From another file system it is copied first, to a hidden file beside its place.
        """
        with self.parent(parts) as (folder, name):
            try:
                os.replace(file, name, dst_dir_fd=folder)
                return
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
            self._copy_in(file, folder, name)
        file.unlink()

    @staticmethod
    def _copy_in(file: Path, folder: int, name: str) -> None:
        hidden = HIDDEN_PREFIX + uuid.uuid4().hex
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, 0o777, dir_fd=folder)
        try:
            with open(descriptor, 'wb') as target, open(file, 'rb') as source:
                shutil.copyfileobj(source, target, 1 << 20)
            os.replace(hidden, name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(hidden, dir_fd=folder)
            raise

    def scan(self, parts: Sequence[str] = ()) -> list[Entry]:
        """Files and folders directly in a folder, by name. Left out: what has a name that no client can ask for, what
        is neither file nor folder, links that lead out, and links to a folder on the way here, which never end."""
        real = self._inside(parts)
        entries = []
        descriptor = self._open_folder(real)
        try:
            with os.scandir(descriptor) as found:
                for item in found:
                    entry = self._entry(parts, real, item, descriptor)
                    if entry:
                        entries.append(entry)
        finally:
            os.close(descriptor)
        return sorted(entries, key=lambda entry: entry.name)

    def _entry(self, parts: Sequence[str], real: tuple[str, ...], item: os.DirEntry[str], folder: int) -> Entry | None:
        if not names.is_servable(item.name):
            return None
        try:
            if item.is_symlink():
                target = self._inside((*parts, item.name))
                status = self.status((*parts, item.name))
                if stat.S_ISDIR(status.st_mode) and target == real[:len(target)]:
                    return None
            else:
                status = os.stat(item.name, dir_fd=folder, follow_symlinks=False)
            _require_plain(status)
        except OSError:
            return None
        return Entry(item.name, status)

    def _exists(self, parts: Sequence[str]) -> bool:
        try:
            self.status(parts)
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _found(self, parts: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Folder and name of what is at `parts` once links are resolved; `.` for the root itself."""
        real = self._inside(parts)
        descriptor = self._open_folder(real[:-1])
        try:
            yield descriptor, real[-1] if real else '.'
        finally:
            os.close(descriptor)

    def _inside(self, parts: Sequence[str]) -> tuple[str, ...]:
        """The path with its links resolved. Raises OutsideTree when that is not below the root."""
        names.check_parts(parts)
        path = os.path.join(self.root, *parts)
        try:
            real = os.path.realpath(path)
        except OSError as error:
            raise FileNotFoundError(error.errno, error.strerror) from None
        root = str(self.root)
        if real != root and not real.startswith(root.rstrip('/') + '/'):
            raise OutsideTree(errno.EACCES, 'the path leads out of its container or share')
        return tuple(part for part in real[len(root):].split('/') if part)

    def _open_folder(self, parts: Sequence[str]) -> int:
        descriptor = os.open(self.root, _FOLDER)
        for part in parts:
            try:
                inner = os.open(part, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                if error.errno == errno.ELOOP:  # a link now, and none a moment ago
                    raise OutsideTree(errno.EACCES, 'the path leads out of its container or share') from None
                raise
            finally:
                os.close(descriptor)
            descriptor = inner
        return descriptor


def _open_file(name: str, flags: int, folder: int) -> int:
    try:
        return os.open(name, flags | _FILE, 0o777, dir_fd=folder)
    except OSError as error:
        # A link that leads nowhere or in a circle, and a pipe or socket: no file in any case.
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise FileNotFoundError(errno.ENOENT, 'neither a file nor a folder') from None
        raise


def _require_plain(status: os.stat_result) -> None:
    """Raises FileNotFoundError for what is neither a file nor a folder: pipes, devices, links that lead nowhere."""
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise FileNotFoundError(errno.ENOENT, 'neither a file nor a folder')
