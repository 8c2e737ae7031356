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
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from bench.kept_connection import KeptConnection
from bench.running_service import JOBS, RunningService

_PATIENCE_SECONDS = 60


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


def measure(count: int, turns: int) -> dict[str, list[float]]:
    """Seconds of each request by what was asked for, after one turn that does not count."""
    seconds: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, RunningService(Path(folder) / 'data') as service:
        data_dir = Path(folder) / 'data'
        state = json.loads((data_dir / 'service.json').read_text('utf-8'))
        token, port = Path(state['tokenFile']).read_text('ascii').strip(), urlsplit(state['endpoint']).port
        service.make_cluster(1, 'busy')
        service.submit(service.submission('known', 'exec sleep 600', 'busy'))
        constant = ConstantServer(data_dir)
        try:
            ours = KeptConnection('127.0.0.1', int(port or 0), state['caFile'], token)
            bare = KeptConnection('127.0.0.1', constant.port, state['caFile'], token)
            made = [service.submission(name, 'true', 'busy') for name in service.new_names(count * (turns + 1))]
            kinds: dict[str, tuple[KeptConnection, bytes, Callable[[int], bytes]]] = {
                'a constant': (bare, b'200', lambda _: bare.request('GET', '/')),
                'GET job': (ours, b'200', lambda _: ours.request('GET', f'{JOBS}/known')),
                'PUT job': (ours, b'202', made.__getitem__)}
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
