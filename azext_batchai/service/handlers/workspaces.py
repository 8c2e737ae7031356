"""Workspaces: created synchronously; a second PUT returns the first one unchanged (wire facts sheet, section 6).
Deleted with all that is in them."""
from __future__ import annotations

from typing import Any, Sequence

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.checking import ShapeError, check
from azext_batchai.arm.ids import parse_resource_id
from azext_batchai.service import auth, errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.mount_users import mount_users
from azext_batchai.service.handlers.parents import delete_with_children, refuse_leaving
from azext_batchai.service.handlers.preconditions import check_conditions
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
    location = common.checked_location(body['location'])
    with service.store.transaction():
        existing = service.store.resources.find(wanted)
        check_conditions(request, existing, 'workspace', workspace)
        if existing is None:
            service.store.resources.add(wanted, service.new_guid(), location, {}, service.clock(), body.get('tags'))
        else:
            refuse_leaving(existing)
            _refuse_move(existing, location)
    found = common.require(service, wanted)
    return common.reply(_view(found), found)


async def patch_workspace(service: Service, request: Request, subscription: str, group: str, workspace: str
                          ) -> Response:
    """New tags in place of the old ones. A workspace read from the service can be sent back as it is."""
    wanted = common.resource_id(subscription, group, workspace=workspace)
    update = await auth.read_json(request, service.settings)
    found = common.require(service, wanted)
    check_conditions(request, found, 'workspace', workspace)
    refuse_leaving(found)
    if not isinstance(update, dict):
        raise errors.invalid_body('it should be an object {...}')
    try:
        # What a PUT may say an update may say too; only the location need not be given again.
        checked = check('WORKSPACE', {'location': found.location, **update})
    except ShapeError as error:
        raise errors.invalid_property(error.path, error.problem) from None
    _refuse_move(found, common.checked_location(checked['location']))
    if 'tags' in checked:
        service.store.resources.update_tags(found.guid, checked['tags'], service.clock())
    found = common.require(service, wanted)
    return common.reply(_view(found), found)


async def delete_workspace(service: Service, request: Request, subscription: str, group: str, workspace: str
                           ) -> Response:
    """Jobs are stopped and deleted, clusters released, file servers deleted; output on storage stays."""
    return delete_with_children(service, request, common.resource_id(subscription, group, workspace=workspace),
                                lambda found: refuse_used_elsewhere(service, found.key, f'workspace {workspace}',
                                                                    [found]))


async def get_workspace(service: Service, request: Request, subscription: str, group: str, workspace: str) -> Response:
    found = common.require(service, common.resource_id(subscription, group, workspace=workspace))
    return common.reply(_view(found), found)


def _refuse_move(workspace: Resource, location: str) -> None:
    if workspace.location != location:
        raise errors.conflict('InvalidResourceLocation', f'The workspace {workspace.id.name} already exists in '
                              f"location '{workspace.location}'; a workspace cannot move to '{location}'.")


def refuse_used_elsewhere(service: Service, parent: str, title: str, workspaces: Sequence[Resource]) -> None:
    """File servers go with their `workspaces`, so none may be mounted by what stays: jobs would lose their files.

    `parent` is the key of what is deleted, a workspace or resource group, and `title` names it in the 409 error.
    """
    if not any(service.store.resources.has_children(found.key, 'workspaces/fileServers') for found in workspaces):
        return
    for user in mount_users(service):
        if user.is_in(parent):
            continue  # it goes before the file servers do
        for mount in user.volumes.get('fileServers', []):
            if mount['fileServer']['id'].lower().startswith(f'{parent}/'):
                name = parse_resource_id(mount['fileServer']['id']).name
                raise errors.conflict('FileServerInUse', f'The file server {name} of the {title} is mounted by '
                                      f'{user.title}; delete that first.')


def _view(workspace: Resource) -> dict[str, Any]:
    view = {**common.base_view(workspace), 'location': workspace.location}
    if workspace.tags:
        view['tags'] = workspace.tags
    return {**view, 'properties': common.provisioning_view(workspace)}
