"""Make a folder and those above it, from the outermost that is missing: each is asked for once."""
from __future__ import annotations

import errno
import os
from pathlib import Path


def make_folders(folder: Path | str) -> None:
    """As ``Path.mkdir(parents=True, exist_ok=True)``, which begins at the innermost and comes back. Raises OSError."""
    missing = []
    place = os.fspath(folder)
    while place and not os.path.isdir(place):
        missing.append(place)
        place = os.path.dirname(place)
    for place in reversed(missing):
        try:
            os.mkdir(place)
        except FileExistsError:
            if os.path.isdir(place):
                continue
            if place == missing[0]:
                raise
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), missing[0]) from None
