"""Which module holds the options of a command. Names of all three published dialects are synonyms there."""
from __future__ import annotations

from importlib import import_module
from typing import Any

_MODULES = {'cluster': 'cluster', 'job': 'job', 'file-server': 'file_server', 'service': 'service',
            'workspace': 'workspace', 'experiment': 'workspace', 'list-usages': 'workspace'}


def load_arguments(loader: Any, command: str) -> None:
    """Register the options of `command`; those of every command when it is only the beginning of one."""
    noun = command.split()[1] if len(command.split()) > 1 else None
    for module in [_MODULES[noun]] if noun in _MODULES else sorted(set(_MODULES.values())):
        import_module(f'azext_batchai.params.{module}').load_arguments(loader)
