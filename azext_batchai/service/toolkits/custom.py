"""customToolkitSettings: one shell command on the master node, whatever the node count (semantics sheet, section 2)."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan
from azext_batchai.service.toolkits.required_settings import require

BLOCK = 'customToolkitSettings'


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError when there is no command to run."""
    require(BLOCK, settings, 'commandLine')


def with_defaults(settings: Settings, node_count: int) -> Settings:
    return settings


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    return [TaskPlan(node=0, command=settings['commandLine'])]
