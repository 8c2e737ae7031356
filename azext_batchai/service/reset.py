"""Delete all that a stopped service keeps, and end what still runs of it."""
from __future__ import annotations

import signal
import time
from pathlib import Path

from azext_batchai.service.engines import trees
from azext_batchai.service.engines.disposal import delete_unmounted
from azext_batchai.service.server import StartError, hold_lock
from azext_batchai.service.settings import Settings

# What the service makes in its data folder, but for the lock; this is deleted and nothing else that may lie there.
_OWN = ('nodes', 'launches', 'output', 'storage', 'fileservers', 'trash',
        'batchai.db', 'batchai.db-wal', 'batchai.db-shm', 'token', 'ca.pem', 'server.pem', 'service.json',
        'service.log', 'service.log.1', 'service.log.2', 'service.log.3')
_PATIENCE_SECONDS = 10.0


def reset(settings: Settings) -> None:
    """Kill the processes of every launch and delete the data. Works without the database, which may be damaged.

    Raises StartError while a service runs on the folder, and when a process does not end.
    """
    if not settings.lock_file.exists():
        return
    hold_lock(settings.lock_file)
    _kill_launches(settings.data_dir / 'launches')
    for name in _OWN:
        place = settings.data_dir / name
        if place.is_dir():
            delete_unmounted(place)
        else:
            place.unlink(missing_ok=True)


def _kill_launches(launches: Path) -> None:
    """Every process carries the folder of its launch, so the folders tell which ones are ours."""
    marks = {str(folder) for folder in launches.iterdir()} if launches.is_dir() else set()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while marks and (running := trees.processes_of(marks)):
        if time.monotonic() > deadline:
            raise StartError(f'{len(running)} processes of jobs do not end; nothing was deleted.')
        trees.signal_all(running, signal.SIGKILL)
        time.sleep(0.02)
