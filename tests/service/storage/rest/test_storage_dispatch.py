"""How a request reaches the handlers of a storage service, and what becomes of what they answer and raise."""
import errno
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from harness import HOST, TOKEN
from raw_requests import send_raw
from signing import ACCOUNT, HOSTS, KEYS, address, authorization, http_date, linked, send, signed
from starlette.responses import Response

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.tree import OutsideTree

BEARER = {'authorization': f'Bearer {TOKEN}'}


@pytest.mark.parametrize('path, parts', [
    ('', ()), ('data', ('data',)), ('data/', ('data',)), ('data/a/b', ('data', 'a', 'b')),
    ('data/a%20b/%C3%BC%25+', ('data', 'a b', 'ü%+')), ('data/a%2Fb', ('data', 'a', 'b')),
    ('data//a', ('data', '', 'a')), ('data/a/', ('data', 'a', '')), ('data/a/../b', ('data', 'a', '..', 'b'))])
def test_a_path_is_taken_apart(storage, probe, path, parts):
    url = f"https://{HOSTS['blob']}/{ACCOUNT}/{path}"
    assert send_raw(storage, url).status == 200
    assert probe.seen[0].parts == parts
    assert probe.seen[0].endpoint == f"https://{HOSTS['blob']}/{ACCOUNT}"


def test_a_slash_at_the_end_is_none_for_the_file_service(storage, probe):
    send_raw(storage, f"https://{HOSTS['file']}/{ACCOUNT}/demoafs/folder/")
    assert probe.seen[0].parts == ('demoafs', 'folder')


@pytest.mark.parametrize('path', ['%FF', 'a/%C3', '%ED%A0%80'])
def test_a_path_that_is_no_unicode_is_refused(storage, probe, path):
    reply = send_raw(storage, f"https://{HOSTS['blob']}/{ACCOUNT}/{path}")
    assert (reply.status, reply.code, probe.seen) == (400, b'InvalidUri', [])


def test_the_account_may_be_in_the_host(storage, probe):
    for kind in ('blob', 'file'):
        url = f'https://{ACCOUNT}.{kind}.core.localhost:8444/data/x'
        assert send(storage, 'GET', url, BEARER).status_code == 200
        seen = probe.seen[-1]
        assert (seen.kind, seen.parts, seen.endpoint) == (kind, ('data', 'x'), url.removesuffix('/data/x'))
        headers = {'x-ms-date': http_date(storage.now)}
        headers['authorization'] = authorization('GET', url, headers, KEYS['key1'])
        assert send(storage, 'GET', url, headers).status_code == 200


@pytest.mark.parametrize('host', ['evil.example', f'{ACCOUNT}.blob.core.windows.net', HOST.replace('8443', '1'),
                                  'x.core.localhost:8444', f'{ACCOUNT}.blob.core.localhost:9', ''])
def test_a_host_that_is_not_ours_is_refused(storage, probe, host):
    reply = storage.run(storage.send('GET', address('blob', 'data'), host=host))
    assert (reply.status_code, reply.headers['x-ms-error-code']) == (403, 'HostNotAllowed')
    assert probe.seen == []


def test_the_ports_are_told_apart(storage, probe):
    """What is for ARM is not answered by a storage service, nor the other way round."""
    arm = storage.get('/subscriptions', host=HOSTS['blob'])
    assert arm.status_code == 200  # the name is ours; it is the port of the connection that counts
    reply = send(storage, 'GET', f"https://{HOSTS['blob']}/subscriptions?api-version=2022-12-01", BEARER)
    assert (reply.status_code, reply.headers['x-ms-error-code']) == (404, 'AccountNotFound')
    assert storage.get(f'/{ACCOUNT}/data').status_code == 404


def test_replies_have_the_headers_of_azure(storage, probe):
    reply = signed(storage, 'GET', 'data', x_ms_client_request_id='mine')
    assert reply.headers['x-ms-version'] == '2019-02-02' and reply.headers['x-ms-client-request-id'] == 'mine'
    assert reply.headers['x-ms-request-id'] and 'date' not in reply.headers  # which the server puts in
    bare = send(storage, 'GET', address('blob', 'data'), BEARER)
    assert bare.headers['x-ms-version'] and 'x-ms-client-request-id' not in bare.headers


@pytest.mark.parametrize('error, status, code', [
    (errors.known('BlobNotFound'), 404, 'BlobNotFound'),
    (errors.invalid_header('x-ms-range', 'is odd'), 400, 'InvalidHeaderValue'),
    (OutsideTree('x'), 403, 'AuthorizationFailure'),
    (PermissionError(errno.EACCES, '/secret/path'), 409, 'ResourceNotUsable'),
    (OSError(errno.ENOSPC, '/secret/path'), 413, 'InsufficientStorage'),
    (OSError(errno.EDQUOT, '/secret/path'), 413, 'InsufficientStorage'),
    (OSError(errno.EIO, '/secret/path'), 500, 'InternalError'),
    (RuntimeError('/secret/path'), 500, 'InternalError')])
