"""The shell around a task: it holds the lock, runs the command, and writes the exit code down.

It is ours, whatever the task is. So it gets nothing of the task's environment as such: ``LD_PRELOAD``, a function that
bash would import or the like could have it write any exit code, and where it is root's, do anything. What the task is
to see goes in under other names, and becomes the task's environment in the process that turns into the command, after
that has given up root where jobs have a user of their own.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Mapping, Sequence

from azext_batchai.service.engines.base import Task
from azext_batchai.service.engines.trees import MARK

# $1 launch folder and task number, $2 working directory, $3 shell, $4 command. The traps let the shell outlive the
# signal that ends its task, to write the exit code down; a trapped signal is back to normal in the task itself. On a
# full disk the process id is missing, and the task runs all the same.
_OUTER = '''set -C
{ : > "$1.started"; } 2>/dev/null || exit 0
{ echo "$$" >> "$1.started"; } 2>/dev/null
trap : TERM INT HUP QUIT USR1 USR2
(%s) 9>&-
code=$?
{ echo "$code" > "$1.exit"; } 2>/dev/null || echo "$code" >&9
'''
_COMMAND = 'cd "$2" && unset OLDPWD && exec "$3" -c "$4"'
# The arguments keep their places, and the words to become another user follow them.
_AS_OTHER = '''base=$1 place=$2 shell=$3 command=$4
shift 4
exec "$@" /bin/sh -c "$_BATCHAI_INNER" batchai "$base" "$place" "$shell" "$command"'''

_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
_CARRIER = '_BATCHAI_CARRIES_'
# Names that a shell may refuse to set, and set no others then.
_REFUSED = frozenset({'BASHOPTS', 'BASH_VERSINFO', 'EUID', 'OPTIND', 'PPID', 'SHELLOPTS', 'UID'})


@dataclass(frozen=True)
class TaskShell:
    """What to start: the arguments of ``/bin/sh`` and its environment."""
    words: list[str]
    environment: dict[str, str]


def task_shell(base: str, shell: str, task: Task, mark: str, prefix: Sequence[str] = ()) -> TaskShell:
    """The shell for a task. `base` is the launch folder and the task's number, `mark` that of the launch, `shell` runs
    the command, and `prefix` are the words that make a command another user's.

    Variables that no shell can set are left out. Raises ValueError for what no environment can hold.
    """
    if any('=' in name for name in task.environment):
        raise ValueError("the name of a variable has a '='")
    carried = {name: f'{name}={value}' for name, value in task.environment.items()
               if _NAME.match(name) and name != MARK and not name.startswith(_CARRIER)}
    carriers = {name: f'{_CARRIER}{number}' for number, name in enumerate(carried)}
    environment = {**{carriers[name]: text for name, text in carried.items()}, MARK: mark}
    command = f'{_unpacking(carriers)}{_COMMAND}'
    if prefix:
        environment['_BATCHAI_INNER'] = f'unset _BATCHAI_INNER\numask 022\n{command}'
    script = _OUTER % (_AS_OTHER if prefix else command)
    return TaskShell(['sh', '-c', script, 'batchai', base, str(task.working_directory), shell, task.command, *prefix],
                     environment)


def _unpacking(carriers: Mapping[str, str]) -> str:
    """Shell text that sets the variables which the carriers hold; `command` keeps a shell going that refuses one.

    In one go, because each step takes a shell a while."""
    plain = [f'"${carrier}"' for name, carrier in carriers.items() if name not in _REFUSED]
    alone = [f'command export "${carrier}" 2>/dev/null\n' for name, carrier in carriers.items() if name in _REFUSED]
    together = f"export {' '.join(plain)}\n" if plain else ''
    return f"{together}{''.join(alone)}unset {' '.join(carriers.values())}\n" if carriers else ''
