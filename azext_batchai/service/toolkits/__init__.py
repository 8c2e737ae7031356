"""The toolkits by the name of their settings block. To add one: a file with `check` and `tasks`, and a line here."""
from __future__ import annotations

from types import ModuleType
from typing import Any

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.service.toolkits import custom
from azext_batchai.service.toolkits.base import ToolkitError

TOOLKITS: dict[str, ModuleType] = {'customToolkitSettings': custom}


def settings_block(properties: dict[str, Any]) -> str:
    """The name of the one settings block of a job. Raises ToolkitError for none or several."""
    given = [name for name in TOOL_TYPES if name in properties]
    if not given:
        raise ToolkitError('', f"one of {', '.join(TOOL_TYPES)} is required")
    if len(given) > 1:
        raise ToolkitError(given[1], f'cannot be combined with {given[0]}; a job has one toolkit')
    return given[0]


def toolkit_of(properties: dict[str, Any]) -> tuple[ModuleType, dict[str, Any]]:
    """The toolkit of a job and its settings. Raises ToolkitError for one this service cannot run yet."""
    name = settings_block(properties)
    if name not in TOOLKITS:
        raise ToolkitError(name, f"is not supported by this version of the service, which runs {', '.join(TOOLKITS)}")
    return TOOLKITS[name], properties[name]
