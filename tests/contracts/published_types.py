"""The properties of published types as paths, read from the data files that tests/data/derive_seeds.py writes."""
from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

DATA = Path(__file__).resolve().parents[1] / 'data'


def read_facts(name: str) -> Any:
    return json.loads((DATA / name).read_text('utf-8'))


Lists = frozenset[tuple[str, str]]  # name of the property and of the type of its items


@dataclass(frozen=True)
class Property:
    """`path` is ``mountVolumes.fileServers[].fileServer.id``, below the resource's properties. `kind` is ``string``,
    ``integer``, ``boolean`` or ``object``; `definition` names the type of an object. The marks are the document's own;
    what lies within something read-only is read-only."""
    path: str
    kind: str
    many: bool = False
    definition: str = ''
    values: tuple[str, ...] = ()
    required: bool = False
    read_only: bool = False
    write_only: bool = False

    @property
    def name(self) -> str:
        return self.path.rpartition('.')[2].removesuffix('[]')

    @property
    def owner(self) -> str:
        return self.path.rpartition('.')[0]

    @property
    def target(self) -> str:
        """How an error names the property when the lists around it have one item."""
        return f"properties.{self.path.removesuffix('[]').replace('[]', '[0]')}"


def walk(types: dict[str, Any], root: str, lists: Lists = frozenset()) -> Iterator[Property]:
    """Every property of a type and of the types within it. `lists` has what is a list in a document that does not say
    so."""
    yield from _walk(types, types[root], '', False, lists)


def _walk(types: dict[str, Any], facts: dict[str, Any], prefix: str, read_only: bool, lists: Lists
          ) -> Iterator[Property]:
    for name, fact in facts.items():
        item = fact.get('items', fact)
        definition = item.get('definition', '')
        many = fact.get('type') == 'array' or (name, definition) in lists
        inner = types.get(definition, {})
        frozen = read_only or fact.get('readOnly', False)
        path = f'{prefix}{name}{"[]" if many else ""}'
        yield Property(path, item.get('type', 'object'), many, definition, tuple(item.get('enum', ())),
                       fact.get('required', False), frozen, fact.get('writeOnly', False))
        if 'additionalProperties' not in inner:
            yield from _walk(types, inner, f'{path}.', frozen, lists)


def lists_in(facts: dict[str, Any]) -> Lists:
    """What is a list by the OpenAPI facts."""
    return frozenset((name, inner['items'].get('definition', '')) for fact in facts.values()
                     for name, inner in fact.get('properties', {}).items() if inner.get('type') == 'array')


def wire_path(snake_path: str, known: dict[str, Property]) -> str:
    """The path whose spelling is the given one but for case and underscores: ``py_torch_settings`` is
    ``pyTorchSettings``. Raises KeyError."""
    return {path.lower(): path for path in known}[snake_path.replace('_', '').lower()]
