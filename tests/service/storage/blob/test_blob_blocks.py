"""Blobs that are put together from blocks."""
from __future__ import annotations

import asyncio
import base64
import errno
import os
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from blob_client import APPEND, refused

from azext_batchai.service.storage.rest import bodies
from azext_batchai.service.storage.uploads import remove_leftovers

A, B, C = (base64.b64encode(text).decode() for text in (b'id-a', b'id-b', b'id/+'))


def block_list(blobs, path='work/blob', **query):
    root = ElementTree.fromstring(blobs.get(path, comp='blocklist', **query).content)
    return {part.tag: [(node.findtext('Name'), int(node.findtext('Size'))) for node in part] for part in root}


@pytest.fixture
def made(blobs):
    """The client, with a blob of the blocks A and B."""
    assert blobs.put_block('work/blob', A, b'aaaa').status_code == 201
    assert blobs.put_block('work/blob', B, b'bb').status_code == 201
    assert blobs.put_block_list('work/blob', A, B).status_code == 201
    return blobs


def test_blocks_become_a_blob_in_the_order_of_the_list_and_nothing_is_seen_before(blobs):
    blobs.put_block('work/blob', A, b'aaaa')
    blobs.put_block('work/blob', C, b'cc')
    blobs.put_block('work/blob', B, b'b')
    assert blobs.list().names == [] and list(blobs.folder.iterdir()) == []
    assert refused(blobs.get('work/blob'), 404, 'BlobNotFound')
    assert block_list(blobs, blocklisttype='all') == {
        'CommittedBlocks': [], 'UncommittedBlocks': sorted([(A, 4), (B, 1), (C, 2)])}
    reply = blobs.put_block_list('work/blob', C, A, A, headers={'x-ms-blob-content-type': 'text/plain',
                                                                'x-ms-meta-k': 'v', 'content-type': 'application/xml'})
    assert reply.status_code == 201
    found = blobs.get('work/blob')
    assert (found.content, found.headers['content-type'], found.headers['x-ms-meta-k']) == (
        b'ccaaaaaaaa', 'text/plain', 'v')
    assert found.headers['etag'] == reply.headers['etag'] and 'content-md5' not in found.headers
    assert block_list(blobs, blocklisttype='all') == {
        'CommittedBlocks': [(C, 2), (A, 4), (A, 4)], 'UncommittedBlocks': []}
    assert blobs.unfinished() == []


def test_a_blob_can_be_changed_block_by_block(made):
    made.put_block('work/blob', C, b'CCC')
    made.put_block('work/blob', A, b'AAAA')
    committed = made.put('work/blob', f'<BlockList><Committed>{A}</Committed><Uncommitted>{C}</Uncommitted><Latest>{A}'
                         f'</Latest><Latest>{B}</Latest></BlockList>'.encode(), comp='blocklist')
    assert committed.status_code == 201
    assert made.get('work/blob').content == b'aaaaCCCAAAAbb'


def test_blocks_of_a_blob_that_a_job_wrote_since_are_not_there_any_more(made):
    (made.folder / 'blob').write_bytes(b'by a job')
    assert block_list(made) == {'CommittedBlocks': []}
    assert refused(made.put_block_list('work/blob', A), 400, 'InvalidBlockList')
    assert made.get('work/blob').content == b'by a job'


def test_a_list_with_a_block_that_was_not_sent_changes_nothing(made):
    made.put_block('work/blob', C, b'new')
    for block_ids in ((C, base64.b64encode(b'none').decode()), ('',)):
        assert refused(made.put_block_list('work/blob', *block_ids), 400, 'InvalidBlockList')
    assert refused(made.put_block_list('work/blob', A, kind='Uncommitted'), 400, 'InvalidBlockList')
    assert refused(made.put_block_list('work/blob', C, kind='Committed'), 400, 'InvalidBlockList')
    assert made.get('work/blob').content == b'aaaabb'
    assert block_list(made, blocklisttype='uncommitted') == {'UncommittedBlocks': [(C, 3)]}


@pytest.mark.parametrize('body', [b'', b'<BlockList>', b'<Other/>', b'<BlockList><Odd>x</Odd></BlockList>',
                                  b'<!DOCTYPE x [<!ENTITY a "a">]><BlockList><Latest>&a;</Latest></BlockList>'])
def test_what_is_no_block_list_is_refused(made, body):
    assert refused(made.put('work/blob', body, comp='blocklist'), 400, 'InvalidXmlDocument')
    assert made.get('work/blob').content == b'aaaabb'


def test_an_empty_list_makes_an_empty_blob(made):
    assert made.put_block_list('work/blob').status_code == 201
    assert made.get('work/blob').content == b''


