"""Delete all that a stopped service keeps, and end what still runs of it."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from azext_batchai.service.containers import commands
from azext_batchai.service.containers.runtime import NONE, find_runtime
from azext_batchai.service.engines import trees
from azext_batchai.service.engines.disposal import delete_unmounted
from azext_batchai.service.server import StartError, hold_lock
from azext_batchai.service.settings import SLURM, Settings, last_engine

# What the service makes in its data folder, but for the lock; this is deleted and nothing else that may lie there.
_OWN = ('nodes', 'launches', 'containers', 'output', 'storage', 'fileservers', 'trash', 'slurm-news',
        'slurm-jobs.log', 'batchai.db', 'batchai.db-wal', 'batchai.db-shm', 'machine', 'engine', 'token', 'ca.pem',
        'server.pem',
        'service.json', 'service.log', 'service.log.1', 'service.log.2', 'service.log.3',
        # left by a service that died while it wrote them
        'machine.new', 'engine.new', 'token.new', 'ca.pem.new', 'server.pem.new', 'service.json.new')
_PATIENCE_SECONDS = 10.0


def reset(settings: Settings) -> None:
    """Kill the processes of every launch and delete the data. Works without the database, which may be damaged.

    Raises StartError while a service runs on the folder, and when a process does not end. Nothing is deleted then.
    """
    if not settings.lock_file.exists():
        return
    hold_lock(settings.lock_file)
    if last_engine(settings.data_dir) == SLURM:
        _end_slurm_jobs(settings.data_dir)
    _kill_launches(settings.data_dir / 'launches')
    _remove_containers(settings)
    for place in (*(settings.data_dir / name for name in _OWN), *settings.data_dir.glob('slurm-node-*.sh')):
        if place.is_dir():
            delete_unmounted(place)
        else:
            place.unlink(missing_ok=True)


def _end_slurm_jobs(data_dir: Path) -> None:
    from azext_batchai.service.engines.base import EngineUnavailable
    from azext_batchai.service.engines.slurm.leftovers import end_jobs
    try:
        end_jobs(data_dir)
    except EngineUnavailable as unavailable:
        raise StartError(f'Jobs may be left in Slurm, so nothing was deleted: {unavailable}.') from None


def _remove_containers(settings: Settings) -> None:
    """Raises StartError when there may be some and they do not go."""
    runtime = find_runtime('' if settings.container_runtime == NONE else settings.container_runtime,
                           os.environ.get('PATH', os.defpath), settings.container_options)
    if runtime is None or not (settings.data_dir / 'containers').exists():
        return
    command = commands.remove_all_command(runtime, commands.DATA_LABEL, str(settings.data_dir))
    try:
        ended = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               timeout=60, check=False)
    except subprocess.TimeoutExpired:
        raise StartError(f'{runtime.name} does not answer, so containers may be left; nothing was deleted.') from None
    if ended.returncode != 0:
        raise StartError(f'Containers of jobs could not be removed, nothing was deleted: {ended.stderr.strip()}')


def _kill_launches(launches: Path) -> None:
    """Every process carries the folder of its launch, so the folders tell which ones are ours."""
    marks = {str(folder) for folder in launches.iterdir()} if launches.is_dir() else set()
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while marks and (running := trees.processes_of(marks)):
        if time.monotonic() > deadline:
            raise StartError(f'{len(running)} processes of jobs do not end; nothing was deleted.')
        trees.signal_all(running, signal.SIGKILL)
        time.sleep(0.02)
