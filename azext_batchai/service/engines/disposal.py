"""Delete a folder that may hold gigabytes, links and mounted file systems, without deleting what is mounted there."""
from __future__ import annotations

import logging
import os
import shutil
import subprocess
import threading
import time
from collections import deque
from pathlib import Path

_log = logging.getLogger(__name__)


# How long the thread waits for more: the start of another would hold up the end of each job.
_LINGER_SECONDS = 5.0


class _Disposal:
    """Deletes one folder after the other in a thread that lives while there are any, and a little longer: with a thread
    for each, a thousand jobs deleted at once would hold up the whole service."""

    def __init__(self) -> None:
        self._waiting: deque[Path] = deque()
        self._more = threading.Condition()
        self._running = False

    def put(self, folder: Path) -> None:
        with self._more:
            self._waiting.append(folder)
            if self._running:
                self._more.notify()
                return
            self._running = True
        threading.Thread(target=self._work, daemon=True, name='disposal').start()

    def _work(self) -> None:
        while True:
            with self._more:
                if not self._waiting and not self._more.wait_for(lambda: bool(self._waiting), _LINGER_SECONDS):
                    self._running = False
                    return
                folder = self._waiting.popleft()
            try:
                delete_unmounted(folder)
            except (OSError, subprocess.SubprocessError) as error:
                _log.warning('%s is left to the next start: %s', folder, error)


_disposal = _Disposal()


def discard(folder: Path, trash: Path, parent: int | None = None) -> None:
    """Take `folder` away at once and delete it in the background. `trash` is on the same file system. With the
    descriptor of its `parent`, no link put above it meanwhile leads anywhere else."""
    trash.mkdir(parents=True, exist_ok=True)
    target = trash / f'{folder.name}-{time.monotonic_ns()}'
    if parent is None:
        folder.rename(target)
    else:
        os.rename(folder.name, target, src_dir_fd=parent)
    _disposal.put(target)


def delete_unmounted(folder: Path) -> None:
    """Unmount what is mounted below `folder`, then delete it; what cannot be unmounted is left, and logged.

    Links are removed, never followed, nor is `folder` itself when it is one.
    """
    if folder.is_symlink():
        folder.unlink(missing_ok=True)
        return
    for place in _mount_points(folder):
        subprocess.run(['umount', place], check=False, capture_output=True, timeout=60)
    left = _mount_points(folder)
    if left:
        _log.warning('%s is kept: %s cannot be unmounted', folder, ', '.join(left))
        return
    shutil.rmtree(folder, ignore_errors=True)


def _mount_points(folder: Path) -> list[str]:
    """Mount points below `folder`, innermost first."""
    import psutil
    below = str(folder.resolve()) + '/'
    return sorted((partition.mountpoint for partition in psutil.disk_partitions(all=True)
                   if partition.mountpoint.startswith(below)), key=len, reverse=True)
