"""Our request shapes against the published ones.

tests/data/openapi-2018-05-01.json holds bare facts (names, types, enumerations, required and read-only marks) taken
from the OpenAPI document of that version. Write it again with ``python tests/arm/test_shapes.py`` where ../shared is.
"""
import json
from pathlib import Path

import pytest

from azext_batchai.arm import shapes

REPOSITORY = Path(__file__).resolve().parents[2]
FACTS_FILE = REPOSITORY / 'tests' / 'data' / 'openapi-2018-05-01.json'
OPENAPI_FILE = REPOSITORY.parent / 'shared' / 'spec' / 'batchai-2018-05-01.openapi.json'

# What is written once in our shapes and spread over two definitions in the document: what a client may send, and what
# the service adds.
BODIES = {
    'CLUSTER': ('ClusterCreateParameters', 'ClusterProperties', 'ProxyResource'),
    'CLUSTER_UPDATE': ('ClusterUpdateParameters', None, 'ProxyResource'),
    'JOB': ('JobCreateParameters', 'JobProperties', 'ProxyResource'),
    'FILE_SERVER': ('FileServerCreateParameters', 'FileServerProperties', 'ProxyResource'),
    'WORKSPACE': ('WorkspaceCreateParameters', None, 'Resource'),
}

# Where we differ on purpose: (path in our shape, what differs) -> why.
KNOWN_DIFFERENCES = {
    ('FILE_SERVER.properties.dataDisks.storageAccountType', 'enum'):
        'three more values were published for 2017-09-01-preview, whose bodies are checked by the same shape',
    ('JOB.properties.experimentName', 'extra'): 'the real service sent it, so it comes back (wire facts, section 8)',
    ('WORKSPACE.properties', 'extra'): 'read-only part of a workspace read from the service',
    ('CLUSTER.properties', 'required'): 'a body without any properties cannot have the required ones',
    ('JOB.properties', 'required'): 'as CLUSTER',
    ('FILE_SERVER.properties', 'required'): 'as CLUSTER',
}


def derive_facts(document):
    """The facts of an OpenAPI document: for each definition its properties, nothing that anybody worded."""
    return {name: _facts(schema) for name, schema in sorted(document['components']['schemas'].items())}


def _facts(schema):
    facts = {}
    if '$ref' in schema:
        return {'definition': schema['$ref'].rsplit('/', 1)[-1]}
    for key in ('type', 'enum', 'readOnly', 'required'):
        if key in schema:
            facts[key] = sorted(schema[key]) if key == 'required' else schema[key]
    if 'items' in schema:
        facts['items'] = _facts(schema['items'])
    if 'properties' in schema:
        facts['properties'] = {name: _facts(inner) for name, inner in sorted(schema['properties'].items())}
    return facts


def facts():
    return json.loads(FACTS_FILE.read_text('utf-8'))


def resolved(known, fact):
    """A fact with its reference followed; marks beside the reference stay."""
    return {**known[fact['definition']], **fact} if 'definition' in fact else fact


def published_body(known, shape_name):
    """The body a client may send, together with the read-only properties of the same resource."""
    sent, read, envelope = BODIES[shape_name]
    body = dict(resolved(known, {'definition': sent}))
    properties = dict(body['properties'])
    if 'properties' in properties and read:
        inner = resolved(known, properties['properties'])
        answered = {name: fact for name, fact in known[read]['properties'].items()
                    if fact.get('readOnly') or name not in inner['properties']}
        properties['properties'] = {**inner, 'properties': {**answered, **inner['properties']}}
    for name, fact in known[envelope]['properties'].items():
        properties.setdefault(name, fact)
    if shape_name != 'WORKSPACE':
        properties.pop('location', None)
    return {**body, 'properties': properties}


