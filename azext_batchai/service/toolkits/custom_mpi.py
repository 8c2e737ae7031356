"""customMpiSettings: a shell command as every rank of an MPI job (semantics sheet, section 2)."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan
from azext_batchai.service.toolkits.mpi import mpi_tasks
from azext_batchai.service.toolkits.process_counts import check_process_count, process_count
from azext_batchai.service.toolkits.required_settings import require

BLOCK = 'customMpiSettings'


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError without a command, or for a process count out of bounds."""
    require(BLOCK, settings, 'commandLine')
    check_process_count(BLOCK, settings, node_count)


def with_defaults(settings: Settings, node_count: int) -> Settings:
    return {**settings, 'processCount': process_count(settings, node_count)}


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    return mpi_tasks(settings['commandLine'], process_count(settings, len(gang.addresses)), gang,
                     settings['commandLine'])
