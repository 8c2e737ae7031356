"""A service as `az batchai service start` runs it, in a folder of its own, and the REST calls that a bench needs."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Mapping, Sequence
from urllib.parse import urlsplit

from bench.contest import Contest
from bench.kept_connection import KeptConnection
from bench.waiting import PATIENCE_SECONDS, wait_until

ROOT = Path(__file__).resolve().parents[2]
SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'
WORKSPACE = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/bench/providers/Microsoft.BatchAI/workspaces/bench'
EXPERIMENT = f'{WORKSPACE}/experiments/bench'
JOBS = f'{EXPERIMENT}/jobs'
FINAL = ('succeeded', 'failed')
DURABILITY = 'on disk when acknowledged (SQLite WAL, synchronous=FULL)'


def our_service(contest: Contest) -> RunningService:
    """The service of a row, for `Contest.shared`."""
    return contest.stack.enter_context(RunningService(contest.new_folder('ours') / 'data'))


class RunningService:
    """Starts on entering; on leaving it ends, with its jobs. Loopback only; every wait is bounded. `settings` are
    variables for its environment."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str] = {}):
        self.data_dir = data_dir
        self._settings = dict(settings)
        self.out = data_dir.parent / 'out'
        self._made_jobs = 0
        self._state: dict[str, Any] = {}

    def __enter__(self) -> RunningService:
        self.out.mkdir(exist_ok=True)
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self.end(signal.SIGTERM)
        subprocess.run(self._command('reset'), env=self._environment(), check=True, timeout=PATIENCE_SECONDS)

    def start(self) -> float:
        """Seconds from the start of the process until it has answered a request with its token."""
        began = time.perf_counter()
        self._process = subprocess.Popen(self._command('serve', '--daemon'), env=self._environment(),
                                         stdin=subprocess.DEVNULL)
        self._state = wait_until(self._listening, 'the service to start', pause=0.001)
        self.connection = self.connect()
        self.call('GET', '/batchai/service')
        return time.perf_counter() - began

    def end(self, how: signal.Signals) -> None:
        """Return when the process is gone. Its jobs go on."""
        self.connection.close()
        self._process.send_signal(how)
        self._process.wait(PATIENCE_SECONDS)

    @property
    def pid(self) -> int:
        return self._process.pid

    def connect(self) -> KeptConnection:
        address = urlsplit(self._state['endpoint'])
        token = Path(self._state['tokenFile']).read_text('ascii').strip()
        return KeptConnection(str(address.hostname), int(address.port or 0), self._state['caFile'], token)

    def call(self, method: str, path: str, body: Any = None, prefer: str = '') -> Any:
        """The JSON of a reply, None without a body. Raises RuntimeError for an error."""
        content = b'' if body is None else json.dumps(body).encode()
        request = self.connection.request(method, path, content, prefer)
        reply = self.connection.exchange(request, b'200', b'201', b'202')
        return json.loads(reply) if reply else None

    def make_cluster(self, nodes: int, name: str = 'bench') -> None:
        """A cluster, in the workspace and experiment `bench`, all nodes of which are idle."""
        self.call('PUT', WORKSPACE, {'location': 'eastus'})
        self.call('PUT', EXPERIMENT)
        self.call('PUT', f'{WORKSPACE}/clusters/{name}', {'properties': {
            'vmSize': 'STANDARD_D1', 'scaleSettings': {'manual': {'targetNodeCount': nodes}},
            'userAccountSettings': {'adminUserName': 'bench', 'adminUserPassword': 'bench'},
            'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
                {'mountCommand': f'mount --bind {self.out}', 'relativeMountPath': 'out'}]}}}})
        wait_until(lambda: self.call('GET', f'{WORKSPACE}/clusters/{name}')['properties']['nodeStateCounts'][
            'idleNodeCount'] == nodes, f'{nodes} idle nodes', pause=0.02)

    def new_names(self, count: int) -> list[str]:
        """Names of jobs that nobody has used."""
        self._made_jobs += count
        return [f'j{number}' for number in range(self._made_jobs - count, self._made_jobs)]

    def submission(self, name: str, command: str, cluster: str = 'bench') -> bytes:
        """The request that submits a job of one node."""
        return self._submission(name, cluster, 1, {'customToolkitSettings': {'commandLine': command}})

    def gang_submission(self, name: str, script: Path, nodes: int = 2, cluster: str = 'bench') -> bytes:
        """The request that submits a job that runs a shell script on each of its nodes."""
        return self._submission(name, cluster, nodes, {'pyTorchSettings': {
            'pythonScriptFilePath': str(script), 'pythonInterpreterPath': '/bin/bash', 'processCount': nodes}})

    def _submission(self, name: str, cluster: str, nodes: int, toolkit: dict[str, Any]) -> bytes:
        return self.connection.request('PUT', f'{JOBS}/{name}', json.dumps({'properties': {
            'cluster': {'id': f'{WORKSPACE}/clusters/{cluster}'}, 'nodeCount': nodes,
            'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/out', **toolkit}}).encode())

    def submit(self, request: bytes) -> None:
        self.connection.exchange(request, b'202')

    def job(self, name: str) -> dict[str, Any]:
        """The properties of a job."""
        return self.connection.read(f'{JOBS}/{name}')['properties']

    def ended(self, name: str) -> dict[str, Any]:
        """The properties of a job once it has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        known = 'queued'
        while time.monotonic() < deadline:
            job = self.connection.read(f'{JOBS}/{name}', f'wait=5; state={known}')['properties']
            known = job['executionState']
            if known in FINAL:
                return job
        raise RuntimeError(f'job {name} has not ended but is {known}')

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, page by page."""
        found, path = [], JOBS
        while path:
            page = self.connection.read(path)
            found += page['value']
            link = page.get('nextLink')
            path = '/' + link.split('/', 3)[3].replace('api-version=2018-05-01&', '') if link else ''
        return found

    def all_ended(self, names: Sequence[str]) -> None:
        """Return when every one of these jobs has ended. Raises RuntimeError when one has failed."""
        for name in names:
            job = self.ended(name)
            if job['executionState'] != 'succeeded':
                raise RuntimeError(f'job {name} {job["executionState"]}: {job["executionInfo"]}')

    def logs(self, job: dict[str, Any]) -> Path:
        """The folder with a job's standard output and error."""
        return self.out / job['jobOutputDirectoryPathSegment'] / 'stdouterr'

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, '-m', 'azext_batchai.service', *words, '--data-dir', str(self.data_dir)]

    def _environment(self) -> dict[str, str]:
        return {**os.environ, 'PYTHONPATH': str(ROOT), **self._settings}

    def _listening(self) -> dict[str, Any]:
        if self._process.poll() is not None:
            raise RuntimeError(f'the service ended with status {self._process.returncode}')
        try:
            state = json.loads((self.data_dir / 'service.json').read_text('utf-8'))
        except FileNotFoundError:
            return {}
        return state if state['pid'] == self._process.pid else {}
