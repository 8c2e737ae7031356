"""File servers as the flat API versions have them."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common, file_servers, flat_places as flat
from azext_batchai.service.handlers.flat_lists import reply_list
from azext_batchai.service.store.resources import Page, Resource
from azext_batchai.service.versions import FlatParts
from azext_batchai.service.versions.file_servers import modern_file_server, older_file_server


async def list_file_servers(service: Service, request: Request, subscription: str, group: str | None = None
                            ) -> Response:
    def found(within: str, prefix: str, page: Page) -> list[Resource]:
        return service.store.resources.list_flat(within, 'workspaces/fileServers', prefix, page)
    return await reply_list(request, 'FILE_SERVER', subscription, group, found, lambda server: server.number,
                            lambda server: _view(request, server))


async def put_file_server(service: Service, request: Request, subscription: str, group: str, file_server: str
                          ) -> Response:
    """Create a file server; over an existing one only tags may differ."""
    wanted = flat.flat_id(subscription, group, 'fileServers', file_server)
    body = await flat.older_body(service, request, 'FILE_SERVER')
    modern = modern_file_server(body['properties'])
    with service.store.transaction():
        place = flat.make_place(service, wanted, body['location'])
        return file_servers.create(service, request, place, modern.properties,
                                   FlatParts(body.get('tags', {}), modern.extras))


async def patch_file_server(service: Service, request: Request, subscription: str, group: str, file_server: str
                            ) -> Response:
    found = await flat.with_new_tags(service, request, flat.flat_id(subscription, group, 'fileServers', file_server))
    return common.reply(_view(request, found), found)


async def get_file_server(service: Service, request: Request, subscription: str, group: str, file_server: str
                          ) -> Response:
    found = flat.require(service, flat.flat_id(subscription, group, 'fileServers', file_server))
    return common.reply(_view(request, found), found)


async def delete_file_server(service: Service, request: Request, subscription: str, group: str, file_server: str
                             ) -> Response:
    """Delete a file server and what is on it. Refused while a cluster mounts it."""
    found = flat.find_leaving(service, request, flat.flat_id(subscription, group, 'fileServers', file_server))
    if found is None:
        return Response(status_code=204)
    return await file_servers.delete_file_server(service, request, subscription, group, found.id.workspace,
                                                 found.id.name)


def _view(request: Request, server: Resource) -> dict[str, Any]:
    return older_file_server(file_servers.view(server), flat.stored(server), flat.version_of(request))