def test_a_list_of_more_blocks_than_azure_takes_is_refused(made):
    assert refused(made.put_block_list('work/blob', *[A] * 50_001), 400, 'BlockListTooLong')


@pytest.mark.parametrize('block_id', ['', 'not base64!', base64.b64encode(b'x' * 65).decode(), '../../x'])
def test_an_id_that_is_none_is_refused(blobs, block_id):
    assert refused(blobs.put_block('work/blob', block_id, b'x'), 400, 'InvalidQueryParameterValue')


def test_ids_of_one_blob_have_one_length(made):
    made.put_block('work/blob', C, b'x')
    longer = base64.b64encode(b'a longer id').decode()
    assert refused(made.put_block('work/blob', longer, b'x'), 400, 'InvalidBlobOrBlock')
    assert refused(made.put_block('work/blob', C, b''), 400, 'InvalidHeaderValue')


def test_a_block_with_another_md5_than_it_says_is_not_kept(blobs):
    wrong = {'content-md5': base64.b64encode(bytes(16)).decode()}
    assert refused(blobs.put_block('work/blob', A, b'x', headers=wrong), 400, 'Md5Mismatch')
    assert refused(blobs.get('work/blob', comp='blocklist'), 404, 'BlobNotFound')
    assert blobs.unfinished() == []


def test_the_md5_that_is_said_of_the_whole_is_kept_as_it_is_said(made):
    said = base64.b64encode(bytes(16)).decode()
    made.put_block_list('work/blob', A, headers={'x-ms-blob-content-md5': said})
    assert made.head('work/blob').headers['content-md5'] == said


def test_a_whole_blob_and_a_deletion_forget_the_blocks(made):
    made.put_block('work/blob', C, b'x')
    made.upload('work/blob', b'whole')
    assert block_list(made, blocklisttype='all') == {'CommittedBlocks': [], 'UncommittedBlocks': []}
    made.put_block('work/blob', C, b'x')
    made.delete('work/blob')
    assert refused(made.get('work/blob', comp='blocklist', blocklisttype='all'), 404, 'BlobNotFound')
    assert made.unfinished() == []


def test_a_new_container_has_none_of_the_blocks_of_the_old_one(blobs):
    blobs.put_block('work/blob', A, b'secret')
    blobs.delete('work', restype='container')
    blobs.put('work', restype='container')
    assert refused(blobs.put_block_list('work/blob', A), 400, 'InvalidBlockList')
    assert blobs.unfinished() == []


def test_a_condition_of_the_list_is_that_of_the_blob(made):
    made.put_block('work/blob', C, b'x')
    assert refused(made.put_block_list('work/blob', C, headers={'if-none-match': '*'}), 409, 'BlobAlreadyExists')
    assert refused(made.put_block_list('work/blob', C, headers={'if-match': '"other"'}), 412, 'ConditionNotMet')
    assert made.get('work/blob').content == b'aaaabb'


def test_blocks_that_arrive_at_once_are_all_there(blobs):
    block_ids = [base64.b64encode(b'%04d' % number).decode() for number in range(40)]

    async def put_all():
        return await asyncio.gather(*(blobs.send('PUT', 'work/blob', block_id.encode() * 5000, comp='block',
                                                 blockid=block_id) for block_id in block_ids))
    assert {reply.status_code for reply in blobs.harness.run(put_all())} == {201}
    blobs.put_block_list('work/blob', *block_ids)
    assert blobs.get('work/blob').content == b''.join(block_id.encode() * 5000 for block_id in block_ids)


@pytest.mark.parametrize('in_kernel', [True, False])
def test_a_full_disk_keeps_the_old_blob_and_none_of_the_blocks_that_wait(made, monkeypatch, in_kernel):
    made.put_block('work/blob', C, b'new')

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if in_kernel:
        monkeypatch.setattr(os, 'copy_file_range', full, raising=False)
    else:
        monkeypatch.delattr(os, 'copy_file_range', raising=False)
        monkeypatch.setattr(os, 'pwrite', full)
    reply = made.put_block_list('work/blob', C)
    assert reply.headers['x-ms-error-code'] == 'InsufficientStorage'
    monkeypatch.undo()
    assert made.get('work/blob').content == b'aaaabb' and made.unfinished() == []
    assert block_list(made, blocklisttype='all') == {'CommittedBlocks': [(A, 4), (B, 2)], 'UncommittedBlocks': []}


def test_a_block_for_which_there_is_no_room_takes_those_that_wait_with_it(made, monkeypatch):
    made.put_block('work/blob', C, b'new')

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, 'pwrite', full)
    assert made.put_block('work/blob', A, b'new').headers['x-ms-error-code'] == 'InsufficientStorage'
    monkeypatch.undo()
    assert made.unfinished() == [] and made.get('work/blob').content == b'aaaabb'


