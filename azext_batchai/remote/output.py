"""Standard output as bytes: its reader may leave, as `head` does, and the disk behind it may be full."""
from __future__ import annotations

import errno
import os
import select
import sys
from contextlib import contextmanager
from typing import Iterator

from azure.cli.core.azclierror import FileOperationError


class ReaderLeft(Exception):
    """Nobody reads our output any more; there is nothing left to do."""


class Output:
    """Writes to standard output. Raises ReaderLeft or the CLI error."""

    def is_terminal(self) -> bool:
        return sys.stdout.isatty()

    def write(self, content: bytes) -> None:
        with _explained():
            sys.stdout.buffer.write(content)

    def flush(self) -> None:
        """Notices a reader that left, too, when there is nothing to write."""
        with _explained():
            sys.stdout.buffer.flush()
        if not self.has_reader():
            _discard_the_rest()
            raise ReaderLeft

    def has_reader(self) -> bool:
        """Whether the other end of a pipe is still open, for whoever has nothing to write."""
        if not hasattr(select, 'poll'):
            return True
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)
        return not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        _discard_the_rest()
        if error.errno == errno.EPIPE or os.name == 'nt' and error.errno == errno.EINVAL:
            raise ReaderLeft from None
        raise FileOperationError(f'Cannot write the output: {error.strerror}.') from None


def _discard_the_rest() -> None:
    """Python flushes what it still holds when it ends, and would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
