"""Facts from four of the documents this project was started from, as small data files beside this one.

    arm-2018-03-01.json        seed 000: the ARM types of API 2018-03-01
    terraform.json             seed 002: arguments and attributes of a Terraform resource
    pulumi.json                seed 003: arguments and results of a Pulumi function
    puppet-2018-05-01.json     seed 004: properties and CRUD table of a Puppet type

Only names, types, enumeration values, marks, verbs and paths are taken: nothing that anybody worded. Write the files
again with ``python tests/data/derive_seeds.py`` where ../shared is; tests/contracts/test_facts.py compares them.
"""
from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any, Callable

Facts = dict[str, Any]

DATA = Path(__file__).resolve().parent
SEEDS = DATA.parents[2] / 'shared' / 'seeds'

_KINDS = {'string': 'string', 'int': 'integer', 'bool': 'boolean', 'Integer': 'integer', 'String': 'string',
          'number': 'integer', 'Hash': 'object'}


def derive_arm(text: str) -> Facts:
    """``resources`` and ``types``: for each its properties, with type, enumeration and marks."""
    found: Facts = {'resources': {}, 'types': {}}
    for section in re.split(r'^## ', text, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition('\n')
        properties = {name: _arm_property(kind, marks or '') for name, kind, marks in re.findall(
            r'^\* \*\*(\w+)\*\*: (.+?)(?: \(([\w, ]+)\))?:(?: |$)', body, re.MULTILINE)}
        more = re.search(r'Additional Properties Type\*\*: (\w+)', body)
        if more:
            found['types'][title] = {'additionalProperties': {'type': _KINDS[more[1]]}}
        elif title.startswith('Resource '):
            found['resources'][title.removeprefix('Resource ').partition('@')[0]] = properties
        else:
            found['types'][title] = properties
    return found


def _arm_property(kind: str, marks: str) -> Facts:
    many = kind.endswith('[]')
    kind = kind.removesuffix('[]')
    fact: Facts
    if kind.startswith('['):
        fact = {'definition': kind[1:].partition('](')[0]}
    elif kind.startswith("'"):
        fact = {'type': 'string', 'enum': re.findall(r"'([^']*)'", kind)}
    else:
        fact = {'type': _KINDS[kind]}
    if many:
        fact = {'type': 'array', 'items': fact}
    for mark, key in (('Required', 'required'), ('ReadOnly', 'readOnly'), ('WriteOnly', 'writeOnly')):
        if mark in marks.split(', '):
            fact[key] = True
    return fact


def derive_terraform(text: str) -> Facts:
    """``arguments`` and ``attributes`` by dotted path, ``[]`` behind what there may be several of.

    A block's name may come several times; each mention belongs to the next block of that name. The document prints
    the optional arguments of the resource below its last required block, `cluster`, where only `id` belongs.
    """
    arguments, _, attributes = text.partition('## Attributes Reference')
    return {'arguments': _terraform_paths(arguments.partition('## Argument Reference')[2]),
            'attributes': _terraform_paths(attributes)}


def _terraform_paths(text: str) -> Facts:
    blocks: list[tuple[str, list[tuple[str, ...]]]] = []
    for part in re.split(r'^---$', text, flags=re.MULTILINE):
        name = re.search(r'^The `(\w+)` block', part, re.MULTILINE)
        items = re.findall(r'^\* `(\w+)` -(?: \((Required|Optional)\))?(?: One( or more)? `(\w+)` block)?', part,
                           re.MULTILINE)
        if name and name[1] == 'cluster':
            blocks[0][1].extend(item for item in items if item[0] != 'id')
            items = [item for item in items if item[0] == 'id']
        blocks.append((name[1] if name else '', items))
    found: Facts = {}

    def walk(items: list[tuple[str, ...]], prefix: str) -> None:
        for name, needed, several, block in items:
            path = f'{prefix}{name}{"[]" if several else ""}'
            found[path] = {'required': True} if needed == 'Required' else {}
            if block:
                place = next(index for index, (title, _) in enumerate(blocks) if title == block)
                walk(blocks.pop(place)[1], f'{path}.')

    walk(blocks.pop(0)[1], '')
    if blocks:
        raise ValueError(f'blocks that nothing mentions: {[name for name, _ in blocks]}')
    return found


def derive_pulumi(text: str) -> Facts:
    """``arguments``, ``result`` and ``types`` in the spelling of the wire, which is that of TypeScript here. The other
    three languages have to list the same."""
    parts = re.split(r'^(## .*|<h4 .*|<h2 .*)$', text, flags=re.MULTILINE)
    found: Facts = {'types': {}}
    for title, body in zip(parts[1::2], parts[2::2]):
        by_language = {language: _pulumi_properties(body, language)
                       for language in ('nodejs', 'python', 'go', 'csharp')}
        properties = by_language['nodejs']
        if not properties:
            continue
        for language, listed in by_language.items():
            if {_flat(name) for name in listed} != {_flat(name) for name in properties}:
                raise ValueError(f'{title}: {language} lists other properties')
        if 'Result' in title:
            found['result'] = properties
        elif title.startswith('<h4'):
            found['types'][_words(title)] = {
                name: {**fact, 'required': True} if fact.pop('mark') == 'required' else fact
                for name, fact in properties.items()}
        else:
            found['arguments'] = {name: {**fact, 'required': True} for name, fact in properties.items()}
    for fact in (*found['result'].values(), *found['arguments'].values()):
        fact.pop('mark')
    return found


def _pulumi_properties(body: str, language: str) -> Facts:
    pattern = (r'<dt class="property-(\w*)"(?:(?!</dt>).)*?<a href="#\w+_' + language + r'"[^>]*>(.*?)</a>'
               r'(?:(?!</dt>).)*?<span class="property-type">(.*?)</span>\s*</dt>')
    return {_words(name): {**_pulumi_kind(_words(kind)), 'mark': mark}
            for mark, name, kind in re.findall(pattern, body, re.DOTALL)}


def _pulumi_kind(kind: str) -> Facts:
    several = kind.endswith('[]')
    kind = kind.removesuffix('[]').rpartition('.')[2]
    fact: Facts = {'type': _KINDS[kind]} if kind in _KINDS else {'definition': kind}
    return {'type': 'array', 'items': fact} if several else fact


def _words(markup: str) -> str:
    return html.unescape(re.sub(r'<[^>]*>', '', markup)).strip()


def _flat(name: str) -> str:
    return name.replace('_', '').lower()


def derive_puppet(text: str) -> Facts:
    """``types`` with their properties, and ``operations``: the rows of the CRUD table."""
    found: Facts = {'types': {}, 'operations': []}
    for section in re.split(r'^## ', text, flags=re.MULTILINE)[1:]:
        title = section.partition('\n')[0].strip()
        rows = [[cell.strip(' `') for cell in line.rstrip()[1:-1].split('|')]
                for line in section.splitlines() if line.startswith('|') and '---' not in line]
        if title == 'CRUD operations':
            found['operations'] = [
                {'operation': name, 'path': path.replace('%{', '{'), 'verb': verb.upper(), 'operationId': operation}
                for name, path, verb, _, operation in rows[1:]]
        elif rows:
            found['types'][title] = {row[0]: _puppet_property(row) for row in rows[1:]}
    return found


def _puppet_property(row: list[str]) -> Facts:
    kind = row[1]
    fact: Facts = {'definition': kind[1:].partition('](')[0]} if kind.startswith('[') else {'type': _KINDS[kind]}
    return {**fact, 'required': True} if row[2] == 'true' else fact


FILES: dict[str, tuple[str, Callable[[str], Facts]]] = {
    'arm-2018-03-01.json': ('000_*.txt', derive_arm),
    'terraform.json': ('002_*.txt', derive_terraform),
    'pulumi.json': ('003_*.txt', derive_pulumi),
    'puppet-2018-05-01.json': ('004_*.txt', derive_puppet),
}


def derive(name: str) -> Facts:
    """The facts of a data file, from its seed document. Raises StopIteration where that is missing."""
    pattern, derive_facts = FILES[name]
    return derive_facts(next(SEEDS.glob(pattern)).read_text('utf-8'))


def _lines(facts: Any, depth: int = 0) -> str:
    """JSON with one property a line."""
    if depth == 2 or not isinstance(facts, (dict, list)):
        return json.dumps(facts)
    pad = '\n' + ' ' * (depth + 1)
    if isinstance(facts, list):
        return f'[{pad}' + f',{pad}'.join(_lines(item, depth + 1) for item in facts) + pad[:-1] + ']'
    return f'{{{pad}' + f',{pad}'.join(f'{json.dumps(key)}: {_lines(item, depth + 1)}'
                                       for key, item in facts.items()) + pad[:-1] + '}'


if __name__ == '__main__':
    for file in FILES:
        (DATA / file).write_text(_lines(derive(file)) + '\n', 'utf-8')
