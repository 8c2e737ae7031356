"""Resource groups. Batch AI resources need none to be made first: a group is there as soon as something is in it."""
from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.states import ProvisioningState
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import arm_bodies, common
from azext_batchai.service.handlers.storage_accounts import refuse_mounted_account, remove_account
from azext_batchai.service.handlers.workspaces import refuse_used_elsewhere
from azext_batchai.service.store.groups import Group
from azext_batchai.service.store.resources import Page, Resource, group_key

_MOST_WORKSPACES = 10_000


async def list_groups(service: Service, request: Request, subscription: str) -> Response:
    common.checked_subscription(subscription)
    if request.query_params.get('$filter'):
        raise errors.not_supported('$filter', 'filters are not supported by this version of the service')
    return common.reply_list([_view(group) for group in service.store.groups.list_subscription(subscription)])


async def put_group(service: Service, request: Request, subscription: str, group: str) -> Response:
    """Record a group: 201, or 200 when it was recorded before. A group cannot move to another location."""
    common.checked_group(subscription, group)
    body = await arm_bodies.read_object(service, request)
    location, tags = arm_bodies.location(body), arm_bodies.tags(body)
    with service.store.transaction():
        existing = service.store.groups.find(subscription, group)
        made = existing is None or not existing.recorded
        if existing and not made and existing.location != location:
            raise errors.conflict('InvalidResourceGroupLocation', f"The resource group {group} already exists in "
                                  f"location '{existing.location}'; it cannot move to '{location}'.")
        service.store.groups.put(subscription, group, location, tags)
    return JSONResponse(_view(require_group(service, subscription, group)), 201 if made else 200)


async def get_group(service: Service, request: Request, subscription: str, group: str) -> Response:
    common.checked_group(subscription, group)
    return JSONResponse(_view(require_group(service, subscription, group)))


async def has_group(service: Service, request: Request, subscription: str, group: str) -> Response:
    """204 or 404, for HEAD."""
    common.checked_group(subscription, group)
    return Response(status_code=204 if service.store.groups.find(subscription, group) else 404)


async def delete_group(service: Service, request: Request, subscription: str, group: str) -> Response:
    """Delete a group with all that is in it: 202, and it is over once its workspaces are gone."""
    common.checked_group(subscription, group)
    with service.store.transaction():
        found = require_group(service, subscription, group)
        workspaces = _workspaces(service, found.key)
        refuse_used_elsewhere(service, found.key, f'resource group {group}', workspaces)
        accounts = service.store.accounts.list_group(found.key)
        for account in accounts:
            refuse_mounted_account(service, account, leaving=found.key)
        for account in accounts:
            remove_account(service, account)
        for workspace in workspaces:
            if workspace.provisioning_state != ProvisioningState.DELETING:
                service.store.resources.mark_deleting(workspace.guid, service.clock())
        service.store.groups.remove(found.key)
    if accounts:
        service.store.database.overwrite_deleted()
    service.wake()
    return _going_on(request, subscription, group)


async def get_deletion(service: Service, request: Request, subscription: str, group: str) -> Response:
    """How the deletion of a group goes: 202 while workspaces are leaving it, then 200."""
    common.checked_group(subscription, group)
    left = [workspace for workspace in _workspaces(service, group_key(subscription, group))
            if workspace.provisioning_state == ProvisioningState.DELETING]
    return _going_on(request, subscription, group) if left else Response(status_code=200)


def require_group(service: Service, subscription: str, group: str) -> Group:
    """The group. Raises the 404 error."""
    found = service.store.groups.find(subscription, group)
    if found is None:
        raise errors.resource_group_not_found(group)
    return found


def _workspaces(service: Service, key: str) -> list[Resource]:
    return service.store.resources.list_children(key, 'workspaces', Page(size=_MOST_WORKSPACES))


def _going_on(request: Request, subscription: str, group: str) -> Response:
    version = quote(request.query_params.get('api-version', ''))
    return Response(status_code=202, headers={
        'location': f'{common.endpoint(request)}/subscriptions/{subscription}/operationresults/delete/'
                    f'{quote(group)}?api-version={version}',
        'retry-after': '1'})


def _view(group: Group) -> dict[str, Any]:
    view: dict[str, Any] = {'id': f'/subscriptions/{group.subscription}/resourceGroups/{group.name}',
                            'name': group.name, 'type': 'Microsoft.Resources/resourceGroups',
                            'location': group.location}
    if group.tags:
        view['tags'] = group.tags
    return {**view, 'properties': {'provisioningState': 'Succeeded'}}
