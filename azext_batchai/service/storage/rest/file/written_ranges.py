"""Ranges of a file: written, cleared and listed. Several clients may write one file at once, each its own ranges."""
from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import Iterator

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties, xml
from azext_batchai.service.storage.rest.bodies import in_thread, write_all
from azext_batchai.service.storage.rest.file import extents, smb, sources
from azext_batchai.service.storage.rest.file.places import Place, place_of, set_written
from azext_batchai.service.storage.rest.file.received import MOST_RANGE_BYTES, read_content
from azext_batchai.service.storage.rest.ranges import ByteRange, asked_range, said_range
from azext_batchai.service.storage.rest.requests import StorageRequest

_MOST_LISTED = 10_000
# By file (device, number): how many writes are under way, and whether the MD5 that was said of it was good before them.
_writes: dict[tuple[int, int], tuple[int, bool]] = {}


async def put_range(service: Service, request: StorageRequest) -> Response:
    """Write or clear a range, all of it or nothing: what is written arrives first, and has its place on the disk."""
    request.permissions.require('write')
    part, action = said_range(request.headers), request.headers.get('x-ms-write', '').lower()
    if action not in ('update', 'clear'):
        raise errors.invalid_header('x-ms-write', 'should be update or clear')
    place = place_of(service, request)
    place.require_file()
    content = await _content(service, request, part) if action == 'update' else b''
    descriptor = place.tree.open(place.parts, os.O_RDWR)
    try:
        before = os.fstat(descriptor)
        with _kept_md5(place, descriptor):
            await in_thread(lambda: _write(descriptor, part, content) if content else _clear(descriptor, part))
            if smb.keeps_written(request):
                set_written(place, before.st_mtime_ns)
            status = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    return Response(status_code=201, headers={
        **properties.version_headers(status, place.notes), 'x-ms-request-server-encrypted': 'false',
        'x-ms-file-last-write-time': smb.format_time(status.st_mtime_ns),
        **({'content-md5': request.headers['content-md5']} if request.headers.get('content-md5') else {})})


async def list_ranges(service: Service, request: StorageRequest) -> Response:
    """The ranges that hold data, all of them or in pages."""
    request.permissions.require('read')
    if request.query.get('prevsharesnapshot'):
        raise errors.not_supported('Snapshots')
    place = place_of(service, request)
    status = place.require_file()
    most = request.number_query('maxresults', _MOST_LISTED, 1, 2**31 - 1)
    start = request.number_query('marker', 0, 0, 2**62)
    descriptor = place.tree.open(place.parts)
    try:
        within = asked_range(request.headers, status.st_size) if status.st_size else None
        within = within or ByteRange(0, status.st_size)
        within = ByteRange(max(start, within.start), max(0, within.end - max(start, within.start)))
        found = list(_first(extents.data_ranges(descriptor, within), most + 1))
    finally:
        os.close(descriptor)
    content = [xml.element('Range', {'Start': part.start, 'End': part.end - 1}) for part in found[:most]]
    if request.query.get('maxresults') or len(found) > most:
        content.append(xml.element('NextMarker', found[most].start if len(found) > most else None))
    return Response(xml.document('Ranges', content), media_type='application/xml', headers={
        **properties.version_headers(status, place.notes), 'x-ms-content-length': str(status.st_size)})


async def _content(service: Service, request: StorageRequest, part: ByteRange) -> bytes:
    if part.length > MOST_RANGE_BYTES:
        raise errors.known('RequestBodyTooLarge')
    if request.headers.get('x-ms-copy-source'):
        return await sources.read_range(service, request, part.length)
    if request.content_length != part.length:
        raise errors.invalid_header('Content-Length', f'should be {part.length}, the length of the range')
    return await read_content(request)


def _write(descriptor: int, part: ByteRange, content: bytes) -> None:
    _require_inside(descriptor, part)
    extents.reserve(descriptor, part)
    write_all(descriptor, content, part.start)
    _touch(descriptor)


def _clear(descriptor: int, part: ByteRange) -> None:
    _require_inside(descriptor, part)
    extents.clear(descriptor, part)
    _touch(descriptor)


def _touch(descriptor: int) -> None:
    """Two writes within a tick of the kernel's clock would leave the same time, and so the same ETag."""
    now = time.time_ns()
    os.utime(descriptor, ns=(now, now))


def _require_inside(descriptor: int, part: ByteRange) -> None:
    size = os.fstat(descriptor).st_size
    if part.end > size:
        raise errors.invalid_range(size)


@contextmanager
def _kept_md5(place: Place, descriptor: int) -> Iterator[None]:
    """A client says the MD5 of a file before it writes the ranges, and it is still true when all are written; but not
    when a job wrote as well. So it stays while we write, and is noted again when the last write under way is done."""
    status = os.fstat(descriptor)
    file = status.st_dev, status.st_ino
    count, was_good = _writes.get(file) or (0, bool(properties.content_md5(status, place.notes)))
    _writes[file] = count + 1, was_good
    try:
        yield
    finally:
        count = _writes[file][0] - 1
        if count:
            _writes[file] = count, was_good
        else:
            del _writes[file]
            if was_good:
                notes = place.notes
                place.put_notes(properties.with_md5(notes, notes.md5, os.fstat(descriptor)))


def _first(ranges: Iterator[ByteRange], count: int) -> Iterator[ByteRange]:
    for part, _ in zip(ranges, range(count)):
        yield part
