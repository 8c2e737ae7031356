"""A kept TLS connection that costs the client as little as it can: requests are bytes, replies are only cut out."""
from __future__ import annotations

import json
import socket
import ssl
import time
from typing import Any

VERSION = 'api-version=2018-05-01'
_PATIENCE_SECONDS = 60
# A connection that was idle for longer is made anew: the server may be about to close it.
_IDLE_SECONDS = 2


class KeptConnection:
    """One request after the other. Raises RuntimeError for a status that was not expected."""

    def __init__(self, host: str, port: int, ca_file: str, token: str):
        self._host, self._port = host, port
        self._context = ssl.create_default_context(cafile=ca_file)
        self._open()
        self._head = f'Host: {host}:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n'

    def _open(self) -> None:
        plain = socket.create_connection((self._host, self._port), timeout=_PATIENCE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = self._context.wrap_socket(plain, server_hostname=self._host)
        self._used = time.monotonic()

    def request(self, method: str, path: str, body: bytes = b'', prefer: str = '') -> bytes:
        """One request, ready to be sent."""
        mark = '&' if '?' in path else '?'
        more = f'Prefer: {prefer}\r\n' if prefer else ''
        head = f'{method} {path}{mark}{VERSION} HTTP/1.1\r\n{self._head}{more}Content-Length: {len(body)}\r\n\r\n'
        return head.encode() + body

    def exchange(self, request: bytes, *statuses: bytes) -> bytes:
        """Send a request and wait for all of the reply; its body. One of `statuses` is expected."""
        if time.monotonic() - self._used > _IDLE_SECONDS:
            self.close()
            self._open()
        self._socket.sendall(request)
        reply = b''
        while b'\r\n\r\n' not in reply:
            reply += self._received()
        head, _, rest = reply.partition(b'\r\n\r\n')
        length = int(next(line for line in head.lower().split(b'\r\n') if line.startswith(b'content-length:'))[15:])
        parts, missing = [rest], length - len(rest)
        while missing:
            parts.append(self._received())
            missing -= len(parts[-1])
        self._used = time.monotonic()
        if head.split(b' ', 2)[1] not in statuses:
            raise RuntimeError(f'{head.splitlines()[0].decode()}: {b"".join(parts)[:300].decode()}')
        return b''.join(parts)

    def read(self, path: str, prefer: str = '') -> Any:
        """The JSON of a GET."""
        return json.loads(self.exchange(self.request('GET', path, prefer=prefer), b'200'))

    def close(self) -> None:
        self._socket.close()

    def _received(self) -> bytes:
        block = self._socket.recv(262_144)
        if not block:
            raise RuntimeError('the server closed the connection')
        return block
