"""Find every process of a launch, also one that left its session, and signal it.

psutil reads the process table on Linux and macOS alike; it is imported on first use, which is the first stop.
"""
from __future__ import annotations

import os
import signal
from typing import Any

# Every task carries its launch id under this name; children inherit it unless they clean their environment.
MARK = 'AZ_BATCHAI_LAUNCH_ID'


def processes_of(launch_id: str, sessions: set[int], places: list[str]) -> list[Any]:
    """The living processes of a launch: marked with its id, in one of `sessions`, at work in or below one of the
    folders `places`, or below one of those processes. A task that hides must give up all four.

    Zombies are left out: nothing is left of them to stop.
    """
    import psutil
    table: dict[int, tuple[Any, int, bool]] = {}
    for process in psutil.process_iter():
        try:
            with process.oneshot():
                if process.status() == psutil.STATUS_ZOMBIE:
                    continue
                table[process.pid] = (process, process.ppid(), _belongs(process, launch_id, sessions, places))
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


def _belongs(process: Any, launch_id: str, sessions: set[int], places: list[str]) -> bool:
    import psutil
    try:
        if sessions and os.getsid(process.pid) in sessions:
            return True
        if process.environ().get(MARK) == launch_id:
            return True
        folder = process.cwd()
        return any(folder == place or folder.startswith(f'{place}/') for place in places)
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
