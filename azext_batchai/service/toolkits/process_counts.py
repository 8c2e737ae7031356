"""How many processes a toolkit starts: ``processCount`` and its like, their default and their bounds. Pure."""
from __future__ import annotations

from azext_batchai.service.toolkits.base import Settings, ToolkitError

# The service of old drew the line at the GPUs of a VM, which nobody knows here. This one only catches a slip of digits
# before it becomes a million processes.
MOST_PER_NODE = 256


def process_count(settings: Settings, node_count: int, key: str = 'processCount') -> int:
    """The count as given, else one on each node."""
    return int(settings.get(key, node_count))


def check_process_count(block: str, settings: Settings, node_count: int, key: str = 'processCount') -> None:
    """Raises ToolkitError for a count that is not from 1 to MOST_PER_NODE for each node."""
    count = process_count(settings, node_count, key)
    if count < 1:
        raise ToolkitError(f'{block}.{key}', f'should be at least 1, but is {count}')
    if key in settings and count > MOST_PER_NODE * node_count:
        raise ToolkitError(f'{block}.{key}', f'{count} is above {MOST_PER_NODE} for each node, and nodeCount is '
                                             f'{node_count}')
