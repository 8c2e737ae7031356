"""What a launch leaves in its folder for the nodes to run: shell text, in which nothing of a task is read by a shell
but what the task itself has for one.

For the node of index 0 there is ``0.node`` with the tasks of that node, and for task 0 ``0.exit``: the exit code goes
to its end. It is there from the start, with an empty line, because the disk may be full when the task ends, and because
a file that is opened is looked up afresh also on a file system that is shared, while one that was not there may stay
so for a minute. ``stop`` is there once a stop was asked for.

A task may hold words for what is known only on the nodes: `id_word` and `address_word`.
"""
from __future__ import annotations

import os
import re
import secrets
import shlex
from pathlib import Path
from typing import Mapping, Sequence

from azext_batchai.service.engines.base import Launch, LaunchRejected, Task
from azext_batchai.service.engines.trees import MARK

# In the launch's folder: writes the files of the launch that hold words for what is known only on the nodes.
FILES = 'files'
# There last: the tasks of the first node, and the launch's handle in front of them.
FIRST = '0.node'
# As long as the system lets one argument or variable be, with the zero at its end.
LONGEST_TEXT_BYTES = 128 * 1024 - 1
# Nobody outside this process can write one of our words: a user's text that looks like them stays what it is.
_WORDS = f'@batchai:{secrets.token_hex(8)}:'
_WORD = re.compile(_WORDS + '(id|address):([0-9]{1,6})@')
_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
# Ours are the shell's variables of that prefix; Slurm's own stay as Slurm set them.
_OURS = '_batchai_'
# Names that a shell may refuse to set, and end then.
_REFUSED = frozenset({'BASHOPTS', 'BASH_VERSINFO', 'EUID', 'OPTIND', 'PPID', 'SHELLOPTS', 'UID'})
# What reaches the batch script only because sbatch needs it.
_CARRIED = ('PATH', 'HOME', 'USER', 'LOGNAME', 'LD_LIBRARY_PATH', 'TZ', 'LC_ALL')

# Undoes what a shell does to the tasks that it runs in the background: there they ignore interrupts.
_INTERRUPTED = '/usr/bin/env --default-signal=INT,QUIT'


def id_word(index: int) -> str:
    """Stands for the id of the node of that index, until it is known."""
    return f'{_WORDS}id:{index}@'


def address_word(index: int) -> str:
    """As `id_word`, for the address."""
    return f'{_WORDS}address:{index}@'


def index_of_node(node: str, node_ids: Sequence[str]) -> int:
    """The place in the gang of the node that a task names by a word or, where they are known, by its id. Raises
    LaunchRejected."""
    found = _WORD.fullmatch(node)
    if found:
        return int(found[2])
    try:
        return node_ids.index(node)
    except ValueError:
        raise LaunchRejected(f'the node {node} is not one of the allocation') from None


def shell_text(text: str) -> str:
    """`text` as one word for a POSIX shell, which puts in what our words stand for. Raises ValueError for text that no
    argument can hold."""
    if '\0' in text:
        raise ValueError('there is a zero byte in it')
    if len(text) > LONGEST_TEXT_BYTES // 4 and len(os.fsencode(text)) > LONGEST_TEXT_BYTES:
        raise LaunchRejected('the command or one of its environment variables is longer than the system allows; put it '
                             'into a script')
    if _WORDS not in text:
        return shlex.quote(text)
    parts, position = [], 0
    for found in _WORD.finditer(text):
        parts += [text[position:found.start()], f'"${{{_OURS}{found[1]}_{int(found[2])}}}"']
        position = found.end()
    parts.append(text[position:])
    return ''.join(part if number % 2 else shlex.quote(part) for number, part in enumerate(parts)
                   if number % 2 or part) or "''"


def node_script(tasks: Mapping[int, Task], mark: str, shell: str = '') -> str:
    """The text of a node's tasks, by their numbers in the launch, for node.sh to read. `mark` is the value by which the
    processes of the launch are known, and `shell` runs the commands; by default bash where there is one.

    Variables that no shell can set are left out. Raises ValueError and LaunchRejected.
    """
    alone = len(tasks) == 1
    parts = [_one_task(number, _body(task, mark, shell, alone), alone) for number, task in tasks.items()]
    return ''.join(parts if alone else [*parts, '_batchai_wait\n'])


def _one_task(number: int, body: str, alone: bool) -> str:
    run = f'_batchai_begin {number} && (\n{body})'
    if alone:
        return f'{run}\n_batchai_ended {number} $?\n'
    return (f'{{ _batchai_guard\n{run}\n_batchai_ended {number} $?\n}} &\n'
            '_batchai_running="$_batchai_running $!"\n')


def _body(task: Task, mark: str, shell: str, alone: bool) -> str:
    if any('=' in name for name in task.environment):
        raise ValueError("the name of a variable has a '='")
    variables = {name: shell_text(value) for name, value in task.environment.items()
                 if _NAME.match(name) and not name.startswith(_OURS) and name != MARK}
    lines = [f'exec </dev/null >>{shell_text(str(task.stdout))} 2>>{shell_text(str(task.stderr))} || exit 126',
             f"unset {' '.join(name for name in _CARRIED if name not in variables)} _batchai_none"]
    plain = [f'{name}={value}' for name, value in {**variables, MARK: shell_text(mark)}.items() if name not in _REFUSED]
    lines.append(f"export {' '.join(plain)}")
    lines += [f'command export {name}={value} 2>/dev/null' for name, value in variables.items() if name in _REFUSED]
    lines.append(f'cd {shell_text(str(task.working_directory))} && unset OLDPWD || exit')
    program = shlex.quote(shell) if shell else '"$_batchai_shell"'
    run = f'{program} -c {shell_text(task.command)}'
    if not alone:
        lines.append(f'if {_INTERRUPTED} /bin/sh -c : 2>/dev/null; then exec {_INTERRUPTED} {run}; fi')
    lines.append(f'exec {run}')
    return ''.join(f'{line}\n' for line in lines)


def fill(text: str, nodes: Sequence[tuple[str, str]]) -> str:
    """`text` with our words replaced; `nodes` are ids and addresses in order."""
    def known(found: re.Match[str]) -> str:
        index = int(found[2])
        return nodes[index][found[1] == 'address'] if index < len(nodes) else found[0]
    return _WORD.sub(known, text) if _WORDS in text else text


def files_script(files: Mapping[Path, str]) -> str:
    """Shell text that writes those files of a launch which hold our words, before a task begins."""
    return ''.join(f'mkdir -p -- {shlex.quote(str(path.parent))}\n'
                   f'(umask 077 && rm -f -- {shell_text(str(path))} && printf %s {shell_text(text)}'
                   f' >{shell_text(str(path))})\n'
                   for path, text in files.items())


def needs_nodes(text: str) -> bool:
    """Whether a text holds one of our words."""
    return _WORDS in text and _WORD.search(text) is not None


def write_private(path: Path, text: str) -> None:
    """Write a file for the eyes of the owner only. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, 'wb') as file:
        file.write(os.fsencode(text))


def tasks_by_node(launch: Launch, node_ids: Sequence[str]) -> dict[int, dict[int, Task]]:
    """The tasks of each node of the gang, by index and by their numbers. Raises LaunchRejected."""
    found: dict[int, dict[int, Task]] = {}
    for number, task in enumerate(launch.tasks):
        found.setdefault(index_of_node(task.node, node_ids), {})[number] = task
    return found
