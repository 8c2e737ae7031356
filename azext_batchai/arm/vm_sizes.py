"""VM sizes: which ones Batch AI took, and how it spelled them (semantics sheet, section 6.3)."""
from __future__ import annotations

import re

from azext_batchai.arm.catalogue import VM_SIZES

_SIZE = re.compile(r'standard_([a-z]+)([0-9][a-z0-9_]*)\Z', re.IGNORECASE | re.ASCII)
# GS, DS and DSv2: their disks are for file servers.
_NOT_FOR_CLUSTERS = re.compile(r'standard_[gd]s[0-9]', re.IGNORECASE)
_SPELLINGS = {size.lower(): size for size in VM_SIZES}


def canonical_size(size: str) -> str | None:
    """``STANDARD_NC24r`` of ``standard_nc24R``. None for what is no VM size and for STANDARD_A0, never supported.

    Sizes that nobody has heard of are taken: on one machine a size changes nothing.
    """
    match = _SIZE.match(size)
    if not match or size.lower() == 'standard_a0':
        return None
    known = _SPELLINGS.get(size.lower())
    return f"STANDARD_{known.partition('_')[2] if known else match[1].upper() + match[2]}"


def is_cluster_size(size: str) -> bool:
    """Whether the nodes of a cluster could be of a size, which is one."""
    return not _NOT_FOR_CLUSTERS.match(size)
