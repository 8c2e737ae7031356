"""Slurm's generic resources, as nodes have them (``gpu:k80:2(S:0-1),nic:1``) and as jobs ask for them (``gpu:1``)."""
from __future__ import annotations

import re

_AMOUNT = re.compile(r'([0-9]+)([kmgt]?)\Z', re.IGNORECASE)
_FACTORS = {'': 1, 'k': 1 << 10, 'm': 1 << 20, 'g': 1 << 30, 't': 1 << 40}
# Where the devices hang, in what a node has: no matter for how many there are.
_PLACE = re.compile(r'\([^)]*\)')


def count_gres(text: str) -> dict[tuple[str, str], int]:
    """How many there are of each name and type; ``('gpu', '')`` of those whose type is not said. Text that is no
    resource counts nothing."""
    counts: dict[tuple[str, str], int] = {}
    for word in _PLACE.sub('', text).split(','):
        parts = [part.strip() for part in re.split('[:/=]', word.strip()) if part.strip()]
        if parts[:1] == ['gres'] and len(parts) > 1:
            parts = parts[1:]
        if not parts or parts[0] in ('(null)', 'none', 'N/A'):
            continue
        amount = _AMOUNT.match(parts[-1]) if len(parts) > 1 else None
        kinds = [part for part in (parts[1:-1] if amount else parts[1:]) if part != 'no_consume']
        number = int(amount[1]) * _FACTORS[amount[2].lower()] if amount else 1
        key = (parts[0].lower(), kinds[0].lower() if kinds else '')
        counts[key] = counts.get(key, 0) + number
    return counts


def count_gpus(text: str) -> int:
    """GPUs of any type."""
    return sum(count for (name, _), count in count_gres(text).items() if name == 'gpu')


def has_gres(node: str, wanted: str) -> bool:
    """Whether a node with the resources `node` has all that are `wanted`; a wanted one without a type may be any."""
    there = count_gres(node)
    for (name, kind), number in count_gres(wanted).items():
        found = sum(count for (other, type_), count in there.items() if other == name and kind in ('', type_))
        if found < number:
            return False
    return True


def whole_nodes_gres(wanted: str, nodes: list[str]) -> str:
    """`wanted` with as many GPUs as each of the nodes has at least, of the type that is named. Other resources stay."""
    words = []
    for word in wanted.split(','):
        ((name, kind), number), *_ = [*count_gres(word).items(), (('', ''), 0)]
        if name == 'gpu':
            fewest = min((sum(count for (other, type_), count in count_gres(node).items()
                              if other == 'gpu' and kind in ('', type_)) for node in nodes), default=number)
            word = ':'.join(filter(None, ('gpu', kind, str(max(number, fewest)))))
        words.append(word)
    return ','.join(words)
