"""Ways in without a key: requests that were signed for something else, paths that lead elsewhere, hosts and origins."""
from __future__ import annotations

import base64

import httpx
import pytest
from harness import ENDPOINT, TOKEN
from raw_requests import send_raw
from signing import ACCOUNT, HOSTS, KEYS, address, authorization, http_date, link, linked, send, signed, text_time

from azext_batchai.service.storage.rest import sas, shared_key

FAILED = (403, 'AuthenticationFailed')


def refusal(reply):
    return reply.status_code, reply.headers.get('x-ms-error-code')


@pytest.fixture
def recorded(storage):
    """Method, address and headers of a request that somebody signed and an attacker has got hold of."""
    headers = {'x-ms-date': http_date(storage.now), 'x-ms-version': '2019-02-02', 'x-ms-meta-a': '1',
               'content-length': '3', 'range': 'bytes=0-1', 'if-match': '*'}
    url = address('blob', 'data/x?comp=metadata')
    headers['authorization'] = authorization('PUT', url, headers, KEYS['key1'])
    assert send(storage, 'PUT', url, headers, b'abc').status_code == 200
    return url, headers


@pytest.mark.parametrize('method, change', [
    ('DELETE', ''), ('POST', ''), ('PUT', 'data/y?comp=metadata'), ('PUT', 'data/x'), ('PUT', 'data/x?comp=tier'),
    ('PUT', 'data/x?comp=metadata&snapshot=1'), ('PUT', 'data//x?comp=metadata'), ('PUT', 'data/x/?comp=metadata'),
    ('PUT', 'data/%78?comp=metadata')])
def test_a_recorded_request_is_good_for_nothing_else(storage, probe, recorded, method, change):
    url, headers = recorded
    probe.seen.clear()
    assert refusal(send(storage, method, address('blob', change) if change else url, headers, b'abc')) == FAILED
    assert probe.seen == []


@pytest.mark.parametrize('name, value', [
    ('x-ms-meta-a', '2'), ('x-ms-meta-b', '1'), ('x-ms-copy-source', 'https://x/'), ('range', 'bytes=0-2'),
    ('if-match', '"x"'), ('if-none-match', '*'), ('content-type', 'text/html'), ('content-encoding', 'gzip'),
    ('content-md5', base64.b64encode(b'x' * 16).decode()), ('x-ms-version', '2021-12-02')])
def test_a_recorded_request_has_the_headers_it_had(storage, probe, recorded, name, value):
    url, headers = recorded
    probe.seen.clear()
    assert refusal(send(storage, 'PUT', url, {**headers, name: value}, b'abc')) == FAILED and probe.seen == []


def test_a_recorded_request_does_not_fit_the_other_service_nor_another_account(storage, probe, recorded):
    url, headers = recorded
    probe.seen.clear()
    assert refusal(send(storage, 'PUT', url.replace(f'/{ACCOUNT}/', '/otheraccount/'), headers, b'abc')) == FAILED
    headers = {**headers, 'authorization': headers['authorization'].replace(ACCOUNT, 'otheraccount')}
    assert refusal(send(storage, 'PUT', url, headers, b'abc')) == FAILED and probe.seen == []


def test_of_a_header_that_is_there_twice_the_one_that_was_signed_counts(storage, probe, recorded):
    url, headers = recorded
    probe.seen.clear()
    for pairs, accepted in (([*headers.items(), ('range', 'bytes=0-9')], True),
                            ([('range', 'bytes=0-9'), *headers.items()], False),
                            ([*headers.items(), ('x-ms-meta-a', '2')], False),
                            ([*headers.items(), ('authorization', 'SharedKey x:y')], True)):
        request = httpx.Request('PUT', url, headers=[('host', HOSTS['blob']), *pairs], content=b'abc')
        assert _sent(storage, request).status_code == (200 if accepted else 403), pairs
    assert {request.headers['range'] for request in probe.seen} == {'bytes=0-1'}


def _sent(storage, request):
    async def work():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(storage.app)) as client:
            return await client.send(request)
    return storage.run(work())


@pytest.mark.parametrize('query', ['comp=list&Comp=tier', 'comp=list&comp=list', 'sig=a&sig=b', 'a&A',
                                   '&'.join(f'a{number}=1' for number in range(101)), 'comp=%FF', 'a=%ED%A0%80'])
def test_an_ambiguous_query_is_refused_before_anything_else(storage, probe, query):
    reply = send_raw(storage, f"https://{HOSTS['blob']}/{ACCOUNT}/data?{query}")
    assert reply.status == 400 and probe.seen == []


@pytest.mark.parametrize('more', [{'sp': 'r\n', 'st': ''}, {'sip': '\n', 'spr': ''}, {'sv': '2021-12-02\n'},
                                  {'si': 'a\nb'}])
def test_a_line_break_cannot_move_what_was_signed(storage, probe, more):
    """The text that is signed has a line for each parameter, so that one with a break could pass for two."""
    reply = linked(storage, 'GET', 'data/x', **more)
    assert refusal(reply) == FAILED and probe.seen == []
    assert 'line break' in reply.text or 'sv' in reply.text


def test_a_link_to_one_thing_does_not_become_one_of_the_account(storage, probe):
    """The first line of what is signed in an account's link is the name of the account."""
    made = link(storage.now, 'blob', 'data/x', sp='r')
    for added in ({'srt': 'sco'}, {'ss': 'bf'}, {'srt': 'sco', 'ss': 'bf'}):
        assert refusal(send(storage, 'GET', _with(address('blob', 'data'), {**made, **added}), {})) == FAILED
    assert probe.seen == []


