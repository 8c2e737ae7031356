"""Word from the nodes, quicker than Slurm's own: the batch script makes a file in a folder when it has nodes and when
a task ends. A thread looks there while anything is in Slurm. The names say which allocation it is, no more; what
happened is read from the files of that, and a look at the queue finds out what word never came.
"""
from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from pathlib import Path
from typing import Callable, Collection

_log = logging.getLogger(__name__)
_TICK_SECONDS = 0.02
_GRAIN_NANOSECONDS = 50_000_000


class News:
    """`told` is called with the names of the allocations there is word from, in a thread. `expects` says whether any
    can come."""

    def __init__(self, folder: Path, told: Callable[[Collection[str]], None], expects: Callable[[], bool]):
        self.folder = folder
        self._told = told
        self._expects = expects
        self._wanted = threading.Event()
        self._closed = False
        self._thread: threading.Thread | None = None
        self._stamp = 0

    def expect(self) -> None:
        """Look from now on, for as long as any can come."""
        if not self._wanted.is_set():
            self._wanted.set()
            if self._thread is None and not self._closed:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._thread = threading.Thread(target=self._work, daemon=True, name='slurm-news')
                self._thread.start()

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
                    _log.warning('%s cannot be looked at: %s', self.folder, error.strerror)
                    pause.wait(1.0)
                except Exception as problem:  # without this thread all would come late, for ever
                    _log.exception('word from nodes is lost: %s', problem)
                pause.wait(_TICK_SECONDS)

    def _look(self) -> None:
        stamp = os.stat(self.folder).st_mtime_ns
        if stamp == self._stamp:
            return
        # What comes after the list changes the time again, unless it is the same by the grain of the system's clock.
        self._stamp = stamp if time.time_ns() - stamp > _GRAIN_NANOSECONDS else 0
        names = os.listdir(self.folder)
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.folder / name)
        if names:
            self._told({name.rpartition('.')[0] for name in names})
