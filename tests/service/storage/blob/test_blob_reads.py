"""Reading blobs, what is said of them, and deleting them."""
from __future__ import annotations

import base64
import hashlib
import os

import pytest
from blob_client import BLOCK, refused


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


@pytest.fixture
def ten(blobs):
    """The client, with a blob of ten bytes."""
    blobs.upload('work/ten', b'0123456789')
    return blobs


@pytest.mark.parametrize('header', ['range', 'x-ms-range'])
@pytest.mark.parametrize(('asked', 'content', 'said'), [
    ('bytes=0-3', b'0123', 'bytes 0-3/10'), ('bytes=4-', b'456789', 'bytes 4-9/10'),
    ('bytes=9-9', b'9', 'bytes 9-9/10'), ('bytes=5-1000', b'56789', 'bytes 5-9/10')])
def test_a_range_is_that_part_and_says_where_it_is(ten, header, asked, content, said):
    reply = ten.get('work/ten', headers={header: asked})
    assert (reply.status_code, reply.content, reply.headers['content-range']) == (206, content, said)
    assert reply.headers['x-ms-blob-content-md5'] == md5(b'0123456789') and 'content-md5' not in reply.headers


def test_a_range_behind_the_end_is_refused_and_says_how_long_the_blob_is(ten):
    reply = ten.get('work/ten', headers={'x-ms-range': 'bytes=10-'})
    assert refused(reply, 416, 'InvalidRange') and reply.headers['content-range'] == 'bytes */10'
    ten.upload('work/empty')
    assert refused(ten.get('work/empty', headers={'x-ms-range': 'bytes=0-33554431'}), 416, 'InvalidRange')
    assert ten.get('work/empty').content == b''


def test_the_md5_of_a_range_is_said_when_asked_for_and_only_of_small_ones(ten):
    asked = {'x-ms-range': 'bytes=2-5', 'x-ms-range-get-content-md5': 'true'}
    assert ten.get('work/ten', headers=asked).headers['content-md5'] == md5(b'2345')
    assert refused(ten.get('work/ten', headers={'x-ms-range-get-content-md5': 'true'}), 400, 'InvalidHeaderValue')
    ten.upload('work/big', bytes((4 << 20) + 1))
    asked['x-ms-range'] = f'bytes=0-{4 << 20}'
    assert refused(ten.get('work/big', headers=asked), 400, 'InvalidHeaderValue')


def test_head_says_the_same_as_get_and_sends_nothing(ten):
    head, get = ten.head('work/ten'), ten.get('work/ten')
    mine = {'x-ms-request-id', 'date'}
    assert {key: value for key, value in head.headers.items() if key not in mine} == \
        {key: value for key, value in get.headers.items() if key not in mine}
    assert head.content == b'' and head.headers['content-length'] == '10'
    assert head.headers['x-ms-blob-type'] == 'BlockBlob' and head.headers['x-ms-lease-status'] == 'unlocked'
    assert refused(ten.head('work/none'), 404, 'BlobNotFound')
    assert refused(ten.head('none/none'), 404, 'ContainerNotFound')


def test_a_folder_is_no_blob(blobs):
    blobs.upload('work/a/b', b'x')
    for method in ('GET', 'HEAD', 'DELETE'):
        assert refused(blobs.call(method, 'work/a'), 404, 'BlobNotFound')
        assert refused(blobs.call(method, 'work/a/b/c'), 404, 'BlobNotFound')
    for comp in ('metadata', 'properties'):
        assert refused(blobs.put('work/a', comp=comp), 404, 'BlobNotFound')
    assert blobs.list().names == ['a/b']


def test_what_is_neither_file_nor_folder_is_not_found_and_nobody_waits_for_it(blobs):
    os.mkfifo(blobs.folder / 'pipe')
    assert refused(blobs.get('work/pipe'), 404, 'BlobNotFound')
    assert blobs.list().names == []


