"""Find every process of a launch, also one that left its session, and signal it.

psutil reads the process table on Linux and macOS alike; it is imported on first use, which is the first stop.
"""
from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Any, Collection

_log = logging.getLogger(__name__)

# Every task carries the folder of its launch under this name, which no other launch has; children inherit it unless
# they clean their environment.
MARK = 'AZ_BATCHAI_LAUNCH'


def processes_of(marks: set[str], sessions: Collection[int] = (), places: Collection[str] = ()) -> list[Any]:
    """The living processes of launches: with one of `marks`, in one of `sessions`, at work without a terminal in or
    below one of the folders `places`, or below one of those processes. A task that hides must give up all four.

    Zombies are left out: nothing is left of them to stop.
    """
    import psutil
    table: dict[int, tuple[Any, int, bool]] = {}
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                table[process.pid] = (process, process.ppid(), _belongs(process, marks, sessions, places))
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    members = {pid for pid, (_, _, belongs) in table.items() if belongs}
    grew = True
    while grew:
        below = {pid for pid, (_, parent, _) in table.items() if parent in members} - members
        members |= below
        grew = bool(below)
    members.discard(os.getpid())
    return [table[pid][0] for pid in members]


def _belongs(process: Any, marks: set[str], sessions: Collection[int], places: Collection[str]) -> bool:
    import psutil
    try:
        if sessions and os.getsid(process.pid) in sessions:
            return True
        if process.environ().get(MARK) in marks:
            return True
        folder = process.cwd() if places else ''
        return any(folder == place or folder.startswith(f'{place}/') for place in places) and not process.terminal()
    except (psutil.Error, OSError):
        return False


def signal_all(processes: list[Any], number: signal.Signals) -> None:
    """Signal each; psutil checks that a pid still is the process it was."""
    import psutil
    for process in processes:
        try:
            process.send_signal(number)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


class Sweeper:
    """Kills what ended launches left running, in the background and a moment later: one look at the process table
    serves all launches that ended in the meantime, and nobody waits for it."""

    def __init__(self, pause_seconds: float = 0.25):
        self._pause = pause_seconds
        self._marks: set[str] = set()
        self._lock = threading.Lock()
        self._running = False

    def sweep(self, mark: str) -> None:
        with self._lock:
            self._marks.add(mark)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._work, daemon=True, name='sweeper').start()

    def _work(self) -> None:
        while True:
            time.sleep(self._pause)
            with self._lock:
                marks, self._marks = self._marks, set()
                if not marks:
                    self._running = False
                    return
            try:
                signal_all(processes_of(marks), signal.SIGKILL)
            except OSError as error:
                _log.warning('strays cannot be looked for now: %s', error)
                with self._lock:
                    self._marks |= marks
