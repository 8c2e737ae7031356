"""The OpenAPI document of API 2018-05-01, put together again from the facts in tests/data."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_DATA = Path(__file__).resolve().parents[1] / 'data'
_VERSION = '2018-05-01'
# The real service sent these, whatever its document says (wire facts, section 8).
_OBSERVED = {'JobProperties': {'experimentName': {'type': 'string', 'readOnly': True}}}


def openapi_document(subscription: str) -> dict[str, Any]:
    """An OpenAPI 3 document. It says more than the published one in three things: the subscription is the given one,
    objects have no keys but those that are named, and a body that has required properties has properties."""
    types = json.loads((_DATA / f'openapi-{_VERSION}.json').read_text('utf-8'))
    facts = json.loads((_DATA / f'operations-{_VERSION}.json').read_text('utf-8'))
    paths: dict[str, Any] = {}
    for name, operation in facts['operations'].items():
        verbs = paths.setdefault(operation['path'], {})
        verbs[operation['verb'].lower()] = _operation(name, operation, facts, subscription)
    return {'openapi': '3.0.3', 'info': {'title': 'Batch AI', 'version': _VERSION}, 'paths': paths,
            'components': {'schemas': {name: _type(name, fact, facts) for name, fact in types.items()}}}


def _operation(name: str, operation: dict[str, Any], facts: dict[str, Any], subscription: str) -> dict[str, Any]:
    parameters = [facts['parameters'].get(each, each) if isinstance(each, str) else each
                  for each in operation['parameters']]
    made: dict[str, Any] = {
        'operationId': name, 'parameters': [_parameter(each, subscription) for each in parameters],
        'responses': {code: {'description': '', **_content(reply)} for code, reply in operation['replies'].items()}}
    # Two operations publish no form of an error; every other has the same.
    made['responses'].setdefault('default', {'description': '', **_content('CloudError')})
    if 'body' in operation:
        made['requestBody'] = {'required': True, **_content(operation['body'])}
    return made


def _content(type_name: str) -> dict[str, Any]:
    schema = {'$ref': f'#/components/schemas/{type_name}'}
    return {'content': {'application/json': {'schema': schema}}} if type_name else {}


def _parameter(fact: dict[str, Any], subscription: str) -> dict[str, Any]:
    schema = {key: value for key, value in fact.items() if key not in ('name', 'in', 'required')}
    if fact['name'] == 'api-version':
        schema['enum'] = [_VERSION]
    if fact['name'] == 'subscriptionId':
        schema['enum'] = [subscription]
    return {'name': fact['name'], 'in': fact['in'], 'required': fact['required'], 'schema': schema}


def _type(name: str, fact: dict[str, Any], facts: dict[str, Any]) -> dict[str, Any]:
    schema = _schema(fact)
    for inner, property_ in schema.get('properties', {}).items():
        path = f'{name}.{inner}'
        if path in facts['formats']:
            property_['format'] = facts['formats'][path]
        if path in facts['texts']:
            property_['additionalProperties'] = {'type': 'string'}
    schema.get('properties', {}).update(_OBSERVED.get(name, {}))
    if name.endswith('CreateParameters') and 'properties' in schema['properties']:
        schema['required'] = ['properties']
    extended = {base for bases in facts['extends'].values() for base in bases}
    if 'properties' in schema and name not in extended and name not in facts['extends']:
        schema['additionalProperties'] = False
    bases = [{'$ref': f'#/components/schemas/{base}'} for base in facts['extends'].get(name, [])]
    return {'allOf': [*bases, schema]} if bases else schema


def _schema(fact: dict[str, Any]) -> dict[str, Any]:
    if 'definition' in fact:
        return {'$ref': f"#/components/schemas/{fact['definition']}"}
    schema: dict[str, Any] = {key: fact[key] for key in ('type', 'enum', 'required', 'readOnly') if key in fact}
    if 'items' in fact:
        schema['items'] = _schema(fact['items'])
    if 'properties' in fact:
        schema['type'] = 'object'
        schema['properties'] = {name: _schema(inner) for name, inner in fact['properties'].items()}
    return schema
