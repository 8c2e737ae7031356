"""Names, bodies and links that are to lead out of a container, or to make the service work without end."""
from __future__ import annotations

import os
import socket
import sys

import pytest
from blob_client import ACCOUNT, BLOCK, refused
from harness import BLOB_HOST

from azext_batchai.service.storage import served
from azext_batchai.service.storage.rest import roots

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'rest'))
from raw_requests import send_raw  # noqa: E402

BOMB = (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
        + b''.join(b'<!ENTITY %c "%s">' % (98 + at, b'&%c;' % (97 + at) * 10) for at in range(9)) + b']><%s>&j;</%s>')
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><%s>&a;</%s>'


@pytest.mark.parametrize('path', [
    'work/..%2f..%2fsecret', 'work/%2e%2e/%2e%2e/secret', 'work/../../secret', 'work/a/../../../secret', 'work/./x',
    'work/..%5c..%5csecret', 'work\\..\\secret', 'work//etc/passwd', 'work/%2Fetc%2Fpasswd', 'work/a%00b',
    'work/%C0%AE%C0%AE/secret', 'work/%E0%80%AF', 'work/%F0%80%80%AF', 'work/a%0d%0ab', 'work/' + 'x' * 256,
    'work/' + 'a/' * 251 + 'b', 'work/' + 'y' * 200 + '/' + 'z' * 200 + '/..', '..%2f..%2f..%2fetc/passwd', '%2e%2e/x',
    'work/.batchai-upload-1', '.uploads/x', 'WORK/x', 'work%00/x', 'work/%FF'])
@pytest.mark.parametrize('method', ['GET', 'PUT', 'DELETE'])
def test_a_path_that_leads_elsewhere_is_refused(blobs, method, path):
    (blobs.harness.data_dir / 'storage' / 'secret').write_text('secret')
    before = _everything(blobs)
    reply = send_raw(blobs.harness, f'https://{BLOB_HOST}/{ACCOUNT}/{path}', method, content_length='0',
                     x_ms_blob_type='BlockBlob')
    assert reply.status in (400, 404) and b'secret' not in reply.content, reply
    assert _everything(blobs) == before


def _everything(blobs):
    return sorted(str(path) for path in (blobs.harness.data_dir / 'storage').rglob('*') if '.uploads' not in str(path))


def test_what_only_looks_like_a_way_out_is_a_name(blobs):
    for name in ('%2e%2e', '..%2f', '...', '.. ', '~', '$HOME', '`id`', ';rm -rf', '-rf', 'con', 'a:b', '\u2025',
                 'é', 'e\u0301', '\u202egpj'):
        blobs.upload(f'work/{name}', name.encode())
        assert (blobs.folder / name).read_bytes() == name.encode() == blobs.get(f'work/{name}').content
    assert len(blobs.list().names) == 15


def test_names_as_long_as_they_can_be(blobs):
    longest = 'é' * 127 + 'x'
    blobs.upload(f'work/{longest}', b'x')
    assert blobs.list().names == [longest]
    assert refused(blobs.put('work/' + '/'.join(['d' * 250] * 20), b'x', headers=BLOCK), 400, 'InvalidResourceName')
    assert blobs.unfinished() == []


@pytest.mark.parametrize('bomb', [BOMB, OUTSIDE, b'<%s>' + b'<a>' * 200_000 + b'</a>' * 200_000 + b'</%s>',
                                  b'<?xml version="1.0" encoding="utf-7"?><%s>+ADwhDOCTYPE</%s>x',
                                  '<!DOCTYPE a><%s/>'.encode('utf-16').replace(b'%\0s\0', b'%s') + b'%s'],
                         ids=['laughs', 'file', 'deep', 'utf-7', 'utf-16'])
@pytest.mark.parametrize('root, path, query', [
    (b'BlockList', 'work/x', {'comp': 'blocklist'}), (b'SignedIdentifiers', 'work', {'restype': 'container',
                                                                                     'comp': 'acl'}),
    (b'StorageServiceProperties', '', {'restype': 'service', 'comp': 'properties'})])
