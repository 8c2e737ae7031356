"""Long lists come in pages, each of which ends with a marker that asks for the next."""
from __future__ import annotations

import base64
import binascii
from typing import Sequence

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.requests import StorageRequest

MOST_RESULTS = 5000


def page_after(request: StorageRequest, names: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """The names of the page that the request asks for, and the last of them if there are more; `names` are sorted."""
    last = _last_name(request.query.get('marker', ''))
    size = request.number_query('maxresults', MOST_RESULTS, 1, 2**31 - 1)
    rest = [name for name in names if name > last] if last else names
    page = rest[:min(size, MOST_RESULTS)]
    return page, page[-1] if len(page) < len(rest) else None


def encoded_marker(name: str | None) -> str:
    """The marker of the page behind `name`; empty when there is none. Any name has one that is plain ASCII."""
    return '' if name is None else base64.urlsafe_b64encode(name.encode('utf-8')).decode()


def _last_name(marker: str) -> str:
    try:
        return base64.b64decode(marker.encode('ascii'), b'-_', validate=True).decode('utf-8')
    except (binascii.Error, ValueError):
        raise errors.invalid_query('marker', 'should be the NextMarker of an earlier reply') from None
