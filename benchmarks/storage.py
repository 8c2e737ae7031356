"""Seconds to upload and download a file, beside `cp` and beside Azurite, which keeps blobs in a store of its own.

    .venv/bin/python benchmarks/storage.py [--mib 300] [--turns 5] [--python VENV_WITH_AZURE_STORAGE_BLOB]

Prints a JSON object: medians, and MiB a second. Both services listen on loopback with TLS and the same certificate; the
client is the same azure-storage-blob, or the same curl with a signed link. All take turns, so that what else the
machine does hits all of them. Azurite comes from npm, azure-storage-blob from PyPI, each into a temporary folder; who
cannot be had is left out, and named.
"""
from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable

from bench.running_service import RunningService

_ACCOUNT = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/bench/providers/Microsoft.Storage/' \
           'storageAccounts/bench'
_AZURITE_KEY = 'YmVuY2htYXJr' * 4
_PATIENCE_SECONDS = 300


class Client:
    """A process with azure-storage-blob."""

    def __init__(self, python: str, ca_file: str):
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name('storage_client.py'))], stdin=subprocess.PIPE, text=True,
            stdout=subprocess.PIPE, env={**os.environ, 'REQUESTS_CA_BUNDLE': ca_file})

    def ask(self, *words: str) -> str:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(shlex.join(words) + '\n')
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f'the client failed on {words[0]}')
        return answer

    def end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)


def make_client(folder: Path, python: str | None, ca_file: str) -> Client:
    if python is None:
        venv.create(folder / 'venv', with_pip=True)
        python = str(folder / 'venv/bin/python')
        subprocess.run([python, '-m', 'pip', 'install', '-q', 'azure-storage-blob'], check=True,
                       timeout=_PATIENCE_SECONDS)
    return Client(python, ca_file)


def our_connection(service: RunningService, state: dict[str, Any]) -> str:
    service.call('PUT', '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/bench',
                 {'location': 'eastus'})
    service.call('PUT', _ACCOUNT, {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'})
    service.call('PUT', f'{_ACCOUNT}/blobServices/default/containers/bench', {})
    key = service.call('POST', f'{_ACCOUNT}/listKeys')['keys'][0]['value']
    return _connection(state['blobPort'], key)


def _connection(port: int, key: str) -> str:
    return (f'DefaultEndpointsProtocol=https;AccountName=bench;AccountKey={key};'
            f'BlobEndpoint=https://127.0.0.1:{port}/bench')


def start_azurite(folder: Path, certificate: str, stack: ExitStack) -> str:
    """Its connection string. Raises OSError or SubprocessError when it cannot be had."""
    program = shutil.which('azurite-blob') or str(folder / 'npm/node_modules/.bin/azurite-blob')
    if not Path(program).exists():
        (folder / 'npm').mkdir()
        subprocess.run(['npm', 'install', '--silent', '--no-audit', '--no-fund', 'azurite'], cwd=folder / 'npm',
                       check=True, capture_output=True, timeout=_PATIENCE_SECONDS)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [program, '--blobPort', str(port), '--location', str(folder / 'azurite'), '--silent', '--skipApiVersionCheck',
         '--disableTelemetry', '--cert', certificate, '--key', certificate],
        env={**os.environ, 'AZURITE_ACCOUNTS': f'bench:{_AZURITE_KEY}'}, stdout=subprocess.DEVNULL)
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(('127.0.0.1', port), timeout=1).close()
            return _connection(port, _AZURITE_KEY)
        except OSError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.05)


def timed(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def operations(name: str, client: Client, connection: str, source: str, ca_file: str
               ) -> dict[str, Callable[[], float]]:
    """What is measured of one service, by title; uploads come before their downloads."""
    target = f'{source}.back'
    link = client.ask('link', connection, 'bench', 'curl')
    curl = ['curl', '-sSf', '--cacert', ca_file]
    return {
        f'{name}: SDK upload': lambda: float(client.ask('upload', connection, 'bench', 'sdk', source)),
        f'{name}: SDK download': lambda: float(client.ask('download', connection, 'bench', 'sdk', target)),
        f'{name}: curl upload': lambda: timed([*curl, '-T', source, '-H', 'x-ms-blob-type: BlockBlob', '-H',
                                               'x-ms-version: 2021-12-02', link]),
        f'{name}: curl download': lambda: timed([*curl, '-o', target, link])}


def measure(each: dict[str, Callable[[], float]], turns: int) -> dict[str, list[float]]:
    """One turn is not counted: it fills caches."""
    times: dict[str, list[float]] = {title: [] for title in each}
    for turn in range(turns + 1):
        for title, work in each.items():
            seconds = work()
            if turn:
                times[title].append(seconds)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--mib', type=int, default=300)
    parser.add_argument('--turns', type=int, default=5)
    parser.add_argument('--python', help='one that has azure-storage-blob')
    given = parser.parse_args()
    left_out = []
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        source = str(folder / 'source')
        with open(source, 'wb') as file:
            for _ in range(given.mib):
                file.write(os.urandom(1 << 20))
        service = stack.enter_context(RunningService(folder / 'data'))
        state = json.loads((folder / 'data/service.json').read_text())
        client = make_client(folder, given.python, state['caFile'])
        stack.callback(client.end)
        each = {'cp': lambda: timed(['cp', source, f'{source}.copy']),
                **operations('ours', client, our_connection(service, state), source, state['caFile'])}
        try:
            azurite = start_azurite(folder, str(folder / 'data/server.pem'), stack)
            client.ask('container', azurite, 'bench', '-')
            each.update(operations('Azurite', client, azurite, source, state['caFile']))
        except (OSError, subprocess.SubprocessError, RuntimeError) as error:
            left_out.append(f'Azurite: {error}')
        times = measure(each, given.turns)
    medians = {title: statistics.median(seconds) for title, seconds in times.items()}
    json.dump({'mib': given.mib, 'turns': given.turns, 'left out': left_out,
               'seconds': {title: round(median, 3) for title, median in medians.items()},
               'MiB/s': {title: round(given.mib / median) for title, median in medians.items()}}, sys.stdout, indent=1)
    print()


if __name__ == '__main__':
    main()
