"""The real service as a process of its own, for clients that are processes too."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from package_environments import ROOT

SUBSCRIPTION = '00000000-0000-0000-0000-0000000000cc'
_PATIENCE_SECONDS = 60


class RunningService:
    """Listens on loopback from entering to leaving. A stop is orderly, and a service that hangs is killed."""

    def __init__(self, data_dir: Path):
        self._data_dir = data_dir

    def __enter__(self) -> RunningService:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'azext_batchai.service', '--data-dir', str(self._data_dir), '--log-level', 'error'],
            cwd=ROOT, env={**os.environ, 'BATCHAI_SERVICE_TERMINATE_GRACE_SECONDS': '0.5'},
            stdin=subprocess.DEVNULL)
        state_file = self._data_dir / 'service.json'
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not state_file.exists():
            assert self._process.poll() is None, f'the service ended with {self._process.returncode}'
            assert time.monotonic() < deadline, 'the service did not start'
            time.sleep(0.02)
        self.state: dict[str, Any] = json.loads(state_file.read_text('utf-8'))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(15)

    def run(self, command: list[str], group: str, work: Path, **environment: str) -> dict[str, Any]:
        """The JSON that a client's script prints. `work` is the folder its cluster mounts."""
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, cwd=work,
            env={'PATH': os.environ['PATH'], 'HOME': str(work), 'BATCHAI_ENDPOINT': self.state['endpoint'],
                 'BATCHAI_TOKEN': Path(self.state['tokenFile']).read_text('ascii').strip(),
                 'BATCHAI_SUBSCRIPTION': SUBSCRIPTION, 'BATCHAI_GROUP': group, 'BATCHAI_WORK': str(work),
                 'REQUESTS_CA_BUNDLE': self.state['caFile'],
                 'NODE_EXTRA_CA_CERTS': self.state['caFile'], **environment})
        assert done.returncode == 0, f'{command}\n{done.stdout}\n{done.stderr}'
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
