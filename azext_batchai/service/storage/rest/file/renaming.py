"""Renames of files and directories within their share."""
from __future__ import annotations

import os
import stat
from dataclasses import replace

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties
from azext_batchai.service.storage.rest.copy_sources import copy_source
from azext_batchai.service.storage.rest.file import smb
from azext_batchai.service.storage.rest.file.places import Place, changed, place_at, place_of, set_written
from azext_batchai.service.storage.rest.requests import StorageRequest

_SOURCE = 'x-ms-file-rename-source'


async def rename_file(service: Service, request: StorageRequest) -> Response:
    return _rename(service, request, is_folder=False)


async def rename_directory(service: Service, request: StorageRequest) -> Response:
    return _rename(service, request, is_folder=True)


def _rename(service: Service, request: StorageRequest, is_folder: bool) -> Response:
    """To the path of the request, from that of the header."""
    request.permissions.require('write')
    metadata, written = properties.check_metadata(request.metadata), smb.written_ns(request)
    old, new = _source(service, request), place_of(service, request)
    found = old.require_folder() if is_folder else old.require_file()
    _check_target(request, found, new, is_folder)
    if new.parts[:len(old.parts)] == old.parts and new.parts != old.parts:
        raise errors.invalid_header(_SOURCE, 'should not be a folder above the new path')
    notes = smb.given_notes(request, old.notes)
    if metadata:
        notes = replace(notes, metadata=metadata)
    if request.headers.get('x-ms-content-type') and not is_folder:
        notes = replace(notes, headers={**notes.headers, **properties.given_headers(request.headers, 'x-ms-')})
    new.tree.rename(old.parts, new.parts)
    if new.parts != old.parts:
        service.store.stored_files.rename(old.key, new.key)
    set_written(new, written)
    if notes != new.notes:
        new.put_notes(changed(notes, request))
    return Response(headers=new.headers())


def _source(service: Service, request: StorageRequest) -> Place:
    source = copy_source(service, request, _SOURCE)
    share, *below = source.parts
    if (source.kind, source.account, share) != ('file', request.account.name, request.name):
        raise errors.invalid_header(_SOURCE, 'should be in the same share')
    return place_at(service, request, share, tuple(below))


def _check_target(request: StorageRequest, source: os.stat_result, new: Place, is_folder: bool) -> None:
    """Raises the 409 error for what is there already and must not go."""
    found = new.status()
    if found is None or os.path.samestat(found, source):
        return
    replaces = request.headers.get('x-ms-file-rename-replace-if-exists', '').lower() == 'true'
    if is_folder or stat.S_ISDIR(found.st_mode) or not replaces:
        raise errors.known('ResourceAlreadyExists')
