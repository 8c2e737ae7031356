"""Settings that a toolkit cannot do without, and those that exclude each other. Pure."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Settings, ToolkitError


def require(block: str, settings: Settings, key: str) -> None:
    """Raises ToolkitError when a text is missing or blank."""
    if not settings.get(key, '').strip():
        raise ToolkitError(f'{block}.{key}', 'is required')


def require_script_or_config(block: str, settings: Settings) -> None:
    """Raises ToolkitError unless there is either a Python script or a configuration, and an interpreter only beside
    a script."""
    script, config = (settings.get(key, '').strip() for key in ('pythonScriptFilePath', 'configFilePath'))
    if config and script:
        raise ToolkitError(f'{block}.configFilePath', 'cannot be combined with pythonScriptFilePath; give one of them')
    if not config and not script:
        raise ToolkitError(block, 'pythonScriptFilePath or configFilePath is required')
    if settings.get('pythonInterpreterPath') and not script:
        raise ToolkitError(f'{block}.pythonInterpreterPath', 'needs pythonScriptFilePath')
