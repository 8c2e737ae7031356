"""Copies from addresses of this service."""
from __future__ import annotations

import base64
import hashlib
import os

import pytest
from blob_client import APPEND, BLOCK, OTHER_ACCOUNT, refused


@pytest.fixture
def source(blobs):
    """The client, with a blob of which much is said."""
    blobs.upload('work/source', b'content', x_ms_meta_a='1', x_ms_blob_content_type='text/plain')
    return blobs


def test_a_copy_is_done_when_the_reply_comes_and_has_all_of_its_source(source):
    reply = source.copy('work/deep/copy', 'work/source')
    assert (reply.status_code, reply.headers['x-ms-copy-status']) == (202, 'success')
    found = source.get('work/deep/copy')
    assert found.content == b'content' and found.headers['etag'] == reply.headers['etag']
    assert (found.headers['content-type'], found.headers['x-ms-meta-a']) == ('text/plain', '1')
    assert found.headers['content-md5'] == source.get('work/source').headers['content-md5']
    assert found.headers['x-ms-copy-id'] == reply.headers['x-ms-copy-id']
    assert (found.headers['x-ms-copy-status'], found.headers['x-ms-copy-progress']) == ('success', '7/7')
    assert source.list(include='copy').properties('deep/copy')['CopyStatus'] == 'success'
    assert source.unfinished() == []


def test_metadata_of_the_request_takes_the_place_of_all_that_the_source_has(source):
    source.copy('work/copy', 'work/source', headers={'x-ms-meta-b': '2'})
    said = source.head('work/copy').headers
    assert said['x-ms-meta-b'] == '2' and 'x-ms-meta-a' not in said


def test_a_copy_of_an_append_blob_is_one(source):
    source.put('work/log', headers=APPEND)
    source.append('work/log', b'one')
    source.copy('work/log2', 'work/log')
    assert source.append('work/log2', b'two').headers['x-ms-blob-committed-block-count'] == '2'
    assert (source.get('work/log').content, source.get('work/log2').content) == (b'one', b'onetwo')


def test_a_blob_is_copied_onto_itself(source):
    assert source.copy('work/source', 'work/source', headers={'x-ms-meta-b': '2'}).status_code == 202
    assert source.get('work/source').content == b'content'


def signed(client, path, **more):
    """The header of a source with a link of its own."""
    return {'x-ms-copy-source': f'{client.url(path)}?{client.link(path, **more)}'}


def test_a_signed_source_is_read_by_its_link_and_the_copy_does_not_show_the_signature(source):
    mine = source.link('work', 'cw', sr='c')
    assert source.put('work/copy', headers=signed(source, 'work/source'), link=mine).status_code == 202
    assert source.head('work/copy').headers['x-ms-copy-source'] == source.url('work/source')


def test_a_source_is_not_read_without_the_right_to(source):
    mine = source.link('work', 'rcw', sr='c')
    for headers in ({'x-ms-copy-source': source.url('work/source')},
                    signed(source, 'work/source', sp='w'), signed(source, 'work/source', expiry=-1),
                    signed(source, 'work/source', key='b3RoZXI=')):
        assert refused(source.put('work/copy', headers=headers, link=mine), 403,
                       'CannotVerifyCopySource')
    assert refused(source.get('work/copy'), 404, 'BlobNotFound')


def test_who_has_a_key_of_one_account_does_not_read_another(source):
    other = source.url('work/source', account=OTHER_ACCOUNT)
    assert refused(source.put('work/copy', headers={'x-ms-copy-source': other}), 403, 'CannotVerifyCopySource')


@pytest.mark.parametrize(('address', 'status', 'code'), [
    ('https://example.com/demobatchaicli/work/source', 400, 'CannotVerifyCopySource'),
    ('http://127.0.0.1:8444/demobatchaicli/work/source', 400, 'CannotVerifyCopySource'),
    ('https://127.0.0.1:8443/demobatchaicli/work/source', 400, 'CannotVerifyCopySource'),
    ('file:///etc/passwd', 400, 'CannotVerifyCopySource'), ('rubbish', 400, 'CannotVerifyCopySource'),
    ('https://127.0.0.1:8444/demobatchaicli/work', 400, 'InvalidHeaderValue'),
    ('https://127.0.0.1:8444/demobatchaicli/work/none', 404, 'CannotVerifyCopySource'),
    ('https://127.0.0.1:8444/demobatchaicli/work/%2e%2e/x', 404, 'CannotVerifyCopySource'),
    ('https://127.0.0.1:8444/demobatchaicli/none/none', 404, 'CannotVerifyCopySource')])
