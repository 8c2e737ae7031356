"""Put Blob: a whole block blob in one request, or a new and empty append blob."""
from __future__ import annotations

import base64
import hmac
import os
from dataclasses import replace

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import bodies, errors, properties
from azext_batchai.service.storage.rest.blob import copying
from azext_batchai.service.storage.rest.blob.places import APPEND, BLOCK, place_of
from azext_batchai.service.storage.rest.blob.staging import staged_file
from azext_batchai.service.storage.rest.blob.writing import check_write, put_in_place, reply_created, said_notes
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import FileNotes

_MOST_BYTES = 5000 << 20
# What a client may say in the plain headers of the request, when it does not say it of the blob.
_PLAIN_HEADERS = ('content-type', 'content-encoding', 'content-language', 'cache-control')


async def put_blob(service: Service, request: StorageRequest) -> Response:
    """Also Copy Blob and Put Blob From URL, which other headers tell apart."""
    kind = request.headers.get('x-ms-blob-type')
    if 'x-ms-copy-source' in request.headers:
        return await (copying.put_blob_from_url if kind else copying.copy_blob)(service, request)
    if kind is None:
        raise errors.missing_header('x-ms-blob-type')
    if kind == 'PageBlob':
        raise errors.not_supported('Page blobs')
    if kind not in (BLOCK, APPEND):
        raise errors.invalid_header('x-ms-blob-type', f'should be {BLOCK} or {APPEND}')
    if request.content_length and kind == APPEND:
        raise errors.invalid_header('content-length', 'should be 0 for a new append blob')
    place = place_of(service, request)
    check_write(service, request, place)
    notes = _notes(service, request, kind)
    claimed = bodies.expected_md5(request.headers, 'x-ms-blob-content-md5')
    with staged_file(service.settings.data_dir, place.container, is_beside=True) as staged:
        md5 = await bodies.receive(request, staged.descriptor, limit=_MOST_BYTES)
        if kind == BLOCK and claimed and not hmac.compare_digest(base64.b64decode(md5), claimed):
            raise errors.known('Md5Mismatch')
        notes = properties.with_md5(notes, '' if kind == APPEND else md5, os.fstat(staged.descriptor))
        blob = put_in_place(service, request, place, staged, notes)
    return reply_created(blob, md5)


def _notes(service: Service, request: StorageRequest, kind: str) -> FileNotes:
    extras = {'type': APPEND, 'blocks': '0', 'created': str(service.clock())} if kind == APPEND else {}
    notes = said_notes(request, extras)
    plain = {name: request.headers[name] for name in _PLAIN_HEADERS if request.headers.get(name)}
    return replace(notes, headers={**plain, **notes.headers})
