"""What Slurm says of its nodes and partitions: one `sinfo` for all of them."""
from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Mapping

from azext_batchai.service.engines.slurm.commands import SlurmUnavailable, run
from azext_batchai.service.engines.slurm.gres import count_gpus

# Reasons may hold any letter, a line's end as well; these two are in no name.
_ROW, _COLUMN = '\x1e', '\x1f'
_FORMAT = _ROW + _COLUMN.join(('%N', '%o', '%T', '%c', '%G', '%f', '%P', '%l', '%a', '%E'))
_SAFE_NAME = re.compile(r'[A-Za-z0-9_][A-Za-z0-9_.-]*\Z')
_STATE = re.compile(r'([a-z_+]*)([*~#!%$@^-]*)\Z')
# The states, without what is powered down or does not respond, in which Slurm gives a node no work.
_OUT = frozenset(('down', 'drain', 'drained', 'draining', 'fail', 'failing', 'error', 'inval', 'future', 'drng'))
_OFF = frozenset(('powered_down', 'powering_down', 'power_down', 'poweroff', 'powering-down', 'pow_dn'))
_LONGEST_REASON = 200


@dataclass(frozen=True)
class SlurmNode:
    """A node as Slurm has it. `problem` says why it gets no work now, apart from being `silent`: Slurm has no answer
    from it, which may pass. One that is `asleep` is powered down until there is work for it. What it does now, its
    `state`, makes no other node of it."""
    name: str
    address: str
    state: str = field(compare=False)
    cpus: int
    gres: str = ''
    gpus: int = 0
    features: frozenset[str] = frozenset()
    problem: str = ''
    silent: bool = False
    asleep: bool = False

    @property
    def is_idle(self) -> bool:
        return self.state == 'idle'


@dataclass(frozen=True)
class Partition:
    """`nodes` are in Slurm's order. `time_limit` is in minutes; None for as long as one likes. `state` is ``up``, or
    else new jobs of it do not run: ``down``, ``drain`` or ``inact``."""
    name: str
    nodes: tuple[str, ...]
    time_limit: int | None = None
    state: str = 'up'

    @cached_property
    def members(self) -> frozenset[str]:
        return frozenset(self.nodes)


@dataclass(frozen=True)
class NodeTable:
    """One look at Slurm. `default_partition` is empty when there is none."""
    nodes: Mapping[str, SlurmNode] = field(default_factory=dict)
    partitions: Mapping[str, Partition] = field(default_factory=dict)
    default_partition: str = ''

    def trouble_with(self, partition: str) -> str:
        """Why no job runs in a partition, as a sentence; empty when they do."""
        found = self.partitions.get(partition)
        if found is None:
            return f'Slurm has no partition {partition} any more'
        return '' if found.state == 'up' else f'Slurm has the partition {partition} as {found.state}'


def read_nodes(timeout: float = 10.0) -> NodeTable:
    """Ask Slurm. `timeout` is in seconds. Raises SlurmUnavailable and SlurmRefused."""
    text = run(['sinfo', '--noheader', '--all', '--Node', f'--format={_FORMAT}'], timeout)
    if text.strip() and _ROW not in text:
        raise SlurmUnavailable(f'sinfo answers with something else than was asked for: {text.strip()[:80]!r}')
    return parse_nodes(text)


def parse_nodes(text: str) -> NodeTable:
    """The table of sinfo's rows, one for each node and partition. Rows that are torn or name nothing are left out."""
    nodes: dict[str, SlurmNode] = {}
    members: dict[str, dict[str, None]] = {}
    partitions: dict[str, tuple[int | None, str]] = {}
    default = ''
    for row in text.split(_ROW)[1:]:
        columns = row.rstrip('\n').split(_COLUMN, 9)
        if len(columns) < 10:
            continue
        name, address, state, cpus, gres, features, partition, limit, available, reason = columns
        plain = partition.rstrip('*')
        if not plain:
            continue
        if partition != plain:
            default = plain
        partitions[plain] = (time_limit(limit), available)
        members.setdefault(plain, {})
        if not _SAFE_NAME.match(name):  # a partition without nodes has a row as well
            continue
        members[plain][name] = None
        if name not in nodes:
            nodes[name] = _node(name, address, state, cpus, gres, features, reason)
    return NodeTable(nodes, {name: Partition(name, tuple(members[name]), *said) for name, said in partitions.items()},
                     default)


def _node(name: str, address: str, state: str, cpus: str, gres: str, features: str, reason: str) -> SlurmNode:
    found = _STATE.match(state.strip().lower())
    word, flags = found.groups() if found else (state.strip().lower(), '')
    words = set(word.split('+'))
    problem = ''
    if words & _OUT:
        why = ' '.join(reason.split())[:_LONGEST_REASON]
        problem = f'Slurm has the node {name} as {word}' + (f': {why}' if why and why != 'none' else '')
    return SlurmNode(
        name, address or name, word, _leading_number(cpus), '' if gres == '(null)' else gres, count_gpus(gres),
        frozenset() if features == '(null)' else frozenset(filter(None, features.split(','))), problem,
        silent='*' in flags and not problem,
        asleep=not problem and bool('~' in flags or '%' in flags or words & _OFF))


def _leading_number(text: str) -> int:
    found = re.match(r'\d+', text)
    return max(1, int(found[0])) if found else 1


def time_limit(text: str) -> int | None:
    """Whole minutes of ``30``, ``1:00``, ``2:00:00`` or ``1-00:00:00``; at least one. None for ``infinite`` and what
    is no time."""
    found = re.match(r'(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?\Z', text.strip())
    if not found:
        return None
    days, parts = int(found[1] or 0), [int(part) for part in found.groups()[1:] if part]
    if found[1]:  # from the hours on
        hours, minutes = (*parts, 0)[:2]
    elif len(parts) == 3:
        hours, minutes = parts[:2]
    else:
        hours, minutes = 0, parts[0]
    return max(1, days * 1440 + hours * 60 + minutes)
