"""Open a path of which every link was resolved, so that one put there since then is not followed."""
from __future__ import annotations

import errno
import os
from pathlib import Path


def open_unlinked(path: Path, flags: int) -> int:
    """A descriptor of the absolute `path`, for the caller to close; never waits for who is at the other end of a pipe.

    Raises OSError, with ELOOP or ENOTDIR when there is a link anywhere on the way.
    """
    flags |= os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    if hasattr(os, 'O_NOFOLLOW_ANY'):  # macOS knows it in one step
        return os.open(path, flags | os.O_NOFOLLOW_ANY)
    if not path.is_absolute():
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    passing = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, 'O_PATH', os.O_RDONLY)
    folder = os.open(path.anchor, passing)
    for part in path.parts[1:-1]:
        try:
            inner = os.open(part, passing, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    try:
        return os.open(path.name or '.', flags, dir_fd=folder)
    finally:
        os.close(folder)
