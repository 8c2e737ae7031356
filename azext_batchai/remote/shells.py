"""Environment variables as the shells of this world set them. Pure."""
from __future__ import annotations

import re
import shlex
from typing import Callable, Mapping

_Quote = Callable[[str], str]


def _powershell_quote(text: str) -> str:
    """In ASCII, since PowerShell does not know how we encode. Typographic quotes would end the text for it as well."""
    return "'" + re.sub(r'[^\x00-\x7f]+', lambda found: f"'{_characters(found[0])} + '", text.replace("'", "''")) + "'"


def _characters(text: str) -> str:
    units = text.encode('utf-16-be', 'surrogatepass').hex()
    return ''.join(f' + [char]0x{units[at:at + 4]}' for at in range(0, len(units), 4))


def _fish_quote(text: str) -> str:
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"


# Shell -> how it sets a variable, how it forgets one, how it quotes, and how it takes our lines.
SHELLS: dict[str, tuple[str, str, _Quote, str]] = {
    'sh': ('export {name}={value};', 'unset {name};', shlex.quote, 'eval "$({command})"'),
    'powershell': ('$env:{name} = {value};', 'Remove-Item Env:{name};', _powershell_quote,
                   '{command} --shell powershell | Out-String | Invoke-Expression'),
    'fish': ('set -gx {name} {value};', 'set -e {name};', _fish_quote, '{command} --shell fish | source'),
}


def set_up_lines(shell: str, variables: Mapping[str, str], before: Mapping[str, str], keep_quiet: frozenset[str],
                 command: str = 'az batchai service env') -> list[str]:
    """Lines that set `variables` in a shell, one of `SHELLS`, and last a comment that says how to go back.

    `before` is the environment to go back to; of the variables in `keep_quiet` no old value is repeated. `command`
    prints the lines.
    """
    assign, forget, quote, usage = SHELLS[shell]
    lines = [assign.format(name=name, value=quote(value)) for name, value in variables.items()]
    back = []
    for name, value in variables.items():
        old = before.get(name)
        if old is None or name in keep_quiet or {'\n', '\r'} & {*old}:  # a comment is one line
            back.append(forget.format(name=name))
        elif old != value:
            back.append(assign.format(name=name, value=quote(old)))
    # At the end: where a shell is given all of it as one line, the rest of the line is comment.
    return [*lines, f'# Use: {usage.format(command=command)}', f'# Back: {" ".join(back)}']
