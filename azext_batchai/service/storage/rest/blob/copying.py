"""Copies from an address of this service: a blob or a file of a share becomes a blob, or a part of one."""
from __future__ import annotations

import base64
import hmac
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Iterator
from urllib.parse import urlsplit

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import bodies, conditions, errors, properties, ranges, roots
from azext_batchai.service.storage.rest.blob.places import BLOCK, Blob, Place, place_of
from azext_batchai.service.storage.rest.blob.staging import staged_file
from azext_batchai.service.storage.rest.blob.transfer import copy_range
from azext_batchai.service.storage.rest.blob.writing import check_write, put_in_place, reply_created, said_notes
from azext_batchai.service.storage.rest.copy_sources import copy_source
from azext_batchai.service.storage.rest.ranges import ByteRange
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import FileNotes


@dataclass(frozen=True)
class Source:
    """An open file that is copied, and what is noted of it."""
    descriptor: int
    notes: FileNotes

    @property
    def status(self) -> os.stat_result:
        return os.fstat(self.descriptor)


async def copy_blob(service: Service, request: StorageRequest) -> Response:
    """Copy Blob: done when the reply comes. The copy has the properties of its source; metadata of the request comes
    in the place of all of its own."""
    place = place_of(service, request)
    check_write(service, request, place)
    given = properties.check_metadata(request.metadata)
    with open_source(service, request) as source:
        copy_id = service.new_guid()
        size = source.status.st_size
        extras = {**{name: value for name, value in source.notes.extras.items() if name in ('type', 'blocks')},
                  'created': str(service.clock()), 'copy-id': copy_id, 'copy-source': _plain_address(request),
                  'copy-completion-time': properties.http_date(service.clock()), 'copy-progress': f'{size}/{size}'}
        notes = FileNotes(source.notes.headers, given or source.notes.metadata, extras)
        blob = await _copy(service, request, place, source, notes)
    return Response(status_code=202, headers={**properties.version_headers(blob.status, blob.notes),
                                              'x-ms-copy-id': copy_id, 'x-ms-copy-status': 'success'})


async def put_blob_from_url(service: Service, request: StorageRequest) -> Response:
    """Put Blob From URL: a new block blob. What the request does not say of it, its source does, but for metadata."""
    if request.headers.get('x-ms-blob-type') != BLOCK:
        raise errors.not_supported('Page and append blobs from an address')
    place = place_of(service, request)
    check_write(service, request, place)
    said = said_notes(request, {})
    with open_source(service, request) as source:
        inherited = {} if request.headers.get('x-ms-copy-source-blob-properties') == 'false' else source.notes.headers
        blob = await _copy(service, request, place, source, replace(said, headers={**inherited, **said.headers}))
    return reply_created(blob)  # with an MD5 in it, az falls over the reply


async def abort_copy(service: Service, request: StorageRequest) -> Response:
    raise errors.StorageError(409, 'NoPendingCopyOperation', 'There is no copy under way: each is done when its '
                              'request is answered.')


@contextmanager
def open_source(service: Service, request: StorageRequest) -> Iterator[Source]:
    """What ``x-ms-copy-source`` names. Raises the 400, 403 and 404 errors, and 412 for conditions on the source."""
    found = copy_source(service, request)
    container, below = found.parts[0], found.parts[1:]
    try:
        descriptor = roots.require_tree(service, found.kind, found.account, container).open(below)
    except (errors.StorageError, FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise errors.StorageError(404, 'CannotVerifyCopySource', 'The source of the copy is not there.') from None
    try:
        notes = service.store.stored_files.find(roots.file_key(found.kind, found.account, container, below))
        status = os.fstat(descriptor)
        try:
            conditions.check(request.headers, properties.etag(status, notes), properties.modified(status, notes),
                             prefix='x-ms-source-')
        except errors.StorageError as error:
            if error.status == 412:
                error.code = 'SourceConditionNotMet'
            raise
        yield Source(descriptor, notes)
    finally:
        os.close(descriptor)


async def copy_source_range(request: StorageRequest, source: Source, target: int, limit: int) -> tuple[int, str]:
    """Copy what ``x-ms-source-range`` says, or all of the source, into an open file. Returns the size and the MD5 in
    base64. Raises the 400, 412, 413 and 416 errors."""
    size = source.status.st_size
    given = request.headers.get('x-ms-source-range')
    part = (ranges.asked_range({'range': given}, size) if given else None) or ByteRange(0, size)
    if part.length > limit:
        raise errors.known('RequestBodyTooLarge')
    await _copy_range(source, part, target)
    md5 = await bodies.range_md5(target, ByteRange(0, part.length))
    _check_source_md5(request, md5)
    return part.length, md5


async def _copy(service: Service, request: StorageRequest, place: Place, source: Source, notes: FileNotes) -> Blob:
    before = source.status
    with staged_file(service.settings.data_dir, place.container, is_beside=True) as staged:
        await _copy_range(source, ByteRange(0, before.st_size), staged.descriptor)
        md5 = properties.content_md5(source.status, source.notes)
        if request.headers.get('x-ms-source-content-md5'):
            md5 = await bodies.range_md5(staged.descriptor, ByteRange(0, before.st_size))
            _check_source_md5(request, md5)
        notes = properties.with_md5(notes, md5, os.fstat(staged.descriptor))
        return put_in_place(service, request, place, staged, notes)


async def _copy_range(source: Source, part: ByteRange, target: int) -> None:
    before = source.status
    await bodies.in_thread(lambda: copy_range(source.descriptor, part, target, 0))
    after = source.status
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise errors.StorageError(412, 'SourceConditionNotMet', 'The source changed while it was copied.')


def _check_source_md5(request: StorageRequest, md5: str) -> None:
    claimed = bodies.expected_md5(request.headers, 'x-ms-source-content-md5')
    if claimed and not hmac.compare_digest(base64.b64decode(md5), claimed):
        raise errors.known('Md5Mismatch')


def _plain_address(request: StorageRequest) -> str:
    """The source without its signature, which must not be shown to whoever may read the copy."""
    return urlsplit(request.headers['x-ms-copy-source'])._replace(query='').geturl()
