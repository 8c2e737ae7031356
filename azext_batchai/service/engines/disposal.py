"""Delete a folder that may hold gigabytes, links and mounted file systems, without deleting what is mounted there."""
from __future__ import annotations

import logging
import shutil
import subprocess
import threading
import time
from pathlib import Path

_log = logging.getLogger(__name__)


def discard(folder: Path, trash: Path) -> None:
    """Take `folder` away at once and delete it in the background. `trash` is on the same file system."""
    trash.mkdir(parents=True, exist_ok=True)
    target = trash / f'{folder.name}-{time.monotonic_ns()}'
    folder.rename(target)
    threading.Thread(target=delete_unmounted, args=(target,), daemon=True, name='disposal').start()


def delete_unmounted(folder: Path) -> None:
    """Unmount what is mounted below `folder`, then delete it; what cannot be unmounted is left, and logged.

    Links are removed, never followed.
    """
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
