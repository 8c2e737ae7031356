"""Lines that mix dialects, or that no version ever accepted: what to write instead."""
from __future__ import annotations

import difflib
import re
from typing import Any, Iterable

from azure.cli.core.azclierror import ArgumentUsageError, CommandNotFoundError
from knack.log import get_logger

logger = get_logger(__name__)

_WORKSPACE = ('--workspace', '-w')

# command -> (options of the flat dialects, what the workspace dialect says): told when both are on one line.
_MIXED: dict[str, tuple[tuple[str, ...], str]] = {
    'batchai cluster create': (('--nfs-name',), '--nfs'),
    'batchai job create': (('--cluster-name', '-r'), '--cluster/-c'),
    'batchai file-server create': (('--config', '-c'), '--config-file/-f'),
    'batchai cluster list-files': (('-c', '--cluster'), "'az batchai cluster file list'"),
    'batchai cluster node list': (('--name', '-n'), '--cluster/-c'),
    'batchai experiment delete': (('--experiment', '-e'), '--name/-n'),
}

# First words that people wrote after `az batchai` though they belong to az itself.
_GROUPS_OF_AZ = ('group', 'storage', 'account', 'provider', 'configure', 'login', 'role', 'network', 'vm')

_CLUSTER_OPTIONS = ('--cluster', '--cluster-name', '-r', '-c')
_ID_START = re.compile(r'/subscriptions/', re.IGNORECASE)


def mixed_dialects(command: str, typed: Iterable[str]) -> str | None:
    """A word on a line with options of two dialects; the line works all the same. `typed` are its options."""
    options = set(typed)
    if not options.intersection(_WORKSPACE):
        return None
    if command == 'batchai job wait' and not options.intersection(('--experiment', '-e', '--ids')):
        return 'Without --experiment/-e every experiment of the workspace is searched for the job.'
    flat, modern = _MIXED.get(command, ((), ''))
    given = sorted(options.intersection(flat))
    if not given:
        return None
    return f'{given[0]} beside --workspace is taken as meant; the dialect with workspaces writes {modern}.'


def check_command(words: list[str], known: Iterable[str]) -> None:
    """Raise CommandNotFoundError with the command meant, when `words` (the line after `az`) name none of `known`.

    Words that az itself can answer for, a misspelling of one letter for example, are left to it.
    """
    named = _leading_words(words)
    commands = [command.split() for command in known if command.startswith('batchai ')]
    if len(named) < 2 or any(command[1] == named[1] for command in commands):
        return
    line = ' '.join(named)
    if named[1] in _GROUPS_OF_AZ:
        raise CommandNotFoundError(f"There is no command 'az {line}'; you may mean 'az {' '.join(named[1:])}'.")
    meant = _with_a_near_group(named, commands) or [
        ' '.join(command) for command in commands if command[-1] == named[-1]]
    if meant:
        choices = ' or '.join(f"'az {command}'" for command in meant)
        raise CommandNotFoundError(f"There is no command 'az {line}'; you may mean {choices}.")


def check_cluster_id(words: list[str]) -> None:
    """Raise when the resource id of a cluster was typed in pieces, as a published line does."""
    for position, word in enumerate(words[:-2]):
        value, following = words[position + 1], words[position + 2]
        if word in _CLUSTER_OPTIONS and _ID_START.match(value) and re.match(r'/?(resourceGroups|providers)/', following,
                                                                            re.IGNORECASE):
            raise ArgumentUsageError(
                f'The resource id after {word} is in several pieces. Write it as one word: --cluster /subscriptions/'
                '<id>/resourceGroups/<group>/providers/Microsoft.BatchAI/workspaces/<workspace>/clusters/<cluster>.')


def _leading_words(words: list[str]) -> list[str]:
    count = next((index for index, word in enumerate(words) if word.startswith('-')), len(words))
    return words[:count]


def _with_a_near_group(named: list[str], commands: list[list[str]]) -> list[str]:
    """``batchai jobs list`` means ``batchai job list``."""
    groups = {command[1] for command in commands if len(command) > 2}
    likely = [['batchai', group, *named[2:]] for group in difflib.get_close_matches(named[1], groups, 1)]
    return [' '.join(command) for command in likely if len(named) > 2 and command in commands]


def warn_of_mixed_dialects(namespace: Any) -> None:
    """Show the hint of `mixed_dialects` for the line at hand."""
    line = namespace._cmd.cli_ctx.data
    hint = mixed_dialects(line.get('command') or '', line.get('safe_params') or [])
    if hint:
        logger.warning(hint)
