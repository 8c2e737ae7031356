"""Directories of a share: made, shown, changed and deleted."""
from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties
from azext_batchai.service.storage.rest.file import smb
from azext_batchai.service.storage.rest.file.places import Place, changed, place_of, set_written
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import NOTHING, FileNotes

# A folder that cannot be taken away because the machine uses it: somebody mounted something there.
_BUSY = (errno.EBUSY, errno.EPERM)


async def create_directory(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('create', 'write')
    notes = smb.given_notes(request, FileNotes(metadata=properties.check_metadata(request.metadata)))
    written, place = smb.written_ns(request), place_of(service, request)
    found = place.status()
    if found is not None:
        raise errors.known('ResourceAlreadyExists' if stat.S_ISDIR(found.st_mode) else 'ResourceTypeMismatch')
    try:
        place.tree.make_folder(place.parts)
    except FileExistsError:  # a link that leads nowhere or out
        raise errors.known('ResourceAlreadyExists') from None
    service.store.stored_files.remove_tree(place.key)
    set_written(place, written)
    _put(place, notes, request)
    return Response(status_code=201, headers=place.headers())


async def get_properties(service: Service, request: StorageRequest) -> Response:
    """Also the answer to those who only want the metadata."""
    request.permissions.require('read')
    place = place_of(service, request)
    place.require_folder()
    return Response(headers={**place.headers(), **properties.metadata_headers(place.notes),
                             'x-ms-server-encrypted': 'false'})


async def set_properties(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write')
    place = place_of(service, request)
    place.require_folder()
    notes, written = smb.given_notes(request, place.notes), smb.written_ns(request)
    set_written(place, written)
    _put(place, notes, request)
    return Response(headers=place.headers())


async def set_metadata(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write')
    metadata = properties.check_metadata(request.metadata)
    place = place_of(service, request)
    place.require_folder()
    _put(place, replace(place.notes, metadata=metadata), request)
    return Response(status_code=200, headers=place.headers())


async def delete_directory(service: Service, request: StorageRequest) -> Response:
    """Only an empty one. A link to a folder is one like others, and goes itself."""
    request.permissions.require('delete')
    place = place_of(service, request)
    if not place.parts:
        raise errors.StorageError(409, 'CannotDeleteFileOrDirectory', 'The root of a share goes with the share only.')
    place.require_folder()
    try:
        _remove(place)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
            raise errors.known('DirectoryNotEmpty') from None
        if error.errno in _BUSY:
            raise errors.StorageError(409, 'CannotDeleteFileOrDirectory', 'The directory is in use on the machine of '
                                      'the service.') from None
        raise
    service.store.stored_files.remove_tree(place.key)
    return Response(status_code=202)


def _remove(place: Place) -> None:
    with place.tree.parent(place.parts) as (folder, name):
        if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=folder)
        else:
            os.rmdir(name, dir_fd=folder)


def _put(place: Place, notes: FileNotes, request: StorageRequest) -> None:
    if notes != NOTHING or place.notes != NOTHING:
        place.put_notes(changed(notes, request))
