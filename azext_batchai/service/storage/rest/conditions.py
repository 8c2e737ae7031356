"""Conditional headers: whether a request still holds for what is there now."""
from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Mapping

from azext_batchai.service.storage.rest import errors


def check(headers: Mapping[str, str], etag: str | None, modified: float | None, reading: bool = False,
          prefix: str = '') -> None:
    """Raises the 412 error, or the 304 reply when `reading`, for a condition that does not hold.

    `etag` is in quotes and `modified` in seconds since the epoch; both None when there is nothing. `prefix` is
    ``x-ms-source-`` for the conditions on the source of a copy.
    """
    wanted = headers.get(f'{prefix}if-match')
    if wanted and not _names(wanted, etag):
        raise errors.known('ConditionNotMet')
    unwanted = headers.get(f'{prefix}if-none-match')
    if unwanted and _names(unwanted, etag):
        raise _unchanged(reading, etag)
    if modified is None:
        return
    until = _date(headers, f'{prefix}if-unmodified-since')
    if until is not None and not wanted and int(modified) > until:
        raise errors.known('ConditionNotMet')
    since = _date(headers, f'{prefix}if-modified-since')
    if since is not None and not unwanted and int(modified) <= since:
        raise _unchanged(reading, etag)


def _names(value: str, etag: str | None) -> bool:
    if etag is None:
        return False
    return any(given.strip() in ('*', etag, etag.strip('"')) for given in value.split(','))


def _date(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name)
    if not text:
        return None
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError, OverflowError):
        raise errors.invalid_header(name, 'should be a date such as Wed, 06 Jun 2018 12:00:00 GMT') from None


def _unchanged(reading: bool, etag: str | None) -> errors.StorageError:
    if not reading:
        return errors.known('ConditionNotMet')
    return errors.StorageError(304, 'ConditionNotMet', '', {'etag': etag} if etag else None)
