"""The engines by name. Importing one happens when it is chosen."""
from __future__ import annotations

from typing import Callable

from azext_batchai.service.engines.base import Engine
from azext_batchai.service.job_user import JobUser
from azext_batchai.service.settings import PROCESS, SLURM, Settings


def _process(settings: Settings, job_user: JobUser | None) -> Engine:
    from azext_batchai.service.engines.process import ProcessEngine
    return ProcessEngine(settings.shell, settings.data_dir / 'trash', job_user)


def _slurm(settings: Settings, job_user: JobUser | None) -> Engine:
    """Its jobs are those of the service's own user: the settings allow no other."""
    from azext_batchai.service.engines.slurm.engine import SlurmEngine
    return SlurmEngine(settings)


ENGINES: dict[str, Callable[[Settings, JobUser | None], Engine]] = {PROCESS: _process, SLURM: _slurm}


def create_engine(settings: Settings, job_user: JobUser | None = None) -> Engine:
    """The engine the settings name, whose tasks run as `job_user`. Raises ValueError that lists the known ones."""
    try:
        return ENGINES[settings.engine](settings, job_user)
    except KeyError:
        raise ValueError(f"'{settings.engine}' is not an engine; known: {', '.join(ENGINES)}") from None
