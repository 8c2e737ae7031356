"""Append blobs, which clients and jobs may both write."""
from __future__ import annotations

import asyncio
import errno
import os

import pytest
from blob_client import APPEND, BLOCK, refused

from azext_batchai.service.storage.rest import bodies


@pytest.fixture
def log(blobs):
    """The client, with an empty append blob."""
    assert blobs.put('work/log', headers={**APPEND, 'x-ms-blob-content-type': 'text/plain'}).status_code == 201
    return blobs


def test_blocks_come_one_behind_the_other_and_say_where(log):
    first, second = log.append('work/log', b'one '), log.append('work/log', b'two')
    assert [(reply.headers['x-ms-blob-append-offset'], reply.headers['x-ms-blob-committed-block-count'])
            for reply in (first, second)] == [('0', '1'), ('4', '2')]
    found = log.get('work/log')
    assert (found.content, found.headers['x-ms-blob-type']) == (b'one two', 'AppendBlob')
    assert (found.headers['x-ms-blob-committed-block-count'], found.headers['content-type']) == ('2', 'text/plain')
    assert found.headers['etag'] == second.headers['etag'] != first.headers['etag']
    assert log.list().properties('log')['BlobType'] == 'AppendBlob' and log.unfinished() == []


def test_what_a_job_wrote_at_the_end_counts(log):
    with open(log.folder / 'log', 'ab') as job:
        job.write(b'by a job ')
    assert log.append('work/log', b'by a client').headers['x-ms-blob-append-offset'] == '9'
    assert log.get('work/log').content == b'by a job by a client'


def test_conditions_of_the_end_and_of_the_size(log):
    log.append('work/log', b'12345')
    where = {'x-ms-blob-condition-appendpos': '5'}
    assert log.append('work/log', b'6', headers=where).status_code == 201
    assert refused(log.append('work/log', b'7', headers=where), 412, 'AppendPositionConditionNotMet')
    most = {'x-ms-blob-condition-maxsize': '8'}
    assert log.append('work/log', b'78', headers=most).status_code == 201
    assert refused(log.append('work/log', b'9', headers=most), 412, 'MaxBlobSizeConditionNotMet')
    assert refused(log.append('work/log', b'9', headers={'if-match': '"other"'}), 412, 'ConditionNotMet')
    assert log.get('work/log').content == b'12345678'


def test_concurrent_writers_lose_nothing_and_do_not_mix(log):
    lines = [f'{number:04d}\n'.encode() * 1000 for number in range(30)]

    async def append_all():
        return await asyncio.gather(*(log.send('PUT', 'work/log', line, comp='appendblock') for line in lines))
    replies = log.harness.run(append_all())
    content = log.get('work/log').content
    assert len(content) == sum(map(len, lines))
    for line, reply in zip(lines, replies):
        offset = int(reply.headers['x-ms-blob-append-offset'])
        assert content[offset:offset + len(line)] == line
    assert log.head('work/log').headers['x-ms-blob-committed-block-count'] == '30'


def test_of_writers_who_name_the_same_end_one_writes(log):
    where = {'x-ms-blob-condition-appendpos': '0'}

    async def append_all():
        return await asyncio.gather(*(log.send('PUT', 'work/log', text * 100_000, where, comp='appendblock')
                                      for text in (b'a', b'b', b'c')))
    assert sorted(reply.status_code for reply in log.harness.run(append_all())) == [201, 412, 412]
    assert len(log.get('work/log').content) == 100_000


def test_a_full_disk_leaves_the_blob_as_it_was(log, monkeypatch):
    log.append('work/log', b'old')
    copied = []

    def full(_source, target, *_):
        copied.append(os.pwrite(target, b'ha', 3))
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, 'copy_file_range', full, raising=False)
    assert log.append('work/log', b'half').headers['x-ms-error-code'] == 'InsufficientStorage'
    monkeypatch.undo()
    assert copied == [2] and log.get('work/log').content == b'old'


def test_only_append_blobs_are_appended_to(log):
    log.upload('work/block', b'x')
    (log.folder / 'file').write_bytes(b'x')
    for name in ('block', 'file'):
        assert refused(log.append(f'work/{name}', b'y'), 409, 'InvalidBlobType')
    assert refused(log.append('work/none', b'y'), 404, 'BlobNotFound')
    assert refused(log.append('work/log', b''), 400, 'InvalidHeaderValue')


def test_a_blob_that_is_another_one_when_the_body_has_come_is_not_appended_to(log, monkeypatch):
    receive = bodies.receive

    async def receive_slowly(*arguments, **more):
        done = await receive(*arguments, **more)
        monkeypatch.undo()
        assert (await log.send('PUT', 'work/log', b'whole', BLOCK)).status_code == 201
        return done
    monkeypatch.setattr(bodies, 'receive', receive_slowly)
    assert refused(log.append('work/log', b'x'), 409, 'InvalidBlobType')
    assert log.get('work/log').content == b'whole'


def test_a_new_append_blob_in_the_place_of_an_old_one_is_empty(log):
    log.append('work/log', b'old')
    assert refused(log.put('work/log', headers={**APPEND, 'if-none-match': '*'}), 409, 'BlobAlreadyExists')
    assert log.put('work/log', headers=APPEND).status_code == 201
    assert log.head('work/log').headers['x-ms-blob-committed-block-count'] == '0'
    assert log.get('work/log').content == b''


def test_a_block_comes_from_another_blob(log):
    log.upload('work/source', b'0123456789')
    reply = log.copy('work/log', 'work/source', headers={'x-ms-source-range': 'bytes=7-'}, comp='appendblock')
    assert reply.status_code == 201 and log.get('work/log').content == b'789'


def test_a_link_to_add_appends_and_does_nothing_else(log):
    link = log.link('work/log', 'a')
    assert log.append('work/log', b'x', link=link).status_code == 201
    for reply in (log.get('work/log', link=link), log.put('work/log', headers=APPEND, link=link),
                  log.append('work/log', b'x', link=log.link('work/log', 'c'))):
        assert refused(reply, 403, 'AuthorizationPermissionMismatch')
