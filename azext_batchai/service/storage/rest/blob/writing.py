"""From a finished file to a blob, in one step: whoever reads has the old content or the new one, never a part."""
from __future__ import annotations

import stat
from contextlib import contextmanager
from dataclasses import replace
from typing import Iterator, Mapping

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import conditions, errors, properties
from azext_batchai.service.storage.rest.blob.block_store import BlockStore
from azext_batchai.service.storage.rest.blob.places import Blob, Place, find_blob
from azext_batchai.service.storage.rest.blob.walk import walk
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.tree import Tree
from azext_batchai.service.storage.uploads import Staged
from azext_batchai.service.store.stored_files import FileNotes


def check_write(service: Service, request: StorageRequest, place: Place) -> Blob | None:
    """What is there now, when the client may write over it. Raises the 403, 409 and 412 errors."""
    blob = find_blob(service, place)
    may = request.permissions
    if blob and may.allows('create') and not may.allows('write'):
        raise errors.StorageError(403, 'UnauthorizedBlobOverwrite', 'The signed link permits to make blobs, not to '
                                  'write over this one.')
    may.require('write', *(() if blob else ('create',)))
    if blob and request.headers.get('if-none-match') == '*':
        raise errors.known('BlobAlreadyExists')
    conditions.check(request.headers, blob.etag if blob else None, blob.modified if blob else None)
    return blob


def put_in_place(service: Service, request: StorageRequest, place: Place, staged: Staged, notes: FileNotes) -> Blob:
    """Make the staged file the blob, with these notes; blocks that waited are forgotten. Raises as `check_write`: what
    held when the body began may not hold any more."""
    check_write(service, request, place)
    tree = place.container.tree
    with service.store.transaction(), _conflicts(place):
        tree.make_folders(place.parts[:-1])
        _make_room(tree, place)
        service.store.stored_files.put(place.key, notes)
        tree.adopt(staged.path, place.parts)
        status = tree.status(place.parts)
    BlockStore(service, place).forget()
    return Blob(place, status, notes)


def said_notes(request: StorageRequest, extras: Mapping[str, str]) -> FileNotes:
    """What the headers of a request say of the blob. Raises the 400 errors."""
    return FileNotes(headers=properties.given_headers(request.headers, 'x-ms-blob-'),
                     metadata=properties.check_metadata(request.metadata), extras=dict(extras))


def renoted(service: Service, blob: Blob, **changes: object) -> Blob:
    """The blob with other notes, which are kept, and so with another ETag."""
    changed = max(int(service.clock() * 1e9), blob.notes.changed + 1)
    notes = replace(blob.notes, changed=changed, **changes)  # type: ignore[arg-type]
    service.store.stored_files.put(blob.place.key, notes)
    return replace(blob, notes=notes)


def reply_created(blob: Blob, md5: str = '') -> Response:
    """201 for a blob that was written; `md5` in base64 is that of the request's body."""
    return Response(status_code=201, headers={
        **properties.version_headers(blob.status, blob.notes), **({'content-md5': md5} if md5 else {}),
        'x-ms-request-server-encrypted': 'false'})


@contextmanager
def _conflicts(place: Place) -> Iterator[None]:
    try:
        yield
    except NotADirectoryError:
        raise errors.StorageError(409, 'ResourceTypeMismatch', 'Blobs are files here, and what stands before a / in '
                                  f"their names are folders. A part of '{place.path}' before the last / is a blob "
                                  'already; choose another name.') from None
    except FileNotFoundError:  # deleted while the body arrived
        raise errors.known('ContainerNotFound') from None


def _make_room(tree: Tree, place: Place) -> None:
    """Empty folders are nothing to clients, so they give way. Raises the 409 error when blobs are in a folder."""
    try:
        if not stat.S_ISDIR(tree.status(place.parts).st_mode):
            return
    except FileNotFoundError:
        return
    if next(walk(tree, f'{place.path}/'), None) or not _remove_empty(tree, place.parts):
        raise errors.StorageError(409, 'ResourceTypeMismatch', 'Blobs are files here, and what stands before a / in '
                                  f"their names are folders. '{place.path}' is a folder already; choose another name.")


def _remove_empty(tree: Tree, parts: tuple[str, ...]) -> bool:
    try:
        for entry in tree.scan(parts):
            if entry.is_folder and not _remove_empty(tree, (*parts, entry.name)):
                return False
        tree.remove_folder(parts)
    except OSError:  # a link, or what clients do not see
        return False
    return True
