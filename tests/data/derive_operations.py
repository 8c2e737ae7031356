"""The operations of API 2018-05-01 as bare facts, beside the properties in openapi-2018-05-01.json.

operations-2018-05-01.json has verbs, paths, parameters with their limits, bodies and replies by the name of their
type; and of the types what the other file leaves out: which extends which, formats, and objects of any texts. Write it
again with ``python tests/data/derive_operations.py`` where ../shared is.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator

Facts = dict[str, Any]

DATA = Path(__file__).resolve().parent
FILE = DATA / 'operations-2018-05-01.json'
OPENAPI_FILE = DATA.parents[2] / 'shared' / 'spec' / 'batchai-2018-05-01.openapi.json'
_LIMITS = ('type', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum', 'default')
_VERBS = ('get', 'put', 'patch', 'post', 'delete')


def derive_operations(document: Facts) -> Facts:
    """``parameters``, ``operations``, ``extends``, ``formats`` and ``texts`` of an OpenAPI 3 document."""
    parts = document['components']
    schemas = parts['schemas']
    return {
        'parameters': {name: _parameter(fact) for name, fact in sorted(parts['parameters'].items())},
        'operations': {fact['operationId']: _operation(verb, path, fact) for path, verbs in document['paths'].items()
                       for verb, fact in verbs.items() if verb in _VERBS},
        'extends': {name: [_name(base) for base in fact['allOf']] for name, fact in schemas.items() if 'allOf' in fact},
        'formats': dict(_marked(schemas, 'format')),
        'texts': [path for path, _ in _marked(schemas, 'additionalProperties')],
    }


def _parameter(fact: Facts) -> Facts:
    limits = {key: fact['schema'][key] for key in _LIMITS if key in fact['schema']}
    return {'name': fact['name'], 'in': fact['in'], 'required': fact.get('required', False), **limits}


def _operation(verb: str, path: str, fact: Facts) -> Facts:
    content = fact.get('requestBody', {}).get('content', {}).get('application/json', {})
    return {
        'verb': verb.upper(), 'path': path,
        'parameters': [_name(each) if '$ref' in each else _parameter(each) for each in fact['parameters']],
        **({'body': _name(content['schema'])} if content else {}),
        'replies': {code: _name(reply['content']['application/json']['schema']) if 'content' in reply else ''
                    for code, reply in fact['responses'].items()},
    }


def _marked(schemas: Facts, key: str) -> Iterator[tuple[str, Any]]:
    for name, fact in sorted(schemas.items()):
        for inner, property_ in sorted(fact.get('properties', {}).items()):
            if key in property_:
                yield f'{name}.{inner}', property_[key]


def _name(reference: Facts) -> str:
    return str(reference['$ref'].rpartition('/')[2])


def derive() -> Facts:
    return derive_operations(json.loads(OPENAPI_FILE.read_text('utf-8')))


if __name__ == '__main__':
    found = derive()
    lines = ',\n'.join(f' {json.dumps(title)}: ' + (
        '{\n' + ',\n'.join(f'  {json.dumps(key)}: {json.dumps(value)}' for key, value in part.items()) + '\n }'
        if isinstance(part, dict) else json.dumps(part)) for title, part in found.items())
    FILE.write_text(f'{{\n{lines}\n}}\n', 'utf-8')
