"""Hooks the batchai commands into the Azure CLI."""
from __future__ import annotations

from typing import Any

from azure.cli.core import AzCommandsLoader

import azext_batchai._help  # noqa: F401  (registers the help texts)


class BatchAICommandsLoader(AzCommandsLoader):
    """Loads the command table at start and the arguments of the one command at hand later."""

    # az remembers in its command index which module a loader came from, and later loads only extensions so named.
    __module__ = 'azext_batchai'

    def __init__(self, cli_ctx: Any = None):
        from azure.cli.core.commands import CliCommandType
        super().__init__(cli_ctx=cli_ctx, custom_command_type=CliCommandType(
            operations_tmpl='azext_batchai.operations#{}'))

    def load_command_table(self, args: list[str] | None) -> dict[str, Any]:
        from azext_batchai.commands import load_command_table
        load_command_table(self, args)
        return self.command_table

    def load_arguments(self, command: str) -> None:
        from azext_batchai._params import load_arguments
        load_arguments(self, command)
