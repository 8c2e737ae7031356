"""Azure Batch AI: the ``az batchai`` commands and the self-hosted service behind them.

The command loader is handed over on request, so that ``azext_batchai.service`` imports where no azure-cli is installed.
"""
from typing import Any


def __getattr__(name: str) -> Any:
    if name == 'COMMAND_LOADER_CLS':
        from azext_batchai._loader import BatchAICommandsLoader
        return BatchAICommandsLoader
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
