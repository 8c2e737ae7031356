"""Which settings of a toolkit go together, also of those this service cannot run (semantics sheet, section 2). Pure."""
from __future__ import annotations

from typing import Any, Callable

from azext_batchai.service.toolkits.base import Settings, ToolkitError

_LANGUAGES = ('BrainScript', 'Python')
_BACKENDS = ('tcp', 'gloo', 'mpi')


def check_settings(block: str, settings: Settings, node_count: int) -> None:
    """Raises ToolkitError for settings that contradict each other. `block` is for example ``cntkSettings``."""
    check = _CHECKS.get(block)
    if check:
        check(block, settings, node_count)


def _check_cntk(block: str, settings: Settings, node_count: int) -> None:
    """A BrainScript configuration or a Python script; without languageType what is given decides."""
    given = settings.get('languageType')
    language = next((known for known in _LANGUAGES if given and known.lower() == given.lower()), None)
    if given and language is None:
        raise ToolkitError(f'{block}.languageType', f"should be one of {', '.join(_LANGUAGES)}, but is {given[:40]!r}")
    _check_script_or_config(block, settings)
    if language == 'Python' and 'configFilePath' in settings:
        raise ToolkitError(f'{block}.configFilePath', 'is for languageType BrainScript; for Python give '
                                                      'pythonScriptFilePath')
    if language == 'BrainScript' and 'pythonScriptFilePath' in settings:
        raise ToolkitError(f'{block}.pythonScriptFilePath', 'is for languageType Python; for BrainScript give '
                                                            'configFilePath')


def _check_caffe(block: str, settings: Settings, node_count: int) -> None:
    _check_script_or_config(block, settings)


def _check_script_or_config(block: str, settings: Settings) -> None:
    if 'configFilePath' in settings and 'pythonScriptFilePath' in settings:
        raise ToolkitError(f'{block}.configFilePath', 'cannot be combined with pythonScriptFilePath; give one of them')
    if 'configFilePath' not in settings and 'pythonScriptFilePath' not in settings:
        raise ToolkitError(block, 'pythonScriptFilePath or configFilePath is required')
    if 'pythonInterpreterPath' in settings and 'pythonScriptFilePath' not in settings:
        raise ToolkitError(f'{block}.pythonInterpreterPath', 'needs pythonScriptFilePath')


def _check_tensorflow(block: str, settings: Settings, node_count: int) -> None:
    """One worker on one node is no distributed job, and has no parameter servers."""
    servers = settings.get('parameterServerCount', 0)
    if servers > node_count:
        raise ToolkitError(f'{block}.parameterServerCount', f'{servers} is above nodeCount, which is {node_count}; a '
                                                            'node has one parameter server at most')
    if servers and node_count == 1 and settings.get('workerCount', 1) == 1:
        raise ToolkitError(f'{block}.parameterServerCount', 'is for distributed jobs; this one has one worker on one '
                                                            'node')


def _check_pytorch(block: str, settings: Settings, node_count: int) -> None:
    backend = settings.get('communicationBackend')
    if backend and backend.lower() not in _BACKENDS:
        raise ToolkitError(f'{block}.communicationBackend', f"should be one of {', '.join(_BACKENDS)}, but is "
                                                            f'{backend[:40]!r}')


_CHECKS: dict[str, Callable[[str, dict[str, Any], int], None]] = {
    'cntkSettings': _check_cntk, 'caffeSettings': _check_caffe, 'tensorFlowSettings': _check_tensorflow,
    'pyTorchSettings': _check_pytorch}
