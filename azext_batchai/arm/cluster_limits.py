"""How many nodes a cluster can have (semantics sheet, section 6)."""
from __future__ import annotations

from typing import Any

MOST_NODES = 100


def node_limit_passed(scale: dict[str, Any]) -> str | None:
    """The path below `scaleSettings` of a number above MOST_NODES, for example ``manual.targetNodeCount``."""
    for way, key in (('manual', 'targetNodeCount'), ('autoScale', 'maximumNodeCount')):
        if (scale.get(way) or {}).get(key, 0) > MOST_NODES:
            return f'{way}.{key}'
    return None