def test_xml_that_grows_or_reads_files_is_refused(blobs, root, path, query, bomb):
    reply = blobs.put(path, bomb % (root, root), **query)
    assert reply.status_code in (400, 413) and 'root:' not in reply.text, reply.text


def test_the_longest_block_list_is_none_too_many(blobs):
    """50,000 blocks: those it names are not there, but it is read."""
    assert refused(blobs.put_block_list('work/x', *(f'{number:08}' for number in range(50_000))), 400,
                   'InvalidBlockList')
    assert refused(blobs.put_block_list('work/x', *(f'{number:08}' for number in range(50_001))), 400,
                   'BlockListTooLong')


@pytest.mark.parametrize('marker', ['../../..', '/etc', 'a\0b', '\\', 'x' * 60_000, 'a/' * 400, '\udfff', '%00', '￿'])
def test_a_marker_is_a_name_and_nothing_else(blobs, marker):
    blobs.upload('work/a/b', b'x')
    for query in ({'prefix': marker}, {'marker': marker}, {'prefix': marker, 'delimiter': '/'}, {'delimiter': marker}):
        try:
            reply = blobs.get('work', restype='container', comp='list', **query)
        except UnicodeEncodeError:
            return  # the client cannot send it
        assert reply.status_code in (200, 400) and 'passwd' not in reply.text


@pytest.fixture
def nobody_is_called(monkeypatch):
    def call(*_arguments, **_more):
        raise AssertionError('somebody was called')
    for name in ('socket', 'create_connection', 'getaddrinfo'):
        monkeypatch.setattr(socket, name, call)


@pytest.mark.parametrize('source', [
    'http://169.254.169.254/metadata/instance?api-version=2021-02-01', 'https://169.254.169.254/a/b/c',
    'file:///etc/passwd', 'file://127.0.0.1:8444/etc/passwd', f'https://evil@{BLOB_HOST}/{ACCOUNT}/work/s',
    f'https://{BLOB_HOST}@evil.example:8444/{ACCOUNT}/work/s', f'https://evil.example:8444/{ACCOUNT}/work/s',
    f'https://{ACCOUNT}.blob.core.windows.net:8444/work/s', 'https://127.0.0.1:22/a/b/c', 'gopher://127.0.0.1:8444/a/b',
    f'//{BLOB_HOST}/{ACCOUNT}/work/s', f'https://127.0.0.1:8444\\@evil/{ACCOUNT}/work/s', 'https://[::1/a',
    'https://127.0.0.1:99999/a/b/c', f'https://127.0.0.1%2f:8444/{ACCOUNT}/work/s',
    f'https://0177.0.0.1:8444/{ACCOUNT}/work/s'])
def test_nobody_is_asked_for_a_source_that_is_elsewhere(blobs, nobody_is_called, source):
    for query in ({}, {'comp': 'block', 'blockid': 'AAAA'}, {'comp': 'appendblock'}):
        reply = blobs.put('work/copy', headers={'x-ms-copy-source': source}, **query)
        assert reply.status_code in (400, 403, 404), reply.text
    assert blobs.list().names == []


def test_an_upload_over_a_hard_link_leaves_the_other_name_as_it_was(blobs, tmp_path):
    (tmp_path / 'mine').write_text('mine')
    os.link(tmp_path / 'mine', blobs.folder / 'linked')
    blobs.upload('work/linked', b'new')
    assert (tmp_path / 'mine').read_text() == 'mine' and blobs.get('work/linked').content == b'new'


@pytest.mark.parametrize('make', [
    lambda path: os.mkfifo(path), lambda path: path.symlink_to('/dev/zero'), lambda path: path.symlink_to(path),
    lambda path: path.symlink_to('/proc/self/environ'), lambda path: path.symlink_to('/etc/passwd')])
