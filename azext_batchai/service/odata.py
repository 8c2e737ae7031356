"""The part of OData that lists of the flat API versions understand: ``$filter`` and ``$select``.

A filter compares with `eq` and `ne` and joins with `and`, `or`, `not` and parentheses, for example
``location eq 'eastus' and not (properties/executionState eq 'failed')``. Nested names have a slash, or a dot.
"""
from __future__ import annotations

import re
from typing import Any, Callable, Sequence

Json = dict[str, Any]
Condition = Callable[[Json], bool]

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<mark>[()])|(?P<word>[^\s()']+))")
_LONGEST = 2000
_DEEPEST = 20
_TAGS = 'tags/'


class ODataError(ValueError):
    """A filter or selection that is not understood; the text says which part, and what to write."""


def parse_filter(text: str, fields: Sequence[str]) -> Condition:
    """The condition a resource has to meet. `fields` are what it may name; ``tags/`` stands for any tag.

    Values compare without case, as names and states do; those of tags with it. Raises ODataError.
    """
    if len(text) > _LONGEST:
        raise ODataError(f'is longer than {_LONGEST} characters')
    parser = _Filter(_tokens(text), fields)
    condition = parser.alternatives(0)
    if parser.token:
        raise ODataError(f"has '{parser.token[:40]}' where it should end, or 'and' or 'or' stand")
    return condition


def parse_select(text: str, fields: Sequence[str]) -> Callable[[Json], Json]:
    """What makes a resource into the part of it that is asked for. `fields` are what there is. Raises ODataError."""
    known = {field.lower(): field for field in fields}
    chosen: dict[str, list[str]] = {}  # each once, however often it is named
    for item in text.split(','):
        field = known.get(_path(item.strip()).lower())
        if field is None:
            raise ODataError(f"names '{item.strip()[:40]}', which is none of {', '.join(fields)}")
        chosen[field] = field.split('/')
    return lambda resource: _selected(resource, list(chosen.values()))


def _selected(value: Json, paths: list[list[str]]) -> Json:
    """In the order of `value`."""
    selected: Json = {}
    for key, item in value.items():
        inner = [path[1:] for path in paths if path[0] == key]
        if not inner:
            continue
        selected[key] = item if [] in inner or not isinstance(item, dict) else _selected(item, inner)
    return selected


def _path(name: str) -> str:
    """``properties.vmSize`` is ``properties/vmSize``; the name of a tag may have dots of its own."""
    head, mark, rest = name.partition('.')
    return f'{head}/{rest}' if mark and '/' not in head else name


def _tokens(text: str) -> list[str]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if not match:
            raise ODataError(f"has no closing quote after {text[position:].strip()[:40]}")
        tokens.append(match[0].strip())
        position = match.end()
    return tokens


class _Filter:
    """Recursive descent: alternatives of conjunctions of comparisons."""

    def __init__(self, tokens: list[str], fields: Sequence[str]):
        self._tokens = tokens
        self._fields = {field.lower(): field for field in fields}

    @property
    def token(self) -> str:
        """The next one; empty at the end."""
        return self._tokens[0] if self._tokens else ''

    def alternatives(self, depth: int) -> Condition:
        conditions = [self._conjunction(depth)]
        while self.token.lower() == 'or':
            self._next()
            conditions.append(self._conjunction(depth))
        return lambda resource: any(condition(resource) for condition in conditions)

    def _conjunction(self, depth: int) -> Condition:
        conditions = [self._comparison(depth)]
        while self.token.lower() == 'and':
            self._next()
            conditions.append(self._comparison(depth))
        return lambda resource: all(condition(resource) for condition in conditions)

    def _comparison(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise ODataError(f'is nested deeper than {_DEEPEST} levels')
        if self.token.lower() == 'not':
            self._next()
            denied = self._comparison(depth + 1)
            return lambda resource: not denied(resource)
        if self.token == '(':
            self._next()
            inner = self.alternatives(depth + 1)
            if self._next() != ')':
                raise ODataError("has no ')' for a '('")
            return inner
        return self._equality()

    def _equality(self) -> Condition:
        keys = self._field().split('/', 1)  # the name of a tag may have a slash
        operator, value = self._next().lower(), self._next()
        if operator not in ('eq', 'ne'):
            raise ODataError(f"has '{operator[:40]}' where 'eq' or 'ne' should be")
        if len(value) < 2 or value[0] != "'":
            raise ODataError(f"has '{value[:40]}' where a text in single quotes should be, for example 'eastus'")
        wanted = value[1:-1].replace("''", "'")
        is_tag = keys[0] == 'tags'

        def matches(resource: Json) -> bool:
            found: Any = resource
            for key in keys:
                found = found.get(key) if isinstance(found, dict) else None
            same = isinstance(found, str) and (found == wanted if is_tag else found.lower() == wanted.lower())
            return same is (operator == 'eq')
        return matches

    def _field(self) -> str:
        name = _path(self._next())
        if name.lower().startswith(_TAGS) and len(name) > len(_TAGS) and _TAGS in self._fields:
            return _TAGS + name[len(_TAGS):]
        if name.lower() not in self._fields or name.lower() == _TAGS:
            known = ', '.join(field + '<name>' if field == _TAGS else field for field in self._fields.values())
            raise ODataError(f"has '{name[:40]}' where one of {known} should be")
        return self._fields[name.lower()]

    def _next(self) -> str:
        return self._tokens.pop(0) if self._tokens else ''
