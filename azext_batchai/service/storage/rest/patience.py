"""A bound on how long is waited for each piece of a body, at the cost of one timer for all of it."""
from __future__ import annotations

import asyncio
from typing import Any, Awaitable, TypeVar

T = TypeVar('T')


class Patience:
    """`within` awaits something, `seconds` at most. Of use in one task, and closed in the end.

    `asyncio.wait_for` would make a task and a timer for each of thousands of pieces, which takes a fifth of an upload.
    """

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._task: Any = asyncio.current_task()
        self._since: float | None = None
        self._is_over = False
        self._timer = self._loop.call_later(seconds, self._look)

    async def within(self, awaited: Awaitable[T]) -> T:
        """What is awaited. Raises asyncio.TimeoutError when that takes too long."""
        self._since = self._loop.time()
        try:
            return await awaited
        except asyncio.CancelledError:
            if not self._is_over:
                raise
            if hasattr(self._task, 'uncancel'):  # from Python 3.11 on
                self._task.uncancel()
            raise asyncio.TimeoutError from None
        finally:
            self._since = None

    def close(self) -> None:
        self._timer.cancel()

    def _look(self) -> None:
        now = self._loop.time()
        if self._since is not None and now - self._since >= self._seconds:
            self._is_over = True
            self._task.cancel()
            return
        self._timer = self._loop.call_later((self._since or now) + self._seconds - now, self._look)
