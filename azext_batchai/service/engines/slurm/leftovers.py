"""For a reset: end every job in Slurm that a data folder has there. Needs neither the database nor the engine."""
from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from azext_batchai.service.engines.base import EngineUnavailable
from azext_batchai.service.engines.slurm.commands import SlurmRefused, run
from azext_batchai.service.engines.slurm.queue import read_queue

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.2


def end_jobs(data_dir: Path) -> None:
    """Return when Slurm has let go of all of them. Raises EngineUnavailable when it does not answer, or a job stays."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while jobs := find_jobs(data_dir):
        if time.monotonic() > deadline:
            more = f' and {len(jobs) - 1} more do' if len(jobs) > 1 else ' does'
            raise EngineUnavailable(f'job {jobs[0]}{more} not end in Slurm')
        with contextlib.suppress(SlurmRefused):  # it has ended meanwhile
            # A plain scancel leaves processes the time KillWait, half a minute.
            run(['scancel', '--state=RUNNING', '--signal=KILL', '--full', *jobs])
        with contextlib.suppress(SlurmRefused):
            run(['scancel', *jobs])
        time.sleep(_LOOK_SECONDS)


def find_jobs(data_dir: Path) -> list[str]:
    """Ids of the jobs of this user that a service with this data folder submitted and that have not ended. Raises
    EngineUnavailable."""
    return [job.id for job in read_queue() if _is_below(Path(job.folder), data_dir)]


def _is_below(folder: Path, data_dir: Path) -> bool:
    return folder.is_relative_to(data_dir) or Path(os.path.realpath(folder)).is_relative_to(data_dir.resolve())
