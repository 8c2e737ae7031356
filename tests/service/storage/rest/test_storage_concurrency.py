"""Uploads beside each other, and beside what takes away the ground below them. Bodies come when a test says so."""
from __future__ import annotations

import asyncio

import httpx
import pytest
from harness import BLOB_HOST, FILE_HOST, SUBSCRIPTION, TOKEN

GROUP = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg'
ACCOUNT = 'demobatchaicli'
ARM = f'{GROUP}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}'
MIB = 1 << 20
WRITERS = 8


class Uploads:
    """The account with container and share `work`. Coroutines, for several at once."""

    def __init__(self, harness):
        self.harness = harness
        assert harness.put(GROUP, {'location': 'eastus'}).status_code == 201
        self.make_account()
        for host, kind in ((BLOB_HOST, 'container'), (FILE_HOST, 'share')):
            harness.run(self.send('PUT', host, 'work', restype=kind))

    def make_account(self):
        sku = {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'}
        assert self.harness.put(ARM, sku).status_code == 200

    @property
    def folder(self):
        return self.harness.data_dir / 'storage' / ACCOUNT

    def unfinished(self):
        return [path for path in (self.folder / '.uploads').rglob('*') if path.is_file() and path.suffix != '.json']

    async def send(self, method, host, path, pieces=(), headers=None, **query):
        """`pieces` are bytes, and events that are waited for before the next ones are sent."""
        async def body():
            for piece in pieces:
                if isinstance(piece, bytes):
                    yield piece
                else:
                    await piece()
        length = sum(len(piece) for piece in pieces if isinstance(piece, bytes))
        request = httpx.Request(method, f'https://{host}/{ACCOUNT}/{path}', params=query, content=body(), headers={
            'host': host, 'authorization': f'Bearer {TOKEN}', 'content-length': str(length), **(headers or {})})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.harness.app)) as client:
            return await client.send(request)

    def put_blob(self, path, *pieces, **query):
        return self.send('PUT', BLOB_HOST, path, pieces, {'x-ms-blob-type': 'BlockBlob'}, **query)

    def make_file(self, path, size):
        return self.send('PUT', FILE_HOST, path, (), {'x-ms-type': 'file', 'x-ms-content-length': str(size)})

    def put_range(self, path, start, size, *pieces):
        return self.send('PUT', FILE_HOST, path, pieces, {'x-ms-write': 'update', 'x-ms-range':
                                                          f'bytes={start}-{start + size - 1}'}, comp='range')


@pytest.fixture
def uploads(harness):
    return Uploads(harness)


class Meeting:
    """Everybody who comes waits until the last of `count` is there."""

    def __init__(self, count):
        self._missing = count
        self._complete = asyncio.Event()

    async def __call__(self):
        self._missing -= 1
        if not self._missing:
            self._complete.set()
        await asyncio.wait_for(self._complete.wait(), 20)


def test_of_eight_writers_of_one_blob_one_wins_as_a_whole(uploads):
    async def work():
        meeting = Meeting(WRITERS)
        return await asyncio.gather(*(uploads.put_blob('work/x', bytes([mark]) * MIB, meeting, bytes([mark]) * MIB)
                                      for mark in range(WRITERS)))
    assert [reply.status_code for reply in uploads.harness.run(work())] == [201] * WRITERS
    content = (uploads.folder / 'blob/work/x').read_bytes()
    assert len(content) == 2 * MIB and len(set(content)) == 1 and uploads.unfinished() == []


def test_of_eight_who_would_make_a_blob_one_does(uploads):
    async def make(mark, meeting):
        return await uploads.send('PUT', BLOB_HOST, 'work/x', (bytes([mark]) * 10, meeting),
                                  {'x-ms-blob-type': 'BlockBlob', 'if-none-match': '*'})

    async def work():
        meeting = Meeting(WRITERS)
        return await asyncio.gather(*(make(mark, meeting) for mark in range(WRITERS)))
    assert sorted(reply.status_code for reply in uploads.harness.run(work())) == [201] + [409] * (WRITERS - 1)
    assert len(set((uploads.folder / 'blob/work/x').read_bytes())) == 1


def test_eight_writers_of_one_file_each_write_their_range(uploads):
    async def work():
        await uploads.make_file('work/x', WRITERS * MIB)
        meeting = Meeting(WRITERS)
        return await asyncio.gather(*(uploads.put_range('work/x', mark * MIB, MIB, bytes([mark]) * 7, meeting,
                                                        bytes([mark]) * (MIB - 7)) for mark in range(WRITERS)))
    assert [reply.status_code for reply in uploads.harness.run(work())] == [201] * WRITERS
    assert (uploads.folder / 'file/work/x').read_bytes() == b''.join(bytes([mark]) * MIB for mark in range(WRITERS))


