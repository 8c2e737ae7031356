"""Which parts of a sparse file hold data, and how a part becomes a hole again."""
from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Any, Iterator

from azext_batchai.service.storage.rest.bodies import write_all
from azext_batchai.service.storage.rest.ranges import ByteRange

_PUNCH_AND_KEEP_SIZE = 0x02 | 0x01  # FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE of Linux
_PIECE_BYTES = 1 << 20
_NOT_HERE = (errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


def data_ranges(descriptor: int, within: ByteRange) -> Iterator[ByteRange]:
    """The parts that hold data, in order and cut to `within`; all of it on a file system that knows no holes."""
    if not hasattr(os, 'SEEK_DATA'):
        yield within
        return
    at = within.start
    while at < within.end:
        try:
            start = max(at, os.lseek(descriptor, at, os.SEEK_DATA))
        except OSError as error:
            if error.errno == errno.ENXIO:  # no data from here on
                return
            if error.errno not in _NOT_HERE:
                raise
            yield ByteRange(at, within.end - at)
            return
        if start >= within.end:
            return
        at = min(within.end, os.lseek(descriptor, start, os.SEEK_HOLE))
        yield ByteRange(start, at - start)


def reserve(descriptor: int, part: ByteRange) -> None:
    """Make sure that there is room on the disk for a part, before anything of it is overwritten. Raises OSError."""
    if part.length and hasattr(os, 'posix_fallocate'):
        try:
            os.posix_fallocate(descriptor, part.start, part.length)
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise


def clear(descriptor: int, part: ByteRange) -> None:
    """Zeros, which take no room on the disk where that is possible."""
    if _punch(descriptor, part):
        return
    zeros = bytes(_PIECE_BYTES)
    for data in list(data_ranges(descriptor, part)):
        for start in range(data.start, data.end, _PIECE_BYTES):
            write_all(descriptor, zeros[:min(_PIECE_BYTES, data.end - start)], start)


def _punch(descriptor: int, part: ByteRange) -> bool:
    fallocate = _fallocate()
    if fallocate is None:
        return False
    return bool(fallocate(descriptor, _PUNCH_AND_KEEP_SIZE, part.start, part.length) == 0)


def _fallocate() -> Any:
    if not sys.platform.startswith('linux'):
        return None
    function = getattr(ctypes.CDLL(None, use_errno=True), 'fallocate64', None)
    if function is not None:
        function.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    return function
