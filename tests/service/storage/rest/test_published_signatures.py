"""Requests that Azure's own clients signed (tests/data/derive_signatures.py) are let in, and nothing near them is."""
import calendar
import json
import time
from pathlib import Path

import pytest
from signing import send

RECORDED = json.loads((Path(__file__).resolve().parents[3] / 'data' / 'storage-signatures.json').read_text('utf-8'))
REQUESTS = [pytest.param(request, id=f'{client.split(",")[0]} {name}')
            for client, requests in RECORDED.items() for name, request in requests.items()]
ODD_NAME = ('data', 'a b', 'ü%+&=#.txt')


def replay(storage, request, **changes):
    """The reply to a recorded request at the moment when it was recorded."""
    wanted = {**request, **changes}
    storage.now = calendar.timegm(time.strptime(request['headers']['x-ms-date'], '%a, %d %b %Y %H:%M:%S GMT'))
    headers = {name: value for name, value in wanted['headers'].items() if name.lower() != 'connection'}
    return send(storage, wanted['method'], wanted['url'], headers, b'x' * int(headers.get('Content-Length', 0)))


def test_there_are_clients_of_both_generations():
    assert [client.split(',')[0].split('.')[0] for client in sorted(RECORDED)] == [
        'azure-storage-blob 12', 'azure-storage-blob 2']
    assert all(len(requests) >= 14 for requests in RECORDED.values())


@pytest.mark.parametrize('request_', REQUESTS)
def test_what_a_client_signed_is_let_in(storage, probe, request_):
    reply = replay(storage, request_)
    assert (reply.status_code, len(probe.seen)) == (200, 1), reply.text


CHANGES = [pytest.param(parameter.values[0], change, id=f'{parameter.id} {change}')
           for parameter in REQUESTS for change in ('method', 'path', 'query', 'signature', 'later')
           # A link is for every method that it has the permission for, and that of an account for every path.
           if not ('sig=' in parameter.values[0]['url'] and change == 'method')
           and not ('srt=' in parameter.values[0]['url'] and change == 'path')]


@pytest.mark.parametrize('request_, change', CHANGES)
def test_what_a_client_signed_is_refused_once_it_is_changed(storage, probe, request_, change):
    headers, url = dict(request_['headers']), request_['url']
    is_link = 'sig=' in url
    if change == 'method':
        reply = replay(storage, request_, method='DELETE')
    elif change == 'path':
        reply = replay(storage, request_, url=url.replace('/demobatchaicli/', '/demobatchaicli/other', 1))
    elif change == 'query':
        reply = replay(storage, request_, url=url.replace('sp=r', 'sp=rdl') if is_link else
                       f"{url}{'&' if '?' in url else '?'}timeout=9")
    elif change == 'signature':
        headers = {name: _other_signature(value) if name == 'Authorization' else value
                   for name, value in headers.items()}
        head, mark, tail = url.partition('sig=')
        reply = replay(storage, request_, headers=headers, url=head + mark + _other_signature(tail))
    else:
        moment = calendar.timegm(time.strptime(headers['x-ms-date'], '%a, %d %b %Y %H:%M:%S GMT'))
        later = {**headers, 'x-ms-date': time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(moment + 2 * 86400))}
        reply = replay(storage, {**request_, 'headers': later},
                       headers=later if is_link else headers)
    assert (reply.status_code, reply.headers['x-ms-error-code']) == (403, 'AuthenticationFailed')
    assert probe.seen == []


def _other_signature(text):
    """With another letter ten from the end; the last ones do not all count in base64."""
    return text and f"{text[:-10]}{'B' if text[-10] != 'B' else 'C'}{text[-9:]}"


@pytest.mark.parametrize('client', sorted(RECORDED))
def test_names_arrive_as_the_client_meant_them(storage, probe, client):
    for name in ('put blob', 'blob link'):
        replay(storage, RECORDED[client][name])
        assert probe.seen[-1].parts == ODD_NAME
    replay(storage, RECORDED[client]['create file'])
    assert probe.seen[-1].parts == ('demoafs', *ODD_NAME[1:])
    replay(storage, RECORDED[client]['list containers'])
    assert (probe.seen[-1].parts, probe.seen[-1].query['prefix']) == ((), 'a b+c')


def test_a_link_says_what_the_reply_is_to_look_like(storage, probe):
    client = next(client for client in RECORDED if client.startswith('azure-storage-blob 12'))
    reply = replay(storage, RECORDED[client]['blob link'])
    shown = {name: reply.headers.get(name) for name in ('content-type', 'cache-control', 'content-disposition',
                                                        'content-encoding', 'content-language')}
    assert shown == {'content-type': 'text/html', 'cache-control': 'no-store', 'content-disposition': 'attachment',
                     'content-encoding': 'gzip', 'content-language': 'de'}
    assert 'rsct' not in probe.seen[-1].query and 'sig' not in probe.seen[-1].query
