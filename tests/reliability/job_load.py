"""Load on the API: many clients, many jobs, many nodes, a long log, many files."""
from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

from load_figures import Figures, measured
from loaded_service import EXPERIMENT, VERSION, LoadedService, expect, job_body
from raw_client import Connection

_JOBS = f'{EXPERIMENT}/jobs'


async def mixed(folder: Path, seconds: float, clients: int = 64) -> Figures:
    """Clients that create, read, list, terminate, delete and follow jobs, half of them with kept connections."""
    figures = Figures()
    with LoadedService(folder / 'data') as service:
        async with service.connect() as first:
            await service.prepare(first)
            await _mixed_load(service, Figures(), clients, min(2.0, seconds))
            await measured(service, figures, lambda: _mixed_load(service, figures, clients, seconds))
    requests = sum(map(len, figures.seconds.values()))
    figures.facts['requests'] = f'{requests} of {clients} clients in {seconds:.0f} s, {requests / seconds:.0f}/s'
    return figures


async def _mixed_load(service: LoadedService, figures: Figures, clients: int, seconds: float) -> None:
    end = time.monotonic() + seconds

    async def client(number: int) -> None:
        choose, keep, made = random.Random(number), number % 2 == 0, 0
        mine: list[str] = []
        async with service.connect() as connection:
            while time.monotonic() < end:
                verb = choose.choices(('get', 'list', 'put', 'terminate', 'delete', 'stream'), (50, 15, 8, 5, 7, 8))[0]
                if verb == 'put' or not mine:
                    verb, made = 'put', made + 1
                    mine.append(f'{_JOBS}/m{id(figures)}-{number}-{made}')
                path = choose.choice(mine) if verb != 'put' else mine[-1]
                await _one(connection, verb, path, keep, figures)
                if verb == 'delete':
                    mine.remove(path)
            for path in mine:
                await connection.request('DELETE', f'{path}?{VERSION}')
    await asyncio.gather(*(client(number) for number in range(clients)))
    async with service.connect() as connection:
        deadline = time.monotonic() + 60
        while (await expect(connection, 'GET', f'{_JOBS}?maxresults=5'))['value']:
            assert time.monotonic() < deadline, 'the deleted jobs are still there'
            await asyncio.sleep(0.05)


async def _one(connection: Connection, verb: str, path: str, keep: bool, figures: Figures) -> None:
    method, address, body, good = {
        'get': ('GET', path, None, (200, 404)), 'list': ('GET', f'{_JOBS}?maxresults=50', None, (200,)),
        'put': ('PUT', path, job_body('echo said'), (200, 202)),
        'terminate': ('POST', f'{path}/terminate', None, (200, 202, 404, 409)),
        'delete': ('DELETE', path, None, (200, 202, 204)),
        'stream': ('POST', f'{path}/listOutputFiles?outputdirectoryid=stdouterr', None, (200, 404))}[verb]
    began = time.monotonic()
    answer = await connection.request(method, f'{address}{"&" if "?" in address else "?"}{VERSION}', body, keep=keep)
    figures.add(verb, began)
    if answer.status not in good:
        figures.wrong.append(f'{verb}: {answer.status} {answer.body[:200]!r}')
    if verb != 'stream' or answer.status != 200:
        return
    for file in answer.json()['value']:
        if 'downloadUrl' in file:
            link = _path(file['downloadUrl'])
            read = await connection.request('GET', link, headers={'Range': 'bytes=0-', 'Prefer': 'wait=0.2'}, keep=keep)
            if read.status not in (200, 206, 404, 416):
                figures.wrong.append(f'read: {read.status} {read.body[:200]!r}')


async def many_jobs(folder: Path, seconds: float, jobs: int = 10_000) -> Figures:
    """A store with many jobs: the start of the service, pages, single jobs, and a new job from submission to end."""
    figures = Figures()
    with LoadedService(folder / 'data', jobs) as service:
        figures.facts['start with the store'] = f'{service.start_seconds:.2f} s for {jobs} jobs'
        async with service.connect() as connection:
            await service.prepare(connection)
            await _walk(connection, Figures(), jobs)

            async def load() -> None:
                await _walk(connection, figures, jobs)
                for number in range(50):
                    began = time.monotonic()
                    await expect(connection, 'GET', f'{_JOBS}/old{number * (jobs // 50)}')
                    figures.add('get', began)
                for number in range(20):
                    path, began = f'{_JOBS}/new{number}', time.monotonic()
                    await expect(connection, 'PUT', path, job_body('true'))
                    figures.add('submit', began)
                    while (await expect(connection, 'GET', path, Prefer='wait=5; state=running'))[
                            'properties']['executionState'] not in ('succeeded', 'failed'):
                        pass
                    figures.add('submit until ended', began)
            await measured(service, figures, load)
    return figures


async def _walk(connection: Connection, figures: Figures, jobs: int) -> None:
    """Read all pages of the list of jobs."""
    path, seen = f'{_JOBS}?{VERSION}', 0
    while path:
        began = time.monotonic()
        answer = await connection.request('GET', path)
        figures.add('page of 1000', began)
        seen += len(answer.json()['value'])
        path = _path(answer.json().get('nextLink') or '')
    if seen < jobs:
        figures.wrong.append(f'the pages hold {seen} of {jobs} jobs')


