"""The ASGI application: host and token checks, routing, common headers, and errors turned into ARM replies."""
from __future__ import annotations

import logging
import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from azext_batchai.service import auth, errors
from azext_batchai.service.context import Service
from azext_batchai.service.errors import ArmError
from azext_batchai.service.routes import find_route, is_signed_path

_log = logging.getLogger(__name__)

API_VERSIONS = ('2018-05-01',)
_VERSION = re.compile(r'\d{4}-\d{2}-\d{2}(-[a-z]+)?\Z', re.ASCII)

# Wire facts sheet, section 4.
_COMMON_HEADERS = {
    'cache-control': 'no-cache', 'pragma': 'no-cache', 'expires': '-1',
    'strict-transport-security': 'max-age=31536000; includeSubDomains', 'x-content-type-options': 'nosniff',
}


def create_app(service: Service) -> ASGIApp:
    """The service as an ASGI application. Every route but a signed link needs the token."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'lifespan':
            await _lifespan(receive, send)
            return
        request = Request(scope, receive)
        request_id = service.new_guid()
        headers = {**_COMMON_HEADERS, 'request-id': request_id, 'x-ms-request-id': request_id,
                   'x-ms-correlation-request-id': request.headers.get('x-ms-correlation-request-id', request_id)[:64]}
        response = await _respond(service, request, request_id)
        if response.headers.get('content-type') == 'application/json':
            response.headers['content-type'] = 'application/json; charset=utf-8'
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    return app


async def _respond(service: Service, request: Request, request_id: str) -> Response:
    try:
        auth.check_host(request.headers, service.hosts)
        path: str = request.scope['path']  # request.url parses it again, and trips over ? # \\ and newlines
        if not is_signed_path(path):
            auth.check_token(request.headers, service.token)
        route, arguments = find_route(request.method, path)
        if route.versioned:
            _check_version(request, route.any_version)
        return await route.handler(service, request, **arguments)
    except ArmError as error:
        headers = {'www-authenticate': 'Bearer realm="batchai"'} if error.status == 401 else None
        return JSONResponse(error.body(), error.status, headers)
    except Exception:
        _log.exception('request %s failed: %s %s', request_id, request.method, ascii(request.scope['path']))
        return JSONResponse(errors.internal(request_id).body(), 500)


def _check_version(request: Request, any_version: bool) -> None:
    version = request.query_params.get('api-version')
    if not version:
        raise errors.missing_api_version()
    if any_version and not _VERSION.match(version):
        raise errors.invalid_parameter('api-version', 'should look like 2021-04-01')
    if not any_version and version not in API_VERSIONS:
        raise errors.unknown_api_version(version[:40], API_VERSIONS)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message: Message = await receive()
        kind: str = message['type']
        await send({'type': f'{kind}.complete'})
        if kind == 'lifespan.shutdown':
            return
