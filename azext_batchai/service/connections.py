"""Bounds on connections, which uvicorn has none of: time until a request is complete, and how many there may be.

Anybody on this machine may connect; the token is only asked for in a complete request.
"""
from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


def bounded_protocol(seconds: float, most: int) -> type[H11Protocol]:
    """An HTTP protocol that closes a connection which, for `seconds`, has no request under way. With more than `most`
    connections the one that has waited longest for a request goes, so that sockets left open keep nobody out; with as
    many requests under way the new connection does."""

    class BoundedProtocol(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._watch()
            if len(self.connections) > most:
                waiting = (other for other in self.connections if isinstance(other, BoundedProtocol) and other._timer)
                min(waiting, key=BoundedProtocol._deadline, default=self)._drop()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._forget_timer()
            super().connection_lost(exc)

        def _watch(self) -> None:
            """Run the timer while no request is under way; bytes that trickle in do not prolong it."""
            if self._is_busy():
                self._forget_timer()
            elif self._timer is None:
                self._timer = self.loop.call_later(seconds, self._give_up)

        def _is_busy(self) -> bool:
            return self.cycle is not None and not self.cycle.response_complete

        def _forget_timer(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _deadline(self) -> float:
            return self._timer.when() if self._timer else float('inf')

        def _give_up(self) -> None:
            self._timer = None
            if not self._is_busy() and not self.transport.is_closing():
                self.transport.abort()

        def _drop(self) -> None:
            self._forget_timer()  # it is not found again before it is lost
            self.transport.abort()

    return BoundedProtocol


def raise_descriptor_limit() -> int:
    """Allow this process as many open files as it may have. Returns how many connections that bears."""
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65536 if hard == resource.RLIM_INFINITY else min(hard, 65536)
    if soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
        except (ValueError, OSError):
            pass  # macOS names a hard limit it does not grant
    return max(16, min(1000, soft // 4))
