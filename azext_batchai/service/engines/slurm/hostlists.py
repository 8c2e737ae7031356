"""Slurm's short form of many node names: ``node[1-3,7],gpu05`` for node1, node2, node3, node7 and gpu05."""
from __future__ import annotations

import re
from typing import Iterable

# Slurm takes no text behind brackets.
_LAST_NUMBER = re.compile(r'(.*?)([0-9]+)\Z', re.DOTALL)
_RANGE = re.compile(r'([0-9]+)(?:-([0-9]+))?\Z')
_MOST_NAMES = 1_000_000
# Beyond it a number is part of the name: Slurm reads no larger one in a range.
_LONGEST_NUMBER = 9


def compress(names: Iterable[str]) -> str:
    """The short form, each name once; empty for none. Numbers of one width go together, as Slurm pads a whole range."""
    groups: dict[tuple[str, int], set[int]] = {}
    plain: dict[str, None] = {}
    for name in names:
        found = _LAST_NUMBER.match(name)
        if not found or len(found[2]) > _LONGEST_NUMBER:
            plain[name] = None
            continue
        digits = found[2]
        # 9 and 10 may share a range, 09 and 10 another one; a number without zeros in front has no width of its own.
        width = len(digits) if digits[0] == '0' and len(digits) > 1 else 0
        groups.setdefault((found[1], width), set()).add(int(digits))
    _join_padded(groups)
    return ','.join([*(prefix + _numbers(sorted(numbers), width) for (prefix, width), numbers in groups.items()),
                     *plain])


def _join_padded(groups: dict[tuple[str, int], set[int]]) -> None:
    """Numbers as wide as the padded ones of the same name join them: 08, 09, 10 are one range."""
    for prefix, width in [key for key in groups if key[1]]:
        free = groups.get((prefix, 0))
        if free:
            fitting = {number for number in free if len(str(number)) == width}
            groups[prefix, width] |= fitting
            free -= fitting
            if not free:
                del groups[prefix, 0]


def _numbers(numbers: list[int], width: int) -> str:
    ranges: list[str] = []
    first = last = numbers[0]
    for number in [*numbers[1:], -1]:
        if number == last + 1:
            last = number
            continue
        ranges.append(f'{first:0{width}}' if first == last else f'{first:0{width}}-{last:0{width}}')
        first = last = number
    return ranges[0] if len(ranges) == 1 and '-' not in ranges[0] else f"[{','.join(ranges)}]"


def expand(text: str) -> list[str]:
    """The names of a short form, in its order. Raises ValueError for text that is none."""
    names: list[str] = []
    for word in _words(text):
        names += _expand_word(word, text)
        if len(names) > _MOST_NAMES:
            raise ValueError(f'{text[:80]!r} names more than {_MOST_NAMES} nodes')
    return names


def _words(text: str) -> list[str]:
    """The parts between those commas that are not within brackets."""
    words, depth, start = [], 0, 0
    for position, letter in enumerate(text):
        if letter == '[':
            depth += 1
        elif letter == ']':
            depth -= 1
        elif letter == ',' and not depth:
            words.append(text[start:position])
            start = position + 1
        if depth not in (0, 1):
            raise ValueError(f'{text[:80]!r} has brackets that do not fit')
    if depth:
        raise ValueError(f'{text[:80]!r} has brackets that do not fit')
    return [word for word in [*words, text[start:]] if word.strip()]


def _expand_word(word: str, text: str) -> list[str]:
    """A word may have several pairs of brackets; the last one counts fastest."""
    names = ['']
    position = 0
    for found in re.finditer(r'\[([^\]]*)\]', word):
        choices = [number for part in found[1].split(',') for number in _expand_range(part, text)]
        before = word[position:found.start()]
        if len(names) * len(choices) > _MOST_NAMES:
            raise ValueError(f'{text[:80]!r} names more than {_MOST_NAMES} nodes')
        names = [name + before + choice for name in names for choice in choices]
        position = found.end()
    return [(name + word[position:]).strip() for name in names]


def _expand_range(part: str, text: str) -> list[str]:
    found = _RANGE.match(part.strip())
    if not found:
        raise ValueError(f'{text[:80]!r} has {part[:20]!r} within brackets, not a number or a range such as 1-4')
    first, last = found[1], found[2] or found[1]
    if not int(first) <= int(last) <= int(first) + _MOST_NAMES:
        raise ValueError(f'{text[:80]!r} has the range {part[:20]!r}, which is no range to count up')
    return [f'{number:0{len(first)}}' for number in range(int(first), int(last) + 1)]
