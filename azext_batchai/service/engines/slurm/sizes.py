"""VM sizes of Azure: how many cores and GPUs they had, and which nodes of a partition come nearest to one."""
from __future__ import annotations

import re
from dataclasses import dataclass

from azext_batchai.service.engines.slurm.nodes import SlurmNode

# Where the number in a name is no number of cores.
_NUMBERED = {
    'a': {0: 1, 1: 1, 2: 2, 3: 4, 4: 8, 5: 2, 6: 4, 7: 8, 8: 8, 9: 16, 10: 8, 11: 16},
    'd': {1: 1, 2: 2, 3: 4, 4: 8, 5: 16, 11: 2, 12: 4, 13: 8, 14: 16, 15: 20},
    'g': {1: 2, 2: 4, 3: 8, 4: 16, 5: 32}}
# Cores for each GPU, by family and version; those with a T4 break the rule of their version.
_CORES_A_GPU = {
    ('nc', ''): 6, ('nd', ''): 6, ('nv', ''): 6, ('nc', 'v2'): 6, ('nd', 'v2'): 5, ('nc', 'v3'): 6, ('nv', 'v3'): 12,
    ('nc', 'v4'): 24, ('nd', 'v4'): 12, ('nv', 'v4'): 32, ('nc', 'v5'): 40, ('nd', 'v5'): 12, ('nv', 'v5'): 36}
_CORES_A_T4 = 16
_SIZE = re.compile(r'standard_([a-z]+?)([0-9]+)([a-z]*(?:_[a-z][a-z0-9]*)*?)(?:_(v[0-9]+))?\Z', re.IGNORECASE)


@dataclass(frozen=True)
class Size:
    """Zero of both for a size that nobody has heard of."""
    cores: int = 0
    gpus: int = 0


def size_of(vm_size: str) -> Size:
    """Cores and GPUs of ``STANDARD_NC24r``: 24 and 4."""
    found = _SIZE.match(vm_size)
    if not found:
        return Size()
    family, number, rest, version = found[1].lower(), int(found[2]), found[3].lower(), (found[4] or '').lower()
    if family.startswith('n'):
        cores = _CORES_A_T4 if 't4' in rest else _CORES_A_GPU.get((family, version), number)
        return Size(number, max(1, number // max(1, cores)))
    old = None if version > 'v2' or (family, version) == ('a', 'v2') else _NUMBERED.get(family.removesuffix('s'))
    return Size(old.get(number, 0) if old else number)


def distance(node: SlurmNode, size: Size) -> tuple[bool, bool, int]:
    """How far a node is from a size; the least is the nearest. GPUs where there should be some and none elsewhere, then
    cores enough, then as little as possible too much."""
    if not size.gpus:
        return node.gpus > 0, node.cpus < size.cores, abs(node.cpus - size.cores) if size.cores else 0
    excess = abs(node.gpus - size.gpus) * 1024 + abs(node.cpus - size.cores)
    return node.gpus < size.gpus, node.cpus < size.cores, excess
