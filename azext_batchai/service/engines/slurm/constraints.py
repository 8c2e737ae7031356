"""Slurm's expressions over the features of a node: ``k80``, ``intel&gpu``, ``(rack1|rack2)&ib``."""
from __future__ import annotations

import re
from typing import Collection

_TOKENS = re.compile(r'\s*([&,|()]|\[|\]|[^\s&,|()\[\]*]+(?:\*[0-9]+)?)')


class ConstraintError(ValueError):
    """The text is no expression over features; the text says where it goes wrong."""


def satisfies(features: Collection[str], constraint: str) -> bool:
    """Whether a node with the `features` could be part of a job with that constraint. Raises ConstraintError.

    Counts (``rack1*2``) and matching pairs (``[rack1|rack2]``) are about all the nodes of a job, so here each feature
    named in them will do.
    """
    return _Reader(constraint, frozenset(features)).read() if constraint.strip() else True


class _Reader:
    """An expression is read from the left: an ``&`` binds more than a ``|``."""

    def __init__(self, text: str, features: frozenset[str]):
        self._text, self._features = text, features
        self._tokens = self._split(text)
        self._at = 0

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, position = [], 0
        while position < len(text.rstrip()):
            found = _TOKENS.match(text, position)
            if not found:
                raise ConstraintError(f'{text[:80]!r} cannot be read from {text[position:position + 10]!r} on')
            tokens.append(found[1])
            position = found.end()
        return tokens

    def read(self) -> bool:
        value = self._any()
        if self._at < len(self._tokens):
            raise self._error()
        return value

    def _any(self) -> bool:
        value = self._all()
        while self._next_is('|'):
            value = self._all() or value  # read it in any case
        return value

    def _all(self) -> bool:
        value = self._one()
        while self._next_is('&', ','):
            value = self._one() and value
        return value

    def _one(self) -> bool:
        for opening, closing in ('()', '[]'):
            if self._next_is(opening):
                value = self._any()
                if not self._next_is(closing):
                    raise self._error()
                return value
        if self._at == len(self._tokens) or self._tokens[self._at] in '&,|()[]':
            raise self._error()
        self._at += 1
        name = self._tokens[self._at - 1].partition('*')[0]
        return name[1:] not in self._features if name.startswith('!') else name in self._features

    def _next_is(self, *tokens: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] in tokens
        self._at += found
        return found

    def _error(self) -> ConstraintError:
        there = repr(self._tokens[self._at]) if self._at < len(self._tokens) else 'its end'
        return ConstraintError(f'the constraint {self._text[:80]!r} goes wrong at {there}; '
                               f'write features with & and | between, for example k80&ib')
