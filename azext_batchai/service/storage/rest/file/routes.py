"""The operations of the file service as a table."""
from __future__ import annotations

from typing import Awaitable, Callable

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.file import (
    copying, directories, files, handles, listing, permissions, refusals, renaming, service_properties, shares,
    written_ranges)
from azext_batchai.service.storage.rest.requests import StorageRequest

Handler = Callable[[Service, StorageRequest], Awaitable[Response]]

# Level, method, restype, comp. HEAD is answered as GET. The root of a share is a directory without a path.
ROUTES: dict[tuple[str, str, str, str], Handler] = {
    ('service', 'GET', 'service', 'properties'): service_properties.get_properties,
    ('service', 'PUT', 'service', 'properties'): service_properties.set_properties,
    ('service', 'GET', '', 'list'): shares.list_shares,

    ('share', 'PUT', 'share', ''): shares.create_share,
    ('share', 'GET', 'share', ''): shares.get_properties,
    ('share', 'GET', 'share', 'metadata'): shares.get_properties,
    ('share', 'PUT', 'share', 'metadata'): shares.set_metadata,
    ('share', 'PUT', 'share', 'properties'): shares.set_properties,
    ('share', 'GET', 'share', 'stats'): shares.get_stats,
    ('share', 'GET', 'share', 'acl'): shares.get_acl,
    ('share', 'PUT', 'share', 'acl'): shares.set_acl,
    ('share', 'DELETE', 'share', ''): shares.delete_share,
    ('share', 'GET', 'share', 'filepermission'): permissions.get_permission,
    ('share', 'PUT', 'share', 'filepermission'): permissions.create_permission,
    ('share', 'GET', '', 'listhandles'): handles.list_handles,
    ('share', 'PUT', '', 'forceclosehandles'): handles.close_handles,
    ('share', 'GET', 'directory', 'list'): listing.list_directory,
    ('share', 'GET', 'directory', ''): directories.get_properties,
    ('share', 'GET', 'directory', 'metadata'): directories.get_properties,
    ('share', 'PUT', 'directory', 'metadata'): directories.set_metadata,
    ('share', 'PUT', 'directory', ''): directories.create_directory,
    ('share', 'DELETE', 'directory', ''): directories.delete_directory,

    ('path', 'PUT', 'directory', ''): directories.create_directory,
    ('path', 'GET', 'directory', ''): directories.get_properties,
    ('path', 'GET', 'directory', 'metadata'): directories.get_properties,
    ('path', 'PUT', 'directory', 'metadata'): directories.set_metadata,
    ('path', 'PUT', 'directory', 'properties'): directories.set_properties,
    ('path', 'PUT', 'directory', 'rename'): renaming.rename_directory,
    ('path', 'DELETE', 'directory', ''): directories.delete_directory,
    ('path', 'GET', 'directory', 'list'): listing.list_directory,

    ('path', 'PUT', '', ''): files.create_file,
    ('path', 'GET', '', ''): files.get_file,
    ('path', 'GET', '', 'metadata'): files.get_metadata,
    ('path', 'PUT', '', 'metadata'): files.set_metadata,
    ('path', 'PUT', '', 'properties'): files.set_properties,
    ('path', 'PUT', '', 'range'): written_ranges.put_range,
    ('path', 'GET', '', 'rangelist'): written_ranges.list_ranges,
    ('path', 'PUT', '', 'rename'): renaming.rename_file,
    ('path', 'PUT', '', 'copy'): copying.abort_copy,
    ('path', 'DELETE', '', ''): files.delete_file,
    ('path', 'GET', '', 'listhandles'): handles.list_handles,
    ('path', 'PUT', '', 'forceclosehandles'): handles.close_handles,
}
_LEVELS = ('service', 'share')


def find_handler(request: StorageRequest) -> Handler:
    """Raises the errors of what is not supported and of what there is not."""
    refusals.check(request)
    level = _LEVELS[len(request.parts)] if len(request.parts) < len(_LEVELS) else 'path'
    kind, component = request.query.get('restype', '').lower(), request.query.get('comp', '').lower()
    method = 'GET' if request.method == 'HEAD' else request.method
    found = ROUTES.get((level, method, kind, component))
    if found is files.create_file and request.headers.get('x-ms-copy-source'):
        return copying.copy_file
    if found is None:
        refusals.refuse(request)
        raise _unknown(level, kind, component)
    return found


def _unknown(level: str, kind: str, component: str) -> errors.StorageError:
    if any((level, kind, component) == (route[0], route[2], route[3]) for route in ROUTES):
        return errors.known('UnsupportedHttpVerb')
    return errors.invalid_query('comp' if component else 'restype', 'names no operation of the file service here')
