"""Bodies that are small enough to arrive as a whole before anything is done with them."""
from __future__ import annotations

import hashlib
import hmac

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.bodies import expected_md5, in_thread
from azext_batchai.service.storage.rest.requests import StorageRequest

MOST_RANGE_BYTES = 4 << 20


async def read_content(request: StorageRequest) -> bytes:
    """Content for a file, at most `MOST_RANGE_BYTES`. Raises the 400 error when its MD5 is not what the header says."""
    expected = expected_md5(request.headers)
    content = await request.read(MOST_RANGE_BYTES)
    if expected:
        digest = await in_thread(lambda: hashlib.md5(content, usedforsecurity=False).digest())
        if not hmac.compare_digest(digest, expected):
            raise errors.known('Md5Mismatch')
    return content
