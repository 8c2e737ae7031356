"""JSON Schemas (draft-07) of the configuration files, for editors: the shapes of `arm.shapes` with words to read.

``python -m azext_batchai.arm.schema_files`` writes them to ``azext_batchai/schemas``. They accept what the commands
accept: options may still supply what is missing, and the keys of older dialects are known.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Iterator, TypeVar

from azext_batchai.arm import shapes
from azext_batchai.arm.descriptions import READ_ONLY, description_of
from azext_batchai.arm.shapes import Schema

T = TypeVar('T')

SCHEMAS_FOLDER = Path(__file__).parent.parent / 'schemas'

_DRAFT = 'http://json-schema.org/draft-07/schema#'
_TITLES = {'cluster': 'Configuration file of az batchai cluster create',
           'job': 'Configuration file of az batchai job create',
           'nfs': 'Configuration file of az batchai file-server create'}
_SHAPES = {'cluster': shapes.CLUSTER_PROPERTIES, 'job': shapes.JOB_PROPERTIES, 'nfs': shapes.FILE_SERVER_PROPERTIES}

# What a shape requires and a file need not have: options, defaults or the commands supply it. `*` is all of them.
_SUPPLIED = {
    'cluster': {'*'},
    'cluster.nodeSetup.setupTask': {'*'},
    'cluster.userAccountSettings': {'*'},
    'job': {'cluster'},
    'nfs': {'*'},
    'nfs.dataDisks': {'*'},
    'nfs.sshConfiguration': {'*'},
    'nfs.sshConfiguration.userAccountSettings': {'*'},
    'azureFileShares': {'accountName', 'credentials'},
    'azureBlobFileSystems': {'credentials'},
}

# Properties of 2017-09 and 2018-03 by the path of the object they were in, or its last step.
_OLDER: dict[str, dict[str, Schema]] = {
    'cluster.nodeSetup.setupTask': {'runElevated': {'type': 'boolean'}},
    'job': {'priority': {'type': 'integer', 'minimum': -1000, 'maximum': 1000},
            'experimentName': {'type': 'string'}},
    'job.outputDirectories': {'type': {'type': 'string'}, 'createNew': {'type': 'boolean'}},
    'job.constraints': {'maxTaskRetryCount': {'type': 'integer'}, 'maxRetryCount': {'type': 'integer'}},
    'nfs.dataDisks': {'fileSystemType': {'type': 'string'}, 'raidLevel': {'type': 'string'}},
    'azureFileShares': {'credentialsInfo': shapes.STORAGE_CREDENTIALS},
    'azureBlobFileSystems': {'credentialsInfo': shapes.STORAGE_CREDENTIALS},
}

# Values of theirs by the path of the property.
_OLDER_VALUES = {'cluster.scaleSettings.manual.nodeDeallocationOption': ['unknown']}

_TOP: dict[str, Schema] = {
    '$schema': {'type': 'string'},
    'location': {'type': 'string'},
    'tags': shapes.TAGS,
    'id': shapes.READ_ONLY, 'name': shapes.READ_ONLY, 'type': shapes.READ_ONLY,
}


def config_schema(kind: str) -> Schema:
    """The schema of one kind of file: ``cluster``, ``job`` or ``nfs``."""
    properties = _property(_SHAPES[kind], f'{kind}.properties', kind)
    top = {key: _property(schema, f'{kind}.{key}') for key, schema in _TOP.items()}
    bare = {key: {'$ref': f'#/definitions/properties/properties/{key}'} for key in properties['properties']}
    return {
        '$schema': _DRAFT,
        'title': _TITLES[kind],
        'type': 'object',
        'properties': {**top, 'properties': {'$ref': '#/definitions/properties'}, **bare},
        'additionalProperties': False,
        'if': {'required': ['properties']},
        'then': {'propertyNames': {'enum': [*top, 'properties']}},
        'else': {'required': properties.get('required', [])},
        'definitions': {'properties': properties},
    }


def schema_files() -> Iterator[tuple[Path, str]]:
    """Each file with the text it should have."""
    for kind in _SHAPES:
        yield SCHEMAS_FOLDER / f'{kind}.schema.json', json.dumps(config_schema(kind), indent=2) + '\n'


def _described(shape: Schema, path: str) -> Schema:
    """`shape` as it stands in a file at `path`, its properties described."""
    if 'items' in shape:
        return {**shape, 'items': _described(shape['items'], path)}
    if 'properties' not in shape:
        return {**shape, 'enum': shape['enum'] + _OLDER_VALUES.get(path, [])} if 'enum' in shape else dict(shape)
    older: dict[str, Schema] = _of(_OLDER, path, {})
    members = {**shape['properties'], **older}
    described = {**shape, 'properties': {key: _property(member, f'{path}.{key}') for key, member in members.items()}}
    described['required'] = [key for key in shape['required'] if not _is_supplied(path, key)]
    if not described['required']:
        del described['required']
    return described


def _property(shape: Schema, path: str, inner_path: str | None = None) -> Schema:
    """`shape` with the words for `path`; what it holds goes by `inner_path`, when that is another."""
    owner, _, key = path.rpartition('.')
    if shape.get('readOnly'):
        return {'description': READ_ONLY, 'readOnly': True, 'doNotSuggest': True}  # the last is for VS Code
    described: dict[str, Any] = {'description': description_of(path)}
    if key in _of(_OLDER, owner, {}):
        described['deprecated'] = True
    inner = _described(shape, inner_path or path)
    return {**described, **{key: value for key, value in inner.items() if key != 'description'}}


def _is_supplied(path: str, key: str) -> bool:
    supplied = _of(_SUPPLIED, path, set())
    return key in supplied or '*' in supplied


def _of(table: dict[str, T], path: str, nothing: T) -> T:
    """What `table` holds for a path or for its last step."""
    return table.get(path) or table.get(path.rpartition('.')[2]) or nothing


def _write() -> None:
    for path, text in schema_files():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, 'utf-8', newline='\n')


if __name__ == '__main__':
    _write()
