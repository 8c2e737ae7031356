"""Open handles of SMB clients. There are no such clients, so the lists are empty and nothing is to be closed."""
from __future__ import annotations

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, xml
from azext_batchai.service.storage.rest.file.places import place_of
from azext_batchai.service.storage.rest.requests import StorageRequest


async def list_handles(service: Service, request: StorageRequest) -> Response:
    _require_found(service, request)
    return Response(xml.document('EnumerationResults', {'Entries': '', 'NextMarker': ''}), media_type='application/xml')


async def close_handles(service: Service, request: StorageRequest) -> Response:
    _require_found(service, request)
    return Response(headers={'x-ms-number-of-handles-closed': '0', 'x-ms-number-of-handles-failed': '0'})


def _require_found(service: Service, request: StorageRequest) -> None:
    request.permissions.require('read', 'list', 'write')
    if place_of(service, request).status() is None:
        raise errors.known('ResourceNotFound')
