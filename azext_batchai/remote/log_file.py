"""The last lines of a log, and what is added to it."""
from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import BinaryIO

from azext_batchai.remote.output import Output, ReaderLeft

_BLOCK = 64 * 1024
_FOLLOW_SECONDS = 0.2


def last_lines(file: BinaryIO, count: int) -> bytes:
    """The last `count` lines, however long, read backwards from the end; leaves the file at its end."""
    end = start = file.seek(0, os.SEEK_END)
    blocks: list[bytes] = []
    breaks = 0
    while start and count and breaks <= count:  # one more than asked for: that of the line before them
        size = min(start, _BLOCK)
        start -= size
        file.seek(start)
        blocks.insert(0, file.read(size))
        breaks += blocks[0].count(b'\n')
    file.seek(end)
    return b''.join(io.BytesIO(b''.join(blocks)).readlines()[-count:]) if count else b''


def follow_log(file: BinaryIO, log_file: Path, out: Output) -> None:
    """Print what is appended; a log that was rotated away is followed into the new file. Raises ReaderLeft."""
    while True:
        added = file.read()
        if added:
            out.write(added)
            out.flush()
            continue
        if not out.has_reader():
            raise ReaderLeft
        time.sleep(_FOLLOW_SECONDS)
        try:
            if os.stat(log_file).st_ino != os.fstat(file.fileno()).st_ino:
                out.write(file.read())
                with open(log_file, 'rb') as following:
                    return follow_log(following, log_file, out)
        except FileNotFoundError:
            continue
