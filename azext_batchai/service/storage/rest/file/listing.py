"""What is in a directory, in pages."""
from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties, xml
from azext_batchai.service.storage.rest.bodies import in_thread
from azext_batchai.service.storage.rest.file import smb
from azext_batchai.service.storage.rest.file.pages import encoded_marker, page_after
from azext_batchai.service.storage.rest.file.places import Place, place_of
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.tree import Entry
from azext_batchai.service.store.stored_files import FileNotes

_INCLUDES = frozenset({'timestamps', 'etag', 'attributes', 'permissionkey'})
# Before, names that XML has no way to write were left out.
_ENCODED_SINCE = '2021-12-02'


async def list_directory(service: Service, request: StorageRequest) -> Response:
    """Files and directories by name. Details are what the client asks for with ``include``."""
    request.permissions.require('list', level='container')
    wanted = {name for name in request.query.get('include', '').lower().split(',') if name}
    if wanted - _INCLUDES:
        raise errors.invalid_query('include', 'should be of Timestamps, ETag, Attributes, PermissionKey')
    place = place_of(service, request)
    status = place.require_folder()
    prefix = request.query.get('prefix', '')
    entries = {entry.name: entry for entry in await in_thread(lambda: place.tree.scan(place.parts))
               if entry.name.startswith(prefix) and (xml.is_writable(entry.name) or request.version >= _ENCODED_SINCE)}
    page, following = page_after(request, sorted(entries))
    has_ids = bool(wanted) or request.headers.get('x-ms-file-extended-info', '').lower() == 'true'
    content: dict[str, Any] = {
        'Marker': request.query.get('marker', ''), 'Prefix': _plain(prefix) if prefix else None,
        'MaxResults': request.query.get('maxresults') or None,
        'DirectoryId': status.st_ino if has_ids else None,
        'Entries': [_item(place, entries[name], wanted, has_ids) for name in page],
        'NextMarker': encoded_marker(following)}
    return Response(xml.document('EnumerationResults', content, {
        'ServiceEndpoint': f'{request.endpoint}/', 'ShareName': request.name,
        'DirectoryPath': _plain('/'.join(place.parts))}), media_type='application/xml')


def _item(place: Place, entry: Entry, wanted: set[str], has_ids: bool) -> str:
    inner = place.inner_notes(entry.name) if wanted else FileNotes()
    found: dict[str, Any] = {'FileId': entry.status.st_ino if has_ids else None,
                             'Properties': {} if entry.is_folder else {'Content-Length': entry.status.st_size}}
    found['Properties'].update(_details(entry.status, inner, wanted))
    if 'attributes' in wanted:
        found['Attributes'] = smb.attributes(entry.status, inner)
    if 'permissionkey' in wanted:
        found['PermissionKey'] = smb.PERMISSION_KEY
    name = _name(entry.name)
    rest = ''.join(xml.element(key, value) for key, value in found.items() if value is not None)
    return xml.element('Directory' if entry.is_folder else 'File', xml.Raw(name + rest))


def _details(status: os.stat_result, notes: FileNotes, wanted: set[str]) -> dict[str, str]:
    found = {}
    if 'timestamps' in wanted:
        found = {'CreationTime': smb.format_time(smb.created_ns(status, notes)),
                 'LastAccessTime': smb.format_time(status.st_atime_ns),
                 'LastWriteTime': smb.format_time(status.st_mtime_ns),
                 'ChangeTime': smb.format_time(max(status.st_ctime_ns, notes.changed)),
                 'Last-Modified': properties.http_date(properties.modified(status, notes))}
    if 'etag' in wanted:
        found['Etag'] = properties.etag(status, notes)
    return found


def _name(name: str) -> str:
    if xml.is_writable(name):
        return xml.element('Name', name)
    return xml.element('Name', quote(name), {'Encoded': 'true'})


def _plain(text: str) -> str:
    """Text of the request that goes into the reply, as far as XML can carry it."""
    return text if xml.is_writable(text) else quote(text)
