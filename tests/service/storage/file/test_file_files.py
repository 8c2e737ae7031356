"""Files: made, read, described, resized, deleted."""
from __future__ import annotations

import base64
import errno
import hashlib
import os
import stat

import pytest

from azext_batchai.service.storage.rest.tree import Tree


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def test_an_upload_is_a_file_at_once_and_what_a_job_writes_is_read_at_once(files):
    files.upload('work/f', b'from a client')
    assert (files.root / 'f').read_bytes() == b'from a client'
    (files.root / 'f').write_bytes(b'and then from a job')
    assert files.get('work/f').content == b'and then from a job'
    (files.root / 'out').mkdir()
    (files.root / 'out' / 'model').write_bytes(b'weights')
    shown = files.expect(200, files.get('work/out/model'))
    assert (shown.content, shown.headers['content-type']) == (b'weights', 'application/octet-stream')


@pytest.mark.parametrize('size', [0, 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1])
def test_every_byte_comes_back(files, size):
    content = os.urandom(size)
    files.upload('work/f', content)
    assert files.get('work/f').content == content
    assert files.head('work/f').headers['content-length'] == str(size)


def test_a_new_file_is_zeros_and_takes_no_room(files):
    files.make('work/f', 1 << 20)
    assert files.get('work/f').content == bytes(1 << 20)
    assert (files.root / 'f').stat().st_blocks == 0


def test_a_script_can_be_run_as_on_a_mounted_share(files):
    files.upload('work/run.sh', b'#!/bin/sh\n')
    assert os.access(files.root / 'run.sh', os.X_OK)
    (files.root / 'plain').write_text('made by a job')
    before = stat.S_IMODE((files.root / 'plain').stat().st_mode)
    files.upload('work/plain', b'again')
    assert stat.S_IMODE((files.root / 'plain').stat().st_mode) == before


def test_a_file_made_again_begins_anew(files):
    files.upload('work/f', b'x' * 100, x_ms_meta_old='1', x_ms_content_type='text/old')
    files.make('work/f', 10)
    shown = files.get('work/f')
    assert shown.content == bytes(10) and 'x-ms-meta-old' not in shown.headers
    assert shown.headers['content-type'] == 'application/octet-stream'


def test_the_body_of_its_making_is_its_beginning(files):
    files.put('work/f', {'x-ms-content-length': '5', 'x-ms-type': 'file', 'content-md5': md5(b'abc')}, content=b'abc')
    assert files.get('work/f').content == b'abc\0\0'
    files.refuse(400, 'Md5Mismatch', files.put('work/f', {'x-ms-content-length': '5', 'content-md5': md5(b'x')},
                                               content=b'abd'))
    files.refuse(400, 'InvalidHeaderValue', files.put('work/f', {'x-ms-content-length': '2'}, content=b'abd'))
    assert files.get('work/f').content == b'abc\0\0'


@pytest.mark.parametrize('asked, start, end', [('bytes=0-0', 0, 1), ('bytes=2-5', 2, 6), ('bytes=7-', 7, 10),
                                               ('bytes=3-999', 3, 10)])
@pytest.mark.parametrize('header', ['range', 'x-ms-range'])
def test_a_range_is_the_part_that_is_asked_for(files, header, asked, start, end):
    files.upload('work/f', b'0123456789')
    part = files.expect(206, files.get('work/f', {header: asked, 'x-ms-range-get-content-md5': 'true'}))
    assert part.content == b'0123456789'[start:end]
    assert part.headers['content-range'] == f'bytes {start}-{end - 1}/10'
    assert part.headers['content-md5'] == md5(part.content)


def test_a_range_behind_the_end_is_refused(files):
    files.make('work/empty')
    files.upload('work/f', b'0123456789')
    for path in ('work/f', 'work/empty'):
        files.refuse(416, 'InvalidRange', files.get(path, {'x-ms-range': 'bytes=10-12'}))
    files.upload('work/large', bytes((4 << 20) + 1))
    files.refuse(400, 'InvalidHeaderValue', files.get('work/large', {'x-ms-range': 'bytes=0-',
                                                                     'x-ms-range-get-content-md5': 'true'}))


def test_what_a_client_says_of_a_file_is_said_again(files):
    said = {'content-type': 'text/plain', 'content-encoding': 'gzip', 'content-language': 'de',
            'content-disposition': 'attachment', 'cache-control': 'no-cache'}
    files.make('work/f', 3, **{f'x_ms_{name}': value for name, value in said.items()}, x_ms_meta_name='value')
    shown = files.head('work/f').headers
    assert {name: shown[name] for name in said} == said and shown['x-ms-meta-name'] == 'value'
    assert (shown['x-ms-type'], shown['x-ms-file-attributes']) == ('File', 'Archive')
    files.expect(200, files.put('work/f', {'x-ms-content-type': 'a/b'}, comp='properties'))
    shown = files.head('work/f').headers
    assert shown['content-type'] == 'a/b' and 'content-encoding' not in shown and shown['x-ms-meta-name'] == 'value'
    files.expect(200, files.put('work/f', {'x-ms-meta-other': 'now'}, comp='metadata'))
    shown = files.expect(200, files.get('work/f', comp='metadata')).headers
    assert shown['x-ms-meta-other'] == 'now' and 'x-ms-meta-name' not in shown


