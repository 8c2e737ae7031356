"""What the operations share: ids from path arguments, checked bodies, replies and long-running operations."""
from __future__ import annotations

from email.utils import formatdate
from typing import Any, Callable, Sequence, TypeVar
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.checking import ShapeError, check
from azext_batchai.arm.ids import (
    FLAT_COLLECTIONS, GROUP_RULE, NAME_RULE, ResourceId, is_valid_flat_name, is_valid_group, is_valid_name,
    is_valid_subscription, normalize_location, workspace_id)
from azext_batchai.arm.times import format_time
from azext_batchai.service import auth, errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers.preconditions import etag
from azext_batchai.service.store.resources import Page, Resource
from azext_batchai.service.versions import FLAT_VERSIONS, FlatParts

T = TypeVar('T')

_COLLECTIONS = {'workspace': 'workspaces', 'cluster': 'clusters', 'file_server': 'fileServers',
                'experiment': 'experiments', 'job': 'jobs'}
_MOST_RESULTS = 1000


def checked_group(subscription: str, group: str) -> tuple[str, str]:
    """Subscription and resource group of a path. Raises the 400 errors for malformed ones."""
    checked_subscription(subscription)
    if not is_valid_group(group):
        raise errors.invalid_name('resource group', group, GROUP_RULE)
    return subscription, group


def checked_subscription(subscription: str) -> str:
    if not is_valid_subscription(subscription):
        raise errors.invalid_subscription(subscription)
    return subscription


def checked_location(text: str) -> str:
    """The wire's spelling of a region, for example ``eastus``. Raises the 400 error for what cannot be one."""
    location = normalize_location(text)
    if not location.isalnum() or not location.isascii() or len(location) > 50:  # it becomes part of headers
        raise errors.invalid_property('location', 'should be the name of a region, for example eastus')
    return location


def resource_id(subscription: str, group: str, **names: str) -> ResourceId:
    """The id that the path arguments spell, outermost name first. Raises the 400 errors for malformed names."""
    checked_group(subscription, group)
    for what, name in names.items():
        # What was created through a flat API version may have dots, and is looked up like the rest.
        if not (is_valid_flat_name if _COLLECTIONS[what] in FLAT_COLLECTIONS else is_valid_name)(name):
            raise errors.invalid_name(what.replace('_', ' '), name, NAME_RULE)
    found = workspace_id(subscription, group.lower(), names.pop('workspace'))
    for what, name in names.items():
        found = found.child(_COLLECTIONS[what], name)
    return found


def require(service: Service, wanted: ResourceId | None) -> Resource:
    """The resource with that id. Raises the 404 error for it, or for its parent when that is missing."""
    assert wanted is not None
    resource = service.store.resources.find(wanted)
    if resource is None:
        if wanted.parent:
            require(service, wanted.parent)
        raise errors.not_found(wanted.path[-1][0], wanted.name)
    return resource


async def checked_body(service: Service, request: Request, shape: str) -> dict[str, Any]:
    """The JSON body, checked against a shape of `arm.shapes`. Raises the matching ARM errors."""
    body = await auth.read_json(request, service.settings)
    try:
        return check(shape, body)
    except ShapeError as error:
        raise wrong_shape(error) from None


def wrong_shape(error: ShapeError) -> errors.ArmError:
    return errors.invalid_property(error.path, error.problem) if error.path else errors.invalid_body(error.problem)


def max_results(request: Request) -> int:
    """The `maxresults` query parameter, 1 to 1000 (OpenAPI 2018-05-01)."""
    return number_parameter(request, 'maxresults', _MOST_RESULTS, 1, _MOST_RESULTS)


def number_parameter(request: Request, name: str, default: int, least: int, most: int) -> int:
    """A whole number of the query. Raises the 400 error when it is none or out of range."""
    text = request.query_params.get(name)
    if text is None:
        return default
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else least - 1
    if not least <= number <= most:
        raise errors.invalid_parameter(name, f"should be a whole number from {least} to {most}, but is '{text[:40]}'")
    return number


