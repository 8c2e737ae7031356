"""A service in a folder of its own and the few REST calls a benchmark needs, over one kept connection."""
from __future__ import annotations

import http.client
import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

_ROOT = Path(__file__).resolve().parent.parent
_SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'
_WORKSPACE = f'/subscriptions/{_SUBSCRIPTION}/resourceGroups/bench/providers/Microsoft.BatchAI/workspaces/bench'
_VERSION = 'api-version=2018-05-01'
_PATIENCE_SECONDS = 60


class RunningService:
    """Starts on entering, ends on leaving. Loopback only; every wait is bounded."""

    def __init__(self, data_dir: Path):
        self._data_dir = data_dir

    def __enter__(self) -> RunningService:
        data_dir = self._data_dir
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'azext_batchai.service', '--data-dir', str(data_dir), '--log-level', 'error'],
            env={**os.environ, 'PYTHONPATH': str(_ROOT)})
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (data_dir / 'service.json').exists():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError('the service did not start')
            time.sleep(0.01)
        state = json.loads((data_dir / 'service.json').read_text())
        address = urlsplit(state['endpoint'])
        self._connection = http.client.HTTPSConnection(
            str(address.hostname), address.port, timeout=_PATIENCE_SECONDS,
            context=ssl.create_default_context(cafile=state['caFile']))
        self._token = Path(state['tokenFile']).read_text().strip()
        self.call('PUT', _WORKSPACE, {'location': 'eastus'})
        self.call('PUT', f'{_WORKSPACE}/experiments/bench')
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        self._process.terminate()
        self._process.wait(30)

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The JSON of a reply, {} without a body. Raises RuntimeError for an error."""
        headers = {'Authorization': f'Bearer {self._token}', 'Content-Type': 'application/json'}
        arguments = (method, f'{path}?{_VERSION}', json.dumps(body) if body is not None else '', headers)
        try:
            self._connection.request(*arguments)
            response = self._connection.getresponse()
        except (http.client.RemoteDisconnected, BrokenPipeError):  # it was idle for longer than the service keeps it
            self._connection.close()
            self._connection.request(*arguments)
            response = self._connection.getresponse()
        content = response.read()
        if response.status >= 400:
            raise RuntimeError(f'{method} {path}: {response.status} {content.decode()}')
        return json.loads(content) if content else {}

    def create_cluster(self, name: str, nodes: int, bind: Path) -> None:
        """A cluster whose nodes see `bind` as $AZ_BATCHAI_MOUNT_ROOT/out, with all of its nodes idle."""
        self.call('PUT', f'{_WORKSPACE}/clusters/{name}', {'properties': {
            'vmSize': 'STANDARD_D1', 'userAccountSettings': {'adminUserName': 'bench', 'adminUserPassword': 'bench'},
            'scaleSettings': {'manual': {'targetNodeCount': nodes}},
            'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
                {'mountCommand': f'mount --bind {bind}', 'relativeMountPath': 'out'}]}}}})
        self._bind = bind
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._idle_nodes(name) < nodes:
            if time.monotonic() > deadline:
                raise RuntimeError('the nodes did not become idle')
            time.sleep(0.01)

    def _idle_nodes(self, cluster: str) -> int:
        seen = self.call('GET', f'{_WORKSPACE}/clusters/{cluster}')['properties']
        return int(seen['nodeStateCounts']['idleNodeCount'])

    def submit(self, name: str, cluster: str, command: str, nodes: int = 1) -> None:
        self.call('PUT', f'{_WORKSPACE}/experiments/bench/jobs/{name}', {'properties': {
            'cluster': {'id': f'{_WORKSPACE}/clusters/{cluster}'}, 'nodeCount': nodes,
            'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/out', 'customToolkitSettings': {'commandLine': command}}})

    def job(self, name: str) -> dict[str, Any]:
        return self.call('GET', f'{_WORKSPACE}/experiments/bench/jobs/{name}')

    def wait(self, name: str) -> dict[str, Any]:
        """The job once it has ended."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            job = self.job(name)
            if job['properties']['executionState'] in ('succeeded', 'failed'):
                return job
            if time.monotonic() > deadline:
                raise RuntimeError(f'{name} did not end: {job["properties"]["executionState"]}')
            time.sleep(0.002)

    def wait_until_gone(self, path: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                self.call('GET', path)
            except RuntimeError as error:
                if ': 404 ' in str(error):
                    return
                raise
            if time.monotonic() > deadline:
                raise RuntimeError(f'{path} is still there')
            time.sleep(0.02)

    def log_folder(self, job: dict[str, Any]) -> Path:
        return self._bind / job['properties']['jobOutputDirectoryPathSegment'] / 'stdouterr'
