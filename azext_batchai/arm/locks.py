"""File locks that say whether a process lives: they end with it, however it ends."""
from __future__ import annotations

import os
from pathlib import Path


def is_locked(path: str | Path) -> bool:
    """Whether some process holds an exclusive lock on the file; False when there is no such file. Unix only."""
    import fcntl
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
