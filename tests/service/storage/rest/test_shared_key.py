"""Who may come in with the key of an account, and who may not."""
import logging
from dataclasses import replace

import pytest
from harness import TOKEN
from signing import ACCOUNT, KEYS, address, authorization, http_date, send, signed
from starlette.datastructures import Headers

from azext_batchai.service import access_tokens
from azext_batchai.service.storage.rest import shared_key
from azext_batchai.service.store.accounts import Account


def refusal(reply):
    return reply.status_code, reply.headers.get('x-ms-error-code')


@pytest.mark.parametrize('kind', ['blob', 'file'])
@pytest.mark.parametrize('key', ['key1', 'key2'])
@pytest.mark.parametrize('scheme', ['SharedKey', 'SharedKeyLite'])
def test_either_key_opens_everything(storage, probe, kind, key, scheme):
    assert signed(storage, 'GET', 'data/x?comp=metadata&b=2&a=1', kind, key, scheme=scheme).status_code == 200
    seen = probe.seen[0]
    assert (seen.kind, seen.account.name, seen.parts, seen.permissions.letters) == (kind, ACCOUNT, ('data', 'x'), None)
    assert seen.query == {'comp': 'metadata', 'a': '1', 'b': '2'}


def test_a_key_that_was_changed_opens_nothing(storage, probe):
    account = storage.store.accounts.find(ACCOUNT)
    assert signed(storage, 'GET', 'data').status_code == 200
    storage.store.accounts.put(replace(account, keys={**KEYS, 'key1': KEYS['key2']}))
    assert refusal(signed(storage, 'GET', 'data')) == (403, 'AuthenticationFailed')


@pytest.mark.parametrize('seconds, status', [(-899, 200), (899, 200), (-901, 403), (901, 403)])
def test_a_signature_is_good_for_fifteen_minutes_either_way(storage, probe, seconds, status):
    reply = signed(storage, 'GET', 'data', x_ms_date=http_date(storage.now + seconds))
    assert reply.status_code == status
    assert status == 200 or '15 minutes' in reply.text


def test_the_date_may_be_the_one_of_http(storage, probe):
    headers = {'date': http_date(storage.now), 'x-ms-version': '2019-02-02'}
    headers['authorization'] = authorization('GET', address('blob', 'data'), headers, KEYS['key1'])
    assert send(storage, 'GET', address('blob', 'data'), headers).status_code == 200
    headers['x-ms-date'] = headers.pop('date')
    assert send(storage, 'GET', address('blob', 'data'), headers).status_code == 403


@pytest.mark.parametrize('date', ['', 'yesterday', 'Wed, 06 Jun 99999 12:00:00 GMT', '2018-06-06T12:00:00Z'])
def test_without_a_date_no_signature_holds(storage, probe, date):
    headers = {'x-ms-date': date} if date else {}
    headers['authorization'] = authorization('GET', address('blob', 'data'), headers, KEYS['key1'])
    assert refusal(send(storage, 'GET', address('blob', 'data'), headers)) == (403, 'AuthenticationFailed')
    assert probe.seen == []


@pytest.mark.parametrize('header', [
    None, '', 'SharedKey', 'SharedKey demobatchaicli', 'SharedKey demobatchaicli:', 'SharedKey :x', 'Basic eDp5',
    'SharedKey demobatchaicli:ä', 'Bearer', 'Bearer x', 'SharedKey other:AAAA', 'sharedkey demobatchaicli:AAAA'])
def test_whoever_has_no_key_hears_the_same_of_what_is_there_and_what_is_not(storage, probe, header):
    headers = {'x-ms-date': http_date(storage.now)}
    if header is not None:
        headers['authorization'] = header.encode('utf-8')
    answers = []
    for account in (ACCOUNT, 'nobodyhasit', 'No-Name', 'x'):
        reply = send(storage, 'GET', address('blob', 'data').replace(ACCOUNT, account), headers)
        answers.append((refusal(reply), reply.text))
    assert len(set(answers)) == 1
    assert answers[0][0] == ((403, 'AuthenticationFailed') if header else (401, 'NoAuthenticationInformation'))
    assert probe.seen == []


def test_a_signature_for_an_account_that_is_not_there_is_refused(storage, probe):
    url, headers = address('blob', 'data').replace(ACCOUNT, 'other'), {'x-ms-date': http_date(storage.now)}
    headers['authorization'] = authorization('GET', url, headers, KEYS['key1'], account='other')
    assert refusal(send(storage, 'GET', url, headers)) == (403, 'AuthenticationFailed')


