"""Names, bodies and links that are to lead out of a share, or to hold up the service."""
from __future__ import annotations

import os
import socket
import sys

import pytest
from file_client import ACCOUNT
from harness import FILE_HOST

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..', 'rest'))
from raw_requests import send_raw  # noqa: E402

_FILE = {'x_ms_type': 'file', 'x_ms_content_length': '0', 'content_length': '0'}
_ELSEWHERE = ['http://169.254.169.254/metadata/instance', 'file:///etc/passwd', f'https://evil@{FILE_HOST}/acct/work/f',
              'https://evil.example:8445/acct/work/f', 'https://127.0.0.1:22/a/b/c', f'//{FILE_HOST}/acct/work/f',
              f'https://{FILE_HOST}/acct/work/../../../etc/passwd', f'https://{FILE_HOST}/acct/work/..%2f..%2fsecret',
              f'https://{FILE_HOST}/other/work/f', f'https://{FILE_HOST}/acct/work/%00',
              f'https://{FILE_HOST}/acct/../x']


@pytest.mark.parametrize('path', [
    'work/..%2f..%2fsecret', 'work/%2e%2e/%2e%2e/secret', 'work/../../secret', 'work/..%5c..%5csecret', 'work/a%00b',
    'work//etc/passwd', 'work/%2Fetc%2Fpasswd', 'work/%C0%AE%C0%AE/secret', 'work/' + 'x' * 256, 'work/%FF',
    'work/' + 'a/' * 251 + 'b', '%2e%2e/x', '..%2f..%2fetc/passwd', '.uploads/x', 'work/.batchai-upload-1', 'WORK/x'])
@pytest.mark.parametrize('method, query', [('GET', ''), ('PUT', ''), ('DELETE', ''), ('PUT', '?restype=directory'),
                                           ('GET', '?restype=directory&comp=list'), ('DELETE', '?restype=directory')])
def test_a_path_that_leads_elsewhere_is_refused(files, path, method, query):
    (files.harness.data_dir / 'storage' / 'secret').write_text('secret')
    before = _everything(files)
    reply = send_raw(files.harness, f'https://{FILE_HOST}/{ACCOUNT}/{path}{query}', method, **_FILE)
    assert reply.status in (400, 404) and b'secret' not in reply.content, reply
    assert _everything(files) == before


def _everything(files):
    return sorted(map(str, (files.harness.data_dir / 'storage').rglob('*')))


@pytest.mark.parametrize('source', _ELSEWHERE)
def test_neither_a_copy_nor_a_rename_has_its_source_elsewhere(files, monkeypatch, source):
    def call(*_arguments, **_more):
        raise AssertionError('somebody was called')
    for name in ('socket', 'create_connection', 'getaddrinfo'):
        monkeypatch.setattr(socket, name, call)
    before = _everything(files)
    files.make('work/old', 4)
    ranged = {'x-ms-write': 'update', 'x-ms-range': 'bytes=0-3', 'x-ms-source-range': 'bytes=0-3'}
    for reply in (files.put('work/new', {'x-ms-copy-source': source}),
                  files.put('work/old', {'x-ms-copy-source': source, **ranged}, comp='range'),
                  files.put('work/new', {'x-ms-file-rename-source': source}, comp='rename'),
                  files.put('work/new', {'x-ms-file-rename-source': source}, comp='rename', restype='directory')):
        assert reply.status_code in (400, 403, 404), reply.text
    files.expect(202, files.delete('work/old'))
    assert _everything(files) == before


@pytest.mark.parametrize('name', ['a b', 'a\r\nb', '1a', 'a-b', 'a:b', 'é', '../a', 'a\0', '', 'a' * 9000])
def test_metadata_has_names_of_identifiers(files, name):
    reply = send_raw(files.harness, f'https://{FILE_HOST}/{ACCOUNT}/work/f', 'PUT', **_FILE,
                     **{f'x-ms-meta-{name}'.encode().decode('latin-1').replace('_', '-'): 'x'})
    assert reply.status == 400 and _everything(files)[-1].endswith('work')


@pytest.mark.parametrize('make', [
    lambda path: os.mkfifo(path), lambda path: path.symlink_to('/dev/zero'), lambda path: path.symlink_to(path),
    lambda path: path.symlink_to('/etc/passwd'), lambda path: socket.socket(socket.AF_UNIX).bind(str(path))])
@pytest.mark.parametrize('method, query', [('GET', ''), ('HEAD', ''), ('PUT', ''), ('PUT', '?comp=range'),
                                           ('GET', '?comp=rangelist'), ('PUT', '?comp=metadata')])
def test_what_a_job_leaves_neither_holds_up_nor_leads_out(files, monkeypatch, make, method, query):
    monkeypatch.chdir(files.root)  # addresses of sockets are short
    make(files.root.relative_to(files.root) / 'odd')
    reply = send_raw(files.harness, f'https://{FILE_HOST}/{ACCOUNT}/work/odd{query}', method, **_FILE,
                     x_ms_write='clear', x_ms_range='bytes=0-0')
    assert reply.status in (403, 404, 409) and b'root:' not in reply.content
    assert files.names()[0] == []


def test_a_write_through_a_link_stays_inside(files, tmp_path):
    (tmp_path / 'out').write_text('mine')
    (files.root / 'link').symlink_to(tmp_path / 'out')
    (files.root / 'dir').symlink_to(tmp_path)
    files.refuse(403, 'AuthorizationFailure', files.write('work/link', b'evil'))
    files.refuse(403, 'AuthorizationFailure', files.write('work/dir/out', b'evil'))
    files.refuse(403, 'AuthorizationFailure', files.delete('work/dir/out'))
    files.refuse(403, 'AuthorizationFailure', files.put('work/dir/new', {'x-ms-type': 'file',
                                                                         'x-ms-content-length': '1'}))
    assert (tmp_path / 'out').read_text() == 'mine' and not (tmp_path / 'new').exists()
    files.refuse(403, 'AuthorizationFailure', files.delete('work/link'))
    assert (tmp_path / 'out').exists() and files.names()[0] == []


@pytest.mark.parametrize('path, query', [('work', {'restype': 'share', 'comp': 'acl'}),
                                         ('', {'restype': 'service', 'comp': 'properties'})])
@pytest.mark.parametrize('body', [b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>',
                                  b'<a>' * 160_000, b'x' * (64 << 20)], ids=['file', 'deep', 'long'])
def test_xml_that_grows_or_reads_files_is_refused(files, path, query, body):
    reply = files.put(path, content=body, **query)
    assert reply.status_code in (400, 413) and 'root:' not in reply.text


@pytest.mark.parametrize('marker', ['../../..', '/etc', 'a\0b', '\\', 'x' * 20_000])
def test_a_marker_is_a_name_and_nothing_else(files, marker):
    files.upload('work/a', b'x')
    for query in ({'marker': marker}, {'prefix': marker}, {'marker': marker, 'prefix': marker}):
        reply = files.get('work', restype='directory', comp='list', **query)
        assert reply.status_code in (200, 400) and 'passwd' not in reply.text
    assert files.get('work/a', comp='rangelist', marker=marker).status_code in (200, 400)


def test_the_same_letters_in_two_ways_are_two_names(files):
    for name in ('é', 'e\u0301'):
        files.upload(f'work/{name}', name.encode())
    assert [files.get(f'work/{name}').text for name in ('é', 'e\u0301')] == ['é', 'e\u0301']
