"""A service process of its own, with as many jobs in its store as wanted, and what it takes of the machine."""
from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Callable

import psutil

from raw_client import Connection

ROOT = Path(__file__).resolve().parents[2]
SUBSCRIPTION = '00000000-0000-0000-0000-0000000000aa'
GROUP = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg'
WORKSPACE = f'{GROUP}/providers/Microsoft.BatchAI/workspaces/w'
EXPERIMENT = f'{WORKSPACE}/experiments/e'
VERSION = 'api-version=2018-05-01'
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Use:
    """Of one process: resident memory in MiB, open file descriptors, threads."""
    memory: float
    descriptors: int
    threads: int

    def __str__(self) -> str:
        return f'{self.memory:.0f} MiB, {self.descriptors} fds, {self.threads} threads'


class LoadedService:
    """Runs while entered. `start_seconds` is from the start of the process until it says where it listens."""

    def __init__(self, data_dir: Path, jobs: int = 0, nodes: int = 4):
        self._data_dir, self._jobs, self._nodes = data_dir, jobs, nodes

    def __enter__(self) -> LoadedService:
        if self._jobs:
            fill_store(self._data_dir, self._jobs)
        began = time.monotonic()
        self._log = open(self._data_dir.with_suffix('.log'), 'ab')
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'azext_batchai.service', '--data-dir', str(self._data_dir), '--log-level', 'warning',
             '--container-runtime', 'none'], env={**os.environ, 'PYTHONPATH': str(ROOT)}, stderr=self._log)
        try:
            wait_until(lambda: (self._data_dir / 'service.json').exists() or self._process.poll() is not None)
            if self._process.poll() is not None:
                raise RuntimeError(f'the service did not start: {self.log()}')
            self.start_seconds = time.monotonic() - began
            self._state = json.loads((self._data_dir / 'service.json').read_text('utf-8'))
        except BaseException:
            self._process.kill()
            raise
        self.token = Path(self._state['tokenFile']).read_text('utf-8').strip()
        self.context = ssl.create_default_context(cafile=self._state['caFile'])
        self.port, self.blob_port = self._state['port'], self._state['blobPort']
        self._seen = psutil.Process(self._process.pid)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(PATIENCE_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._log.close()
            subprocess.run([sys.executable, '-m', 'azext_batchai.service', 'reset', '--data-dir', str(self._data_dir)],
                           env={**os.environ, 'PYTHONPATH': str(ROOT)}, check=True, timeout=PATIENCE_SECONDS)

    def log(self) -> str:
        """What the service complained of; empty when there was nothing."""
        self._log.flush()
        return self._data_dir.with_suffix('.log').read_text('utf-8', 'replace')

    def use(self) -> Use:
        with self._seen.oneshot():
            return Use(self._seen.memory_info().rss / (1 << 20), self._seen.num_fds(), self._seen.num_threads())

    def connect(self) -> Connection:
        return Connection(self.port, self.context, self.token)

    async def prepare(self, connection: Connection) -> None:
        """Workspace w, experiment e and cluster c, all nodes of which are idle."""
        for path, body in ((WORKSPACE, {'location': 'eastus'}), (EXPERIMENT, {})):
            await expect(connection, 'PUT', path, body)
        await self.make_cluster(connection, 'c', self._nodes)

    async def make_cluster(self, connection: Connection, name: str, nodes: int) -> None:
        import asyncio
        path = f'{WORKSPACE}/clusters/{name}'
        await expect(connection, 'PUT', path, {'properties': {
            'vmSize': 'STANDARD_D1', 'scaleSettings': {'manual': {'targetNodeCount': nodes}},
            'userAccountSettings': {'adminUserName': 'alex', 'adminUserPassword': 'Passw0rd-of-the-load'}}})
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (await expect(connection, 'GET', path))['properties']['nodeStateCounts']['idleNodeCount'] < nodes:
            assert time.monotonic() < deadline, f'the {nodes} nodes of {name} did not become idle'
            await asyncio.sleep(0.02)


async def expect(connection: Connection, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """The JSON of a reply that is no error."""
    mark = '&' if '?' in path else '?'
    answer = await connection.request(method, f'{path}{mark}{VERSION}', body, headers)
    assert answer.status < 300, (method, path, answer.status, answer.body[:500])
    return answer.json() if answer.body else {}


def job_body(command: str, cluster: str = 'c', nodes: int = 1) -> dict[str, Any]:
    return {'properties': {'cluster': {'id': f'{WORKSPACE}/clusters/{cluster}'}, 'nodeCount': nodes,
                           'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
                           'customToolkitSettings': {'commandLine': command}}}


def fill_store(data_dir: Path, jobs: int) -> None:
    """A database with workspace w, experiment e and so many jobs in it: nine of ten have ended, one waits for a
    cluster that is gone."""
    from azext_batchai.arm.ids import parse_resource_id
    from azext_batchai.arm.states import JobState
    from azext_batchai.service.store import Store
    data_dir.mkdir(parents=True, mode=0o700)
    store = Store(data_dir / 'batchai.db')
    (data_dir / 'service.lock').touch(0o600)
    properties = {**job_body('true', 'gone')['properties'], 'schedulingPriority': 'normal',
                  'constraints': {'maxWallClockTime': 'P7D'}}
    now = time.time()
    with store.database.transaction():
        store.resources.add(parse_resource_id(WORKSPACE), str(uuid.uuid4()), 'eastus', {}, now)
        store.resources.add(parse_resource_id(EXPERIMENT), str(uuid.uuid4()), 'eastus', {}, now)
        for number in range(jobs):
            guid = str(uuid.uuid4())
            store.jobs.add(parse_resource_id(f'{EXPERIMENT}/jobs/old{number}'), guid, 'eastus', properties, {},
                           f'{WORKSPACE}/clusters/gone'.lower(), 0, now)
            if number % 10:
                store.jobs.finish(guid, JobState.SUCCEEDED, 0, [], now)
    store.close()


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'still not so after {seconds:.0f} s')
        time.sleep(0.01)