def base_view(resource: Resource, collection: str | None = None) -> dict[str, Any]:
    """The keys every resource has. `collection` overrides the spelling in id and type (file servers)."""
    identity, kind = str(resource.id), resource.id.collection
    if collection:
        head, _, _ = kind.rpartition('/')
        kind = f'{head}/{collection}'
        parent = resource.id.parent
        identity = f'{parent}/{collection}/{resource.id.name}'
    return {'id': identity, 'name': resource.id.name, 'type': f'Microsoft.BatchAI/{kind}'}


def provisioning_view(resource: Resource) -> dict[str, Any]:
    return {'provisioningState': resource.provisioning_state,
            'provisioningStateTransitionTime': format_time(resource.provisioning_time),
            'creationTime': format_time(resource.created)}


def reply(view: dict[str, Any], resource: Resource) -> Response:
    """200 with one resource, its etag and last-modified (wire facts sheet, section 4)."""
    return JSONResponse(view, headers={
        'etag': etag(resource), 'last-modified': formatdate(resource.modified, usegmt=True)})


def reply_list(views: list[dict[str, Any]]) -> Response:
    return JSONResponse({'value': views})


def page_of(request: Request) -> Page:
    """The part of a list that is asked for, by ``maxresults`` and by the ``$skiptoken`` of the page before."""
    token = request.query_params.get('$skiptoken', '0')
    if not token.isascii() or not token.isdigit() or len(token) > 18:
        raise errors.invalid_parameter('$skiptoken', 'is not one of this service')
    return Page(int(token), max_results(request))


def reply_page(request: Request, page: Page, found: Sequence[T], number: Callable[[T], int],
               view: Callable[[T], dict[str, Any]]) -> Response:
    """A page of a list, with a link to the next one when there is one. `found` has one item more in that case."""
    shown = found[:page.size]
    body: dict[str, Any] = {'value': [view(item) for item in shown]}
    if len(found) > page.size:
        query = dict(request.query_params) | {'$skiptoken': str(number(shown[-1]))}
        body['nextLink'] = f"{endpoint(request)}{quote(request.scope['path'])}?{urlencode(query, safe='$')}"
    return JSONResponse(body)


def accepted(service: Service, request: Request, resource: Resource, finished: bool) -> Response:
    """202 with the headers of a long-running operation on `resource` (wire facts sheet, section 3a).

    Retry-After is 1 instead of the 15 seconds of old: operations here end within moments, and the status request
    waits for the end by itself.
    """
    now, guid = service.clock(), service.new_guid()
    name = resource.id
    version = request.query_params.get('api-version', '')
    path = name.path[-1:] if version in FLAT_VERSIONS else name.path
    joined = '$'.join((name.subscription, name.resource_group, *(part for _, part in path)))
    service.store.operations.add(guid, name.subscription.lower(), resource.location, resource.guid, joined, now,
                                 finished)
    base = (f'{endpoint(request)}/subscriptions/{name.subscription}/providers/Microsoft.BatchAI/locations/'
            f'{resource.location}')
    return Response(status_code=202, headers={
        'azure-asyncoperation': f'{base}/operationresults/{guid}?api-version={version}',
        'location': f'{base}/operationstatuses/{guid}?api-version={version}',
        'retry-after': '1'})


def update_flat(service: Service, existing: Resource, flat: FlatParts) -> None:
    """Tags and extras of a PUT in a flat version over what exists. etag and last-modified follow a change of tags."""
    if existing.tags != flat.tags:
        service.store.resources.update_tags(existing.guid, flat.tags, service.clock())
    if existing.extras != flat.extras:
        service.store.resources.update_extras(existing.guid, flat.extras)


def output_path(resource: ResourceId, guid: str, is_flat: bool) -> str:
    """Keeps the output of two resources of one name apart (wire facts sheet, section 11)."""
    path = resource.path[-1:] if is_flat else resource.path
    return '/'.join((resource.subscription, resource.resource_group, *(part for pair in path for part in pair), guid))


def endpoint(request: Request) -> str:
    """Where the client reached us: always TLS, and the Host header was checked before."""
    return f"https://{request.headers['host']}"
