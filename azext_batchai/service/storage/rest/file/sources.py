"""What is copied: a file or blob of this service, opened for reading."""
from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties
from azext_batchai.service.storage.rest.bodies import in_thread
from azext_batchai.service.storage.rest.copy_sources import copy_source
from azext_batchai.service.storage.rest.ranges import said_range
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.roots import file_key, require_tree
from azext_batchai.service.store.stored_files import FileNotes


@dataclass(frozen=True)
class OpenSource:
    """`md5` in base64, or ``''`` when nobody said it."""
    descriptor: int
    status: os.stat_result
    notes: FileNotes

    @property
    def md5(self) -> str:
        return properties.content_md5(self.status, self.notes)


@contextmanager
def open_source(service: Service, request: StorageRequest) -> Iterator[OpenSource]:
    """What ``x-ms-copy-source`` names, which the client may read. Raises the 400, 403 and 404 errors."""
    source = copy_source(service, request)
    container, *below = source.parts
    try:
        tree = require_tree(service, source.kind, source.account, container)
        descriptor = tree.open(below)
    except (errors.StorageError, FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise errors.StorageError(404, 'CannotVerifyCopySource', 'The source of the copy is not there.') from None
    try:
        notes = service.store.stored_files.find(file_key(source.kind, source.account, container, tuple(below)))
        yield OpenSource(descriptor, os.fstat(descriptor), notes)
    finally:
        os.close(descriptor)


async def read_range(service: Service, request: StorageRequest, length: int) -> bytes:
    """The range of the source that ``x-ms-source-range`` says, `length` bytes. Raises as `open_source`, and the 416
    error for a range that is not all there."""
    if request.headers.get('x-ms-source-content-crc64') or any(
            name.startswith('x-ms-source-if-') for name in request.headers):
        raise errors.not_supported('Conditions and checks of the source of a range')
    part = said_range({'x-ms-range': request.headers.get('x-ms-source-range', '')})
    if part.length != length:
        raise errors.invalid_header('x-ms-source-range', 'should be as long as x-ms-range')
    with open_source(service, request) as source:
        if part.end > source.status.st_size:
            raise errors.invalid_range(source.status.st_size)
        return await in_thread(lambda: os.pread(source.descriptor, length, part.start))
