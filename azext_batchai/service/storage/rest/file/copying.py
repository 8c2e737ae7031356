"""Copies of files and blobs of this service. They are done when the reply comes."""
from __future__ import annotations

import os
from urllib.parse import urlsplit

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties
from azext_batchai.service.storage.rest.bodies import in_thread, write_all
from azext_batchai.service.storage.rest.file import smb
from azext_batchai.service.storage.rest.file.files import born_now, put_notes, require_no_folder, require_room
from azext_batchai.service.storage.rest.file.places import Place, place_of, set_written
from azext_batchai.service.storage.rest.file.sources import OpenSource, open_source
from azext_batchai.service.storage.rest.file.unfinished import unfinished_file
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import FileNotes

_PIECE_BYTES = 8 << 20


async def copy_file(service: Service, request: StorageRequest) -> Response:
    """What was at the destination stays as it is until the copy is complete."""
    request.permissions.require('create', 'write')
    metadata, written = properties.check_metadata(request.metadata), smb.written_ns(request)
    place = place_of(service, request)
    if require_no_folder(place):
        request.permissions.require('write')
    with open_source(service, request) as source:
        notes = smb.given_notes(request, _notes(request, source, metadata, service.new_guid()))
        await _copy(service, place, source)
        set_written(place, written)
        put_notes(place, born_now(notes, request), request, source.md5)
    return Response(status_code=202, headers={**place.headers(), 'x-ms-copy-id': notes.extras['copy-id'],
                                              'x-ms-copy-status': 'success'})


async def abort_copy(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write')
    place_of(service, request).require_file()
    raise errors.StorageError(409, 'NoPendingCopyOperation', 'No copy to this file is under way.')


def _notes(request: StorageRequest, source: OpenSource, metadata: dict[str, str], copy_id: str) -> FileNotes:
    """As Azure, metadata of the request replaces that of the source. The address of the source may have a signature,
    which is not noted."""
    size = source.status.st_size
    said = {'copy-id': copy_id, 'copy-status': 'success', 'copy-progress': f'{size}/{size}',
            'copy-source': urlsplit(request.headers['x-ms-copy-source'])._replace(query='').geturl(),
            'copy-completion-time': properties.http_date(request.now)}
    return FileNotes(headers=source.notes.headers, metadata=metadata or source.notes.metadata, extras=said)


async def _copy(service: Service, place: Place, source: OpenSource) -> None:
    with unfinished_file(service.settings.data_dir, place) as copy:
        require_room(copy.descriptor, source.status.st_size)
        await in_thread(lambda: _copy_content(source.descriptor, copy.descriptor, source.status.st_size))
        place.tree.adopt(copy.path, place.parts)


def _copy_content(source: int, target: int, size: int) -> None:
    at = 0
    while at < size:
        count = _copy_piece(source, target, at, min(_PIECE_BYTES, size - at))
        if not count:
            return  # it became shorter meanwhile
        at += count


def _copy_piece(source: int, target: int, at: int, length: int) -> int:
    """Inside the kernel where that is possible."""
    if hasattr(os, 'copy_file_range'):
        try:
            return os.copy_file_range(source, target, length, at, at)
        except OSError:
            pass  # another file system, or one that cannot; if the disk is full, the next lines say so
    content = os.pread(source, length, at)
    write_all(target, content, at)
    return len(content)
