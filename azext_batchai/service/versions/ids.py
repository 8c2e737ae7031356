"""Ids inside of bodies: flat ones in older versions, those of workspaces in 2018-05-01."""
from __future__ import annotations

from typing import Callable

from azext_batchai.arm.checking import ShapeError
from azext_batchai.arm.flat_ids import FlatId, flat_id_of, parse_flat_id
from azext_batchai.arm.ids import ResourceId, parse_resource_id
from azext_batchai.service.versions import Json

# The id in a workspace of what a flat id names, or None when there is no such resource.
Find = Callable[[FlatId], 'ResourceId | None']


def modern_id(text: str, path: str, location: str, find: Find) -> str:
    """The id of 2018-05-01 for one that a request of an older version has at `path`; it may be one already.

    What cannot be found is said to be in `location`, so that it is missed there. Raises ShapeError for no id at all.
    """
    try:
        return str(parse_resource_id(text))
    except ValueError:
        pass
    try:
        flat = parse_flat_id(text)
    except ValueError as error:
        raise ShapeError(path, str(error)) from None
    return str(find(flat) or flat.in_workspace(location))


def older_id(text: str) -> str:
    """The flat form of an id, where it has one."""
    try:
        return str(flat_id_of(parse_resource_id(text)) or text)
    except ValueError:
        return text


def with_modern_servers(volumes: Json, path: str, location: str, find: Find) -> Json:
    """`mountVolumes` with the ids of file servers as `modern_id` has them."""
    return _with_servers(volumes, lambda text, index: modern_id(
        text, f'{path}.fileServers[{index}].fileServer.id', location, find))


def with_older_servers(volumes: Json) -> Json:
    """`mountVolumes` with the ids of file servers as `older_id` has them."""
    return _with_servers(volumes, lambda text, index: older_id(text))


def _with_servers(volumes: Json, translate: Callable[[str, int], str]) -> Json:
    if 'fileServers' not in volumes:
        return volumes
    return {**volumes, 'fileServers': [
        {**mount, 'fileServer': {'id': translate(mount['fileServer']['id'], index)}}
        for index, mount in enumerate(volumes['fileServers'])]}
