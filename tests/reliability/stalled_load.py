"""Clients that stall: they read a byte a second, stop in the middle of a request, never read, or open sockets and go.

Anybody on the machine can do all of this but the reading, for which a link is needed. While they are there an honest
client is served.
"""
from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

from job_load import ended, links_of
from load_figures import Figures, measured
from loaded_service import EXPERIMENT, VERSION, LoadedService, expect, job_body

_JOBS = f'{EXPERIMENT}/jobs'


async def stalled(folder: Path, seconds: float, each: int = 100, sockets: int = 1000) -> Figures:
    """`each` clients of every kind, then `sockets` TLS connections and as many that never begin TLS, for `seconds`."""
    figures = Figures()
    with LoadedService(folder / 'data') as service:
        async with service.connect() as connection:
            await service.prepare(connection)
            await expect(connection, 'PUT', f'{_JOBS}/big', job_body('head -c 200000000 /dev/zero'))
            await ended(connection, 'big')
            link = (await links_of(connection, 'big'))['stdout.txt']
            assert (await connection.request('GET', link)).status == 200
            await measured(service, figures, lambda: _stall(service, figures, link, each, sockets, seconds), 10)
    return figures


async def _stall(service: LoadedService, figures: Figures, link: str, each: int, sockets: int, seconds: float) -> None:
    begun = time.monotonic()
    honest = asyncio.ensure_future(_honest(service, figures, begun + seconds))
    kept = [service.connect() for _ in range(3 * each)]
    tasks = [asyncio.ensure_future(_read_slowly(service, link, begun + seconds)) for _ in range(each)]
    for number, connection in enumerate(kept):
        _, writer = await connection.open()
        whole = connection.head('PUT', f'{_JOBS}/half?{VERSION}', 1000, {}) + b'{"properties":'
        ask = connection.head('GET', link, 0, {})
        writer.write((whole[:60], whole, ask)[number % 3])  # half a head, half a body, a reply that nobody reads
        if number % 3 == 2:
            writer.transport.pause_reading()  # type: ignore[attr-defined]
    plain = [socket.create_connection(('127.0.0.1', service.port)) for _ in range(sockets)]
    opened = [service.connect() for _ in range(sockets)]
    for start in range(0, sockets, 50):
        await asyncio.gather(*(connection.open() for connection in opened[start:start + 50]), return_exceptions=True)
    figures.facts['stalled at once'] = (f'{each} slow readers, {each} half heads, {each} half bodies, {each} that '
                                        f'never read, {sockets} silent TLS and {sockets} silent TCP connections')
    await honest
    for stalled_client in (*kept, *opened):
        stalled_client.abort()
    for one in plain:
        one.close()
    await asyncio.gather(*tasks)


async def _honest(service: LoadedService, figures: Figures, end: float) -> None:
    """Ask on a new connection, ten times a second. An attempt that is refused is noted, and made again."""
    refused = 0
    while time.monotonic() < end:
        began = time.monotonic()
        async with service.connect() as connection:
            try:
                await asyncio.wait_for(connection.request('GET', f'{_JOBS}/big?{VERSION}', keep=False), 20)
                figures.add('honest client', began)
            except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
                refused += 1
        await asyncio.sleep(0.1)
    figures.facts['honest client refused'] = f'{refused} times'
    if refused:
        figures.wrong.append(f'an honest client was refused {refused} times')


async def _read_slowly(service: LoadedService, link: str, end: float) -> None:
    async with service.connect() as connection:
        try:
            reader, writer = await connection.open()
            writer.write(connection.head('GET', link, 0, {}))
            while time.monotonic() < end:
                await reader.read(1)
                await asyncio.sleep(1)
        except OSError:
            pass  # it may be dropped for being so slow