def test_errors_are_xml_and_tell_nothing_of_this_machine(storage, probe, error, status, code):
    async def fail(_request):
        raise error
    probe.work = fail
    reply = signed(storage, 'GET', 'data/x')
    assert (reply.status_code, reply.headers['x-ms-error-code']) == (status, code)
    body = ElementTree.fromstring(reply.content)
    assert (body.tag, body.findtext('Code'), bool(body.findtext('Message'))) == ('Error', code, True)
    assert '/secret' not in reply.text
    head = signed(storage, 'HEAD', 'data/x')
    assert (head.status_code, head.headers['x-ms-error-code'], head.content) == (status, code, b'')


def test_a_method_that_is_none_of_storage_is_refused(storage, probe):
    assert signed(storage, 'PATCH', 'data').status_code == 405 and probe.seen == []


def test_a_body_of_unknown_length_is_refused(storage, probe):
    reply = signed(storage, 'PUT', 'data/x', transfer_encoding='chunked')
    assert (reply.status_code, reply.headers['x-ms-error-code']) == (411, 'MissingContentLengthHeader')


def test_a_large_body_passes_in_pieces(storage, probe):
    """The limit of ARM requests is not one of storage."""
    sizes = []

    async def count(request):
        assert request.content_length == 3_000_000
        sizes.extend([len(piece) async for piece in request.stream()])
        return Response(status_code=201)
    probe.work = count
    assert signed(storage, 'PUT', 'data/x', content=b'x' * 3_000_000).status_code == 201
    assert sum(sizes) == 3_000_000


def test_a_small_body_is_bounded(storage, probe):
    async def read(request):
        return Response(await request.read(10))
    probe.work = read
    assert signed(storage, 'PUT', 'data', content=b'x' * 10).content == b'x' * 10
    assert signed(storage, 'PUT', 'data', content=b'x' * 11).status_code == 413


def test_a_link_overrides_headers_of_what_is_read_and_of_nothing_else(storage, probe):
    async def answer(request):
        if request.method == 'PUT':
            raise errors.known('BlobNotFound')
        return Response(b'text', headers={'content-type': 'application/octet-stream'})
    probe.work = answer
    assert linked(storage, 'GET', 'data/x', rsct='text/plain').headers['content-type'] == 'text/plain'
    assert linked(storage, 'PUT', 'data/x', rsct='text/plain').headers['content-type'] == 'application/xml'


@pytest.mark.parametrize('value', ['a\r\nx-evil: 1', 'a\n', '€', '\x00', '\x7f'])
def test_a_header_that_a_link_asks_for_cannot_split_the_reply(storage, probe, value):
    reply = linked(storage, 'GET', 'data/x', rsct=value)
    assert reply.status_code == 400 and 'x-evil' not in reply.headers


def test_metadata_comes_from_headers(storage, probe):
    url, headers = address('blob', 'data'), {**BEARER, 'x-ms-meta-first': '1', 'x-ms-meta-Second_one': 'b c'}
    assert send(storage, 'PUT', url, headers).status_code == 200
    assert probe.seen[0].metadata == {'first': '1', 'second_one': 'b c'}


@pytest.mark.parametrize('query, status', [('maxresults=5', 200), ('maxresults=0', 400), ('maxresults=x', 400),
                                           ('maxresults=5001', 400), ('maxresults=٣', 400)])
def test_numbers_in_a_query_have_bounds(storage, probe, query, status):
    async def number(request):
        return Response(str(request.number_query('maxresults', 9, 1, 5000)))
    probe.work = number
    assert signed(storage, 'GET', f'data?{query}').status_code == status


async def _read(request):
    return Response(await request.read(10))


def test_a_body_that_does_not_come_is_given_up(storage, probe):
    async def read(request):
        return await _read(replace(request, body_seconds=0.1))
    probe.work = read
    reply = send_raw(storage, address('blob', 'data/x'), 'PUT',
                     [{'type': 'http.request', 'body': b'ab', 'more_body': True}])
    assert (reply.status, reply.code) == (408, b'OperationTimedOut')


def test_a_connection_that_ends_amid_a_body_is_no_defect(storage, probe, caplog):
    probe.work = _read
    reply = send_raw(storage, address('blob', 'data/x'), 'PUT', [{'type': 'http.disconnect'}])
    assert (reply.status, reply.code) == (400, b'IncompleteBody') and not caplog.records
