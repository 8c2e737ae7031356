"""Bodies on their way between the network and files: in pieces, checked, and without holding up other requests."""
from __future__ import annotations

import asyncio
import base64
import binascii
import errno
import hashlib
import hmac
import os
from functools import partial
from typing import AsyncIterator, Callable, Mapping, TypeVar

from starlette.responses import Response, StreamingResponse

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.ranges import ByteRange
from azext_batchai.service.storage.rest.requests import StorageRequest

T = TypeVar('T')
PIECE_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT)


async def receive(request: StorageRequest, descriptor: int, offset: int = 0, limit: int | None = None,
                  needs_md5: bool = True) -> str:
    """Write the body into an open file from `offset` on. Returns its MD5 in base64; ``''`` when it is neither needed
    nor said in the request.

    What was written stays in the file when an error is raised: StorageError for a body that is more than `limit`
    bytes, does not come, or has another MD5 than ``Content-MD5`` says; 413 when the disk is full.
    """
    expected = expected_md5(request.headers)
    digest = hashlib.md5(usedforsecurity=False) if needs_md5 or expected else None
    length = int(request.headers.get('content-length') or 0)
    if limit is not None and length > limit:
        raise errors.known('RequestBodyTooLarge')
    buffer, at = bytearray(), offset
    async for piece in request.stream():
        buffer += piece
        if len(buffer) >= PIECE_BYTES:
            at = await _write(descriptor, buffer, at, digest)
            buffer = bytearray()
            if limit is not None and at - offset > limit:
                raise errors.known('RequestBodyTooLarge')
    if buffer:
        at = await _write(descriptor, buffer, at, digest)
    if limit is not None and at - offset > limit:
        raise errors.known('RequestBodyTooLarge')
    found = digest.digest() if digest else b''
    if expected and not hmac.compare_digest(found, expected):
        raise errors.known('Md5Mismatch')
    return base64.b64encode(found).decode()


def expected_md5(headers: Mapping[str, str], name: str = 'content-md5') -> bytes | None:
    """What the header says, if there is one. Raises the 400 error when it is no MD5."""
    text = headers.get(name)
    if not text:
        return None
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        found = b''
    if len(found) != 16:
        raise errors.StorageError(400, 'InvalidMd5', f'The header {name} should be an MD5 in base64.')
    return found


async def _write(descriptor: int, content: bytearray, offset: int, digest: 'hashlib._Hash | None') -> int:
    """Returns the offset behind what was written."""
    def work() -> int:
        if digest:
            digest.update(content)
        return write_all(descriptor, content, offset)
    return await in_thread(work)


async def in_thread(work: Callable[[], T]) -> T:
    """What `work` returns, while other requests are served. Does not end before `work` does, not even when it is
    cancelled: it uses a file, and its descriptor may be that of another file as soon as it is closed."""
    running = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def write_all(descriptor: int, content: bytes | bytearray, offset: int) -> int:
    """Returns the offset behind it. Raises the 413 error when the disk is full."""
    view = memoryview(content)
    try:
        while view:
            count = os.pwrite(descriptor, view, offset)
            view, offset = view[count:], offset + count
    except OSError as error:
        raise full_disk(error) or error from None
    return offset


def full_disk(error: OSError) -> errors.StorageError | None:
    """The error to raise instead of one that says that the disk, or the user's part of it, is full; else None."""
    if error.errno == errno.EFBIG:
        return errors.StorageError(413, 'RequestBodyTooLarge', 'No file on the disk of the service can be that large.')
    return errors.known('InsufficientStorage') if error.errno in _FULL else None


def send_file(request: StorageRequest, descriptor: int, part: ByteRange | None, headers: Mapping[str, str]) -> Response:
    """All of an open file or a part of it, 200 or 206; the file is closed when it is sent, or at once for HEAD.

    It may grow while it is sent: the length is said first. When it shrinks, the connection ends early.
    """
    size = os.fstat(descriptor).st_size
    span = part or ByteRange(0, size)
    said = {**headers, 'content-length': str(span.length), 'accept-ranges': 'bytes'}
    if part:
        said['content-range'] = part.content_range(size)
    status = 206 if part else 200
    if request.method == 'HEAD' or not span.length:
        os.close(descriptor)
        return Response(status_code=status, headers=said)
    return _FileResponse(_pieces(descriptor, span), status_code=status, headers=said, descriptor=descriptor)


class _FileResponse(StreamingResponse):
    """Closes its file however it ends, also when the client is gone before the first piece."""

    def __init__(self, content: AsyncIterator[bytes], *, descriptor: int, **more: object):
        super().__init__(content, **more)  # type: ignore[arg-type]
        self._descriptor = descriptor

    async def __call__(self, *arguments: object) -> None:
        try:
            await super().__call__(*arguments)  # type: ignore[arg-type]
        finally:
            os.close(self._descriptor)


async def _pieces(descriptor: int, span: ByteRange) -> AsyncIterator[bytes]:
    at = span.start
    while at < span.end:
        piece = await in_thread(partial(os.pread, descriptor, min(PIECE_BYTES, span.end - at), at))
        if not piece:
            return
        at += len(piece)
        yield piece


async def range_md5(descriptor: int, span: ByteRange) -> str:
    """The MD5 in base64 of a part of an open file."""
    digest = hashlib.md5(usedforsecurity=False)
    async for piece in _pieces(descriptor, span):
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode()
