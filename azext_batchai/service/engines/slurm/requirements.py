"""Which nodes of a partition can be those of a cluster, and which of them should be."""
from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Collection, Mapping

from azext_batchai.service.engines.slurm.constraints import satisfies
from azext_batchai.service.engines.slurm.gres import has_gres
from azext_batchai.service.engines.slurm.nodes import NodeTable, SlurmNode
from azext_batchai.service.engines.slurm.options import Layer
from azext_batchai.service.engines.slurm.sizes import Size, distance, size_of

NO_GRES = 'none'


@dataclass(frozen=True)
class Requirements:
    """`constraint`, `gres` and `cores` were written by the user and hold in any case; empty and 0 are for nothing
    written. The VM size is a preference: a node that is like it before others."""
    partition: str
    constraint: str = ''
    gres: str = ''
    cores: int = 0
    vm_size: str = ''

    @property
    def size(self) -> Size:
        """What was written takes the place of what the VM size had."""
        known = size_of(self.vm_size)
        return Size(self.cores or known.cores, 0 if self.gres == NO_GRES else known.gpus)

    def allow(self, node: SlurmNode) -> bool:
        return _allows(self, node.features, node.gres, node.cpus)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, content: Mapping[str, Any]) -> Requirements:
        return cls(**content)


def requirements_of(layer: Layer, vm_size: str, table: NodeTable | None) -> Requirements:
    """The partition is that of the layer, else Slurm's default one; empty when there is none, or nobody knows yet."""
    return Requirements(layer.partition or (table.default_partition if table else ''), layer.constraint or '',
                        layer.gres or '', layer.cores or 0, vm_size)


def candidates(table: NodeTable, wanted: Requirements) -> list[SlurmNode]:
    """The nodes of the partition that could serve, in Slurm's order. GPUs are what a VM size is chosen for, so nodes
    without are none for such a size while there are others."""
    partition = table.partitions.get(wanted.partition)
    nodes = [table.nodes[name] for name in partition.nodes] if partition else []
    fitting = [node for node in nodes if wanted.allow(node)]
    if wanted.size.gpus:
        fitting = [node for node in fitting if node.gpus] or fitting
    return fitting


def best(table: NodeTable, wanted: Requirements, taken: Collection[str], count: int) -> list[SlurmNode]:
    """The `count` nodes to take next, fewer when there are not as many: healthy ones, near to the VM size, idle."""
    size = wanted.size
    free = [node for node in candidates(table, wanted) if node.name not in taken]
    free.sort(key=lambda node: _rank(node, size))
    return free[:count]


def _rank(node: SlurmNode, size: Size) -> tuple[bool | int, ...]:
    wrong, small, excess = distance(node, size)
    return bool(node.problem), wrong, small, node.silent, not node.is_idle, node.asleep, excess


def objection(table: NodeTable, wanted: Requirements) -> str:
    """Why no node could ever serve, as a sentence; empty when one could."""
    partition = table.partitions.get(wanted.partition)
    there = ', '.join(sorted(table.partitions)) or 'none at all'
    if partition is None:
        if wanted.partition:
            return f'Slurm has no partition {wanted.partition}; there are: {there}'
        return ('Slurm has no default partition; name one with "partition" in slurm.json or the tag '
                f'batchai.slurm.partition, there are: {there}')
    nodes = [table.nodes[name] for name in partition.nodes]
    if not nodes:
        return f'the partition {partition.name} has no nodes'
    if not any(satisfies(node.features, wanted.constraint) for node in nodes):
        known = sorted({feature for node in nodes for feature in node.features})
        return (f'no node of the partition {partition.name} satisfies the constraint {wanted.constraint}; '
                f'its nodes have the features: {", ".join(known) or "none"}')
    if wanted.gres not in ('', NO_GRES) and not any(has_gres(node.gres, wanted.gres) for node in nodes):
        known = sorted({node.gres for node in nodes if node.gres})
        return (f'no node of the partition {partition.name} has the GRES {wanted.gres}; '
                f'its nodes have: {"; ".join(known) or "none"}')
    most = max(node.cpus for node in nodes)
    if most < wanted.cores:
        return f'no node of the partition {partition.name} has {wanted.cores} cores; the largest has {most}'
    if not any(wanted.allow(node) for node in nodes):
        asked = [('the constraint', wanted.constraint), ('the GRES', wanted.gres), ('cores:', str(wanted.cores or ''))]
        return (f'no node of the partition {partition.name} has all at once that is asked for: '
                + ', '.join(f'{what} {value}' for what, value in asked if value))
    return ''


@lru_cache(maxsize=4096)
def _allows(wanted: Requirements, features: frozenset[str], gres: str, cpus: int) -> bool:
    """Remembered, because thousands of nodes are of a few kinds."""
    return (cpus >= wanted.cores and satisfies(features, wanted.constraint)
            and (wanted.gres in ('', NO_GRES) or has_gres(gres, wanted.gres)))
