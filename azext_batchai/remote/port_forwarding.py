"""`-L`: forward local ports to where a node can reach. On a service of this machine the node is this machine."""
from __future__ import annotations

import errno
import re
import socket
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Sequence

from azure.cli.core.azclierror import AzCLIError, InvalidArgumentValueError, ValidationError

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_HOST = r'\[[0-9A-Fa-f:.]+(?:%[\w.-]+)?\]|[^\s:\[\]/]+'
_FORWARD = re.compile(rf'(?:(?P<bind>{_HOST}|):)?(?P<port>\d{{1,5}}):(?P<host>{_HOST}):(?P<host_port>\d{{1,5}})\Z')
_FORM = "'[address:]port:host:hostport', for example 9000:localhost:9001"
_THIS_MACHINE = ('localhost', '127.0.0.1', '::1')
_ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_BLOCK = 64 * 1024
# A wait without an end cannot be interrupted on Windows.
_INTERRUPTIBLE_SECONDS = 0.2


@dataclass(frozen=True)
class Forward:
    """Connections to `port` here go to `host_port` of `host`. `addresses` are those to listen on, `text` is what the
    user wrote."""
    text: str
    addresses: tuple[str, ...]
    port: int
    host: str
    host_port: int

    @property
    def is_direct(self) -> bool:
        """Whether both ends are the same port of this machine, which is there without our help."""
        return self.port == self.host_port and self.host in _THIS_MACHINE and set(self.addresses) <= set(_THIS_MACHINE)

    @property
    def goes_in_circles(self) -> bool:
        """Whether what we listen on takes the very port that it leads to."""
        return self.port == self.host_port and self.host in _THIS_MACHINE and not self.is_direct

    def __str__(self) -> str:
        ends = [f'[{host}]:{port}' if ':' in host else f'{host}:{port}'
                for host, port in ((self.addresses[0], self.port), (self.host, self.host_port))]
        return ' to '.join(ends)


def parse_forward(text: str) -> Forward:
    """What `ssh -L` takes, without its forms for Unix sockets: ``[address:]port:host:hostport``.

    Without an address only this machine can connect; with ``*`` or an empty one every machine can. Raises
    InvalidArgumentValueError.
    """
    match = _FORWARD.match(text)
    if not match:
        raise InvalidArgumentValueError(f"--address/-L '{text}' should be like {_FORM}.")
    port, host_port = int(match['port']), int(match['host_port'])
    for number in (port, host_port):
        if not 1 <= number <= 65535:
            raise InvalidArgumentValueError(f"--address/-L '{text}': {number} is not a port; they go from 1 to 65535.")
    bind = match['bind']
    addresses = _THIS_MACHINE[1:] if bind in (None, 'localhost') else \
        ('0.0.0.0', '::') if bind in ('', '*') else (bind.strip('[]'),)
    forward = Forward(text, addresses, port, match['host'].strip('[]'), host_port)
    if forward.goes_in_circles:
        raise InvalidArgumentValueError(
            f"--address/-L '{text}' would lead back to itself, because the node is this machine; choose another local "
            f'port, for example {text[:match.start("port")]}{_other_port(port)}{text[match.end("port"):]}.')
    return forward


def _other_port(port: int) -> int:
    return port + 10000 if port <= 55535 else port - 10000


class PortForwarding:
    """Forwards while it is entered; `report` is told of connections that lead nowhere. Entering raises the error of
    the command line for a port that cannot be used, and then forwards nothing."""

    def __init__(self, forwards: Sequence[Forward], report: Callable[[str], None]):
        self._forwards = [forward for forward in forwards if not forward.is_direct]
        self._report = report
        self._listeners: list[tuple[Forward, socket.socket]] = []
        self._thread: threading.Thread | None = None
        self._loop: Any = None
        self._ended: Any = None
        self._relays: set[Any] = set()  # asyncio itself holds on to no task

    def __enter__(self) -> PortForwarding:
        try:
            for forward in self._forwards:
                self._listeners += [(forward, listener) for listener in _listen(forward)]
        except AzCLIError:
            for _, listener in self._listeners:
                listener.close()
            raise
        if self._listeners:
            import asyncio
            ready = threading.Event()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True,
                                            name='port forwarding')
            self._thread.start()
            ready.wait()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._thread:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join()

    async def _serve(self, ready: threading.Event) -> None:
        import asyncio
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        servers = [await asyncio.start_server(self._relay_for(forward), sock=listener)
                   for forward, listener in self._listeners]
        ready.set()
        await self._ended.wait()
        for server in servers:
            server.close()
        for relay in self._relays:
            relay.cancel()
        await asyncio.gather(*self._relays, return_exceptions=True)
        await asyncio.sleep(0)  # what was aborted is closed in the next round of the loop

    def _relay_for(self, forward: Forward) -> Callable[[StreamReader, StreamWriter], None]:
        def begin(reader: StreamReader, writer: StreamWriter) -> None:
            import asyncio
            relay = asyncio.ensure_future(self._relay(forward, reader, writer))
            self._relays.add(relay)
            relay.add_done_callback(self._relays.discard)
        return begin

    async def _relay(self, forward: Forward, reader: StreamReader, writer: StreamWriter) -> None:
        import asyncio
        writers = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection(forward.host, forward.host_port)
            writers.append(far_writer)
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        except OSError as error:
            reason = error.strerror or 'it cannot be reached'
            self._report(f'No connection to {forward.host}:{forward.host_port}: {reason}')
        except asyncio.CancelledError:
            for each in writers:
                each.transport.abort()
            raise
        finally:
            for each in writers:
                each.close()


async def _copy(reader: StreamReader, writer: StreamWriter) -> None:
    """Until the end of one direction, which is passed on; the other one may go on. A connection that breaks is at its
    end in both."""
    try:
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


def wait_for_interrupt() -> None:
    """Until Ctrl-C."""
    never = threading.Event()
    try:
        while not never.wait(_INTERRUPTIBLE_SECONDS):
            continue
    except KeyboardInterrupt:
        return


def _listen(forward: Forward) -> list[socket.socket]:
    """Sockets that listen on those of its addresses that this machine has. Raises the error of the command line."""
    listeners: list[socket.socket] = []
    for address in forward.addresses:
        try:
            listeners.append(_listener(address, forward.port))
        except OSError as error:
            if listeners and error.errno in _ABSENT:
                continue  # a machine without IPv6
            for listener in listeners:
                listener.close()
            raise _unusable(address, forward.port, error) from None
    return listeners


def _listener(address: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform == 'win32':
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(place)
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _unusable(address: str, port: int, error: OSError) -> AzCLIError:
    if error.errno == errno.EADDRINUSE:
        return ValidationError(f'Port {port} of this machine is in use; choose another local port with --address/-L.')
    if error.errno == errno.EACCES:
        return ValidationError(f'Port {port} of this machine is not free to use; choose another one above 1023 '
                               'with --address/-L.')
    return ValidationError(f"--address/-L: '{address}' is not an address of this machine that port {port} can be "
                           f'listened on: {error.strerror or error}.')
