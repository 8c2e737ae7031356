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
        if cli_ctx:
            self._listen(cli_ctx)

    def load_command_table(self, args: list[str] | None) -> dict[str, Any]:
        from azext_batchai.commands import load_command_table
        load_command_table(self, args)
        return self.command_table

    def load_arguments(self, command: str) -> None:
        from azext_batchai._params import load_arguments
        load_arguments(self, command)

    def _listen(self, cli_ctx: Any) -> None:
        from azure.cli.core.commands.events import (
            EVENT_INVOKER_PRE_CMD_TBL_TRUNCATE, EVENT_INVOKER_PRE_LOAD_ARGUMENTS)
        from knack.events import (
            EVENT_INVOKER_FILTER_RESULT, EVENT_INVOKER_POST_PARSE_ARGS, EVENT_INVOKER_PRE_PARSE_ARGS)
        cli_ctx.register_event(EVENT_INVOKER_PRE_CMD_TBL_TRUNCATE, _check_line)
        cli_ctx.register_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, self._keep_options_apart)
        cli_ctx.register_event(EVENT_INVOKER_PRE_PARSE_ARGS, _spell_out_ids)
        cli_ctx.register_event(EVENT_INVOKER_POST_PARSE_ARGS, _count_ids)
        cli_ctx.register_event(EVENT_INVOKER_FILTER_RESULT, _print_nothing_for_nothing)

    def _keep_options_apart(self, _cli_ctx: Any, commands_loader: Any, **_: Any) -> None:
        """Our commands have our options only.

        For a command that az's own batchai module has too, az would load the options of both, one over the other. Those
        of the module cost some 65 ms besides, for the import of paramiko and of what it needs.
        """
        for command in commands_loader.command_table:
            loaders = commands_loader.cmd_to_loader_map.get(command, [])
            if self in loaders:
                loaders[:] = [self]


def _check_line(cli_ctx: Any, args: list[str], **_: Any) -> None:
    """Answer a line that no dialect knows with the command meant."""
    if args[:1] == ['batchai']:
        from azext_batchai import _line_hints
        _line_hints.check_command(args, cli_ctx.invocation.commands_loader.command_table)
        _line_hints.check_cluster_id(args)


def _spell_out_ids(_cli_ctx: Any, args: list[str], **_: Any) -> None:
    """Have resource ids of the flat API understood."""
    if args[:1] == ['batchai']:
        from azext_batchai import _flat_ids
        args[:] = _flat_ids.spell_out(args)


def _count_ids(cli_ctx: Any, args: Any, **_: Any) -> None:
    """Note whether the command is for several resources, before az makes a command of each."""
    from azext_batchai.remote.exit_status import SEVERAL_IDS
    cli_ctx.data[SEVERAL_IDS] = len(getattr(args, '_ids', None) or []) > 1


def _print_nothing_for_nothing(cli_ctx: Any, event_data: dict[str, Any], **_: Any) -> None:
    """A command that returns nothing prints nothing for several --ids either; az would print a null for each."""
    result = event_data['result']
    if not (cli_ctx.data.get('command') or '').startswith('batchai '):
        return
    if isinstance(result, list) and result and all(item is None for item in result):
        event_data['result'] = None
