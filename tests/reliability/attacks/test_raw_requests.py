"""Requests that no HTTP library would send, through TLS to the server that the service has."""
import pytest
from attacked_service import statuses, talk
from harness import HOST, TOKEN, WORKSPACE

TARGET = f'{WORKSPACE}?api-version=2018-05-01'
BODY = b'{"location": "eastus"}'
HIDDEN = f'GET /subscriptions?api-version=2021-04-01 HTTP/1.1\r\nHost: {HOST}\r\n'


def request(*headers, method='PUT', target=TARGET, body=b'', host=HOST, token=TOKEN, version='HTTP/1.1'):
    lines = [f'{method} {target} {version}', *([f'Host: {host}'] if host is not None else []),
             *([f'Authorization: Bearer {token}'] if token else []), *headers, '', '']
    return '\r\n'.join(lines).encode('latin-1') + body


def test_an_honest_request_is_answered(harness):
    assert statuses(talk(harness, request(f'Content-Length: {len(BODY)}', 'Connection: close', body=BODY))) == [200]


@pytest.mark.parametrize('headers, body', [
    pytest.param(['Content-Length: 22', 'Content-Length: 23'], BODY, id='two lengths'),
    pytest.param(['Content-Length: 22, 23'], BODY, id='two lengths in one'),
    pytest.param(['Content-Length: -1'], b'', id='a negative length'),
    pytest.param(['Content-Length: +22'], BODY, id='a length with a sign'),
    pytest.param(['Content-Length: 0x16'], BODY, id='a hexadecimal length'),
    pytest.param(['Content-Length: 22 '.replace(' ', '\x0b', 2)], BODY, id='a length with odd space'),
    pytest.param(['Content-Length: ' + '9' * 50], BODY, id='a huge length'),
    pytest.param(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], b'0\r\n\r\n', id='two encodings'),
    pytest.param(['Transfer-Encoding: xchunked'], b'0\r\n\r\n', id='an unknown encoding'),
    pytest.param(['Transfer-Encoding : chunked'], b'0\r\n\r\n', id='a space before the colon'),
    pytest.param(['Transfer-Encoding: chunked'], b'-1\r\n\r\n', id='a negative chunk'),
    pytest.param(['Transfer-Encoding: chunked'], b'ffffffffffffffffffffff\r\n', id='a huge chunk'),
    pytest.param(['X: a', ' folded: b\x00'], b'', id='a folded header with NUL'),
    pytest.param(['X\x00: a'], b'', id='NUL in a name'),
    pytest.param([f'Host: {HOST}'], b'', id='two hosts'),
    pytest.param(['Host: evil.example'], b'', id='a second host'),
])
def test_what_servers_might_read_differently_is_refused_and_ends_the_connection(harness, headers, body):
    """No second request that hides behind it is ever answered."""
    hidden = f'{HIDDEN}Authorization: Bearer {TOKEN}\r\n\r\n'.encode()
    assert statuses(talk(harness, request(*headers, body=body) + hidden)) in ([], [400])


@pytest.mark.parametrize('headers, body', [
    pytest.param(['Content-Length: 4', 'Transfer-Encoding: chunked'], b'16\r\n' + BODY + b'\r\n0\r\n\r\n',
                 id='length and encoding'),
    pytest.param(['Transfer-Encoding: chunked'], b'16;a=b\r\n' + BODY + b'\r\n0\r\nX: y\r\n\r\n',
                 id='a chunk with an extension, and a trailer')])
def test_a_body_ends_where_its_chunks_do(harness, headers, body):
    """What follows it is a request of its own, which has to have the token itself."""
    assert statuses(talk(harness, request(*headers, body=body) + f'{HIDDEN}\r\n'.encode())) in ([400], [200, 401])


@pytest.mark.parametrize('host', [
    'evil.example', 'evil.example:8443', f'{HOST}.', '127.0.0.1.:8443', '127.0.0.1', '127.0.0.1:', '127.0.0.1:08443',
    '127.1:8443', '0x7f000001:8443', '2130706433:8443', '[::ffff:127.0.0.1]:8443', '[::1]', f'evil@{HOST}',
    f'{HOST}@evil.example', f'{HOST}#evil', f'{HOST},evil.example', '127.0.0.1.nip.io:8443', 'localhost.:8443', '',
    None])
def test_a_page_with_a_name_of_its_own_reaches_nothing(harness, host):
    answer = talk(harness, request('Connection: close', method='GET', host=host))
    assert statuses(answer) in ([400], [403]) and TOKEN.encode() not in answer


@pytest.mark.parametrize('target', [
    f'https://evil.example{TARGET}', f'http://{HOST}{TARGET}', f'//evil.example{TARGET}', '*', 'evil.example:443',
    f'{TARGET}#x', '/..%2f..%2fetc/passwd', '/files/%2e%2e/x/etc/passwd', '/files/a/b/..%2f..%2ftoken',
    '/files/a/b/..;/',
    '/files//a//b', '/\\..\\token', '/%00', '/%ff%fe', '/%c0%ae%c0%ae/token', '/\u00b7'.encode().decode('latin-1')])
def test_no_target_leads_out(harness, target):
    """Neither one that names another host, nor one that climbs, however it is spelled."""
    answer = talk(harness, request('Connection: close', method='GET', target=target))
    assert statuses(answer) and all(400 <= status < 500 for status in statuses(answer))


def test_http_1_0_without_a_host_is_refused(harness):
    assert statuses(talk(harness, request(method='GET', host=None, version='HTTP/1.0'))) in ([400], [403])


@pytest.mark.parametrize('first', [b'GET / HTTP/1.1\nHost: x\n\n', b'\x16\x03\x01', b'\x00' * 70_000,
                                   b'PRI * HTTP/2.0\r\n\r\n', b'GET /' + b'a' * 200_000,
                                   b'GET / HTTP/1.1\r\nX: ' + b'a' * 2_000_000])
def test_what_is_no_request_ends_the_connection(harness, first):
    assert all(400 <= status < 500 for status in statuses(talk(harness, first)))


@pytest.mark.parametrize('encoding', ['gzip', 'deflate', 'br', 'gzip, identity', 'GZIP', 'x-gzip'])
def test_a_compressed_body_is_refused_unread(harness, encoding):
    import gzip
    bomb = gzip.compress(b'0' * 10_000_000)
    answer = talk(harness, request(f'Content-Encoding: {encoding}', f'Content-Length: {len(bomb)}', 'Connection: close',
                                   body=bomb))
    assert statuses(answer) == [400]
