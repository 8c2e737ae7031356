"""Replies of an older version: what it knew of a view of 2018-05-01, with what was stored for it laid over."""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.checking import schema_of
from azext_batchai.arm.flat_ids import flat_id_of
from azext_batchai.arm.ids import parse_resource_id
from azext_batchai.arm.shapes import Schema
from azext_batchai.service.versions import SHAPE_ENDINGS, Json, Stored

# As the service wrote them in every flat version (wire facts sheet, section 15).
_TYPES = {'clusters': 'Clusters', 'jobs': 'Jobs', 'fileServers': 'FileServers'}


def older_reply(view: Json, properties: Json, stored: Stored, version: str, shape: str) -> Json:
    """The whole resource. `view` is that of 2018-05-01, `properties` those of the older one before anything is left
    out; `shape` is the name of its shape without the version, for example ``CLUSTER``."""
    flat = flat_id_of(parse_resource_id(view['id']))
    if flat is None:
        raise ValueError(f"{view['id']} is nothing that a flat version sees")
    schema: Schema = schema_of(f'{shape}_{SHAPE_ENDINGS[version]}')['properties']['properties']
    reply: Json = {'id': str(flat), 'name': flat.name, 'type': f'Microsoft.BatchAI/{_TYPES[flat.collection]}',
                   'location': stored.location}
    if stored.tags:
        reply['tags'] = stored.tags
    return {**reply, 'properties': _known(schema, laid_over(properties, stored.extras))}


def laid_over(view: Any, extras: Any) -> Any:
    """`view` with the values of `extras` in their places; lists go item by item."""
    if isinstance(view, dict) and isinstance(extras, dict):
        added = {key: value for key, value in extras.items() if key not in view}
        return {**{key: laid_over(value, extras[key]) if key in extras else value for key, value in view.items()},
                **added}
    if isinstance(view, list) and isinstance(extras, list):
        return [laid_over(*pair) for pair in zip(view, extras)]
    return extras


def _known(schema: Schema, value: Any) -> Any:
    """What the version knows of `value`."""
    if isinstance(value, dict) and 'properties' in schema:
        properties: dict[str, Schema] = schema['properties']
        return {key: _known(properties[key], item) for key, item in value.items()
                if key in properties and not properties[key].get('writeOnly')}
    if isinstance(value, list) and 'items' in schema:
        return [_known(schema['items'], item) for item in value]
    return value
