"""Several deletions in one request."""
from __future__ import annotations

import re

import pytest
from blob_client import refused
from harness import TOKEN

CONTAINER_BATCH = {'restype': 'container', 'comp': 'batch'}


def batch(blobs, *lines, path='work', link='', boundary='batch_1', token=TOKEN, end='--'):
    """A batch of these request lines; each is sent with the token, unless it has a signature of its own."""
    query = CONTAINER_BATCH if path else {'comp': 'batch'}
    parts = ''.join(
        f'--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {number}\r\n\r\n{line} HTTP/1.1\r\n'
        + ('' if 'sig=' in line else f'authorization: Bearer {token}\r\n') + '\r\n\r\n'
        for number, line in enumerate(lines))
    body = f'{parts}--{boundary}{end}\r\n'.encode()
    return blobs.call('POST', path, body, headers={'content-type': f'multipart/mixed; boundary={boundary}'}, link=link,
                      **query)


def outcomes(reply):
    """Content-ID, status and error code of each part of a reply."""
    assert reply.status_code == 202, reply.text
    boundary = reply.headers['content-type'].partition('=')[2]
    parts = reply.text.split(f'--{boundary}\r\n')[1:]
    return [(re.search(r'Content-ID: (\w+)', part)[1], int(re.search(r'HTTP/1.1 (\d+)', part)[1]),
             (re.search(r'x-ms-error-code: (\w+)', part) or [None, None])[1]) for part in parts]


@pytest.fixture
def filled(blobs):
    for name in ('a', 'b c', 'keep'):
        blobs.upload(f'work/{name}', b'x')
    blobs.put('other', restype='container')
    blobs.upload('other/a', b'x')
    return blobs


def test_each_part_is_answered_by_itself_and_in_order(filled):
    reply = batch(filled, 'DELETE /demobatchaicli/work/a', 'DELETE /demobatchaicli/work/none',
                  'DELETE /demobatchaicli/work/b%20c')
    assert outcomes(reply) == [('0', 202, None), ('1', 404, 'BlobNotFound'), ('2', 202, None)]
    assert filled.list().names == ['keep']


def test_a_batch_of_the_account_reaches_all_its_containers_and_one_of_a_container_does_not(filled):
    line = 'DELETE /demobatchaicli/other/a'
    assert outcomes(batch(filled, line)) == [('0', 400, 'InvalidInput')]
    assert outcomes(batch(filled, line, path='')) == [('0', 202, None)]
    assert outcomes(batch(filled, 'DELETE /otheraccount/work/a', path=''))[0][1] != 202


def test_each_part_needs_a_signature_of_its_own(filled):
    may_all = filled.link('', 'rwdl', srt='sco')
    assert outcomes(batch(filled, 'DELETE /demobatchaicli/work/a', link=may_all, token='wrong')) == [
        ('0', 403, 'AuthenticationFailed')]
    mine = filled.link('work/a', 'd')
    assert outcomes(batch(filled, f'DELETE /demobatchaicli/work/a?{mine}', f'DELETE /demobatchaicli/work/keep?{mine}',
                          f"DELETE /demobatchaicli/work/keep?{filled.link('work/keep', 'r')}", link=may_all)) == [
        ('0', 202, None), ('1', 403, 'AuthenticationFailed'), ('2', 403, 'AuthorizationPermissionMismatch')]
    assert filled.list().names == ['b c', 'keep']


def test_a_batch_does_nothing_but_delete_and_set_tiers(filled):
    lines = ('GET /demobatchaicli/work/a', 'PUT /demobatchaicli/work/a',
             'DELETE /demobatchaicli/work?restype=container', 'DELETE /demobatchaicli/work/../../x', 'nonsense',
             'DELETE /demobatchaicli/work/keep?snapshot=1')
    assert [status for _, status, _ in outcomes(batch(filled, *lines))] == [400] * 6
    assert filled.list().names == ['a', 'b c', 'keep']


@pytest.mark.parametrize('content_type', ['multipart/mixed', 'text/plain; boundary=x', ''])
def test_a_batch_says_what_is_between_its_parts(filled, content_type):
    reply = filled.call('POST', 'work', b'x', headers={'content-type': content_type}, **CONTAINER_BATCH)
    assert refused(reply, 400, 'InvalidHeaderValue')


def test_what_is_no_batch_is_refused_as_a_whole(filled):
    line = 'DELETE /demobatchaicli/work/a'
    assert refused(batch(filled), 400, 'InvalidInput')
    assert refused(batch(filled, line, end=''), 400, 'InvalidInput')
    assert refused(batch(filled, *[line] * 257), 400, 'InvalidInput')
    assert 'a' in filled.list().names
