"""The storage services as ASGI applications: a request is taken apart, authorized, and answered; errors become XML."""
from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.received import authorized_request
from azext_batchai.service.storage.rest.requests import Kind
from azext_batchai.service.storage.rest.system_errors import storage_error

_log = logging.getLogger(__name__)

# What replies say when a client does not ask for a version.
NEWEST_VERSION = '2025-05-05'
_METHODS = frozenset({'GET', 'HEAD', 'PUT', 'POST', 'DELETE'})


def create_storage_app(service: Service, kind: Kind) -> ASGIApp:
    """The blob or the file service as an ASGI application."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        request_id = service.new_guid()
        response = await _respond(service, kind, request, request_id)
        version = request.headers.get('x-ms-version', '')
        headers = {'x-ms-request-id': request_id,
                   'x-ms-version': version if version.isascii() and version.isprintable() and 0 < len(version) < 20
                   else NEWEST_VERSION,
                   'x-content-type-options': 'nosniff'}
        client_id = request.headers.get('x-ms-client-request-id', '')
        if 0 < len(client_id) <= 1024 and client_id.isascii() and client_id.isprintable() and client_id.strip():
            headers['x-ms-client-request-id'] = client_id.strip()
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    return app


async def _respond(service: Service, kind: Kind, request: Request, request_id: str) -> Response:
    try:
        return await _answer(service, kind, request, request_id)
    except errors.StorageError as error:
        return error_response(error, request.method)
    except OSError as error:
        known = storage_error(error, kind)
        if known is None:
            return _defect(request, request_id)
        return error_response(known, request.method)
    except Exception:
        return _defect(request, request_id)


async def _answer(service: Service, kind: Kind, request: Request, request_id: str) -> Response:
    if request.method not in _METHODS:
        raise errors.known('UnsupportedHttpVerb')
    if request.headers.get('transfer-encoding'):
        raise errors.known('MissingContentLengthHeader')  # as Azure does: every body says its length
    storage_request, reply_headers = authorized_request(service, kind, request, request.headers.get('host', ''),
                                                        request_id)
    if storage_request.kind == 'blob':
        from azext_batchai.service.storage.rest import blob
        response = await blob.handle(service, storage_request)
    else:
        from azext_batchai.service.storage.rest import file
        response = await file.handle(service, storage_request)
    for name, value in reply_headers.items():
        if response.status_code < 300 and request.method in ('GET', 'HEAD'):
            response.headers[name] = value
    return response


def error_response(error: errors.StorageError, method: str) -> Response:
    """The reply of an error. That to HEAD has no body, and neither has 304."""
    headers = {'x-ms-error-code': error.code, **error.headers}
    if error.status == 401:
        headers.setdefault('www-authenticate', 'SharedKey')
    if method == 'HEAD' or error.status == 304:
        return Response(status_code=error.status, headers=headers)
    return Response(error.body(), error.status, headers, media_type='application/xml')


def _defect(request: Request, request_id: str) -> Response:
    _log.exception('storage request %s failed: %s %s', request_id, request.method, ascii(request.scope['path']))
    return error_response(errors.known('InternalError'), request.method)
