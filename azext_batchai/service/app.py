"""The ASGI application: host and token checks, routing, common headers, and errors turned into ARM replies."""
from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from azext_batchai.service import auth, errors, gateway
from azext_batchai.service.context import Service
from azext_batchai.service.errors import ArmError
from azext_batchai.service.full_disks import is_storage_problem
from azext_batchai.service.routes import Route, find_route, is_open_path
from azext_batchai.service.versions import API_VERSIONS

if TYPE_CHECKING:
    from azext_batchai.service.storage.rest.requests import Kind

_log = logging.getLogger(__name__)

_VERSION = re.compile(r'\d{4}-\d{2}-\d{2}(-[a-z]+)?\Z', re.ASCII)

# Wire facts sheet, section 4.
_COMMON_HEADERS = {
    'cache-control': 'no-cache', 'pragma': 'no-cache', 'expires': '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains', 'x-content-type-options': 'nosniff',
}
_JSON = b'application/json; charset=utf-8'


def create_app(service: Service) -> ASGIApp:
    """The service as an ASGI application. Every route but a signed link needs the token.

    Which port a request came to decides whether it is for ARM, for blobs or for files.
    """
    kinds: dict[int, Kind] = {service.blob_port: 'blob', service.file_port: 'file'}
    storage: dict[int, ASGIApp] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'lifespan':
            await _lifespan(receive, send)
            return
        port = (scope.get('server') or ('', 0))[1]
        if port and port in kinds:
            if port not in storage:
                storage[port] = _storage_app(service, kinds[port])
            await storage[port](scope, receive, send)
            return
        request = Request(scope, receive)
        request_id = service.new_guid()
        headers = {**_COMMON_HEADERS, **gateway.front_door_headers(request, service.clock(), request_id)}
        response = await _respond(service, request, request_id)
        _add_headers(response, headers)
        await response(scope, receive, send)

    return app


def _add_headers(response: Response, headers: dict[str, str]) -> None:
    """`headers` that the response does not have itself; and what clients expect to read of JSON."""
    own = [(name, _JSON if value == b'application/json' else value) for name, value in response.raw_headers]
    names = {name for name, _ in own}
    given = ((name.encode(), value.encode('latin-1')) for name, value in headers.items())
    response.raw_headers[:] = own + [pair for pair in given if pair[0] not in names]


def _storage_app(service: Service, kind: Kind) -> ASGIApp:
    """Imported at the first request, since the service starts in a third of a second and many never need it."""
    from azext_batchai.service.storage.rest.dispatch import create_storage_app
    return create_storage_app(service, kind)


async def _respond(service: Service, request: Request, request_id: str) -> Response:
    try:
        auth.check_host(request.headers, service.hosts)
        auth.check_origin(request.headers, service.hosts)
        path: str = request.scope['path']  # request.url parses it again, and trips over ? # \\ and newlines
        if not is_open_path(path):
            auth.check_token(request.headers, service.token, service.clock())
        route, arguments = find_route(request.method, path, request.query_params.get('api-version', ''))
        if route.versioned:
            _check_version(request, route)
        return await route.handler(service, request, **arguments)
    except ArmError as error:
        return JSONResponse(error.body(), error.status, error.headers)
    except Exception as error:
        if is_storage_problem(error):
            _log.error('request %s: %s', request_id, error)
            return JSONResponse(errors.cannot_store().body(), 507)
        _log.exception('request %s failed: %s %s', request_id, request.method, ascii(request.scope['path']))
        return JSONResponse(errors.internal(request_id).body(), 500)


def _check_version(request: Request, route: Route) -> None:
    version = request.query_params.get('api-version')
    if not version:
        raise errors.missing_api_version()
    if route.any_version:
        if not _VERSION.match(version):
            raise errors.invalid_parameter('api-version', 'should look like 2021-04-01')
    elif version not in API_VERSIONS:
        raise errors.unknown_api_version(version[:40], API_VERSIONS, gateway.LOCATIONS)
    elif version not in route.versions:
        raise gateway.unknown_path(request.scope['path'], version)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message: Message = await receive()
        kind: str = message['type']
        await send({'type': f'{kind}.complete'})
        if kind == 'lifespan.shutdown':
            return
