"""Waits of the stories: for a condition, and for the end of a process."""
from __future__ import annotations

import time
from typing import Any, Callable

import psutil


def until(condition: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """What `condition` returns once it is true. Fails the test with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
    return found


def is_alive(pid: int) -> bool:
    """Whether the process is there, and no zombie that nobody has collected."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