def test_nothing_is_fetched_from_elsewhere_and_what_is_not_there_is_said(source, address, status, code):
    assert refused(source.put('work/copy', headers={'x-ms-copy-source': address}), status, code)


def test_a_link_to_outside_is_no_source(source, tmp_path):
    (tmp_path / 'secret').write_bytes(b'secret')
    (source.folder / 'link').symlink_to(tmp_path / 'secret')
    assert refused(source.copy('work/copy', 'work/link'), 403, 'AuthorizationFailure')


def test_conditions_of_the_source_have_a_code_of_their_own(source):
    assert refused(source.copy('work/copy', 'work/source', headers={'x-ms-source-if-match': '"other"'}), 412,
                   'SourceConditionNotMet')
    assert refused(source.copy('work/source', 'work/source', headers={'if-none-match': '*'}), 409,
                   'BlobAlreadyExists')


def test_a_file_of_a_share_becomes_a_blob(source):
    share = source.harness.data_dir / 'storage/demobatchaicli/file/demoafs/scripts'
    share.mkdir(parents=True)
    (share / 'train.py').write_bytes(b'print(1)')
    address = source.file_url('demoafs/scripts/train.py')
    assert source.put('work/train.py', headers={'x-ms-copy-source': address}).status_code == 202
    assert source.get('work/train.py').content == b'print(1)'


def test_a_blob_from_an_address_has_what_the_request_says_and_else_what_its_source_has(source):
    headers = {**BLOCK, 'x-ms-meta-b': '2', 'x-ms-blob-content-language': 'de'}
    reply = source.copy('work/new', 'work/source', headers=headers)
    assert reply.status_code == 201 and 'content-md5' not in reply.headers  # az cannot print it
    said = source.head('work/new').headers
    assert (said['content-type'], said['content-language'], said['x-ms-meta-b']) == ('text/plain', 'de', '2')
    assert 'x-ms-meta-a' not in said and 'x-ms-copy-id' not in said
    source.copy('work/bare', 'work/source', headers={**BLOCK, 'x-ms-copy-source-blob-properties': 'false'})
    assert source.head('work/bare').headers['content-type'] == 'application/octet-stream'


def test_the_md5_that_is_said_of_the_source_is_checked(source):
    right = base64.b64encode(hashlib.md5(b'content').digest()).decode()
    assert source.copy('work/new', 'work/source', headers={**BLOCK, 'x-ms-source-content-md5': right}
                       ).status_code == 201
    wrong = {**BLOCK, 'x-ms-source-content-md5': base64.b64encode(bytes(16)).decode()}
    assert refused(source.copy('work/wrong', 'work/source', headers=wrong), 400, 'Md5Mismatch')
    assert refused(source.get('work/wrong'), 404, 'BlobNotFound')


def test_a_source_that_a_job_writes_meanwhile_is_not_half_copied(source, monkeypatch):
    copy = os.copy_file_range

    def written_meanwhile(*arguments):
        with open(source.folder / 'source', 'ab') as job:
            job.write(b' and more')
        return copy(*arguments)
    monkeypatch.setattr(os, 'copy_file_range', written_meanwhile)
    assert refused(source.copy('work/copy', 'work/source'), 412, 'SourceConditionNotMet')
    assert refused(source.get('work/copy'), 404, 'BlobNotFound') and source.unfinished() == []


def test_there_is_never_a_copy_to_abort(source):
    source.copy('work/copy', 'work/source')
    reply = source.put('work/copy', comp='copy', copyid='x', headers={'x-ms-copy-action': 'abort'})
    assert refused(reply, 409, 'NoPendingCopyOperation')
