"""Workspaces: created synchronously; a second PUT returns the first one unchanged (wire facts sheet, section 6)."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.ids import normalize_location
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.store.resources import Resource, group_key


async def list_by_subscription(service: Service, request: Request, subscription: str) -> Response:
    common.checked_subscription(subscription)
    page = common.page_of(request)
    found = service.store.resources.list_subscription(subscription, 'workspaces', page)
    return common.reply_page(request, page, found, lambda workspace: workspace.number, _view)


async def list_by_group(service: Service, request: Request, subscription: str, group: str) -> Response:
    common.checked_group(subscription, group)
    page = common.page_of(request)
    found = service.store.resources.list_children(group_key(subscription, group), 'workspaces', page)
    return common.reply_page(request, page, found, lambda workspace: workspace.number, _view)


async def put_workspace(service: Service, request: Request, subscription: str, group: str, workspace: str) -> Response:
    wanted = common.resource_id(subscription, group, workspace=workspace)
    body = await common.checked_body(service, request, 'WORKSPACE')
    location = normalize_location(body['location'])
    if not location.isalnum() or len(location) > 50:
        raise errors.invalid_property('location', 'should be the name of a region, for example eastus')
    with service.store.transaction():
        existing = service.store.resources.find(wanted)
        if existing is None:
            service.store.resources.add(wanted, service.new_guid(), location, {}, service.clock(), body.get('tags'))
        elif existing.location != location:
            raise errors.conflict('InvalidResourceLocation', f"The workspace {workspace} already exists in location "
                                  f"'{existing.location}'; a workspace cannot move to '{location}'.")
    found = common.require(service, wanted)
    return common.reply(_view(found), found)


async def get_workspace(service: Service, request: Request, subscription: str, group: str, workspace: str) -> Response:
    found = common.require(service, common.resource_id(subscription, group, workspace=workspace))
    return common.reply(_view(found), found)


def _view(workspace: Resource) -> dict[str, Any]:
    view = {**common.base_view(workspace), 'location': workspace.location}
    if workspace.tags:
        view['tags'] = workspace.tags
    return {**view, 'properties': common.provisioning_view(workspace)}