def _with(url, query):
    return str(httpx.URL(url, params=query))


@pytest.mark.parametrize('more, code', [
    ({'ss': 'f'}, 'AuthorizationServiceMismatch'), ({'ss': ''}, 'AuthorizationServiceMismatch'),
    ({'spr': 'http'}, 'AuthorizationProtocolMismatch'), ({'sip': '10.0.0.1'}, 'AuthorizationSourceIPMismatch'),
    ({'se': text_time(0)}, 'AuthenticationFailed'), ({'st': text_time(4e9)}, 'AuthenticationFailed'),
    ({'se': ''}, 'AuthenticationFailed'), ({'se': 'never'}, 'AuthenticationFailed'),
    ({'sv': '2014-02-14'}, 'AuthenticationFailed'), ({'skoid': 'x'}, 'AuthenticationFailed')])
def test_a_link_of_the_account_is_bound_by_all_it_says(storage, probe, more, code):
    given = {'srt': 'sco', 'ss': 'bf', **more}
    assert refusal(linked(storage, 'GET', 'data/x', **given)) == (403, code) and probe.seen == []


def test_a_regenerated_key_closes_what_the_old_one_opened_and_not_what_the_other_one_does(storage, probe):
    account = storage.store.accounts.find(ACCOUNT)
    old = link(storage.now, 'blob', 'data/x')
    fresh = base64.b64encode(b'fresh' * 12).decode()
    storage.store.accounts.put(type(account)(**{**vars(account), 'keys': {**account.keys, 'key1': fresh}}))
    assert refusal(signed(storage, 'GET', 'data', key='key1')) == FAILED
    assert refusal(send(storage, 'GET', _with(address('blob', 'data/x'), old), {})) == FAILED
    assert signed(storage, 'GET', 'data', key='key2').status_code == 200
    assert linked(storage, 'GET', 'data/x', key='key2').status_code == 200


@pytest.mark.parametrize('header', ['', 'Basic eDp5', 'SharedKey', 'SharedKey :', f'SharedKey {ACCOUNT}:', 'Bearer ',
                                    f'SharedKey {ACCOUNT}:=', 'Bearer null', f'Bearer {TOKEN}x', f'SharedKey :{TOKEN}',
                                    f'SharedKey {ACCOUNT}:\xe9'])
def test_what_is_no_signature_opens_nothing(storage, probe, header):
    reply = send_raw(storage, address('blob', 'data'), authorization=header)
    assert reply.status in (401, 403) and probe.seen == []
    assert TOKEN.encode() not in reply.content


def test_a_signature_of_storage_opens_nothing_of_arm(storage, probe):
    """Nor does a link; the token opens both, for it can ask for the keys."""
    path = '/subscriptions?api-version=2022-12-01'
    headers = {'x-ms-date': http_date(storage.now)}
    headers['authorization'] = authorization('GET', f'{ENDPOINT}{path}', headers, KEYS['key1'])
    assert send(storage, 'GET', f'{ENDPOINT}{path}', headers).status_code == 401
    query = link(storage.now, 'blob', '', srt='sco', sp='rwdl')
    assert storage.get('/subscriptions', token=None, params=query).status_code == 401


@pytest.mark.parametrize('method', ['OPTIONS', 'TRACE', 'CONNECT', 'PATCH', 'get'])
def test_a_page_in_a_browser_gets_no_permission(storage, probe, method):
    reply = send_raw(storage, address('blob', 'data/x'), method, origin='https://evil.example',
                     access_control_request_method='PUT')
    assert reply.status == 405 and probe.seen == []
    assert not [name for name in reply.headers if name.startswith(b'access-control')]


def test_no_origin_is_let_in(storage, probe):
    reply = send_raw(storage, address('blob', 'data/x'), origin='https://evil.example')
    assert reply.status == 200 and not [name for name in reply.headers if name.startswith(b'access-control')]
    assert reply.headers[b'x-content-type-options'] == b'nosniff'


@pytest.mark.parametrize('name', ['x-ms-client-request-id', 'x-ms-version'])
@pytest.mark.parametrize('value', ['a\r\nset-cookie: b=c', 'a\nb', '\xe9', 'x' * 5000, ''])
def test_what_a_client_says_of_itself_cannot_split_the_reply(storage, probe, name, value):
    reply = send_raw(storage, address('blob', 'data/x'), **{name: value})
    assert b'set-cookie' not in reply.headers
    assert value.encode('latin-1') not in (reply.headers.get(name.encode()), )


def test_no_way_of_signing_takes_an_empty_key(storage, probe):
    """As of an account that has none, or lost it."""
    headers = {'x-ms-date': http_date(storage.now)}
    for account in (ACCOUNT, 'nobodys'):
        url = address('blob', 'data').replace(f'/{ACCOUNT}/', f'/{account}/')
        headers['authorization'] = authorization('GET', url, headers, '', account=account)
        assert refusal(send(storage, 'GET', url, headers)) == FAILED
        query = {'sv': '2021-12-02', 'se': text_time(storage.now + 60), 'sp': 'r', 'ss': 'b', 'srt': 'sco'}
        query['sig'] = shared_key.signature_of('', sas.account_text(query, account))
        assert refusal(send(storage, 'GET', _with(url, query), {})) == FAILED
    assert probe.seen == []