def test_a_blob_without_room_for_the_record_of_its_blocks_is_a_blob(made, monkeypatch):
    made.put_block('work/blob', C, b'new')

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(Path, 'write_text', full)
    assert made.put_block_list('work/blob', C).status_code == 201
    monkeypatch.undo()
    assert made.get('work/blob').content == b'new' and block_list(made) == {'CommittedBlocks': []}
    next(made.uploads.glob('*/blocks/*')).joinpath('made-of.json').write_text('{"content"')
    assert block_list(made) == {'CommittedBlocks': []}


def test_where_the_kernel_does_not_copy_the_service_does(made, monkeypatch):
    def cannot(*_):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    monkeypatch.setattr(os, 'copy_file_range', cannot, raising=False)
    assert made.put_block_list('work/blob', B, A).status_code == 201
    assert made.get('work/blob').content == b'bbaaaa'


def test_a_blob_that_a_job_writes_while_a_list_takes_blocks_from_it_is_left_to_the_job(made, monkeypatch):
    made.put_block('work/blob', C, b'new')
    copy = os.copy_file_range

    def written_meanwhile(*arguments):
        (made.folder / 'blob').write_bytes(b'by a job')
        return copy(*arguments)
    monkeypatch.setattr(os, 'copy_file_range', written_meanwhile)
    assert refused(made.put_block_list('work/blob', C, A), 412, 'ConditionNotMet')
    assert made.get('work/blob').content == b'by a job'


def test_a_block_whose_container_is_deleted_while_it_arrives_is_not_kept(blobs, monkeypatch):
    receive = bodies.receive

    async def receive_slowly(*arguments, **more):
        done = await receive(*arguments, **more)
        assert (await blobs.send('DELETE', 'work', restype='container')).status_code == 202
        return done
    monkeypatch.setattr(bodies, 'receive', receive_slowly)
    assert refused(blobs.put_block('work/blob', A, b'x'), 404, 'ContainerNotFound')
    assert blobs.unfinished() == []


def test_a_container_that_was_exchanged_for_another_has_none_of_its_blocks(blobs):
    blobs.put_block('work/blob', A, b'secret')
    blobs.folder.rename(blobs.folder.with_name('moved-away'))
    blobs.folder.mkdir()
    assert refused(blobs.put_block_list('work/blob', A), 400, 'InvalidBlockList')


def test_an_append_blob_takes_no_blocks(blobs):
    blobs.put('work/log', headers=APPEND)
    assert refused(blobs.put_block('work/log', A, b'x'), 409, 'InvalidBlobType')
    assert refused(blobs.put_block_list('work/log'), 409, 'InvalidBlobType')
    assert refused(blobs.get('work/log', comp='blocklist'), 409, 'InvalidBlobType')


def test_a_block_comes_from_a_part_of_another_blob(blobs):
    blobs.upload('work/source', b'0123456789')
    headers = {'x-ms-source-range': 'bytes=2-4'}
    assert blobs.copy('work/blob', 'work/source', headers=headers, comp='block', blockid=A).status_code == 201
    assert blobs.copy('work/blob', 'work/source', comp='block', blockid=B).status_code == 201
    blobs.put_block_list('work/blob', A, B)
    assert blobs.get('work/blob').content == b'2340123456789'
    headers = {'x-ms-source-range': 'bytes=10-'}
    assert refused(blobs.copy('work/blob', 'work/source', headers=headers, comp='block', blockid=A), 416,
                   'InvalidRange')


def test_what_was_under_way_when_the_service_ended_goes_and_young_blocks_stay(blobs):
    blobs.put_block('work/young', A, b'x')
    blobs.put_block('work/old', A, b'x')
    week_ago = time.time() - 8 * 24 * 3600
    old = next(path.parent for path in blobs.unfinished() if _blob_of(path.parent) == 'old')
    os.utime(old, (week_ago, week_ago))
    arriving = next(blobs.uploads.glob('*/bodies'))
    (arriving / 'half').write_bytes(b'half a body')
    (blobs.folder / '.batchai-upload-1').write_bytes(b'half a blob')
    remove_leftovers(blobs.harness.data_dir, [blobs.folder], blobs.harness.folders.trash)
    assert not old.exists() and not (arriving / 'half').exists() and list(blobs.folder.iterdir()) == []
    assert blobs.put_block_list('work/young', A).status_code == 201


def _blob_of(folder: Path) -> str:
    import hashlib
    return next(name for name in ('young', 'old') if hashlib.sha256(name.encode()).hexdigest() == folder.name)
