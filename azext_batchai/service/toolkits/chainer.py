"""chainerSettings: a Python script as every rank of an MPI job, for ChainerMN (semantics sheet, section 2)."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan
from azext_batchai.service.toolkits.mpi import mpi_tasks
from azext_batchai.service.toolkits.process_counts import check_process_count, process_count
from azext_batchai.service.toolkits.python_command import python_command
from azext_batchai.service.toolkits.required_settings import require

BLOCK = 'chainerSettings'


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError without a script, or for a process count out of bounds."""
    require(BLOCK, settings, 'pythonScriptFilePath')
    check_process_count(BLOCK, settings, node_count)


def with_defaults(settings: Settings, node_count: int) -> Settings:
    return {**settings, 'processCount': process_count(settings, node_count)}


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    command = python_command(settings)
    return mpi_tasks(command.text, process_count(settings, len(gang.addresses)), gang, command.shown)
