"""Where files are that are on their way into a share or container, and what becomes of them when the service dies.

    <data>/storage/<account>/.uploads/<container or share>/bodies/    what arrives, or is put together
    <data>/storage/<account>/.uploads/<container>/blocks/             blocks that no block list has named yet

Beside the account's shares and containers no mount leads there, and a rename brings a file from there into its place.
"""
from __future__ import annotations

import os
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Iterator

from azext_batchai.service.engines.disposal import discard

UPLOADS = '.uploads'
# Of files on their way that must be beside their place: in a folder of the user's own, on another file system. Never
# shown, never served.
HIDDEN_PREFIX = '.batchai-upload-'
# As long as Azure keeps blocks that no block list names.
_BLOCK_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class Staged:
    """An open file that nobody else knows yet."""
    path: Path
    descriptor: int


@contextmanager
def staged_file(folder: Path, beside: Path | None = None) -> Iterator[Staged]:
    """A new file in ``bodies`` of `folder`, removed at the end unless it was renamed. With `beside` it is on the file
    system of that folder, so that a rename puts it there.

    Who can read it can run it, as on mounted shares of Azure, whose files have mode 0777: scripts rely on it.
    """
    bodies = folder / 'bodies'
    bodies.mkdir(parents=True, exist_ok=True)
    path = bodies / uuid.uuid4().hex
    if beside is not None and not _is_same_disk(bodies, beside):
        path = beside / f'{HIDDEN_PREFIX}{path.name}'
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o777)
    try:
        yield Staged(path, descriptor)
    finally:
        os.close(descriptor)
        path.unlink(missing_ok=True)


def remove_leftovers(data_dir: Path, own_folders: Iterable[Path], trash: Path) -> None:
    """Remove what had not arrived when the service ended, and blocks that nobody named for a week. For the start of
    the service: nothing else may be on its way. `own_folders` are those of the user's that it serves."""
    oldest = time.time() - _BLOCK_SECONDS
    for folder in (data_dir / 'storage').glob(f'*/{UPLOADS}/*'):
        with suppress(OSError):
            if any((folder / 'bodies').iterdir()):
                discard(folder / 'bodies', trash)
        for blocks in folder.glob('blocks/*'):
            with suppress(OSError):
                if blocks.stat().st_mtime < oldest:
                    discard(blocks, trash)
    for own in own_folders:
        for file in own.glob(f'{HIDDEN_PREFIX}*'):
            with suppress(OSError):
                file.unlink()


def _is_same_disk(first: Path, second: Path) -> bool:
    return first.stat().st_dev == second.stat().st_dev
