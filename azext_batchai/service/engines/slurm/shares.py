"""A cluster is a share of a partition: some of its nodes, named, that no other cluster of this service has.

All of it works from the last look at Slurm, so that nothing here waits for a command; `looked` brings the next one.
"""
from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Collection, Mapping, Sequence

from azext_batchai.service.engines.base import ClusterWish, EngineCluster, EngineNode, EngineUnavailable
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.engines.slurm import share_files
from azext_batchai.service.engines.slurm.gres import whole_nodes_gres
from azext_batchai.service.engines.slurm.hostlists import compress
from azext_batchai.service.engines.slurm.nodes import NodeTable
from azext_batchai.service.engines.slurm.options import OptionsError, OptionsFile
from azext_batchai.service.engines.slurm.requirements import (
    NO_GRES, Requirements, best, objection, requirements_of)
from azext_batchai.service.engines.slurm.share_files import Member, ShareContent


_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Share:
    """What a submission for a cluster needs. `words` are options of sbatch: the partition, and what the user wants
    besides. `time_limit` is the partition's, in minutes; None when there is none. `slurm_names` are by node id."""
    partition: str
    words: tuple[str, ...]
    time_limit: int | None
    slurm_names: Mapping[str, str]
    open_ids: frozenset[str]


@dataclass
class _Known:
    """The files of a cluster as last read, and what was made of them."""
    stamp: tuple[int, int, int]
    content: ShareContent
    seen: tuple[NodeTable | None, frozenset[str]] | None = None
    nodes: list[EngineNode] = field(default_factory=list)
    excluded: tuple[NodeTable, str] | None = None


