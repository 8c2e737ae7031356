"""The real service as a process: uploads that it dies under, bodies that lie, large ones, and what it logs of them."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psutil
import pytest

from azext_batchai.service.storage.rest import sas, shared_key

ROOT = Path(__file__).resolve().parents[3]
GROUP = '/subscriptions/00000000-0000-0000-0000-0000000000cc/resourceGroups/files'
NAME = 'demobatchaicli'
ARM = f'{GROUP}/providers/Microsoft.Storage/storageAccounts/{NAME}'
MIB = 1 << 20
PATIENCE_SECONDS = 30


class Running:
    """A service at debug level that waits a second for what does not come; it can be killed and started again."""

    def __init__(self, data_dir):
        self.data_dir = data_dir
        self.start()
        self.keys = self.make_account()
        assert self.send('PUT', 'work?restype=container')[0] == 201

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'azext_batchai.service', '--data-dir', str(self.data_dir), '--log-level', 'debug'],
            cwd=ROOT, env={**os.environ, 'BATCHAI_SERVICE_REQUEST_TIMEOUT_SECONDS': '1'}, stdin=subprocess.DEVNULL,
            stderr=open(self.data_dir.parent / 'stderr', 'ab'))
        until(lambda: self._state().get('pid') == self.process.pid, 'the service does not start')
        self.state = self._state()
        self.token = Path(self.state['tokenFile']).read_text('ascii').strip()
        self.trust = ssl.create_default_context(cafile=self.state['caFile'])

    def _state(self):
        try:
            return json.loads((self.data_dir / 'service.json').read_text('utf-8'))
        except FileNotFoundError:
            return {}

    def end(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        self.process.wait(PATIENCE_SECONDS)

    def make_account(self):
        for path, body in ((GROUP, {'location': 'eastus'}),
                           (ARM, {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'})):
            assert self._arm('PUT', path, body)[0] < 300
        return [key['value'] for key in json.loads(self._arm('POST', f'{ARM}/listKeys', {})[1])['keys']]

    def _arm(self, method, path, body):
        port = urlsplit(self.state['endpoint']).port
        return self._exchange(port, method, f'{path}?api-version=2021-04-01', json.dumps(body).encode(),
                              {'content-type': 'application/json', 'authorization': f'Bearer {self.token}'})

    def send(self, method, path, body=b'', **headers):
        """Status and content; `path` is behind that of the account."""
        given = {'x-ms-blob-type': 'BlockBlob', 'authorization': f'Bearer {self.token}',
                 **{name.replace('_', '-'): value for name, value in headers.items()}}
        return self._exchange(self.state['blobPort'], method, f'/{NAME}/{path}', body, given)

    def _exchange(self, port, method, path, body, headers):
        wire = http.client.HTTPSConnection('127.0.0.1', port, timeout=PATIENCE_SECONDS, context=self.trust)
        try:
            wire.request(method, path, body, {name: value for name, value in headers.items() if value is not None})
            reply = wire.getresponse()
            return reply.status, reply.read()
        finally:
            wire.close()

    def wire(self):
        plain = socket.create_connection(('127.0.0.1', self.state['blobPort']), timeout=PATIENCE_SECONDS)
        return self.trust.wrap_socket(plain, server_hostname='127.0.0.1')

    def head(self, path, *lines, token=True):
        """The head of a PUT as it goes over the wire."""
        named = [f'PUT /{NAME}/{path} HTTP/1.1', f"host: 127.0.0.1:{self.state['blobPort']}",
                 'x-ms-blob-type: BlockBlob', *([f'authorization: Bearer {self.token}'] if token else []), *lines]
        return '\r\n'.join([*named, '', '']).encode()

    @property
    def folder(self):
        return self.data_dir / 'storage' / NAME

    def unfinished(self):
        return [path for path in (self.folder / '.uploads').rglob('*') if path.is_file() and path.suffix != '.json']

    @property
    def memory(self):
        return psutil.Process(self.process.pid).memory_info().rss


def until(condition, what):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture(scope='module')
def running(tmp_path_factory):
    made = Running(tmp_path_factory.mktemp('service') / 'data')
    yield made
    made.end()


def reply_to(wire):
    """The first line of the reply, once the service has ended the connection."""
    content = b''
    try:
        while True:
            piece = wire.recv(65536)
            content += piece
            if not piece:
                break
    except (ConnectionError, ssl.SSLError):
        pass
    return content.partition(b'\r\n')[0].decode()


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGTERM])
def test_a_service_that_ends_under_an_upload_keeps_the_old_content_and_nothing_else(running, number):
    assert running.send('PUT', 'work/x', b'old')[0] == 201
    with running.wire() as wire:
        wire.sendall(running.head('work/x', f'content-length: {8 * MIB}') + b'n' * 2 * MIB)
        until(lambda: running.unfinished(), 'the body does not arrive')
        running.end(number)
    running.start()
    assert running.send('GET', 'work/x') == (200, b'old')
    until(lambda: not running.unfinished(), 'half a body is left')
    assert [path.name for path in (running.folder / 'blob/work').iterdir()] == ['x']


def test_a_body_that_ends_early_changes_nothing(running):
    running.send('PUT', 'work/x', b'old')
    for query in ('', '?comp=block&blockid=AAAA'):
        with running.wire() as wire:
            wire.sendall(running.head(f'work/x{query}', f'content-length: {8 * MIB}') + b'n' * 2 * MIB)
            until(lambda: running.unfinished(), 'the body does not arrive')
        until(lambda: not running.unfinished(), 'half a body is left')
    assert running.send('GET', 'work/x') == (200, b'old')


@pytest.mark.parametrize('lines, body, status', [
    (('transfer-encoding: chunked',), b'ffffffffffffff\r\nabc', '411'),
    (('transfer-encoding: chunked', 'content-length: 5'), b'5\r\nabcde\r\n0\r\n\r\n', '4'),
    (('content-length: 5', 'content-length: 6'), b'abcdef', '400'), (('content-length: -1',), b'', '400'),
    (('content-length: 5x',), b'abcde', '400'), (('content-length: 99999999999999',), b'abc', '413'), ((), b'', '411'),
    (('content-length: 5', 'host: evil'), b'abcde', '400'), (('x-ms-meta-a: b\0c', 'content-length: 0'), b'', '400')])
def test_lengths_and_heads_that_lie_are_refused(running, lines, body, status):
    with running.wire() as wire:
        wire.sendall(running.head('work/lie', *lines) + body)
        assert reply_to(wire).split(' ')[1].startswith(status)
    assert running.send('HEAD', 'work/lie')[0] == 404
    until(lambda: not running.unfinished(), 'half a body is left')


def test_a_head_without_end_is_not_read_to_its_end(running):
    with running.wire() as wire:
        with contextlib.suppress(OSError):  # it may hang up before it has read all
            wire.sendall(running.head('work/lie', 'content-length: 3', 'x' * 2_000_000 + ': 1') + b'abc')
        assert reply_to(wire).split(' ')[1:2] in ([], ['400'])
    assert running.send('HEAD', 'work/lie')[0] == 404


def test_a_body_that_stops_is_given_up(running):
    with running.wire() as wire:
        wire.sendall(running.head('work/slow', 'content-length: 100') + b'x')
        assert ' 408 ' in reply_to(wire)
    assert running.unfinished() == [] and running.send('HEAD', 'work/slow')[0] == 404


def test_a_client_may_ask_before_it_sends(running):
    """Who may not send is told so before a body comes."""
    with running.wire() as wire:
        wire.sendall(running.head('work/asked', 'content-length: 3', 'expect: 100-continue'))
        assert b' 100 ' in wire.recv(1000)
        wire.sendall(b'abc')
        assert b' 201 ' in wire.recv(1000)
    with running.wire() as wire:
        wire.sendall(running.head('work/asked', 'content-length: 3', 'expect: 100-continue', token=False))
        assert ' 401 ' in reply_to(wire)


def test_replies_have_one_date(running):
    with running.wire() as wire:
        wire.sendall(running.head('work/dated', 'content-length: 0', 'connection: close'))
        assert wire.recv(10_000).lower().count(b'\r\ndate:') == 1


def test_a_large_blob_passes_through_little_memory(running):
    """Up, copied, and down; it is never in memory as a whole."""
    size = 384 * MIB
    piece = os.urandom(MIB)
    running.send('PUT', 'work/warm', piece)
    before = peak = running.memory

    def body():
        nonlocal peak
        for _ in range(size // MIB):
            peak = max(peak, running.memory)
            yield piece
    assert running.send('PUT', 'work/large', body(), content_length=str(size))[0] == 201
    source = f"https://127.0.0.1:{running.state['blobPort']}/{NAME}/work/large"
    assert running.send('PUT', 'work/copy', x_ms_blob_type=None, x_ms_copy_source=source)[0] == 202
    peak = max(peak, running.memory)
    wire = http.client.HTTPSConnection('127.0.0.1', running.state['blobPort'], timeout=PATIENCE_SECONDS,
                                       context=running.trust)
    wire.request('GET', f'/{NAME}/work/copy', headers={'authorization': f'Bearer {running.token}'})
    reply, count = wire.getresponse(), 0
    while received := reply.read(MIB):
        assert received == piece
        peak, count = max(peak, running.memory), count + 1
    wire.close()
    assert count == size // MIB and peak - before < 48 * MIB, (before, peak)


def test_neither_keys_nor_tokens_nor_signatures_are_logged(running):
    query = {'sv': '2021-12-02', 'se': '2099-01-01', 'sp': 'r', 'ss': 'b', 'srt': 'sco'}
    query['sig'] = shared_key.signature_of(running.keys[0], sas.account_text(query, NAME))
    link = urlencode(query)
    running.send('PUT', 'work/x', b'x')
    source = f"https://127.0.0.1:{running.state['blobPort']}/{NAME}/work/x?{link}"
    assert running.send('GET', f'work/x?{link}', authorization=None) == (200, b'x')
    assert running.send('PUT', f'work/y?{link}', authorization=None)[0] == 403
    assert running.send('PUT', 'work/y', x_ms_blob_type=None, x_ms_copy_source=source)[0] == 202
    assert running.send('GET', 'work/x', authorization=f'SharedKey {NAME}:{running.keys[1]}')[0] == 403
    assert running.send('GET', f"work/{'x' * 300}?{link}", authorization=None)[0] == 400
    logs = [running.data_dir.parent / 'stderr', running.data_dir / 'service.log']
    said = ''.join(log.read_text() for log in logs if log.exists())
    assert 'listens' in said
    for secret in (*running.keys, running.token, query['sig'], link.partition('sig=')[2]):
        assert secret not in said
