"""The shell command of a Python script: interpreter, script and arguments. Pure.

Variables in all three are the shell's to expand, on the node where the process runs.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

from azext_batchai.service.toolkits.base import Settings

# Debian has no `python`, old images have nothing else. The shell of the node, or of the container, knows.
_ANY_PYTHON = '"$(command -v python || command -v python3 || echo python)"'
# Whoever quotes or computes a path has seen to its blanks, and a tilde is none between quotes.
_LEFT_ALONE = re.compile(r'''["'\\`]|\$\(|\A~''')


@dataclass(frozen=True)
class Command:
    """`text` is what a shell runs, `shown` the same as a person would write it."""
    text: str
    shown: str


def python_command(settings: Settings, arguments_key: str = 'commandLineArgs') -> Command:
    """The command of a toolkit with a ``pythonScriptFilePath``; its arguments are taken as they are."""
    interpreter = settings.get('pythonInterpreterPath', '').strip()
    script, arguments = settings['pythonScriptFilePath'], settings.get(arguments_key, '')
    return Command(_joined(_quoted_interpreter(interpreter) if interpreter else _ANY_PYTHON, quoted_path(script),
                           arguments),
                   _joined(interpreter or 'python', script, arguments))


def config_command(program: str, config: str, arguments: str) -> Command:
    """`program`, then a path that is marked by what precedes it: ``cntk configFile=`` and ``$DIR/a.cntk``."""
    return Command(_joined(program + quoted_path(config), arguments), _joined(program + config, arguments))


def quoted_path(path: str) -> str:
    """Between double quotes, so that a mount root with a blank in it stays one word and variables still expand."""
    return path if _LEFT_ALONE.search(path) else f'"{path}"'


def _quoted_interpreter(interpreter: str) -> str:
    """One with blanks has options, as in ``python -u``, and stays as it is."""
    return quoted_path(interpreter) if '$' in interpreter and not re.search(r'\s', interpreter) else interpreter


def _joined(*parts: str) -> str:
    return ' '.join(part for part in parts if part)
