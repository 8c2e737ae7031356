"""What machines a cluster or a file server can be made of, and how many (semantics sheet, section 6)."""
from __future__ import annotations

import re
from typing import Any

MOST_NODES = 100
_VM_SIZE = re.compile(r'standard_([a-z0-9_]+)\Z', re.IGNORECASE)


def vm_size_name(size: str) -> str | None:
    """``NC6`` of ``Standard_NC6``. None for what is no VM size, and for STANDARD_A0, which was never supported."""
    match = _VM_SIZE.match(size)
    return match.group(1) if match and match.group(1).lower() != 'a0' else None


def node_limit_passed(scale: dict[str, Any]) -> str | None:
    """The path below `scaleSettings` of a number above MOST_NODES, for example ``manual.targetNodeCount``."""
    for way, key in (('manual', 'targetNodeCount'), ('autoScale', 'maximumNodeCount')):
        if (scale.get(way) or {}).get(key, 0) > MOST_NODES:
            return f'{way}.{key}'
    return None
