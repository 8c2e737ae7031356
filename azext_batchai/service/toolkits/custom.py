"""customToolkitSettings: one shell command on the master node, whatever the node count (semantics sheet, section 2)."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan, ToolkitError


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError when there is no command to run."""
    if not settings.get('commandLine', '').strip():
        raise ToolkitError('customToolkitSettings.commandLine', 'is required')


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    return [TaskPlan(node=0, command=settings['commandLine'])]
