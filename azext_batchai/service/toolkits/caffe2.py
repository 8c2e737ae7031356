"""caffe2Settings: a Python script once on every node, told its rank (semantics sheet, section 2)."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan
from azext_batchai.service.toolkits.python_command import python_command
from azext_batchai.service.toolkits.required_settings import require

BLOCK = 'caffe2Settings'


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError when there is no script."""
    require(BLOCK, settings, 'pythonScriptFilePath')


def with_defaults(settings: Settings, node_count: int) -> Settings:
    return settings


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    command = python_command(settings)
    return [TaskPlan(node=rank, command=command.text, name=f'rank {rank}', stdout=f'stdout-{rank}.txt',
                     stderr=f'stderr-{rank}.txt', environment={'AZ_BATCHAI_TASK_INDEX': str(rank)},
                     shown=command.shown)
            for rank in range(len(gang.addresses))]
