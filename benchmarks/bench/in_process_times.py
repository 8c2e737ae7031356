"""Times of steps that a bench takes in its own process."""
from __future__ import annotations

import statistics
import time
from typing import Callable, Sequence


def timed(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def short(values: Sequence[float]) -> float:
    """Their median, with three digits."""
    return float(f'{statistics.median(values):.3g}')