def test_the_key_of_one_account_does_not_open_another(storage, probe):
    storage.store.accounts.put(Account('other', 'aa', 'rg', 'eastus', 's', 'k', {}, 0.0, {'key1': 'b3RoZXI=',
                                                                                          'key2': 'dHdv'}))
    url, headers = address('blob', 'data').replace(ACCOUNT, 'other'), {'x-ms-date': http_date(storage.now)}
    for signer in (ACCOUNT, 'other'):
        headers['authorization'] = authorization('GET', url, headers, KEYS['key1'], account=signer)
        assert refusal(send(storage, 'GET', url, headers)) == (403, 'AuthenticationFailed')


@pytest.mark.parametrize('name, value', [
    ('x-ms-version', '2020-01-01'), ('content-type', 'text/html'), ('content-md5', 'x'), ('if-match', '*'),
    ('x-ms-copy-source', 'https://elsewhere'), ('range', 'bytes=0-1'), ('content-encoding', 'gzip')])
def test_a_header_that_was_added_or_changed_breaks_the_signature(storage, probe, name, value):
    url, headers = address('blob', 'data/x'), {'x-ms-date': http_date(storage.now), 'x-ms-version': '2019-02-02'}
    headers['authorization'] = authorization('PUT', url, headers, KEYS['key1'])
    assert send(storage, 'PUT', url, headers).status_code == 200
    assert refusal(send(storage, 'PUT', url, {**headers, name: value})) == (403, 'AuthenticationFailed')


def test_a_body_of_another_length_breaks_the_signature(storage, probe):
    url, headers = address('blob', 'data/x'), {'x-ms-date': http_date(storage.now), 'content-length': '3'}
    headers['authorization'] = authorization('PUT', url, headers, KEYS['key1'])
    assert send(storage, 'PUT', url, headers, b'abc').status_code == 200
    assert send(storage, 'PUT', url, {**headers, 'content-length': '4'}, b'abcd').status_code == 403


def test_headers_are_signed_in_either_order(storage, probe):
    """Clients of 12.x sort as dictionaries do, older ones by code points; `_` is where that differs."""
    url = address('blob', 'data/x')
    headers = {'x-ms-date': http_date(storage.now), 'x-ms-meta-a1': '1', 'x-ms-meta-a_': '2'}
    texts = shared_key.strings_to_sign('sharedkey', ACCOUNT, 'GET', Headers(headers), f'/{ACCOUNT}/data/x', {})
    assert len(set(texts)) == 2
    for text in texts:
        sent = {**headers, 'authorization': f"SharedKey {ACCOUNT}:{shared_key.signature_of(KEYS['key1'], text)}"}
        assert send(storage, 'GET', url, sent).status_code == 200


def test_a_token_of_the_service_opens_everything(storage, probe):
    for token in (TOKEN, access_tokens.issue(TOKEN, 'https://storage.azure.com', storage.now)):
        assert send(storage, 'GET', address('blob', 'data'), {'authorization': f'Bearer {token}'}).status_code == 200
    old = access_tokens.issue(TOKEN, 'https://storage.azure.com', storage.now - 3601)
    refused = send(storage, 'GET', address('blob', 'data'), {'authorization': f'Bearer {old}'})
    assert refusal(refused) == (403, 'AuthenticationFailed')
    missing = send(storage, 'GET', address('blob', 'data').replace(ACCOUNT, 'nobody'),
                   {'authorization': f'Bearer {TOKEN}'})
    assert refusal(missing) == (404, 'AccountNotFound')


def test_keys_and_signatures_are_neither_told_nor_logged(storage, probe, caplog):
    caplog.set_level(logging.DEBUG)
    replies = [signed(storage, 'GET', 'data'), signed(storage, 'GET', 'data', x_ms_date='never')]

    async def fail(_request):
        raise RuntimeError('a defect')
    probe.work = fail
    replies.append(signed(storage, 'GET', 'data'))
    assert [reply.status_code for reply in replies] == [200, 403, 500]
    told = caplog.text + ''.join(reply.text + str(reply.headers) for reply in replies)
    assert 'a defect' in caplog.text and 'a defect' not in replies[2].text
    assert not any(secret in told for secret in (*KEYS.values(), TOKEN, 'SharedKey '))
