"""How many nodes an auto-scale cluster should have. Pure."""
from __future__ import annotations


def wanted_nodes(minimum: int, maximum: int, busy: int, queued: int, idle_recent: int) -> int:
    """The node count that follows the work, within the limits (semantics sheet, section 6.1).

    `busy` nodes hold running jobs, `queued` is how many the waiting ones ask for, `idle_recent` nodes have been idle
    for less than the idle delay and so are kept.
    """
    return max(minimum, min(maximum, busy + max(queued, idle_recent)))
