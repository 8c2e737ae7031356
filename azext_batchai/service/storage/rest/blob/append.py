"""Append blobs: Append Block and Append Block From URL. A job may write the same file, so its size is its truth."""
from __future__ import annotations

import asyncio
import os
from weakref import WeakValueDictionary

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import bodies, errors, properties
from azext_batchai.service.storage.rest.blob import copying
from azext_batchai.service.storage.rest.blob.places import APPEND, Blob, file_errors, find_blob, require_blob
from azext_batchai.service.storage.rest.blob.staging import staged_file
from azext_batchai.service.storage.rest.blob.transfer import copy_range
from azext_batchai.service.storage.rest.blob.writing import renoted
from azext_batchai.service.storage.rest.ranges import ByteRange
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import FileKey

_MOST_BYTES = 100 << 20
_MOST_BLOCKS = 50_000
# One writer at a time for each blob; a lock goes when nobody holds it.
_locks: WeakValueDictionary[FileKey, asyncio.Lock] = WeakValueDictionary()


async def append_block(service: Service, request: StorageRequest) -> Response:
    """Put the body, or a part of another blob or file, behind the end of the blob: all of it or nothing."""
    request.permissions.require('add', 'write')
    blob = _require_appendable(service, request)
    container = blob.place.container
    with staged_file(service.settings.data_dir, container) as staged:
        if 'x-ms-copy-source' in request.headers:
            with copying.open_source(service, request) as source:
                size, md5 = await copying.copy_source_range(request, source, staged.descriptor, _MOST_BYTES)
        else:
            md5 = await bodies.receive(request, staged.descriptor, limit=_MOST_BYTES)
            size = os.fstat(staged.descriptor).st_size
        if not size:
            raise errors.invalid_header('content-length', 'should not be 0 for a block')
        async with _locks.setdefault(blob.place.key, asyncio.Lock()):
            blob, offset = await _append(service, request, staged.descriptor, size)
    return Response(status_code=201, headers={
        **properties.version_headers(blob.status, blob.notes), 'content-md5': md5,
        'x-ms-blob-append-offset': str(offset), 'x-ms-blob-committed-block-count': blob.notes.extras['blocks'],
        'x-ms-request-server-encrypted': 'false'})


async def _append(service: Service, request: StorageRequest, source: int, size: int) -> tuple[Blob, int]:
    """The blob as it is afterwards, and where the block begins."""
    blob = _require_appendable(service, request)
    with file_errors():
        target = blob.place.container.tree.open(blob.place.parts, os.O_WRONLY)
    try:
        offset = os.fstat(target).st_size
        _check_position(request, offset, size)
        try:
            await bodies.in_thread(lambda: copy_range(source, ByteRange(0, size), target, offset))
        except BaseException:
            os.ftruncate(target, offset)
            raise
    finally:
        os.close(target)
    now = find_blob(service, blob.place)
    if now is None:
        raise errors.known('BlobNotFound')
    count = int(now.notes.extras.get('blocks', 0)) + 1
    return renoted(service, now, md5='', extras={**now.notes.extras, 'blocks': str(count)}), offset


def _require_appendable(service: Service, request: StorageRequest) -> Blob:
    blob = require_blob(service, request)
    if blob.kind != APPEND:
        raise errors.StorageError(409, 'InvalidBlobType', 'The blob is a block blob; only append blobs can be appended '
                                  'to.')
    if int(blob.notes.extras.get('blocks', 0)) >= _MOST_BLOCKS:
        raise errors.StorageError(409, 'BlockCountExceedsLimit', f'The blob has {_MOST_BLOCKS} blocks, as many as it '
                                  'can have.')
    return blob


def _check_position(request: StorageRequest, offset: int, size: int) -> None:
    """Raises the 412 errors of the conditions of appending."""
    if request.number_header('x-ms-blob-condition-appendpos', offset) != offset:
        raise errors.StorageError(412, 'AppendPositionConditionNotMet', f'The blob ends at {offset}, not where the '
                                  'block should begin.')
    most = request.headers.get('x-ms-blob-condition-maxsize')
    if most is not None and offset + size > request.number_header('x-ms-blob-condition-maxsize'):
        raise errors.StorageError(412, 'MaxBlobSizeConditionNotMet', f'The blob would have {offset + size} bytes, more '
                                  'than the request permits.')
