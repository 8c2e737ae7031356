"""An HTTP/1.1 client with next to no cost of its own, so that a load test measures the service and not its client."""
from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Mapping


@dataclass(frozen=True)
class Answer:
    """Names of headers are in lower case."""
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """One TLS connection to a loopback port, opened at the first request and again when the service closed it."""

    def __init__(self, port: int, context: ssl.SSLContext, token: str = ''):
        self._port, self._context, self._token = port, context, token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:
        self.abort()

    def abort(self) -> None:
        if self._streams:
            self._streams[1].transport.abort()
            self._streams = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection('127.0.0.1', self._port, ssl=self._context, limit=1 << 20)
        return self._streams

    async def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None,
                      keep: bool = True) -> Answer:
        """`body` is bytes, or a value to send as JSON. A connection that was idle and is gone is opened once more."""
        was_open = self._streams is not None
        try:
            return await self._exchange(method, path, body, headers or {}, keep)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.abort()
            if not was_open:
                raise
            return await self._exchange(method, path, body, headers or {}, keep)

    async def _exchange(self, method: str, path: str, body: Any, headers: Mapping[str, str], keep: bool) -> Answer:
        reader, writer = await self.open()
        content = body if isinstance(body, bytes) else b'' if body is None else json.dumps(body).encode()
        writer.write(self.head(method, path, len(content), headers, keep))
        writer.write(content)
        await writer.drain()
        status = int((await reader.readuntil(b'\r\n')).split()[1])
        got = await _read_headers(reader)
        answer = Answer(status, got, b'' if method == 'HEAD' else await _read_body(reader, got))
        if not keep or got.get('connection') == 'close':
            self.abort()
        return answer

    def head(self, method: str, path: str, length: int, headers: Mapping[str, str], keep: bool = True) -> bytes:
        """The bytes of a request before its body."""
        lines = {'Host': f'127.0.0.1:{self._port}', 'Content-Length': str(length), 'Content-Type': 'application/json'}
        if self._token:
            lines['Authorization'] = f'Bearer {self._token}'
        if not keep:
            lines['Connection'] = 'close'
        lines.update(headers)
        return ''.join([f'{method} {path} HTTP/1.1\r\n', *(f'{k}: {v}\r\n' for k, v in lines.items()), '\r\n']).encode()


async def _read_headers(reader: asyncio.StreamReader) -> dict[str, str]:
    headers = {}
    while (line := await reader.readuntil(b'\r\n')) != b'\r\n':
        name, _, value = line.decode('latin-1').partition(':')
        headers[name.lower()] = value.strip()
    return headers


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get('transfer-encoding') != 'chunked':
        return await reader.readexactly(int(headers.get('content-length', 0)))
    pieces = []
    while size := int(await reader.readuntil(b'\r\n'), 16):
        pieces.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return b''.join(pieces)
