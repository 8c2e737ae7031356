"""caffeSettings: a solver configuration or a Python script, by MPI when there are several processes (semantics sheet,
section 2)."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan
from azext_batchai.service.toolkits.mpi import mpi_tasks
from azext_batchai.service.toolkits.process_counts import check_process_count, process_count
from azext_batchai.service.toolkits.python_command import config_command, python_command
from azext_batchai.service.toolkits.required_settings import require_script_or_config

BLOCK = 'caffeSettings'


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError unless there is either a configuration or a script."""
    require_script_or_config(BLOCK, settings)
    check_process_count(BLOCK, settings, node_count)


def with_defaults(settings: Settings, node_count: int) -> Settings:
    return {**settings, 'processCount': process_count(settings, node_count)}


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    if settings.get('configFilePath'):
        command = config_command('caffe train --solver=', settings['configFilePath'],
                                 settings.get('commandLineArgs', ''))
    else:
        command = python_command(settings)
    return mpi_tasks(command.text, process_count(settings, len(gang.addresses)), gang, command.shown)
