"""Permissions as Windows has them. There is one, which all files have; it can be read, and others cannot be made."""
from __future__ import annotations

from starlette.responses import JSONResponse, Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.file import smb
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.roots import require_tree


async def get_permission(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('read')
    require_tree(service, 'file', request.account.name, request.name)
    if request.headers.get('x-ms-file-permission-key') != smb.PERMISSION_KEY:
        raise errors.StorageError(400, 'FileInvalidPermissionKey', 'There is no permission with this key.')
    return JSONResponse({'permission': smb.PERMISSION})


async def create_permission(service: Service, request: StorageRequest) -> Response:
    raise errors.not_supported('Permissions of single files')
