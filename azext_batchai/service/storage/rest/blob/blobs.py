"""Blobs as they are: reading them, what is said of them, deleting them."""
from __future__ import annotations

import base64
import os

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import bodies, conditions, errors, properties
from azext_batchai.service.storage.rest.blob.block_store import BlockStore
from azext_batchai.service.storage.rest.blob.places import APPEND, Blob, Place, file_errors, place_of, require_blob
from azext_batchai.service.storage.rest.blob.refusals import check_tier
from azext_batchai.service.storage.rest.blob.writing import renoted
from azext_batchai.service.storage.rest.ranges import asked_range
from azext_batchai.service.storage.rest.requests import StorageRequest

_LARGEST_MD5_RANGE = 4 << 20
_COPY_EXTRAS = ('copy-id', 'copy-source', 'copy-completion-time', 'copy-progress')


async def get_blob(service: Service, request: StorageRequest) -> Response:
    """The content or a range of it; for HEAD only what is said of it."""
    request.permissions.require('read')
    place = place_of(service, request)
    with file_errors():
        descriptor = place.container.tree.open(place.parts)
    try:
        blob = Blob(place, os.fstat(descriptor), service.store.stored_files.find(place.key))
        conditions.check(request.headers, blob.etag, blob.modified, reading=True)
        part = asked_range(request.headers, blob.status.st_size) if request.method == 'GET' else None
        headers = property_headers(blob)
        if part:
            whole = headers.pop('content-md5', None)
            headers.update({'x-ms-blob-content-md5': whole} if whole else {})
        if request.headers.get('x-ms-range-get-content-md5', '').lower() == 'true' and request.method == 'GET':
            if part is None or part.length > _LARGEST_MD5_RANGE:
                raise errors.invalid_header('x-ms-range-get-content-md5', 'needs a range of at most 4 MiB')
            headers['content-md5'] = await bodies.range_md5(descriptor, part)
    except BaseException:
        os.close(descriptor)
        raise
    return bodies.send_file(request, descriptor, part, headers)


def property_headers(blob: Blob) -> dict[str, str]:
    """All that headers say of a blob, but for its length."""
    extras = blob.notes.extras
    kind = {'x-ms-blob-committed-block-count': extras.get('blocks', '0')} if blob.kind == APPEND else \
        {'x-ms-access-tier': 'Hot', 'x-ms-access-tier-inferred': 'true'}
    copied = {f'x-ms-{name}': extras[name] for name in _COPY_EXTRAS if name in extras}
    if copied:
        copied['x-ms-copy-status'] = 'success'
    return {**properties.content_headers(blob.status, blob.notes),
            **properties.version_headers(blob.status, blob.notes), 'x-ms-blob-type': blob.kind, **kind,
            'x-ms-creation-time': properties.http_date(blob.created), 'x-ms-lease-status': 'unlocked',
            'x-ms-lease-state': 'available', 'x-ms-server-encrypted': 'false', **copied,
            **properties.metadata_headers(blob.notes)}


async def get_metadata(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('read')
    blob = require_blob(service, request, reading=True)
    return Response(headers={**properties.version_headers(blob.status, blob.notes),
                             **properties.metadata_headers(blob.notes)})


async def set_metadata(service: Service, request: StorageRequest) -> Response:
    """Instead of all metadata that there was."""
    request.permissions.require('write')
    metadata = properties.check_metadata(request.metadata)
    blob = renoted(service, require_blob(service, request), metadata=metadata)
    return _reply_version(blob)


async def set_properties(service: Service, request: StorageRequest) -> Response:
    """Instead of all content headers that there were. The MD5 is taken as it is said."""
    request.permissions.require('write')
    headers = properties.given_headers(request.headers, 'x-ms-blob-')
    md5 = bodies.expected_md5(request.headers, 'x-ms-blob-content-md5')
    blob = require_blob(service, request)
    status = blob.status
    return _reply_version(renoted(service, blob, headers=headers, mtime_ns=status.st_mtime_ns, size=status.st_size,
                                  md5=base64.b64encode(md5).decode() if md5 else ''))


async def set_tier(service: Service, request: StorageRequest) -> Response:
    """Changes nothing: every blob is as near as every other."""
    request.permissions.require('write')
    if 'x-ms-access-tier' not in request.headers:
        raise errors.missing_header('x-ms-access-tier')
    check_tier(request)
    require_blob(service, request)
    return Response()


async def delete_blob(service: Service, request: StorageRequest) -> Response:
    """The folders that the blob was in stay: a job may be about to write there."""
    request.permissions.require('delete')
    blob = require_blob(service, request)
    remove(service, blob.place)
    return Response(status_code=202, headers={'x-ms-delete-type-permanent': 'true'})


def remove(service: Service, place: Place) -> None:
    """Raises the 404 error."""
    with service.store.transaction():
        service.store.stored_files.remove(place.key)
        with file_errors():
            place.container.tree.remove_file(place.parts)
    BlockStore(service, place).forget()


def _reply_version(blob: Blob) -> Response:
    return Response(headers={**properties.version_headers(blob.status, blob.notes),
                             'x-ms-request-server-encrypted': 'false'})
