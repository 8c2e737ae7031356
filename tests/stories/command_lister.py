"""Run by the Python of the installed az: prints every command below `az batchai` with the options az registered.

Standard output is a JSON object: command -> ``options`` (option string -> whether it is required), ``confirmation``,
``extension`` (whose command it is; None for one of az itself) and ``help`` (of each argument: its text and its default,
which az puts behind the text).
"""
from __future__ import annotations

import json
import os
import sys
from typing import Any


def list_commands() -> dict[str, Any]:
    from azure.cli.core import get_default_cli
    from azure.cli.core.commands import ExtensionCommandSource
    from azure.cli.core.commands.events import EVENT_INVOKER_PRE_LOAD_ARGUMENTS
    from knack.events import EVENT_INVOKER_POST_CMD_TBL_CREATE
    cli = get_default_cli()
    cli.invocation = cli.invocation_cls(cli_ctx=cli, commands_loader_cls=cli.commands_loader_cls,
                                        parser_cls=cli.parser_cls, help_cls=cli.help_cls)
    loader = cli.invocation.commands_loader
    commands = {name: command for name, command in loader.load_command_table(['batchai']).items()
                if name.startswith('batchai ')}
    found: dict[str, Any] = {}
    for name, command in commands.items():
        loader.command_table, loader.command_name = {name: command}, name
        cli.invocation.data['command_string'] = name
        cli.raise_event(EVENT_INVOKER_PRE_LOAD_ARGUMENTS, commands_loader=loader)
        loader.load_arguments(name)
        cli.raise_event(EVENT_INVOKER_POST_CMD_TBL_CREATE, commands_loader=loader)
        source = command.command_source
        found[name] = {
            'options': {option: bool(argument.options.get('required') or argument.type.settings.get('required'))
                        for argument in command.arguments.values() for option in argument.options_list or []},
            'confirmation': bool(command.confirmation),
            'help': {name: [settings.get('help'), settings.get('default')]
                     for name, argument in command.arguments.items() for settings in [argument.type.settings]},
            'extension': source.extension_name if isinstance(source, ExtensionCommandSource) else None}
    return found


if __name__ == '__main__':
    answers = os.fdopen(os.dup(1), 'w')
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    json.dump(list_commands(), answers, default=str)
    answers.close()
    sys.exit()
