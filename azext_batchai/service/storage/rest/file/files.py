"""Files of a share: made, read, described, resized and deleted. Their content comes in ranges (`written_ranges`)."""
from __future__ import annotations

import base64
import os
import stat
from dataclasses import replace

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import conditions, errors, properties
from azext_batchai.service.storage.rest.bodies import expected_md5, in_thread, range_md5, send_file, write_all
from azext_batchai.service.storage.rest.file import extents, smb
from azext_batchai.service.storage.rest.file.places import Place, changed, place_of, set_written
from azext_batchai.service.storage.rest.file.received import MOST_RANGE_BYTES, read_content
from azext_batchai.service.storage.rest.ranges import ByteRange, asked_range
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import NOTHING, FileNotes

_MOST_FILE_BYTES = 4 << 40
_LEASES_SINCE = '2019-07-07'  # azure-storage-file 2.1, which is older, fails when it is told of a lease


async def create_file(service: Service, request: StorageRequest) -> Response:
    """Make a file of zeros, or have one that is there begin anew, with the body as its content if there is one."""
    request.permissions.require('create', 'write')
    size = _size(request.number_header('x-ms-content-length'))
    if request.headers.get('x-ms-type', 'file').lower() != 'file':
        raise errors.invalid_header('x-ms-type', 'should be file')
    content = await read_content(request)
    if len(content) > size:
        raise errors.invalid_header('x-ms-content-length', 'is less than the length of the body')
    written, notes = smb.written_ns(request), _given_notes(request)
    place = place_of(service, request)
    found = require_no_folder(place)
    if found:
        request.permissions.require('write')
    descriptor = _open(place, is_new=found is None)
    try:
        require_room(descriptor, size)
        await in_thread(lambda: _begin_anew(descriptor, size, content))
        if found is None:
            service.store.stored_files.remove_tree(place.key)
    except BaseException:
        if found is None:
            place.tree.remove_file(place.parts)
        raise
    finally:
        os.close(descriptor)
    set_written(place, written)
    put_notes(place, born_now(notes, request), request, _said_md5(request))
    return Response(status_code=201, headers=place.headers())


async def get_file(service: Service, request: StorageRequest) -> Response:
    """All of it, or the range that is asked for; for HEAD what is said of it."""
    request.permissions.require('read')
    place = place_of(service, request)
    said = _described(request, place)
    descriptor = place.tree.open(place.parts)
    try:
        status, notes = os.fstat(descriptor), place.notes
        conditions.check(request.headers, said['etag'], properties.modified(status, notes), reading=True)
        part = asked_range(request.headers, status.st_size) if request.method == 'GET' else None
        if part:
            whole = said.pop('content-md5', '')
            said.update(await _md5_of_range(request, descriptor, part, whole))
    except BaseException:
        os.close(descriptor)
        raise
    return send_file(request, descriptor, part, said)


