"""Whole blobs in one request, and what is in the way of them."""
from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import os

import pytest
from blob_client import APPEND, BLOCK, refused

from azext_batchai.service.storage.rest import bodies
from azext_batchai.service.storage.rest.tree import Tree


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def test_a_blob_is_a_file_as_soon_as_the_reply_comes_and_a_file_of_a_job_is_a_blob(blobs):
    reply = blobs.upload('work/data/a.txt', b'from a client')
    assert (blobs.folder / 'data/a.txt').read_bytes() == b'from a client'
    assert (reply.headers['content-md5'], reply.headers['x-ms-request-server-encrypted']) == (
        md5(b'from a client'), 'false')
    (blobs.folder / 'out').mkdir()
    (blobs.folder / 'out/model').write_bytes(b'from a job')
    assert blobs.get('work/out/model').content == b'from a job'
    assert blobs.unfinished() == []


@pytest.mark.parametrize('size', [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_content_of_any_size_comes_back(blobs, size):
    content = os.urandom(size)
    blobs.upload('work/blob', content)
    reply = blobs.get('work/blob')
    assert reply.content == content and reply.headers['content-md5'] == md5(content)


@pytest.mark.parametrize('name', ['with space', 'Ünïcödé/日本', '100%', '%25', 'a+b', 'a?b#c', 'semi;colon=&amp',
                                  "quo'te\"", ' leading and trailing ', '-', '~tilde', 'x' * 255])
def test_names_come_back_as_they_were_given(blobs, name):
    blobs.upload(f'work/{name}', b'x')
    assert blobs.get(f'work/{name}').content == b'x'
    assert (blobs.folder / name).exists()
    assert blobs.list().names == [name]


@pytest.mark.parametrize('name', ['..', 'a/../b', 'a//b', './a', 'a/.', 'a\\b', 'bell\x07', 'folder/', 'x' * 256,
                                  '/absolute', 'a/../../../../batchai.db'])
def test_a_name_that_no_file_can_have_is_refused(blobs, name):
    for method in ('PUT', 'GET', 'HEAD', 'DELETE'):
        assert refused(blobs.call(method, f'work/{name}', headers=BLOCK if method == 'PUT' else {}), 400,
                       'InvalidResourceName')
    assert blobs.list().names == []


def test_a_body_with_another_md5_than_it_says_leaves_what_was_there(blobs):
    blobs.upload('work/blob', b'old')
    for name in ('content-md5', 'x-ms-blob-content-md5'):
        reply = blobs.put('work/blob', b'new', headers={**BLOCK, name: md5(b'another')})
        assert refused(reply, 400, 'Md5Mismatch')
    assert refused(blobs.put('work/blob', b'new', headers={**BLOCK, 'content-md5': 'rubbish'}), 400, 'InvalidMd5')
    assert blobs.get('work/blob').content == b'old'
    assert blobs.unfinished() == []


def test_a_blob_and_a_folder_cannot_have_the_same_name(blobs):
    blobs.upload('work/a/b', b'1')
    assert refused(blobs.put('work/a', headers=BLOCK), 409, 'ResourceTypeMismatch')
    assert refused(blobs.put('work/a/b/c', headers=BLOCK), 409, 'ResourceTypeMismatch')
    assert "'a' is a folder already" in blobs.put('work/a', headers=BLOCK).text
    assert blobs.list().names == ['a/b'] and blobs.unfinished() == []


def test_what_is_in_the_way_loses_nothing_not_even_its_empty_folders(blobs):
    blobs.upload('work/folder/z', b'1')
    (blobs.folder / 'folder/empty').mkdir()
    assert refused(blobs.put('work/folder', headers=BLOCK), 409, 'ResourceTypeMismatch')
    assert (blobs.folder / 'folder/empty').is_dir()


def test_an_empty_folder_makes_room_for_a_blob_and_one_with_links_does_not(blobs):
    (blobs.folder / 'empty/inner').mkdir(parents=True)
    blobs.upload('work/empty', b'x')
    assert (blobs.folder / 'empty').read_bytes() == b'x'
    (blobs.folder / 'linked').mkdir()
    (blobs.folder / 'linked/away').symlink_to('/etc')
    assert refused(blobs.put('work/linked', headers=BLOCK), 409, 'ResourceTypeMismatch')
    assert (blobs.folder / 'linked/away').is_symlink()


def test_a_link_inside_is_replaced_and_what_it_led_to_stays(blobs):
    blobs.upload('work/target', b'old')
    (blobs.folder / 'link').symlink_to('target')
    blobs.upload('work/link', b'new')
    assert blobs.get('work/target').content == b'old'
    assert not (blobs.folder / 'link').is_symlink() and blobs.get('work/link').content == b'new'


def test_what_a_link_to_outside_leads_to_is_neither_shown_nor_written_nor_deleted(blobs, tmp_path):
    (tmp_path / 'precious').write_bytes(b'mine')
    (blobs.folder / 'link').symlink_to(tmp_path / 'precious')
    for method in ('PUT', 'GET', 'HEAD', 'DELETE'):
        reply = blobs.call(method, 'work/link', headers=BLOCK if method == 'PUT' else {})
        assert refused(reply, 403, 'AuthorizationFailure')
    assert (tmp_path / 'precious').read_bytes() == b'mine' and blobs.list().names == []


def test_a_folder_that_is_a_link_to_outside_takes_no_blobs(blobs, tmp_path):
    (blobs.folder / 'away').symlink_to(tmp_path)
    assert refused(blobs.put('work/away/blob', b'x', headers=BLOCK), 403, 'AuthorizationFailure')
    assert list(tmp_path.glob('blob')) == []


def test_of_concurrent_writers_the_last_whole_write_wins(blobs):
    contents = [bytes([number]) * 3_000_000 for number in range(8)]

    async def write_all():
        return await asyncio.gather(*(blobs.send('PUT', 'work/blob', content, BLOCK) for content in contents))
    replies = blobs.harness.run(write_all())
    assert {reply.status_code for reply in replies} == {201}
    found = blobs.get('work/blob')
    assert found.content in contents and found.headers['content-md5'] == md5(found.content)
    assert blobs.unfinished() == []


def test_who_reads_while_a_blob_is_replaced_gets_all_of_the_old_one(blobs):
    blobs.upload('work/blob', b'old' * 1000)
    with open(blobs.folder / 'blob', 'rb') as reader:
        blobs.upload('work/blob', b'new')
        assert reader.read() == b'old' * 1000


def test_conditions_hold_for_what_is_there_when_the_body_has_come(blobs):
    tag = blobs.upload('work/blob', b'old').headers['etag']
    assert refused(blobs.put('work/blob', headers={**BLOCK, 'if-none-match': '*'}), 409, 'BlobAlreadyExists')
    assert refused(blobs.put('work/blob', headers={**BLOCK, 'if-match': '"other"'}), 412, 'ConditionNotMet')
    assert refused(blobs.put('work/new', headers={**BLOCK, 'if-match': '*'}), 412, 'ConditionNotMet')
    assert blobs.put('work/blob', b'new', headers={**BLOCK, 'if-match': tag}).status_code == 201
    assert refused(blobs.put('work/blob', b'late', headers={**BLOCK, 'if-match': tag}), 412, 'ConditionNotMet')
    assert blobs.put('work/new', headers={**BLOCK, 'if-none-match': '*'}).status_code == 201
    assert blobs.get('work/blob').content == b'new'


def test_two_who_want_to_be_the_first_are_told_apart(blobs):
    async def write_both():
        headers = {**BLOCK, 'if-none-match': '*'}
        return await asyncio.gather(*(blobs.send('PUT', 'work/blob', text * 2_000_000, headers)
                                      for text in (b'1', b'2', b'3')))
    assert sorted(reply.status_code for reply in blobs.harness.run(write_both())) == [201, 409, 409]


def test_a_full_disk_is_said_and_leaves_the_old_content_and_no_rest(blobs, monkeypatch):
    blobs.upload('work/blob', b'old')

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(os, 'pwrite', full)
    reply = blobs.put('work/blob', b'new', headers=BLOCK)
    assert reply.headers['x-ms-error-code'] == 'InsufficientStorage' and 'disk' in reply.text
    monkeypatch.undo()
    assert blobs.get('work/blob').content == b'old' and blobs.unfinished() == []


def test_a_container_deleted_while_the_body_arrives_is_not_made_again(blobs, monkeypatch):
    receive = bodies.receive

    async def receive_slowly(*arguments, **more):
        done = await receive(*arguments, **more)
        assert (await blobs.send('DELETE', 'work', restype='container')).status_code == 202
        return done
    monkeypatch.setattr(bodies, 'receive', receive_slowly)
    assert refused(blobs.put('work/a/blob', b'x', headers=BLOCK), 404, 'ContainerNotFound')
    assert not blobs.folder.exists()


def test_a_container_on_another_file_system_gets_the_file_beside_its_place(blobs, monkeypatch):
    """With two file systems made of one."""
    renamed = []
    adopt = Tree.adopt

    def watched(self, file, parts):
        renamed.append(file)
        adopt(self, file, parts)
    monkeypatch.setattr(Tree, 'adopt', watched)
    monkeypatch.setattr('azext_batchai.service.storage.uploads._is_same_disk', lambda *_: False)
    blobs.upload('work/a/blob', b'x')
    assert renamed[0].parent == blobs.folder and blobs.list().names == ['a/blob']


def test_page_blobs_and_kinds_that_do_not_exist_are_refused(blobs):
    assert refused(blobs.put('work/b', headers={'x-ms-blob-type': 'PageBlob', 'x-ms-blob-content-length': '512'}), 400,
                   'FeatureNotSupported')
    assert refused(blobs.put('work/b', headers={'x-ms-blob-type': 'Other'}), 400, 'InvalidHeaderValue')
    assert refused(blobs.put('work/b', b'x'), 400, 'MissingRequiredHeader')
    assert refused(blobs.put('work/b', b'x', headers=APPEND), 400, 'InvalidHeaderValue')
    assert refused(blobs.put('nowhere/b', b'x', headers=BLOCK), 404, 'ContainerNotFound')


def test_a_link_to_make_blobs_does_not_write_over_one(blobs):
    link = blobs.link('work', 'c', sr='c')
    assert blobs.put('work/new', b'1', headers=BLOCK, link=link).status_code == 201
    assert refused(blobs.put('work/new', b'2', headers=BLOCK, link=link), 403, 'UnauthorizedBlobOverwrite')
    for letters in ('r', 'd', 'l', 'a'):
        assert refused(blobs.put('work/x', b'', headers=BLOCK, link=blobs.link('work', letters, sr='c')), 403,
                       'AuthorizationPermissionMismatch')
    assert blobs.put('work/new', b'3', headers=BLOCK, link=blobs.link('work/new', 'w')).status_code == 201