def test_conditions_of_reading(ten):
    tag = ten.head('work/ten').headers['etag']
    when = ten.head('work/ten').headers['last-modified']
    for headers in ({'if-none-match': tag}, {'if-modified-since': when}):
        reply = ten.get('work/ten', headers=headers)
        assert (reply.status_code, reply.content) == (304, b'')
    for headers in ({'if-match': '"other"'}, {'if-unmodified-since': 'Wed, 06 Jun 2018 12:00:00 GMT'}):
        assert refused(ten.get('work/ten', headers=headers), 412, 'ConditionNotMet')
    assert ten.get('work/ten', headers={'if-match': tag, 'if-unmodified-since': when}).status_code == 200


def test_the_tag_changes_with_content_and_metadata_and_with_what_a_job_writes(ten):
    tags = [ten.head('work/ten').headers['etag']]
    for metadata in ({'x-ms-meta-a': '1'}, {'x-ms-meta-a': '2'}):
        tags.append(ten.put('work/ten', comp='metadata', headers=metadata).headers['etag'])
    ten.upload('work/ten', b'0123456789')
    tags.append(ten.head('work/ten').headers['etag'])
    (ten.folder / 'ten').write_bytes(b'another')
    tags.append(ten.head('work/ten').headers['etag'])
    assert len(set(tags)) == 5
    assert ten.head('work/ten').headers['etag'] == tags[-1]


def test_what_a_job_writes_keeps_what_was_said_and_loses_the_md5(blobs):
    blobs.upload('work/blob', b'old', x_ms_meta_owner='alex', x_ms_blob_content_type='text/plain')
    (blobs.folder / 'blob').write_bytes(b'new!')
    said = blobs.head('work/blob').headers
    assert (said['content-length'], said['content-type'], said['x-ms-meta-owner']) == ('4', 'text/plain', 'alex')
    assert 'content-md5' not in said


def test_content_headers_come_back_and_are_replaced_all_together(blobs):
    blobs.upload('work/blob', b'x', x_ms_blob_content_type='text/css', x_ms_blob_content_encoding='gzip',
                 x_ms_blob_content_language='de', x_ms_blob_cache_control='no-store',
                 x_ms_blob_content_disposition='attachment')
    said = blobs.get('work/blob').headers
    assert [said[name] for name in ('content-type', 'content-encoding', 'content-language', 'cache-control',
                                    'content-disposition')] == ['text/css', 'gzip', 'de', 'no-store', 'attachment']
    reply = blobs.put('work/blob', comp='properties', headers={'x-ms-blob-content-type': 'text/html'})
    assert reply.status_code == 200 and reply.headers['etag'] == blobs.head('work/blob').headers['etag']
    said = blobs.head('work/blob').headers
    assert said['content-type'] == 'text/html'
    assert not {'content-encoding', 'content-language', 'content-disposition', 'content-md5'} & set(said)


def test_the_type_of_a_blob_is_that_of_the_request_when_nothing_else_is_said(blobs):
    blobs.upload('work/said', b'x', content_type='text/plain')
    assert blobs.head('work/said').headers['content-type'] == 'text/plain'
    (blobs.folder / 'unsaid').write_bytes(b'x')
    assert blobs.head('work/unsaid').headers['content-type'] == 'application/octet-stream'


def test_metadata_is_replaced_all_together_and_survives_a_restart(blobs):
    blobs.upload('work/blob', b'x', x_ms_meta_a='1', x_ms_meta_b='2')
    assert blobs.put('work/blob', comp='metadata', headers={'x-ms-meta-c': '3'}).status_code == 200
    blobs.harness.restart()
    said = blobs.get('work/blob', comp='metadata').headers
    assert {name: value for name, value in said.items() if name.startswith('x-ms-meta')} == {'x-ms-meta-c': '3'}
    assert refused(blobs.put('work/blob', comp='metadata', headers={'x-ms-meta-1x': 'y'}), 400, 'InvalidMetadata')
    assert refused(blobs.put('work/none', comp='metadata'), 404, 'BlobNotFound')


