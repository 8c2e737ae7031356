"""Bytes from one open file to another, in the kernel where it can."""
from __future__ import annotations

import errno
import os

from azext_batchai.service.storage.rest.bodies import PIECE_BYTES, write_all
from azext_batchai.service.storage.rest.ranges import ByteRange

# What file systems say that cannot do it, or not between these two files.
_CANNOT = (errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)
_AT_ONCE = 1 << 26


def copy_range(source: int, part: ByteRange, target: int, offset: int) -> int:
    """Copy a part of one file to an offset of another; both are descriptors. Returns how many bytes it was, fewer only
    when the source ended. Raises the 413 error when the disk is full."""
    done = _copy_in_kernel(source, part, target, offset) if hasattr(os, 'copy_file_range') else 0
    while done < part.length:
        piece = os.pread(source, min(PIECE_BYTES, part.length - done), part.start + done)
        if not piece:
            break
        write_all(target, piece, offset + done)
        done += len(piece)
    return done


def _copy_in_kernel(source: int, part: ByteRange, target: int, offset: int) -> int:
    """Returns how far it came."""
    done = 0
    try:
        while done < part.length:
            count = os.copy_file_range(source, target, min(_AT_ONCE, part.length - done), part.start + done,
                                       offset + done)
            if not count:
                break
            done += count
    except OSError as error:
        if error.errno not in _CANNOT:
            raise
    return done