def differences(known, ours, theirs, path):
    """Every way in which one of our shapes differs from the published one, as (path, kind, detail)."""
    theirs = resolved(known, theirs)
    if ours.get('readOnly'):
        return
    if 'properties' in ours:
        published = {name: resolved(known, fact) for name, fact in theirs.get('properties', {}).items()}
        for name in sorted(set(published) - set(ours['properties'])):
            yield f'{path}.{name}', 'missing', published[name]
        for name in sorted(set(ours['properties']) - set(published)):
            yield f'{path}.{name}', 'extra', ours['properties'][name]
        required = set(ours['required']) ^ set(theirs.get('required', []))
        for name in sorted(required):
            yield f'{path}.{name}', 'required', name in ours['required']
        for name in sorted(set(published) & set(ours['properties'])):
            yield from differences(known, ours['properties'][name], published[name], f'{path}.{name}')
        return
    kind = theirs.get('type', 'object' if 'properties' in theirs else 'string')
    if ours['type'] != kind:
        yield path, 'type', (ours['type'], kind)
    if sorted(ours.get('enum', [])) != sorted(theirs.get('enum', [])):
        yield path, 'enum', (ours.get('enum'), theirs.get('enum'))
    if 'items' in ours:
        yield from differences(known, ours['items'], theirs['items'], f'{path}[]')


@pytest.mark.parametrize('shape_name', BODIES)
def test_shape_has_the_published_properties_types_enumerations_and_required_keys(shape_name):
    known = facts()
    found = list(differences(known, getattr(shapes, shape_name), published_body(known, shape_name), shape_name))
    assert [item for item in found if item[:2] not in KNOWN_DIFFERENCES] == []


def test_every_known_difference_still_is_one():
    known = facts()
    found = {item[:2] for name in BODIES
             for item in differences(known, getattr(shapes, name), published_body(known, name), name)}
    assert set(KNOWN_DIFFERENCES) - found == set()


@pytest.mark.parametrize('shape_name', ['CLUSTER', 'JOB', 'FILE_SERVER'])
def test_what_the_service_adds_is_read_only_in_our_shape(shape_name):
    known = facts()
    published = published_body(known, shape_name)['properties']['properties']['properties']
    ours = getattr(shapes, shape_name)['properties']['properties']['properties']
    added = {name for name, fact in published.items() if fact.get('readOnly')}
    assert {name for name in added if not ours[name].get('readOnly')} == set()


def test_the_comparison_notices_every_kind_of_difference():
    known = {'Inner': {'type': 'object', 'properties': {'size': {'type': 'integer'}, 'gone': {'type': 'string'}}}}
    theirs = {'type': 'object', 'required': ['a'], 'properties': {
        'a': {'type': 'string', 'enum': ['x']}, 'inner': {'definition': 'Inner'}}}
    ours = shapes._object((), a={'type': 'string'}, b={'type': 'string'},
                          inner=shapes._object((), size={'type': 'string'}))
    assert {item[:2] for item in differences(known, ours, theirs, 'S')} == {
        ('S.b', 'extra'), ('S.a', 'required'), ('S.a', 'enum'), ('S.inner.gone', 'missing'), ('S.inner.size', 'type')}


def test_the_facts_are_those_of_the_published_document():
    """The document itself is not in this repository: without it, the facts must at least be facts and whole."""
    known = facts()
    assert len(known) > 80

    def words(fact):
        for key, value in fact.items():
            assert key in ('type', 'enum', 'readOnly', 'required', 'items', 'properties', 'definition'), key
            if key == 'definition':
                assert value in known
            if key == 'properties':
                for inner in value.values():
                    words(inner)
            if key == 'items':
                words(value)

    for fact in known.values():
        words(fact)
    if OPENAPI_FILE.exists():
        assert known == derive_facts(json.loads(OPENAPI_FILE.read_text('utf-8')))


if __name__ == '__main__':
    derived = derive_facts(json.loads(OPENAPI_FILE.read_text('utf-8')))
    lines = ',\n'.join(f' {json.dumps(name)}: {json.dumps(fact)}' for name, fact in derived.items())
    FACTS_FILE.write_text(f'{{\n{lines}\n}}\n', 'utf-8')