@pytest.mark.parametrize('method', ['GET', 'HEAD', 'DELETE', 'PUT'])
def test_what_a_job_leaves_neither_holds_up_nor_leads_out(blobs, make, method):
    make(blobs.folder / 'odd')
    reply = send_raw(blobs.harness, f'https://{BLOB_HOST}/{ACCOUNT}/work/odd', method, x_ms_blob_type='BlockBlob',
                     content_length='0')
    assert reply.status in ((201, 403, 404) if method == 'PUT' else (403, 404)) and b'root:' not in reply.content
    assert os.path.exists('/etc/passwd') and blobs.list().names == (['odd'] if reply.status == 201 else [])


@pytest.mark.parametrize('level', ['work', '.', '..'])
def test_a_folder_that_becomes_a_link_between_two_looks_is_no_way_out(blobs, monkeypatch, tmp_path, level):
    """The container, the folder of all containers, or that of the account, after it was looked at."""
    outside = {'work': tmp_path / 'o', '.': tmp_path / 'o/work', '..': tmp_path / 'o/blob/work'}[level]
    outside.mkdir(parents=True)
    (outside / 'x').write_text('secret')
    blobs.upload('work/x', b'mine')
    swapped = blobs.folder if level == 'work' else blobs.folder.parent if level == '.' else blobs.folder.parents[1]
    look = served.served_folder

    def look_and_swap(*arguments):
        found = look(*arguments)
        if not swapped.is_symlink():
            swapped.rename(tmp_path / 'before')
            swapped.symlink_to(tmp_path / 'o')
        return found
    monkeypatch.setattr(roots, 'served_folder', look_and_swap)
    for _ in range(2):  # in between, and afterwards
        reply = blobs.get('work/x')
        assert reply.status_code in (403, 404) and 'secret' not in reply.text
    assert refused(blobs.delete('work/x'), reply.status_code, reply.headers['x-ms-error-code'])
    assert (outside / 'x').read_text() == 'secret'


def test_a_batch_in_a_batch_or_for_another_host_is_refused(blobs):
    blobs.upload('work/keep', b'x')
    for line in (f'POST /{ACCOUNT}/work?restype=container&comp=batch', 'DELETE /otheraccount/work/keep',
                 f'DELETE https://{BLOB_HOST}/{ACCOUNT}/work/keep', f'DELETE /{ACCOUNT}/work/../work/keep',
                 f'DELETE /{ACCOUNT}/work/keep HTTP/1.1\r\nhost: evil'):
        part = (f'--b\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n{line} HTTP/1.1\r\n'
                'authorization: SharedKey x:y\r\n\r\n--b--\r\n')
        reply = blobs.call('POST', 'work', part.encode(), headers={'content-type': 'multipart/mixed; boundary=b'},
                           restype='container', comp='batch')
        assert 'HTTP/1.1 4' in reply.text and 'HTTP/1.1 2' not in reply.text, reply.text
    assert blobs.list().names == ['keep']


def test_a_link_out_in_one_part_of_a_batch_does_not_end_the_others(blobs):
    from test_blob_batches import batch, outcomes
    (blobs.folder / 'dir').symlink_to('/etc')
    blobs.upload('work/a', b'x')
    reply = batch(blobs, f'DELETE /{ACCOUNT}/work/dir/passwd', f'DELETE /{ACCOUNT}/work/a')
    assert [status for _, status, _ in outcomes(reply)] == [403, 202]


def test_a_compressed_body_is_kept_as_it_is(blobs):
    import gzip
    bomb = gzip.compress(bytes(10_000_000))
    blobs.upload('work/bomb', bomb, content_encoding='gzip')
    assert (blobs.folder / 'bomb').read_bytes() == bomb
    assert blobs.head('work/bomb').headers['content-encoding'] == 'gzip'


def test_a_new_blob_can_be_run_by_whoever_can_read_it(blobs):
    blobs.upload('work/run.sh', b'#!/bin/sh\nexit 7\n')
    assert os.spawnl(os.P_WAIT, blobs.folder / 'run.sh', 'run.sh') == 7