def test_eight_writers_of_the_same_range_leave_one_of_their_texts(uploads):
    async def work():
        await uploads.make_file('work/x', MIB)
        meeting = Meeting(WRITERS)
        return await asyncio.gather(*(uploads.put_range('work/x', 0, MIB, b'', meeting, bytes([mark]) * MIB)
                                      for mark in range(WRITERS)))
    assert [reply.status_code for reply in uploads.harness.run(work())] == [201] * WRITERS
    assert (uploads.folder / 'file/work/x').stat().st_size == MIB


def test_eight_appenders_lose_nothing(uploads):
    async def work():
        await uploads.send('PUT', BLOB_HOST, 'work/log', (), {'x-ms-blob-type': 'AppendBlob'})
        meeting = Meeting(WRITERS)
        return await asyncio.gather(*(uploads.send('PUT', BLOB_HOST, 'work/log', (bytes([mark]) * 1000, meeting),
                                                   comp='appendblock') for mark in range(WRITERS)))
    assert [reply.status_code for reply in uploads.harness.run(work())] == [201] * WRITERS
    content = (uploads.folder / 'blob/work/log').read_bytes()
    assert sorted(content[at * 1000:(at + 1) * 1000] for at in range(WRITERS)) == [
        bytes([mark]) * 1000 for mark in range(WRITERS)]


def _meanwhile(uploads, act):
    """What becomes of five kinds of uploads when `act` happens while their bodies are under way."""
    async def work():
        for name in ('old', 'ranged'):
            await uploads.make_file(f'work/{name}', 20)
        await uploads.put_blob('work/old', b'old')
        await uploads.send('PUT', BLOB_HOST, 'work/log', (), {'x-ms-blob-type': 'AppendBlob'})
        arrived, done = Meeting(6), asyncio.Event()

        async def wait():
            await arrived()
            await asyncio.wait_for(done.wait(), 20)
        running = asyncio.gather(
            uploads.put_blob('work/old', b'new', wait, b'er'), uploads.put_blob('work/a/b', b'new', wait, b'er'),
            uploads.put_blob('work/blocks', b'new', wait, b'er', comp='block', blockid='AAAA'),
            uploads.send('PUT', BLOB_HOST, 'work/log', (b'new', wait, b'er'), comp='appendblock'),
            uploads.put_range('work/ranged', 0, 5, b'new', wait, b'er'))
        await arrived()
        answer = await act()
        done.set()
        return answer, [reply.status_code for reply in await running]
    return uploads.harness.run(work())


@pytest.mark.parametrize('host, kind, expected', [(BLOB_HOST, 'container', [404, 404, 404, 404, 201]),
                                                  (FILE_HOST, 'share', [201, 201, 201, 201, 404])])
def test_what_is_on_its_way_into_a_share_that_is_deleted_is_refused(uploads, host, kind, expected):
    answer, statuses = _meanwhile(uploads, lambda: uploads.send('DELETE', host, 'work', restype=kind))
    assert (answer.status_code, statuses) == (202, expected)
    assert not (uploads.folder / ('blob' if kind == 'container' else 'file') / 'work').exists()
    uploads.harness.run(uploads.send('PUT', host, 'work', restype=kind))
    assert list((uploads.folder / ('blob' if kind == 'container' else 'file') / 'work').iterdir()) == []


def test_what_is_on_its_way_into_an_account_that_is_deleted_is_refused(uploads):
    answer, statuses = _meanwhile(uploads, lambda: uploads.harness.send('DELETE', ARM, version='2021-04-01'))
    assert (answer.status_code, statuses) == (200, [404] * 5)
    uploads.make_account()
    assert [path for path in uploads.folder.rglob('*') if path.is_file()] == []
    reply = uploads.harness.run(uploads.send('GET', BLOB_HOST, 'work', restype='container', comp='list'))
    assert reply.status_code == 404


def test_what_was_signed_with_a_key_ends_well_when_the_key_is_made_anew(uploads):
    answer, statuses = _meanwhile(uploads, lambda: uploads.harness.send(
        'POST', f'{ARM}/regenerateKey', {'keyName': 'key1'}, version='2021-04-01'))
    assert (answer.status_code, statuses) == (200, [201] * 5)
