"""File servers: on one machine, a folder that clusters mount."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.ids import ResourceId
from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.handlers import cluster_rules as rules, common
from azext_batchai.service.handlers.mount_users import mount_users
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.handlers.secret_values import take_secrets
from azext_batchai.service.handlers.vm_sizes import file_server_size
from azext_batchai.service.storage.folders import file_server_folder
from azext_batchai.service.store.resources import Resource
from azext_batchai.service.versions import FlatParts

_MOST_RANGES = 400  # semantics sheet, section 7


async def list_file_servers(service: Service, request: Request, subscription: str, group: str, workspace: str
                            ) -> Response:
    parent = common.require(service, common.resource_id(subscription, group, workspace=workspace))
    page = common.page_of(request)
    found = service.store.resources.list_children(parent.key, 'workspaces/fileServers', page)
    return common.reply_page(request, page, found, lambda server: server.number, view)


async def put_file_server(service: Service, request: Request, subscription: str, group: str, workspace: str,
                          file_server: str) -> Response:
    """Create a file server; the same request again changes nothing, another one is refused."""
    wanted = common.resource_id(subscription, group, workspace=workspace, file_server=file_server)
    given = (await common.checked_body(service, request, 'FILE_SERVER'))['properties']
    return create(service, request, wanted, given)


def create(service: Service, request: Request, wanted: ResourceId, given: dict[str, Any],
           flat: FlatParts | None = None) -> Response:
    """What a PUT does. `given` are properties of the right shape; `flat` is what comes with a flat API version."""
    rules.check_account(given['sshConfiguration']['userAccountSettings'],
                        'properties.sshConfiguration.userAccountSettings')
    if len(given['sshConfiguration'].get('publicIPsToAllow', [])) > _MOST_RANGES:
        raise errors.invalid_property('properties.sshConfiguration.publicIPsToAllow',
                                      f'should have at most {_MOST_RANGES} ranges of addresses')
    given = {**given, 'vmSize': file_server_size(given['vmSize']),
             'dataDisks': {'cachingType': 'none', **given['dataDisks']}}
    properties, _ = take_secrets(given)
    parent = common.require(service, wanted.parent)
    wanted = parent.id.child('fileServers', wanted.name)
    with service.store.transaction():
        existing = service.store.resources.find(wanted)
        check_conditions(request, existing, 'file server', wanted.name)
        if existing is None:
            guid = service.new_guid()
            file_server_folder(service.settings.data_dir, guid).mkdir(parents=True, exist_ok=True)
            service.store.resources.add(wanted, guid, parent.location, properties, service.clock(),
                                        flat.tags if flat else None, extras=flat.extras if flat else None)
        elif existing.properties != properties:
            raise errors.conflict('PropertyChangeNotAllowed', f'The file server {wanted.name} already exists with '
                                  'other properties; delete it first, or use another name.')
        if existing and flat:
            common.update_flat(service, existing, flat)
        resource = common.require(service, wanted)
        return common.accepted(service, request, resource, finished=True)


async def get_file_server(service: Service, request: Request, subscription: str, group: str, workspace: str,
                          file_server: str) -> Response:
    found = common.require(service, common.resource_id(subscription, group, workspace=workspace,
                                                       file_server=file_server))
    return common.reply(view(found), found)


async def delete_file_server(service: Service, request: Request, subscription: str, group: str, workspace: str,
                             file_server: str) -> Response:
    """Delete a file server and what is on it. Refused while a cluster mounts it."""
    wanted = common.resource_id(subscription, group, workspace=workspace, file_server=file_server)
    with service.store.transaction():
        found = service.store.resources.find(wanted)
        check_conditions(request, found, 'file server', file_server)
        if found is None:
            return Response(status_code=204)
        user = next((user for user in mount_users(service) if _mounts(user.volumes, found)), None)
        if user:
            raise errors.conflict('FileServerInUse', f'The file server {file_server} is mounted by {user.title}; '
                                  'delete that first.')
        response = common.accepted(service, request, found, finished=True)
        service.store.resources.remove(found.guid)
    folder = file_server_folder(service.settings.data_dir, found.guid)
    if folder.exists():
        discard(folder, service.folders.trash)
    return response


def _mounts(volumes: dict[str, Any], server: Resource) -> bool:
    return any(mount['fileServer']['id'].lower().rstrip('/') == server.key for mount in volumes.get('fileServers', []))


def view(server: Resource) -> dict[str, Any]:
    """Id and type say ``fileservers``, in lower case, as the real service did (wire facts sheet, section 9)."""
    return {**common.base_view(server, 'fileservers'), 'properties': {
        'provisioningState': server.provisioning_state,
        'creationTime': format_time(server.created),
        'provisioningStateTransitionTime': format_time(server.provisioning_time),
        **{key: server.properties[key] for key in ('vmSize', 'sshConfiguration', 'dataDisks', 'subnet')
           if key in server.properties},
        'mountSettings': {'mountPoint': '/data', 'fileServerPublicIP': '127.0.0.1',
                          'fileServerInternalIP': '127.0.0.1'}}}
