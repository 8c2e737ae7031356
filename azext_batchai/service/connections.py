"""Bounds on connections, which uvicorn has none of: time until a request is complete, how many there may be, and what
they take of the memory.

Anybody on this machine may connect; the token is only asked for in a complete request.
"""
from __future__ import annotations

import asyncio
import contextlib
from asyncio import sslproto
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol


# A record of TLS has 16 KiB at most; asyncio sets aside 256 for each connection, however little it sends.
_TLS_BUFFER_BYTES = 64 * 1024
# So many connections leave behind a heap worth giving back, once the last of them are gone.
_MANY = 100
_SETTLED_SECONDS = 5.0


def bounded_protocol(seconds: float, most: int) -> type[H11Protocol]:
    """An HTTP protocol that closes a connection which, for `seconds`, has no request under way. With more than `most`
    connections the one that has waited longest for a request goes, so that sockets left open keep nobody out; with as
    many requests under way the new connection does."""

    sslproto.SSLProtocol.max_size = _TLS_BUFFER_BYTES  # type: ignore[attr-defined]
    peak = 0

    class BoundedProtocol(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            nonlocal peak
            super().connection_made(transport)
            self._watch()
            peak = max(peak, len(self.connections))
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
            nonlocal peak
            self._forget_timer()
            super().connection_lost(exc)
            if peak >= _MANY and len(self.connections) <= peak // 10:
                peak = len(self.connections)
                self.loop.call_later(_SETTLED_SECONDS, give_back_memory)

        def shutdown(self) -> None:
            """The service ends. A connection that was idle for some seconds is closed already, but its client reads
            nothing: it does not answer the goodbye of TLS, for which asyncio waits half a minute."""
            if self.transport.is_closing():
                self.transport.abort()
            else:
                super().shutdown()

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


def give_back_memory() -> None:
    """Return to the system what closed connections had: their objects hold each other until somebody looks, and the C
    library keeps what is freed unless it is asked."""
    import ctypes
    import gc
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


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