def test_every_change_is_another_etag(files):
    seen = [files.make('work/f', 10).headers['etag'], files.write('work/f', b'abc').headers['etag']]
    files.harness.now += 1
    seen.append(files.put('work/f', {'x-ms-meta-a': 'b'}, comp='metadata').headers['etag'])
    files.harness.now += 1
    seen.append(files.put('work/f', {'x-ms-content-type': 'a/b'}, comp='properties').headers['etag'])
    (files.root / 'f').write_bytes(b'by a job')
    seen.append(files.head('work/f').headers['etag'])
    assert len(set(seen)) == len(seen)
    assert files.get('work/f').headers['etag'] == seen[-1]


def test_the_md5_that_is_said_stays_while_ranges_are_written_and_goes_when_a_job_writes(files):
    files.make('work/f', 6, x_ms_content_md5=md5(b'abcdef'))
    files.expect(201, files.write('work/f', b'abc'))
    files.expect(201, files.write('work/f', b'def', 3))
    assert files.get('work/f').headers['content-md5'] == md5(b'abcdef')
    part = files.get('work/f', {'x-ms-range': 'bytes=1-2'}).headers
    assert part['x-ms-content-md5'] == md5(b'abcdef') and 'content-md5' not in part
    os.utime(files.root / 'f', (1, 1))
    assert 'content-md5' not in files.get('work/f').headers
    files.expect(201, files.write('work/f', b'xyz'))
    assert 'content-md5' not in files.get('work/f').headers
    files.refuse(400, 'InvalidMd5', files.put('work/f', {'x-ms-content-md5': 'short'}, comp='properties'))


def test_a_file_is_made_longer_and_shorter_and_keeps_what_is_said_of_it(files):
    files.upload('work/f', b'0123456789', x_ms_content_type='a/b')
    files.expect(200, files.put('work/f', {'x-ms-content-length': '12'}, comp='properties'))
    assert files.get('work/f').content == b'0123456789\0\0'
    files.expect(200, files.put('work/f', {'x-ms-content-length': '3'}, comp='properties'))
    shown = files.get('work/f')
    assert (shown.content, shown.headers['content-type']) == (b'012', 'a/b')


def test_what_is_not_there_is_named(files):
    files.make_folder('work/d')
    files.make('work/f')
    for method, query in (('GET', {}), ('PUT', {'comp': 'metadata'}), ('PUT', {'comp': 'properties'}), ('DELETE', {}),
                          ('GET', {'comp': 'rangelist'}), ('GET', {'comp': 'metadata'})):
        files.refuse(404, 'ResourceNotFound', files.request(method, 'work/none', **query))
        files.refuse(404, 'ParentNotFound', files.request(method, 'work/no/none', **query))
        files.refuse(404, 'ParentNotFound', files.request(method, 'work/f/none', **query))
        files.refuse(404, 'ShareNotFound', files.request(method, 'nowhere/none', **query))
    files.refuse(404, 'ResourceNotFound', files.get('work/d'))
    files.refuse(409, 'ResourceTypeMismatch', files.delete('work/d'))
    files.refuse(409, 'ResourceTypeMismatch', files.put('work/d', {'x-ms-content-length': '1'}))
    files.refuse(404, 'ParentNotFound', files.put('work/no/f', {'x-ms-content-length': '1'}))
    assert files.head('work/none').status_code == 404 and files.head('work/none').content == b''


@pytest.mark.parametrize('headers, code', [
    ({}, 'MissingRequiredHeader'), ({'x-ms-content-length': '-1'}, 'InvalidHeaderValue'),
    ({'x-ms-content-length': str((4 << 40) + 1)}, 'InvalidHeaderValue'),
    ({'x-ms-content-length': '1', 'x-ms-type': 'symlink'}, 'InvalidHeaderValue'),
    ({'x-ms-content-length': '1', 'x-ms-meta-a.b': 'c'}, 'InvalidMetadata'),
    ({'x-ms-content-length': '1', 'x-ms-file-last-write-time': 'yesterday'}, 'InvalidHeaderValue'),
    ({'x-ms-content-length': '1', 'x-ms-file-attributes': 'Purple'}, 'InvalidHeaderValue'),
    ({'x-ms-content-length': '1', 'x-ms-file-permission': 'O:BAG:BA'}, 'FeatureNotSupported')])