class Shares:
    """Thread-safe. `options` is the user's file; nodes that leave go to `trash`, by default beside the clusters."""

    def __init__(self, options: OptionsFile, trash: Path | None = None):
        self._options = options
        self._trash = trash
        self._lock = threading.RLock()
        self._table: NodeTable | None = None
        self._silent: frozenset[str] = frozenset()
        self._known: dict[Path, _Known] = {}
        self._used_ids: set[str] = set()

    @property
    def table(self) -> NodeTable | None:
        """The last look at Slurm; None before the first."""
        return self._table

    def looked(self, table: NodeTable) -> bool:
        """Take the next look; whether it shows anything else than the last one."""
        with self._lock:
            # A node that once did not respond does so often at the next look, and no job is to leave for that.
            silent = frozenset(name for name, node in table.nodes.items() if node.silent
                               and self._table and name in self._table.nodes and self._table.nodes[name].silent)
            news = table != self._table or silent != self._silent
            self._table, self._silent = table, silent
            for folder in list(self._known):
                self._update(folder, table)
            return news

    def _update(self, folder: Path, table: NodeTable) -> None:
        """Write down what is new of a cluster's nodes: one in a cloud has its address only once it is on."""
        try:
            content = self._read(folder).content
            changed = {}
            for member in content.members:
                node = table.nodes.get(member.slurm)
                said = replace(member, address=node.address, cpus=node.cpus, gpus=node.gpus) if node else member
                if said != member:
                    changed[member.id] = said
            if not changed:
                return
            share_files.write_names(folder, list(changed.values()))
            content = replace(content, members=tuple(changed.get(member.id, member) for member in content.members))
            share_files.write_share(folder, content)
            self._known[folder] = _Known(_stamp(folder), content)
        except OSError as error:
            self._known.pop(folder, None)
            _log.warning('%s does not say what is new of its nodes: %s', folder, error)

    def check(self, wish: ClusterWish) -> str:
        """Why there can be no such cluster, as a sentence; empty when there can, or Slurm did not answer yet."""
        try:
            layer = self._options.read().for_cluster(wish)
        except OptionsError as error:
            return str(error)
        table = self._table
        return objection(table, requirements_of(layer, wish.vm_size, table)) if table else ''

    def scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str] = ()) -> None:
        """Make `count` nodes of it, fewer when Slurm has not as many for now. `leaving` names those to give up when
        there are too many. Raises EngineUnavailable."""
        with self._lock:
            try:
                self._scale(cluster, count, leaving)
            except OSError as error:
                self._known.pop(cluster.folder, None)
                raise EngineUnavailable(f'nodes cannot be changed in {cluster.folder}: {error.strerror}') from error

    def _scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str]) -> None:
        known = self._read(cluster.folder)
        content = known.content
        gone = [member for member in content.members if member.id in leaving][:max(0, len(content.members) - count)]
        for member in gone:
            discard(cluster.folder / member.id, self._trash or cluster.folder.parent / 'trash')
        if gone:
            content = replace(content, members=tuple(member for member in content.members if member not in gone))
            for member in gone:
                (cluster.folder / 'by-name' / member.slurm).unlink(missing_ok=True)
        if count > len(content.members):
            content = self._grow(cluster, content, count)
        if content != known.content:
            share_files.write_share(cluster.folder, content)
            self._known[cluster.folder] = _Known(_stamp(cluster.folder), content)

    def _grow(self, cluster: EngineCluster, content: ShareContent, count: int) -> ShareContent:
        """Take nodes until there are `count`. The list of them is written first, the folders that make them last."""
        table = self._table
        if table is None:
            raise EngineUnavailable('Slurm has not said yet which nodes it has')
        wish = cluster.wish or content.wish
        wanted = self._requirements(wish, content, table)
        new = []
        numbers = sorted(set(range(1, count + 1)) - {member.number for member in content.members})
        found = best(table, wanted, self._taken(cluster.folder), count - len(content.members))
        for node, number in zip(found, numbers):
            new.append(Member(self._new_id(cluster, number), node.name, node.address, node.cpus, node.gpus))
        members = sorted([*content.members, *new], key=lambda member: member.number)
        grown = replace(content, members=tuple(members), requirements=wanted, wish=wish)
        if not new:
            return grown
        share_files.write_share(cluster.folder, grown)
        share_files.write_names(cluster.folder, new)
        for member in new:
            share_files.make_node(cluster.folder, member.id)
        return grown

    def _requirements(self, wish: ClusterWish, content: ShareContent, table: NodeTable) -> Requirements:
        """What the user wants of the nodes now; what it was before while a node stays that is not like that."""
        try:
            layer = self._options.read().for_cluster(wish)
        except OptionsError as error:
            raise EngineUnavailable(str(error)) from None
        wanted = requirements_of(layer, wish.vm_size, table)
        if content.requirements is None or content.requirements == wanted:
            return wanted
        partition = table.partitions.get(wanted.partition)
        for member in content.members:
            node = table.nodes.get(member.slurm)
            if partition is None or node is None or node.name not in partition.members or not wanted.allow(node):
                return content.requirements
        return wanted

    def _taken(self, folder: Path) -> set[str]:
        """Slurm's names of the nodes of all clusters beside this one, and of its own."""
        taken = {member.slurm for member in self._read(folder).content.members}
        if folder.parent.is_dir():
            for other in folder.parent.iterdir():
                if other != folder:
                    taken |= {member.slurm for member in self._read(other).content.members}
        return taken

    def _new_id(self, cluster: EngineCluster, number: int) -> str:
        """One that was never there: who knew a node by its id is not to take another one for it."""
        moment = time.time()
        while True:
            stamp = time.strftime('%Y%m%dt%H%M%Sz', time.gmtime(moment))
            name = f'tvm-{int(cluster.guid[:8], 16)}_{number}-{stamp}'
            if name not in self._used_ids and not (cluster.folder / name).exists():
                self._used_ids.add(name)
                return name
            moment += 1

    def nodes(self, cluster: EngineCluster) -> list[EngineNode]:
        """What there is, by number. Nodes that Slurm knows nothing of, or gives no work, have a problem."""
        with self._lock:
            try:
                known = self._read(cluster.folder)
            except OSError as error:
                raise EngineUnavailable(f'{cluster.folder} cannot be read: {error.strerror}') from error
            seen = (self._table, self._silent)
            if known.seen is None or known.seen[0] is not seen[0] or known.seen[1] != seen[1]:
                known.nodes = [self._node(cluster, known.content, member) for member in known.content.members]
                known.seen = seen
            return list(known.nodes)

    def _node(self, cluster: EngineCluster, content: ShareContent, member: Member) -> EngineNode:
        without = content.requirements is not None and content.requirements.gres == NO_GRES
        node = EngineNode(member.id, member.number, member.address, cluster.folder / member.id, member.cpus,
                          () if without else tuple(range(member.gpus)), sets_devices=True)
        table = self._table
        if table is None:
            return node
        found = table.nodes.get(member.slurm)
        if found is None:
            return replace(node, problem=f'Slurm has no node {member.slurm} any more')
        partition = content.requirements.partition if content.requirements else ''
        problem = found.problem or table.trouble_with(partition)
        if not problem and member.slurm in self._silent:
            problem = f'Slurm has the node {member.slurm} as not responding'
        if not problem and member.slurm not in table.partitions[partition].members:
            problem = f'the node {member.slurm} is not in the partition {partition} any more'
        return replace(node, address=found.address, cores=found.cpus, problem=problem, asleep=found.asleep,
                       gpus=() if without else tuple(range(found.gpus)))

    def share(self, cluster: EngineCluster) -> Share:
        """For a submission. Raises EngineUnavailable while the cluster has none."""
        with self._lock:
            content = self._content(cluster)
            if content.requirements is None:
                raise EngineUnavailable('the cluster has no share of a partition yet')
            wanted = content.requirements
            try:
                layer = self._options.last().for_cluster(cluster.wish or content.wish)
            except OptionsError as error:
                raise EngineUnavailable(str(error)) from None
            table = self._table
            partition = table.partitions.get(wanted.partition) if table else None
            words = [f'--partition={wanted.partition}']
            words += [f'--{name}={value}' for name, value in (('account', layer.account), ('qos', layer.qos)) if value]
            if wanted.constraint:
                words.append(f'--constraint={wanted.constraint}')
            gres = self._gres(content)
            if gres:
                words.append(f'--gres={gres}')
            if not any(name.startswith('mem') and name != 'mem-bind' for name in layer.options):
                words.append('--mem=0')  # without it Slurm gives a whole node, but little of its memory
            words += [f'--{name}' if value is None else f'--{name}={value}' for name, value in layer.options.items()]
            return Share(wanted.partition, tuple(words), partition.time_limit if partition else None,
                         {member.id: member.slurm for member in content.members},
                         content.open_ids & {member.id for member in content.members})

    def _gres(self, content: ShareContent) -> str:
        """A job has its nodes to itself, so it has all their GPUs. Slurm gives them to the steps of a job, which run on
        all nodes but the first, only when it asks for them."""
        wanted = content.requirements.gres if content.requirements else ''
        if wanted == NO_GRES:
            return ''
        table = self._table
        found = [table.nodes[member.slurm].gres for member in content.members if member.slurm in table.nodes] \
            if table else []
        if wanted:
            return whole_nodes_gres(wanted, found)
        fewest = min((member.gpus for member in content.members), default=0)
        return whole_nodes_gres(f'gpu:{fewest}', found) if fewest else ''

    def set_open(self, cluster: EngineCluster, node_ids: Collection[str]) -> bool:
        """From now on jobs may have only these nodes of the cluster; whether that is anything new."""
        with self._lock:
            known = self._read(cluster.folder)
            wanted = frozenset(node_ids)
            if wanted == known.content.open_ids or not known.content.members and not cluster.folder.is_dir():
                return False
            try:
                share_files.write_open(cluster.folder, wanted)
            except OSError as error:
                raise EngineUnavailable(f'{cluster.folder} cannot be written: {error.strerror}') from error
            self._known[cluster.folder] = replace(known, stamp=_stamp(cluster.folder), excluded=None,
                                                  content=replace(known.content, open_ids=wanted))
            return True

    def excluded(self, cluster: EngineCluster) -> str:
        """The short form of all nodes of the partition but the open ones of the cluster, for ``--exclude``; empty when
        there are none. Raises EngineUnavailable while nobody knows."""
        with self._lock:
            content = self._content(cluster)
            table = self._table
            if table is None or content.requirements is None:
                raise EngineUnavailable('Slurm has not said yet which nodes it has')
            known = self._known[cluster.folder]
            if known.excluded is None or known.excluded[0] is not table:
                partition = table.partitions.get(content.requirements.partition)
                opened = {member.slurm for member in content.members if member.id in content.open_ids}
                known.excluded = table, compress(name for name in partition.nodes if name not in opened) \
                    if partition else ''
            return known.excluded[1]

    def _content(self, cluster: EngineCluster) -> ShareContent:
        try:
            return self._read(cluster.folder).content
        except OSError as error:
            raise EngineUnavailable(f'{cluster.folder} cannot be read: {error.strerror}') from error

    def _read(self, folder: Path) -> _Known:
        """The files of a cluster, read again when another process, or a removal, changed them."""
        stamp = _stamp(folder)
        known = self._known.get(folder)
        if known is None or known.stamp != stamp:
            content = share_files.read_share(folder) if any(stamp) else ShareContent()
            known = self._known[folder] = _Known(stamp, content)
        return known


def _stamp(folder: Path) -> tuple[int, int, int]:
    """Another one after each change of the files: all are put in place by a rename."""
    times = []
    for path in (folder, folder / 'share.json', folder / 'open.json'):
        try:
            times.append(path.stat().st_mtime_ns)
        except OSError:
            times.append(0)
    return times[0], times[1], times[2]