def test_a_new_blob_has_nothing_of_the_metadata_of_the_old_one(blobs):
    blobs.upload('work/blob', b'x', x_ms_meta_a='1')
    blobs.delete('work/blob')
    (blobs.folder / 'blob').write_bytes(b'by a job')
    assert 'x-ms-meta-a' not in blobs.head('work/blob').headers
    blobs.put('work/blob', comp='metadata', headers={'x-ms-meta-b': '2'})
    blobs.upload('work/blob', b'x')
    assert 'x-ms-meta-b' not in blobs.head('work/blob').headers


def test_a_deleted_blob_is_gone_and_the_folder_it_was_in_stays(blobs):
    blobs.upload('work/out/a', b'x')
    assert blobs.delete('work/out/a').status_code == 202
    assert refused(blobs.delete('work/out/a'), 404, 'BlobNotFound')
    assert (blobs.folder / 'out').is_dir() and blobs.list().names == []


def test_a_blob_is_deleted_only_on_its_condition(ten):
    assert refused(ten.delete('work/ten', headers={'if-match': '"other"'}), 412, 'ConditionNotMet')
    assert ten.delete('work/ten', headers={'if-match': ten.head('work/ten').headers['etag']}).status_code == 202


@pytest.mark.parametrize(('method', 'query', 'needed'), [
    ('GET', {}, 'r'), ('HEAD', {}, 'r'), ('GET', {'comp': 'metadata'}, 'r'), ('PUT', {'comp': 'metadata'}, 'w'),
    ('PUT', {'comp': 'properties'}, 'w'), ('PUT', {'comp': 'tier'}, 'w'), ('DELETE', {}, 'd')])
def test_a_link_permits_what_it_says_of_the_blob_it_says_and_nothing_else(ten, method, query, needed):
    ten.upload('work/other', b'x')
    headers = {'x-ms-access-tier': 'Hot'} if query.get('comp') == 'tier' else {}
    for letters in 'racwdl'.replace(needed, ''):
        reply = ten.call(method, 'work/ten', link=ten.link('work/ten', letters), headers=headers, **query)
        assert refused(reply, 403, 'AuthorizationPermissionMismatch')
    link = ten.link('work/ten', needed)
    assert refused(ten.call(method, 'work/other', link=link, headers=headers, **query), 403, 'AuthenticationFailed')
    assert ten.call(method, 'work/ten', link=link, headers=headers, **query).status_code < 300


def test_a_link_that_has_expired_or_is_signed_with_another_key_opens_nothing(ten):
    for link in (ten.link('work/ten', expiry=-1), ten.link('work/ten', key='b3RoZXI='), ten.link('work/other')):
        assert refused(ten.get('work/ten', link=link), 403, 'AuthenticationFailed')
    assert refused(ten.harness.request('GET', ten.url('work/ten'), token=None, version=None,
                                       host='127.0.0.1:8444'), 401, 'NoAuthenticationInformation')


def test_a_link_of_the_account_needs_the_type_of_resource(ten):
    assert ten.get('work/ten', link=ten.link('work/ten', 'r', srt='o')).content == b'0123456789'
    assert refused(ten.get('work/ten', link=ten.link('work/ten', 'rl', srt='sc')), 403,
                   'AuthorizationResourceTypeMismatch')


def test_every_tier_that_can_be_read_is_the_same_here_and_archive_is_refused(ten):
    for tier in ('Hot', 'Cool', 'Cold'):
        assert ten.put('work/ten', comp='tier', headers={'x-ms-access-tier': tier}).status_code == 200
    assert ten.head('work/ten').headers['x-ms-access-tier'] == 'Hot'
    assert refused(ten.put('work/ten', comp='tier', headers={'x-ms-access-tier': 'Archive'}), 400,
                   'InvalidHeaderValue')
    assert refused(ten.put('work/x', headers={**BLOCK, 'x-ms-access-tier': 'Archive'}), 400, 'InvalidHeaderValue')
