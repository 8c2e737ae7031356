"""What a load did to a service: latencies, wrong answers, and memory, file descriptors and threads that return."""
from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Awaitable, Callable

from loaded_service import LoadedService, Use

# The event loop's pool of threads fills up once, and AnyIO's, of 40, is emptied only when it is next used.
_POOLS = min(32, (os.cpu_count() or 1) + 4) + 40
TOLERANCE = Use(memory=48, descriptors=4, threads=_POOLS)
_RETURN_SECONDS = 90.0


class Figures:
    """What one scenario found. `seconds` are latencies by name; `wrong` are answers that should not have been."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {}
        self.facts: dict[str, str] = {}
        self.wrong: list[str] = []
        self.before = self.highest = self.after = Use(0, 0, 0)

    def add(self, name: str, began: float) -> None:
        self.seconds.setdefault(name, []).append(time.monotonic() - began)

    def has_returned(self) -> bool:
        return _returned(self.before, self.after)

    def percentile(self, name: str, share: float) -> float:
        """In seconds."""
        ordered = sorted(self.seconds[name])
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def show(self, title: str) -> None:
        print(f'{title}: before {self.before}; highest {self.highest}; after {self.after}: '
              f'{"returned" if self.has_returned() else "NOT RETURNED"}')
        for name, value in self.facts.items():
            print(f'    {name}: {value}')
        for name, found in sorted(self.seconds.items()):
            print(f'    {name}: {len(found)} times, p50 {self.percentile(name, 0.5) * 1000:.1f} ms, '
                  f'p99 {self.percentile(name, 0.99) * 1000:.1f} ms, worst {max(found) * 1000:.0f} ms')
        for text in self.wrong[:10]:
            print(f'    WRONG {text}')
        sys.stdout.flush()


def _returned(before: Use, now: Use) -> bool:
    return (now.memory <= before.memory + TOLERANCE.memory and now.threads <= before.threads + TOLERANCE.threads
            and now.descriptors <= before.descriptors + TOLERANCE.descriptors)


async def measured(service: LoadedService, figures: Figures, load: Callable[[], Awaitable[None]],
                   patience: float = _RETURN_SECONDS) -> None:
    """Note what the service takes before, during and after the load; wait until it has returned, `patience` seconds at
    most."""
    figures.before = figures.highest = service.use()
    running = asyncio.ensure_future(load())
    while not running.done():
        now, high = service.use(), figures.highest
        figures.highest = Use(max(high.memory, now.memory), max(high.descriptors, now.descriptors),
                              max(high.threads, now.threads))
        await asyncio.wait({running}, timeout=0.1)
    await running
    deadline = time.monotonic() + patience
    while not _returned(figures.before, service.use()) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    figures.after = service.use()
    figures.wrong += [line for line in service.log().splitlines() if line.strip()][:5]