def test_a_request_that_cannot_be_leaves_nothing(files, headers, code):
    files.refuse(400, code, files.put('work/f', headers))
    assert files.names()[0] == []


def test_times_and_attributes_are_those_that_are_set(files):
    files.make('work/f', 3, x_ms_file_last_write_time='2003-02-01T00:00:00.5000000Z',
               x_ms_file_attributes='Hidden | System',
               x_ms_file_creation_time='2002-01-01T00:00:00.0000000Z', x_ms_file_permission='inherit')
    files.expect(201, files.write('work/f', b'abc', x_ms_file_last_write_time='preserve'))
    shown = files.head('work/f').headers
    assert shown['x-ms-file-last-write-time'] == '2003-02-01T00:00:00.5000000Z'
    assert shown['x-ms-file-creation-time'] == '2002-01-01T00:00:00.0000000Z'
    assert shown['x-ms-file-attributes'] == 'Hidden | System'
    files.expect(201, files.write('work/f', b'abc'))
    assert files.head('work/f').headers['x-ms-file-last-write-time'] > '2018'


def test_a_deleted_file_is_gone_with_what_was_said_of_it(files):
    files.make('work/f', 1, x_ms_meta_a='b')
    files.expect(202, files.delete('work/f'))
    assert not (files.root / 'f').exists()
    (files.root / 'f').write_text('by a job')
    assert 'x-ms-meta-a' not in files.head('work/f').headers


def test_conditions_of_readers_hold(files):
    files.upload('work/f', b'abc')
    etag = files.head('work/f').headers['etag']
    assert files.get('work/f', {'if-none-match': etag}).status_code == 304
    assert files.get('work/f', {'if-match': '"0x0"'}).status_code == 412
    assert files.get('work/f', {'if-match': etag}).content == b'abc'


@pytest.mark.parametrize('leads', ['out', 'to itself', 'to a pipe', 'nowhere'])
def test_nothing_outside_a_share_is_reached_through_links_and_nothing_hangs(files, tmp_path, leads):
    (tmp_path / 'secret').write_text('secret')
    if leads == 'to a pipe':
        os.mkfifo(files.root / 'f')
    else:
        (files.root / 'f').symlink_to({'out': tmp_path / 'secret', 'to itself': 'f', 'nowhere': 'none'}[leads])
    for method, headers, query in (('GET', {}, {}), ('HEAD', {}, {}), ('GET', {}, {'comp': 'rangelist'}),
                                   ('PUT', {'x-ms-content-length': '9'}, {'comp': 'properties'})):
        found = files.request(method, 'work/f', headers=headers, **query)
        assert found.status_code in (403, 404), (method, found.text)
    assert files.put('work/f', {'x-ms-content-length': '9'}).status_code in (403, 404, 409)
    assert files.names()[0] == [] and (tmp_path / 'secret').read_text() == 'secret'


def test_links_within_a_share_are_followed(files):
    files.make_folder('work/d')
    files.upload('work/d/f', b'abc')
    (files.root / 'link').symlink_to('d')
    (files.root / 'file').symlink_to('d/f')
    assert files.get('work/link/f').content == files.get('work/file').content == b'abc'
    files.upload('work/link/g', b'new')
    assert (files.root / 'd' / 'g').read_bytes() == b'new'


@pytest.mark.parametrize('error, status, code', [
    (FileNotFoundError(errno.ENOENT, ''), 404, 'ResourceNotFound'),
    (NotADirectoryError(errno.ENOTDIR, ''), 404, 'ParentNotFound'),
    (IsADirectoryError(errno.EISDIR, ''), 409, 'ResourceTypeMismatch'),
    (OSError(errno.ELOOP, ''), 404, 'ResourceNotFound'), (OSError(errno.EROFS, ''), 409, 'ReadOnlyAttribute'),
    (OSError(errno.ENAMETOOLONG, ''), 400, 'InvalidResourceName'),
    (PermissionError(errno.EACCES, ''), 409, 'ResourceNotUsable')])
def test_what_a_job_does_between_two_steps_is_told_as_it_is(files, monkeypatch, error, status, code):
    files.upload('work/f', b'abc')

    def fail(*_arguments):
        raise error
    monkeypatch.setattr(Tree, 'open', fail)
    files.refuse(status, code, files.get('work/f'))
    files.refuse(status, code, files.write('work/f', b'abc'))


def test_a_path_longer_than_the_disk_can_have_is_refused(files):
    path = 'work/' + '/'.join(['x' * 250] * 20)
    for found in (files.put(path, {'x-ms-content-length': '1'}), files.get(path), files.put(path, restype='directory')):
        assert found.status_code in (400, 404), found.text
    assert files.names()[0] == []
