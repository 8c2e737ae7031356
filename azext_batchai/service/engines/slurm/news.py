"""Word from the nodes, quicker than Slurm's own: the batch script adds a line to a file when it has nodes and when a
task ends. A thread looks there while anything is in Slurm. The lines say which allocation it is, no more; what happened
is read from the files of that, and a look at the queue finds out what word never came: on a file system that is shared
two lines written at once may become one.
"""
from __future__ import annotations

import logging
import os
import threading
from pathlib import Path
from typing import Callable, Collection

_log = logging.getLogger(__name__)
_TICK_SECONDS = 0.02
_MOST_BYTES, _LONGEST_BYTES = 1 << 20, 1 << 20


class News:
    """`told` is called with the names of the allocations there is word from, in a thread. `expects` says whether any
    can come."""

    def __init__(self, file: Path, told: Callable[[Collection[str]], None], expects: Callable[[], bool]):
        self.file = file
        self._told = told
        self._expects = expects
        self._wanted = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._read = 0

    def expect(self) -> None:
        """Look from now on, for as long as any can come. Raises OSError."""
        if self._thread is None and not self._closed:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.file, os.O_WRONLY | os.O_CREAT, 0o600))
            self._thread = threading.Thread(target=self._work, daemon=True, name='slurm-news')
            self._thread.start()
        self._wanted.set()

    def close(self) -> None:
        self._closed = True
        self._wanted.set()
        if self._thread:
            self._thread.join()

    def _work(self) -> None:
        pause = threading.Event()
        while not self._closed:
            self._wanted.wait()
            self._wanted.clear()
            while not self._closed and (self._expects() or self._wanted.is_set()):
                self._wanted.clear()
                try:
                    self._look()
                except OSError as error:
                    _log.warning('%s cannot be looked at: %s', self.file, error.strerror)
                    pause.wait(1.0)
                except Exception as problem:  # without this thread all would come late, for ever
                    _log.exception('word from nodes is lost: %s', problem)
                pause.wait(_TICK_SECONDS)

    def _look(self) -> None:
        size = os.stat(self.file).st_size
        if size == self._read:
            return
        with open(self.file, 'r+b') as file:
            file.seek(min(self._read, size))
            text = file.read(_MOST_BYTES)
            whole = text.rfind(b'\n') + 1 or len(text)
            self._read = file.tell() - len(text) + whole
            if self._read >= _LONGEST_BYTES and self._read == os.fstat(file.fileno()).st_size:
                file.truncate(0)
                self._read = 0
        if text[:whole]:
            self._told(set(text[:whole].decode('utf-8', 'replace').split()))
