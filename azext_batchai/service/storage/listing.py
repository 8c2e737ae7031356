"""Look into output folders without ever leaving them."""
from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from azext_batchai.service.storage.unlinked import open_unlinked


class OutsideFolder(ValueError):
    """A path leads out of its folder, by ``..``, as an absolute path or through a link."""


@dataclass(frozen=True)
class Entry:
    """`size` in bytes and `modified` in seconds since the epoch; both 0 for a folder."""
    name: str
    is_folder: bool
    size: int = 0
    modified: float = 0.0


def confined(folder: Path, path: str) -> Path:
    """`path` below `folder`, links resolved; `folder` itself has none, or it was put in the place of what we made.

    Raises OutsideFolder, and FileNotFoundError when there is nothing.
    """
    if '\x00' in path or path.startswith('/') or '..' in path.split('/'):
        raise OutsideFolder(f"'{path}' leads out of the directory")
    root = folder.resolve(strict=True)
    if root != folder.absolute():
        raise OutsideFolder(f'{folder} is a link now')
    try:
        target = (root / path).resolve(strict=True)
    except RuntimeError:  # a link in a circle, before Python 3.13
        raise FileNotFoundError(errno.ELOOP, 'links in a circle', path) from None
    except OSError as error:
        if error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
            raise FileNotFoundError(error.errno, error.strerror, path) from None
        raise
    if target != root and root not in target.parents:
        raise OutsideFolder(f"'{path}' leads out of the directory")
    return target


def list_folder(folder: Path, path: str) -> list[Entry]:
    """Files and folders directly in `path`, by name. Links that lead out of `folder` are left out.

    Raises OutsideFolder, FileNotFoundError, NotADirectoryError.
    """
    target = confined(folder, path)
    above = {confined(folder, '/'.join(parts)) for parts in _leading(path)}
    entries = []
    descriptor = open_unlinked(target, os.O_RDONLY | os.O_DIRECTORY)
    with contextlib.ExitStack() as opened:
        opened.callback(os.close, descriptor)
        scan = opened.enter_context(os.scandir(descriptor))
        for item in scan:
            try:
                item.name.encode()  # a name that is no UTF-8 has no place in JSON or a link
                if item.is_symlink() and confined(folder, f'{path}/{item.name}') in above:
                    continue  # a link in a circle would never end for who copies the folder
                status = item.stat()
            except (OSError, OutsideFolder, UnicodeEncodeError):
                continue
            if stat.S_ISDIR(status.st_mode):
                entries.append(Entry(item.name, True))
            elif stat.S_ISREG(status.st_mode):
                entries.append(Entry(item.name, False, status.st_size, status.st_mtime))
    return sorted(entries, key=lambda entry: entry.name)


def _leading(path: str) -> list[list[str]]:
    """The steps of every folder on the way to `path`, from the top on and itself included."""
    steps = [step for step in path.split('/') if step not in ('', '.')]
    return [steps[:count] for count in range(len(steps) + 1)]
