"""Which task of a launch failed first, by the times of the files that hold their exit codes."""
from __future__ import annotations

import math
import os
from typing import Sequence


def first_failed(folder: str, codes: Sequence[int | None]) -> int | None:
    """The failed task that ended first; `folder` is that of the launch. One whose shell was killed left no time: it
    comes after those that failed before the launch was stopped, and before those that failed then."""
    failed = [number for number, code in enumerate(codes) if code]
    if len(failed) < 2:
        return failed[0] if failed else None
    stopped = _modified(f'{folder}/stop') or math.inf
    return min(failed, key=lambda number: _modified(f'{folder}/{number}.exit') or stopped)


def _modified(path: str) -> float | None:
    """Nanoseconds since the epoch."""
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return None
