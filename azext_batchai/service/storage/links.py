"""Signed, expiring links to output files.

A link says whose folder it is (the guid of a job or cluster), which of them, the path in it, what it permits and
until when; the signature covers all of it, so nothing can be changed. The key is the service's own and never leaves it.
"""
from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import quote, urlencode


def file_link(endpoint: str, key: bytes, owner: str, directory_id: str, path: str, expiry: int) -> str:
    """The address of one file, good until `expiry` (seconds since the epoch)."""
    query = urlencode({'se': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(expiry)), 'sp': 'r',
                       'sig': sign(key, owner, directory_id, path, expiry)})
    return f'{endpoint}/files/{owner}/{quote(directory_id)}/{quote(path)}?{query}'


def sign(key: bytes, owner: str, directory_id: str, path: str, expiry: int) -> str:
    text = '\n'.join(('r', str(expiry), owner, directory_id, path))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def is_valid_link(key: bytes, owner: str, directory_id: str, path: str, expiry_text: str, permission: str,
                  signature: str, now: float) -> bool:
    """Whether the parts of a link belong together and it has not expired. Takes the same time right or wrong."""
    try:
        import calendar
        expiry = calendar.timegm(time.strptime(expiry_text, '%Y-%m-%dT%H:%M:%SZ'))
    except ValueError:
        return False
    expected = sign(key, owner, directory_id, path, expiry)
    return hmac.compare_digest(expected.encode(), signature.encode()) and permission == 'r' and now < expiry