async def get_metadata(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('read')
    place = place_of(service, request)
    place.require_file()
    return Response(headers={**place.headers(), **properties.metadata_headers(place.notes)})


async def set_metadata(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write')
    metadata = properties.check_metadata(request.metadata)
    place = place_of(service, request)
    require_file(place)
    place.put_notes(changed(replace(place.notes, metadata=metadata), request))
    return Response(headers=place.headers())


async def set_properties(service: Service, request: StorageRequest) -> Response:
    """Content headers, which replace all that were said before, and a new length. Without any of the headers, a new
    length leaves them as they are."""
    request.permissions.require('write')
    given, md5 = properties.given_headers(request.headers, 'x-ms-'), _said_md5(request)
    size = request.number_header('x-ms-content-length', -1)
    place = place_of(service, request)
    status = require_file(place)
    notes, written = smb.given_notes(request, place.notes), smb.written_ns(request)
    md5_before = properties.content_md5(status, notes)
    if size >= 0:
        await _resize(place, _size(size))
        md5_before = md5_before if size == status.st_size else ''
    set_written(place, written)
    if given or md5 or size < 0:
        put_notes(place, replace(notes, headers=given), request, md5)
    else:
        put_notes(place, notes, request, md5_before)
    return Response(headers=place.headers())


async def delete_file(service: Service, request: StorageRequest) -> Response:
    """A link goes itself, what it leads to stays."""
    request.permissions.require('delete')
    place = place_of(service, request)
    require_file(place)
    place.tree.remove_file(place.parts)
    service.store.stored_files.remove(place.key)
    return Response(status_code=202)


def require_file(place: Place) -> os.stat_result:
    """Of a file that is to change. Raises the 404 errors, and the 409 error for a folder."""
    found = require_no_folder(place)
    if found is None:
        raise errors.known('ResourceNotFound')
    return found


def require_no_folder(place: Place) -> os.stat_result | None:
    """None where nothing is. Raises the 409 error for a folder, and the 404 error when there is none above."""
    found = place.status()
    if not place.parts or found and stat.S_ISDIR(found.st_mode):
        raise errors.known('ResourceTypeMismatch')
    return found


def require_room(descriptor: int, size: int) -> None:
    """Raises the error of a full disk unless an open file has room to become `size` bytes: better now than half-way."""
    status, disk = os.fstat(descriptor), os.fstatvfs(descriptor)
    if size - status.st_blocks * 512 > disk.f_bavail * disk.f_frsize:
        raise errors.known('InsufficientStorage')


def put_notes(place: Place, notes: FileNotes, request: StorageRequest, md5: str) -> None:
    """`md5` in base64, or ``''``, is what the client says of the content that is there now."""
    noted = properties.with_md5(notes, md5, place.tree.status(place.parts)) if md5 else replace(notes, md5='')
    if not noted.is_empty or place.notes != NOTHING:
        place.put_notes(changed(noted, request))


def born_now(notes: FileNotes, request: StorageRequest) -> FileNotes:
    """Notes of a new file, which keep its time of creation; not worth a row of its own when nothing else is said."""
    if notes.is_empty or 'created' in notes.extras:
        return notes
    return replace(notes, extras={**notes.extras, 'created': str(int(request.now * 1e9))})


def _open(place: Place, is_new: bool) -> int:
    try:
        return place.tree.open(place.parts, os.O_RDWR | (os.O_CREAT | os.O_EXCL if is_new else 0))
    except FileExistsError:  # neither a file nor a folder: a pipe, or a link that leads nowhere
        raise errors.known('ResourceTypeMismatch') from None


def unleased(request: StorageRequest, since: str) -> dict[str, str]:
    """That there is no lease, for clients of a version that knows of leases."""
    return {'x-ms-lease-status': 'unlocked', 'x-ms-lease-state': 'available'} if request.version >= since else {}


def _described(request: StorageRequest, place: Place) -> dict[str, str]:
    """Raises the 404 errors."""
    status, notes = place.require_file(), place.notes
    copied = {f'x-ms-copy-{name[5:]}': value for name, value in notes.extras.items() if name.startswith('copy-')}
    return {**place.headers(), **properties.content_headers(status, notes), **properties.metadata_headers(notes),
            **copied, **unleased(request, _LEASES_SINCE), 'x-ms-type': 'File', 'x-ms-server-encrypted': 'false'}


async def _md5_of_range(request: StorageRequest, descriptor: int, part: ByteRange, whole: str) -> dict[str, str]:
    found = {'x-ms-content-md5': whole} if whole else {}
    if request.headers.get('x-ms-range-get-content-md5', '').lower() != 'true':
        return found
    if part.length > MOST_RANGE_BYTES:
        raise errors.invalid_header('x-ms-range-get-content-md5', 'is for ranges of at most 4 MiB')
    return {**found, 'content-md5': await range_md5(descriptor, part)}


def _given_notes(request: StorageRequest) -> FileNotes:
    return smb.given_notes(request, FileNotes(headers=properties.given_headers(request.headers, 'x-ms-'),
                                              metadata=properties.check_metadata(request.metadata)))


def _said_md5(request: StorageRequest) -> str:
    found = expected_md5(request.headers, 'x-ms-content-md5')
    return base64.b64encode(found).decode() if found else ''


def _size(size: int) -> int:
    if size > _MOST_FILE_BYTES:
        raise errors.invalid_header('x-ms-content-length', 'should be at most 4 TiB')
    return size


def _begin_anew(descriptor: int, size: int, content: bytes) -> None:
    """Nothing is lost when the file cannot be that large: growing comes first."""
    if size > os.fstat(descriptor).st_size:
        os.ftruncate(descriptor, size)
    os.ftruncate(descriptor, 0)
    os.ftruncate(descriptor, size)
    if content:
        extents.reserve(descriptor, ByteRange(0, len(content)))
        write_all(descriptor, content, 0)


async def _resize(place: Place, size: int) -> None:
    descriptor = place.tree.open(place.parts, os.O_RDWR)
    try:
        require_room(descriptor, size)
        await in_thread(lambda: os.ftruncate(descriptor, size))
    finally:
        os.close(descriptor)
