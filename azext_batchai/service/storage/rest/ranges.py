"""Ranges of bytes, as clients ask for them and as they say where something belongs."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Mapping

from azext_batchai.service.storage.rest import errors

_RANGE = re.compile(r'bytes=([0-9]{1,18})-([0-9]{0,18})\Z')


@dataclass(frozen=True)
class ByteRange:
    """From `start`, `length` bytes."""
    start: int
    length: int

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.start + self.length

    def content_range(self, size: int) -> str:
        return f'bytes {self.start}-{self.end - 1}/{size}'


def asked_range(headers: Mapping[str, str], size: int) -> ByteRange | None:
    """The part of a file of `size` bytes that is asked for, cut off at its end; None for all of it.

    ``x-ms-range`` comes before ``Range``. Forms that Azure does not know are ignored, as HTTP has it. Raises the 416
    error when nothing of the file is in the range.
    """
    found = _RANGE.match(headers.get('x-ms-range') or headers.get('range', ''))
    if not found:
        return None
    start, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if start >= size or (found[2] and last < start):
        raise errors.invalid_range(size)
    return ByteRange(start, min(last, size - 1) - start + 1)


def said_range(headers: Mapping[str, str]) -> ByteRange:
    """Where the body of a request belongs. Both ends are needed. Raises the 400 errors."""
    name = 'x-ms-range' if 'x-ms-range' in headers else 'range'
    text = headers.get(name)
    if text is None:
        raise errors.missing_header('x-ms-range')
    found = _RANGE.match(text)
    if not found or not found[2] or int(found[2]) < int(found[1]):
        raise errors.invalid_header(name, 'should have the form bytes=0-511')
    return ByteRange(int(found[1]), int(found[2]) - int(found[1]) + 1)
