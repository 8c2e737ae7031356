"""The client of a running command, against a server that answers as the service does, or worse."""
import base64
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import AzureConnectionError, AzureResponseError
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

from azext_batchai.remote.connection import Connection
from azext_batchai.remote.management_client import TokenCredential
from azext_batchai.remote.node_exec import run_on_node

OWNER = '/subscriptions/s/resourceGroups/g/providers/Microsoft.BatchAI/workspaces/w/clusters/c'


def event(**parts):
    return json.dumps({name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
                       for name, value in parts.items()}).encode() + b'\n'


class Server(ThreadingHTTPServer):
    """Answers with `status`, then `blocks`, each sent at once; breaks off before the end unless `whole`."""

    def __init__(self, status=200, blocks=(), whole=True):
        self.status, self.blocks, self.whole = status, blocks, whole
        self.requests, self.left = [], threading.Event()
        super().__init__(('127.0.0.1', 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={'poll_interval': 0.01}, daemon=True).start()

    @property
    def client(self):
        url = f'http://127.0.0.1:{self.server_port}'
        return SimpleNamespace(
            connection=None, _client=SimpleNamespace(format_url=lambda path: url + path),
            _config=SimpleNamespace(credential=TokenCredential('the-token'), credential_scopes=['s']))


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_POST(self):
        body = self.rfile.read(int(self.headers['content-length']))
        self.server.requests.append((self.path, self.headers['authorization'], json.loads(body)))
        self.send_response(self.server.status)
        self.send_header('content-type', 'application/json')
        self.send_header('transfer-encoding', 'chunked')
        self.end_headers()
        try:
            for block in self.server.blocks:
                self.wfile.write(b'%x\r\n%s\r\n' % (len(block), block))
            while self.server.blocks is FOREVER:
                self.wfile.write(b'1\r\n\n\r\n')
            if self.server.whole:
                self.wfile.write(b'0\r\n\r\n')
        except OSError:
            self.server.left.set()
        self.close_connection = not self.server.whole

    def log_message(self, *_):
        pass


FOREVER = (event(stdout=b'x'),)


@pytest.fixture
def serve():
    servers = []

    def start(**answer):
        servers.append(Server(**answer))
        return servers[-1]
    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def run(server, node='tvm-1', command='x'):
    out, err = io.BytesIO(), io.BytesIO()
    code = run_on_node(server.client, OWNER, node, command, out, err)
    return code, out.getvalue(), err.getvalue()


def test_output_goes_where_it_belongs_and_the_exit_code_is_returned(serve):
    server = serve(blocks=[event(stdout=b'one\n') + event(stderr=b'\xff\x00'), b'\n', event(stdout=b'two'),
                           event(exitCode=7)])
    assert run(server, command='run me') == (7, b'one\ntwo', b'\xff\x00')
    assert server.requests == [(f'{OWNER}/nodes/tvm-1/exec?api-version=2018-05-01', 'Bearer the-token',
                                {'commandLine': 'run me'})]


def test_lines_may_come_in_pieces(serve):
    whole = event(stdout='äöü'.encode()) + b'\n' + event(exitCode=0)
    assert run(serve(blocks=[whole[i:i + 1] for i in range(len(whole))])) == (0, 'äöü'.encode(), b'')


def test_the_node_is_quoted_in_the_path(serve):
    server = serve(blocks=[event(exitCode=0)])
    run(server, node='a/../b?c')
    assert '/nodes/a%2F..%2Fb%3Fc/exec?' in server.requests[0][0]


@pytest.mark.parametrize('given, code', [(0, 0), (255, 255), (256, 255), (-1, 255), (3221225477, 255)])
def test_an_exit_code_no_shell_could_see_is_not_taken_for_success(serve, given, code):
    assert run(serve(blocks=[event(exitCode=given)]))[0] == code


def test_a_proxy_has_no_part_in_a_service_of_this_machine(serve, monkeypatch):
    for name in ('no_proxy', 'NO_PROXY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('http_proxy', 'http://127.0.0.1:9')
    server = serve(blocks=[event(exitCode=0)])
    client = server.client
    client.connection = Connection(f'http://127.0.0.1:{server.server_port}', 'the-token')
    assert run_on_node(client, OWNER, 'n', 'x', io.BytesIO(), io.BytesIO()) == 0


def test_a_command_that_was_ended_is_an_error(serve):
    server = serve(blocks=[event(stdout=b'x'), event(error={'code': 'NodeLeaving', 'message': 'The node left.'})])
    with pytest.raises(AzureResponseError, match=r'^\(NodeLeaving\) The node left\.$'):
        run(server)


@pytest.mark.parametrize('whole', [True, False], ids=['an end without an exit code', 'a broken connection'])
def test_a_reply_without_an_end_is_no_success(serve, whole):
    with pytest.raises(AzureConnectionError, match="lost while the command ran on node 'tvm-1'"):
        run(serve(blocks=[event(stdout=b'x')], whole=whole))


@pytest.mark.parametrize('status, kind', [(404, HttpResponseError), (401, ClientAuthenticationError),
                                          (503, HttpResponseError), (302, HttpResponseError)])
def test_a_refusal_is_the_error_that_other_requests_raise_and_is_not_tried_again(serve, status, kind):
    server = serve(status=status, blocks=[json.dumps({'error': {'code': 'Cause', 'message': 'Because.'}}).encode()])
    with pytest.raises(kind) as raised:
        run(server)
    assert raised.value.status_code == status and raised.value.error.code == 'Cause'
    assert len(server.requests) == 1


def test_a_service_that_is_not_there_is_said_to_be_so(serve):
    server = serve()
    client = server.client
    server.shutdown()
    server.server_close()
    with pytest.raises(ServiceRequestError):
        run_on_node(client, OWNER, 'n', 'x', io.BytesIO(), io.BytesIO())


@pytest.mark.parametrize('reason', [KeyboardInterrupt, BrokenPipeError])
def test_leaving_early_hangs_up(serve, reason):
    class Leaving(io.BytesIO):
        def write(self, content):
            raise reason
    server = serve(blocks=FOREVER)
    with pytest.raises(reason):
        run_on_node(server.client, OWNER, 'n', 'x', Leaving(), io.BytesIO())
    assert server.left.wait(20), 'the connection is still open'
