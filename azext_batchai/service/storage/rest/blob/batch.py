"""Several deletions, or changes of tiers, in one request. Each is signed and answered as if it had come alone."""
from __future__ import annotations

import re
from http import HTTPStatus
from typing import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.blob import blobs, refusals
from azext_batchai.service.storage.rest.received import authorized_request
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.system_errors import storage_error

_LONGEST_BYTES = 4 << 20
_MOST_PARTS = 256
_BOUNDARY = re.compile(r'multipart/mixed;\s*boundary="?([!-~]{1,200}?)"?\s*\Z', re.IGNORECASE)
_LINE = re.compile(r'([A-Z]{3,7}) (/[!-~]*) HTTP/1\.[01]\Z')
_HANDLERS: dict[tuple[str, str], Callable[[Service, StorageRequest], Awaitable[Response]]] = {
    ('DELETE', ''): blobs.delete_blob, ('PUT', 'tier'): blobs.set_tier}


async def submit_batch(service: Service, request: StorageRequest) -> Response:
    """202 with a reply for each part, in their order; whether a part worked is said there."""
    found = _BOUNDARY.match(request.headers.get('content-type', ''))
    if not found:
        raise errors.invalid_header('content-type', 'should be multipart/mixed with a boundary')
    parts = _parts(await request.read(_LONGEST_BYTES), found[1])
    boundary = f'batchresponse_{service.new_guid()}'
    replies = [await _reply(service, request, boundary, number, head) for number, head in parts]
    body = b''.join(replies) + f'--{boundary}--\r\n'.encode('ascii')
    return Response(body, 202, headers={'content-type': f'multipart/mixed; boundary={boundary}'})


def _parts(content: bytes, boundary: str) -> list[tuple[str, list[str]]]:
    """Content-ID of each part, and the lines of the request in it. Raises the 400 errors."""
    try:
        text = content.decode('latin-1').replace('\r\n', '\n')
        pieces = text.split(f'--{boundary}')
        if pieces[-1].strip() != '--' or pieces[0].strip():
            raise ValueError
        found = [_part(piece.strip('\n')) for piece in pieces[1:-1]]
    except ValueError:
        raise errors.StorageError(400, 'InvalidInput', 'The body should be multipart/mixed, its parts application/http '
                                  'requests.') from None
    if not 0 < len(found) <= _MOST_PARTS:
        raise errors.StorageError(400, 'InvalidInput', f'A batch should have 1 to {_MOST_PARTS} parts.')
    return found


def _part(text: str) -> tuple[str, list[str]]:
    head, _, inner = text.partition('\n\n')
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(':') for line in head.split('\n'))}
    if fields.get('content-type', '').lower() != 'application/http' or not fields.get('content-id', '0').isalnum():
        raise ValueError(head)
    return fields.get('content-id', ''), inner.split('\n\n')[0].split('\n')


async def _reply(service: Service, outer: StorageRequest, boundary: str, number: str, lines: list[str]) -> bytes:
    try:
        response = await _answer(service, outer, lines)
    except (errors.StorageError, OSError) as failure:
        error = failure if isinstance(failure, errors.StorageError) else storage_error(failure, 'blob')
        if error is None:
            raise
        response = Response(error.body(), error.status, {'x-ms-error-code': error.code}, 'application/xml')
    response.headers['x-ms-request-id'] = outer.request_id
    said = ''.join(f'{name}: {value}\r\n' for name, value in response.headers.items())
    return (f'--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n'
            f'HTTP/1.1 {response.status_code} {HTTPStatus(response.status_code).phrase}\r\n{said}\r\n'
            ).encode('latin-1') + bytes(response.body) + b'\r\n'


async def _answer(service: Service, outer: StorageRequest, lines: list[str]) -> Response:
    found = _LINE.match(lines[0])
    if not found:
        raise errors.StorageError(400, 'InvalidInput', 'A part of the batch does not begin with a line such as '
                                  'DELETE /account/container/blob HTTP/1.1.')
    path, _, query = found[2].partition('?')
    headers = [(name.strip().lower().encode('latin-1'), value.strip().encode('latin-1'))
               for name, _, value in (line.partition(':') for line in lines[1:])]
    scope = {**outer.request.scope, 'method': found[1], 'path': path, 'raw_path': path.encode('ascii'),
             'query_string': query.encode('ascii'), 'headers': headers}
    inner = _authorized(service, outer, Request(scope))
    handler = _HANDLERS.get((inner.method, inner.query.get('comp', '').lower()))
    if handler is None or len(inner.parts) < 2:
        raise errors.StorageError(400, 'InvalidInput', 'A batch is for deleting blobs and for setting their tiers.')
    if inner.account != outer.account or inner.parts[:len(outer.parts)] != outer.parts:
        raise errors.StorageError(400, 'InvalidInput', 'A part of the batch is for another account or container.')
    refusals.check(inner)
    return await handler(service, inner)


def _authorized(service: Service, outer: StorageRequest, request: Request) -> StorageRequest:
    """The request of a part, once its own signature was checked. Raises the 400, 401 and 403 errors."""
    host = outer.request.headers.get('host', '')
    if not request.scope['path'].startswith(f'/{outer.account.name}/'):
        # azure-storage-blob 2.1 leaves out the account, as if it were in the host.
        host = f'{outer.account.name}.blob.{service.storage_suffix}'
    inner, _ = authorized_request(service, 'blob', request, host, outer.request_id)
    return inner
