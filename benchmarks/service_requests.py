"""Requests a second and median latency of GET job and PUT job, beside the same server answering a constant.

    .venv/bin/python benchmarks/service_requests.py [--requests 500] [--turns 5]

Prints a JSON object; times are milliseconds. One kept connection over TLS on loopback, one request after the other; the
three take turns, so that what else the machine does hits all of them. Jobs wait for the one node of their cluster,
which is busy, and each is on disk when it is acknowledged.
"""
from __future__ import annotations

import argparse
import json
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from service_client import RunningService

_WORKSPACE = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/bench/providers/Microsoft.BatchAI/' \
             'workspaces/bench'
_JOBS = f'{_WORKSPACE}/experiments/bench/jobs'
_VERSION = 'api-version=2018-05-01'
_PATIENCE_SECONDS = 60


class Connection:
    """A kept connection that costs the client as little as it can: requests are bytes, replies are only skipped."""

    def __init__(self, host: str, port: int, ca_file: str, token: str):
        plain = socket.create_connection((host, port), timeout=_PATIENCE_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = ssl.create_default_context(cafile=ca_file).wrap_socket(plain, server_hostname=host)
        self._head = f'Host: {host}:{port}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n'

    def request(self, method: str, path: str, body: bytes = b'') -> bytes:
        """One request, ready to be sent."""
        head = f'{method} {path}?{_VERSION} HTTP/1.1\r\n{self._head}Content-Length: {len(body)}\r\n\r\n'
        return head.encode() + body

    def exchange(self, request: bytes, status: bytes) -> None:
        """Send a request and wait for all of the reply. Raises RuntimeError for another status."""
        self._socket.sendall(request)
        reply = b''
        while b'\r\n\r\n' not in reply:
            reply += self._received()
        head, _, rest = reply.partition(b'\r\n\r\n')
        if head.split(b' ', 2)[1] != status:
            raise RuntimeError(reply.decode())
        length = int(next(line for line in head.lower().split(b'\r\n') if line.startswith(b'content-length:'))[15:])
        while len(rest) < length:
            rest += self._received()

    def close(self) -> None:
        self._socket.close()

    def _received(self) -> bytes:
        block = self._socket.recv(65536)
        if not block:
            raise RuntimeError('the server closed the connection')
        return block


class ConstantServer:
    """The server of the service, with its protocol and its certificate, around an application that only answers."""

    def __init__(self, data_dir: Path):
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port: int = free.getsockname()[1]
        self._process = subprocess.Popen([sys.executable, __file__, '--constant', str(data_dir), str(self.port)])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise RuntimeError('the constant server did not start') from None
                time.sleep(0.01)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait(30)


def serve_constant(data_dir: Path, port: int) -> None:
    """Answer whatever comes with a few bytes, until the process is ended."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import uvicorn
    from azext_batchai.service.connections import bounded_protocol
    from starlette.requests import Request
    from starlette.responses import JSONResponse

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Request(scope, receive).body()
        await JSONResponse({'value': []})(scope, receive, send)
    uvicorn.run(app, host='127.0.0.1', port=port, http=bounded_protocol(30, 1000), ws='none', log_config=None,
                access_log=False, lifespan='off', ssl_certfile=str(data_dir / 'server.pem'))


def _job(number: int) -> bytes:
    return json.dumps({'properties': {
        'cluster': {'id': f'{_WORKSPACE}/clusters/busy'}, 'nodeCount': 1,
        'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
        'customToolkitSettings': {'commandLine': f'echo {number}'}}}).encode()


def measure(count: int, turns: int) -> dict[str, list[float]]:
    """Seconds of each request by what was asked for, after one turn that does not count."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, RunningService(Path(folder) / 'data') as service:
        data_dir = Path(folder) / 'data'
        state = json.loads((data_dir / 'service.json').read_text('utf-8'))
        token, port = Path(state['tokenFile']).read_text('ascii').strip(), urlsplit(state['endpoint']).port
        service.create_cluster('busy', 1, data_dir)
        service.submit('known', 'busy', 'exec sleep 600')
        constant = ConstantServer(data_dir)
        try:
            ours = Connection('127.0.0.1', int(port or 0), state['caFile'], token)
            bare = Connection('127.0.0.1', constant.port, state['caFile'], token)
            kinds: dict[str, tuple[Connection, bytes, Callable[[int], bytes]]] = {
                'a constant': (bare, b'200', lambda _: bare.request('GET', '/')),
                'GET job': (ours, b'200', lambda _: ours.request('GET', f'{_JOBS}/known')),
                'PUT job': (ours, b'202', lambda number: ours.request('PUT', f'{_JOBS}/j{number}', _job(number)))}
            for turn in range(turns + 1):
                for name, (connection, status, make) in kinds.items():
                    for request in [make(turn * count + index) for index in range(count)]:
                        start = time.perf_counter()
                        connection.exchange(request, status)
                        if turn:
                            seconds.setdefault(name, []).append(time.perf_counter() - start)
            ours.close()
            bare.close()
        finally:
            constant.stop()
            service.call('DELETE', f'{_WORKSPACE}/clusters/busy')
            service.wait_until_gone(f'{_WORKSPACE}/clusters/busy')
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--requests', type=int, default=500, help='of each kind in a turn (default 500)')
    parser.add_argument('--turns', type=int, default=5, help='turns that count (default 5)')
    parser.add_argument('--constant', nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.constant:
        serve_constant(Path(options.constant[0]), int(options.constant[1]))
        return
    print(json.dumps({name: {
        'per_second': round(len(seconds) / sum(seconds)), 'median_ms': round(statistics.median(seconds) * 1000, 3),
        'worst_of_100_ms': round(statistics.quantiles(seconds, n=100)[98] * 1000, 3)}
        for name, seconds in measure(options.requests, options.turns).items()}, indent=2))


if __name__ == '__main__':
    main()
