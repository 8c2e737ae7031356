"""Where the resources of the flat API versions are: in workspaces ``migrated-<location>``, made on the way."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request

from azext_batchai.arm.checking import ShapeError, check
from azext_batchai.arm.flat_ids import FlatId
from azext_batchai.arm.ids import FLAT_NAME_RULE, ResourceId, is_valid_flat_name, is_valid_name, flat_workspace
from azext_batchai.service import auth, errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.parents import refuse_within_leaving
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.store.resources import Resource
from azext_batchai.service.versions import SHAPE_ENDINGS, Stored
from azext_batchai.service.versions.ids import Find
from azext_batchai.service.versions.spellings import usual_spelling

TITLES = {'clusters': 'cluster', 'jobs': 'job', 'fileServers': 'file server'}


def version_of(request: Request) -> str:
    """The API version, which was checked when the route was found."""
    return request.query_params['api-version']


def flat_id(subscription: str, group: str, collection: str, name: str) -> FlatId:
    """The id that the path arguments spell. Raises the 400 errors for malformed names."""
    common.checked_group(subscription, group)
    if not is_valid_flat_name(name):
        raise errors.invalid_name(TITLES[collection], name, FLAT_NAME_RULE)
    return FlatId(subscription, group.lower(), collection, name)


def require(service: Service, wanted: FlatId) -> Resource:
    """The resource with that id. Raises the 404 error."""
    found = service.store.resources.find_flat(wanted)
    if found is None:
        raise errors.not_found(wanted.collection, wanted.name)
    return found


def find_leaving(service: Service, request: Request, wanted: FlatId) -> Resource | None:
    """What a DELETE is about. Raises the 412 error when the conditions of the request do not hold."""
    found = service.store.resources.find_flat(wanted)
    check_conditions(request, found, TITLES[wanted.collection], wanted.name)
    return found


def finder(service: Service) -> Find:
    """For `versions.ids`: looks for what a flat id in a body names."""
    def find(wanted: FlatId) -> ResourceId | None:
        found = service.store.resources.find_flat(wanted)
        return found.id if found else None
    return find


async def older_body(service: Service, request: Request, shape: str) -> dict[str, Any]:
    """The JSON body, checked against the shape its version has for it, for example for ``CLUSTER``; its location as
    the wire spells it. Raises the matching ARM errors."""
    version = version_of(request)
    body = await auth.read_json(request, service.settings)
    if isinstance(body, dict) and 'properties' in body:
        body = {**body, 'properties': usual_spelling(body['properties'], version)}
    try:
        checked = check(f'{shape}_{SHAPE_ENDINGS[version]}', body)
    except ShapeError as error:
        raise common.wrong_shape(error) from None
    if 'location' in checked:
        checked['location'] = common.checked_location(checked['location'])
        if not is_valid_name(flat_workspace(checked['location'])):
            raise errors.invalid_property('location', 'should be the name of a region, for example eastus')
    return checked


async def with_new_tags(service: Service, request: Request, wanted: FlatId) -> Resource:
    """What a PATCH does to what has nothing else to change. Raises the 404 error."""
    body = await older_body(service, request, 'TAGS_UPDATE')
    with service.store.transaction():
        found = require(service, wanted)
        check_conditions(request, found, TITLES[wanted.collection], wanted.name)
        if 'tags' in body and body['tags'] != found.tags:
            service.store.resources.update_tags(found.guid, body['tags'], service.clock())
        return require(service, wanted)


def make_place(service: Service, wanted: FlatId, location: str) -> ResourceId:
    """The id in a workspace that this flat id has or gets; workspace and experiment are made when they are missing.

    Raises 409 when the resource or the workspace is in another location, and when what is around it is being deleted.
    """
    existing = service.store.resources.find_flat(wanted)
    if existing:
        _refuse_move(TITLES[wanted.collection], existing, location)
        refuse_within_leaving(service, existing.id)
        return existing.id
    place = wanted.in_workspace(location)
    refuse_within_leaving(service, place)
    assert place.parent is not None
    parents = [place.parent.parent, place.parent] if place.parent.parent else [place.parent]
    for parent in parents:
        assert parent is not None
        there = service.store.resources.find(parent)
        if there is None:
            service.store.resources.add(parent, service.new_guid(), location, {}, service.clock())
        else:
            _refuse_move(parent.path[-1][0].removesuffix('s'), there, location)
    return place


def stored(resource: Resource) -> Stored:
    return Stored(resource.location, resource.tags, resource.extras)


def _refuse_move(title: str, existing: Resource, location: str) -> None:
    if existing.location != location:
        raise errors.conflict('InvalidResourceLocation', f'The {title} {existing.id.name} already exists in location '
                              f"'{existing.location}'; it cannot move to '{location}'.")