async def many_nodes(folder: Path, seconds: float, nodes: int = 100) -> Figures:
    """A cluster of many nodes, from the request until all are idle, and a gang on all of them."""
    figures = Figures()
    with LoadedService(folder / 'data', nodes=1) as service:
        async with service.connect() as connection:
            await service.prepare(connection)

            async def load() -> None:
                began = time.monotonic()
                await service.make_cluster(connection, 'wide', nodes)
                figures.add(f'{nodes} nodes idle', began)
                began = time.monotonic()
                await expect(connection, 'PUT', f'{_JOBS}/gang', job_body('true', 'wide', nodes))
                await ended(connection, 'gang')
                figures.add(f'job on {nodes} nodes', began)
            await measured(service, figures, load)
    return figures


async def ended(connection: Connection, name: str) -> dict[str, Any]:
    while (job := (await expect(connection, 'GET', f'{_JOBS}/{name}', Prefer='wait=5; state=running'))['properties'])[
            'executionState'] not in ('succeeded', 'failed'):
        await asyncio.sleep(0.02)
    assert job['executionState'] == 'succeeded', job
    return job


async def links_of(connection: Connection, name: str, directory: str = 'stdouterr') -> dict[str, str]:
    """The links of the files in a directory of a job, by name."""
    links: dict[str, str] = {}
    method, path = 'POST', f'{_JOBS}/{name}/listOutputFiles?outputdirectoryid={directory}&{VERSION}'
    while path:
        answer = await connection.request(method, path)
        assert answer.status == 200, (path, answer.status, answer.body[:500])
        links.update({file['name']: _path(file['downloadUrl']) for file in answer.json()['value']
                      if 'downloadUrl' in file})
        method, path = 'GET', _path(answer.json().get('nextLink') or '')
    return links


def _path(url: str) -> str:
    """Of an address, what a request names; empty without an address."""
    return '/' + url.split('/', 3)[3] if url else ''


async def long_log(folder: Path, seconds: float, size: int = 2_000_000_000) -> Figures:
    """A job that writes `size` bytes to stdout while one client follows them and another lists and reads ranges."""
    figures = Figures()
    with LoadedService(folder / 'data') as service:
        async with service.connect() as connection, service.connect() as other:
            await service.prepare(connection)
            link, over = '', False

            async def look() -> None:
                while not over:
                    began = time.monotonic()
                    await links_of(other, 'long')
                    figures.add('listing', began)
                    began = time.monotonic()
                    answer = await other.request('GET', link, headers={'Range': 'bytes=1000-1999'})
                    figures.add('ranged read', began)
                    if answer.status not in (206, 416):
                        figures.wrong.append(f'ranged read: {answer.status}')
                    await asyncio.sleep(0.05)

            async def load() -> None:
                nonlocal link, over
                began = time.monotonic()
                await expect(connection, 'PUT', f'{_JOBS}/long', job_body(
                    f"yes 'a line of a log that somebody follows' | head -c {size}"))
                while not (link := (await links_of(connection, 'long')).get('stdout.txt', '')):
                    await asyncio.sleep(0.02)
                looking, read = asyncio.ensure_future(look()), 0
                while read < size:
                    answer = await connection.request('GET', link, headers={
                        'Range': f'bytes={read}-{read + (4 << 20) - 1}', 'Prefer': 'wait=5'})
                    read += len(answer.body) if answer.status == 206 else 0
                    if answer.status == 416:
                        await asyncio.sleep(0.01)
                    assert answer.status in (206, 416), answer.status
                took, over = time.monotonic() - began, True
                await looking
                await ended(connection, 'long')
                figures.facts['followed'] = f'{read} bytes in {took:.1f} s, {read / took / 1e6:.0f} MB/s'
            await measured(service, figures, load)
    return figures


async def many_files(folder: Path, seconds: float, files: int = 1000) -> Figures:
    """An output directory with many files: lists of it, and a download of all over 8 connections."""
    figures = Figures()
    with LoadedService(folder / 'data') as service:
        async with service.connect() as connection:
            await service.prepare(connection)
            body = job_body(f'for n in $(seq {files}); do echo $n > $AZ_BATCHAI_STDOUTERR_DIR/f$n; done')
            await expect(connection, 'PUT', f'{_JOBS}/many', body)
            await ended(connection, 'many')

            async def load() -> None:
                for _ in range(10):
                    began = time.monotonic()
                    links = await links_of(connection, 'many')
                    figures.add('listing', began)
                left = [(name, link) for name, link in links.items() if name.startswith('f')]
                if len(left) != files:
                    figures.wrong.append(f'{len(left)} of {files} files are listed')

                async def take() -> None:
                    async with service.connect() as mine:
                        while left:
                            name, link = left.pop()
                            began = time.monotonic()
                            answer = await mine.request('GET', link)
                            figures.add('download', began)
                            if answer.body != f'{name[1:]}\n'.encode():
                                figures.wrong.append(f'{name} is {answer.body[:50]!r}')
                began = time.monotonic()
                await asyncio.gather(*(take() for _ in range(8)))
                figures.add(f'all {files} downloads', began)
            await measured(service, figures, load)
    return figures
