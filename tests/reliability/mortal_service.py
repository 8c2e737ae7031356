"""The real service as a process that tests kill, and a client that outlives it."""
from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import urlsplit

import psutil

ROOT = Path(__file__).resolve().parents[2]
SUBSCRIPTION = '00000000-0000-0000-0000-0000000000dd'
WORKSPACE = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.BatchAI/workspaces/w'
EXPERIMENT = f'{WORKSPACE}/experiments/e'
CLUSTER = f'{WORKSPACE}/clusters/c'
PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.005
# Every process of a launch has it, with the launch's folder for its value.
_MARK = 'AZ_BATCHAI_LAUNCH'
# Starts the service as after a given start of the machine.
_ON_ANOTHER_START = ('import sys; from azext_batchai.service.engines import process; '
                     'process._boot_id = process._start_of_machine = '
                     'lambda: sys.argv[1]; '
                     'from azext_batchai.service.__main__ import main; sys.exit(main(sys.argv[2:]))')


def wait_until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE_SECONDS) -> Any:
    """What `condition` returns once that is true. Fails, with `what` in its text, when it stays false."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f'in vain waited for: {what}'
        time.sleep(_LOOK_SECONDS)
    return found


class MortalService:
    """A service on `data_dir`, started and killed at will. `log` collects what its processes say."""

    def __init__(self, data_dir: Path, machine: str = '', grace_seconds: float = 0.5, engine: str = 'process'):
        """`machine`, when given, is the start of the machine that the service believes to be on."""
        self.data_dir = data_dir
        self.log = data_dir.parent / f'{data_dir.name}.log'
        self._module = ['-c', _ON_ANOTHER_START, machine] if machine else ['-m', 'azext_batchai.service']
        self._environment = {**os.environ, 'BATCHAI_SERVICE_TERMINATE_GRACE_SECONDS': str(grace_seconds),
                             'BATCHAI_SERVICE_ENGINE': engine}
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: http.client.HTTPSConnection | None = None

    # life and death

    def spawn(self, *wrapper: str) -> None:
        """Start the process, below the command `wrapper`, and do not wait for it."""
        with open(self.log, 'ab') as log:
            self._process = subprocess.Popen(
                [*wrapper, sys.executable, *self._module, '--data-dir', str(self.data_dir), '--log-level', 'warning'],
                cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)

    def start(self, *wrapper: str) -> MortalService:
        """Start the process and wait until it listens."""
        self.spawn(*wrapper)
        wait_until(self.is_up, 'the service to listen')
        return self

    def is_up(self) -> bool:
        """Whether the process that was started has said where it listens. Fails when it ended."""
        assert self._process is not None
        pid = self._pid()
        if pid is not None and self.state().get('pid') == pid:
            return True
        assert self._process.poll() is None, f'the service ended by itself: {self.log.read_text()[-2000:]}'
        return False

    def _pid(self) -> int | None:
        """That of the service itself, also below a wrapper; None when there is none."""
        assert self._process is not None
        try:
            process = psutil.Process(self._process.pid)
            if process.name().startswith('strace'):
                return next((child.pid for child in process.children()), None)
        except psutil.NoSuchProcess:
            return None
        return process.pid

    @property
    def pid(self) -> int:
        found = self._pid()
        assert found is not None
        return found

    def has_ended(self) -> bool:
        assert self._process is not None
        return self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL, and wait until nothing is left of the process."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, as an orderly end."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        pid = self._pid()
        with contextlib.suppress(ProcessLookupError):
            if pid is not None and self._process.poll() is None:
                os.kill(pid, number)
        self._process.wait(PATIENCE_SECONDS)

    def __enter__(self) -> MortalService:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        for process in processes_of(self.data_dir):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()

    # requests

    def state(self) -> dict[str, Any]:
        """What service.json says, of this process or of one before it."""
        try:
            found: dict[str, Any] = json.loads((self.data_dir / 'service.json').read_text('utf-8'))
        except (OSError, ValueError):
            return {}
        return found

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of a reply. For one thread, while another one kills.

        Raises OSError, ValueError or HTTPException when the service dies meanwhile, or has died since the last call.
        """
        try:
            if self._connection is None:
                state = self.state()
                context = ssl.create_default_context(cafile=state['caFile'])
                self._connection = http.client.HTTPSConnection('127.0.0.1', state['port'], timeout=30, context=context)
            token = (self.data_dir / 'token').read_text('ascii').strip()
            connection = self._connection
            connection.request(
                method, f'{path}{"&" if "?" in path else "?"}api-version=2018-05-01',
                json.dumps(body) if body is not None else '',
                {'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'})
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        except KeyError:
            self._hang_up()
            raise OSError('the service has not said where it listens') from None
        except BaseException:
            self._hang_up()
            raise

    def persist(self, method: str, path: str, body: Any = None) -> tuple[int, Any, int]:
        """As `call`, again and again while the service is away; and how many times there was no answer."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        for unanswered in range(1_000_000):
            try:
                return (*self.call(method, path, body), unanswered)
            except (OSError, ValueError, http.client.HTTPException) as trouble:
                assert time.monotonic() < deadline, f'{method} {path}: {trouble}'
                time.sleep(_LOOK_SECONDS)
        raise AssertionError(path)

    def expect(self, status: int, method: str, path: str, body: Any = None) -> Any:
        seen, answer, _ = self.persist(method, path, body)
        assert seen == status, (method, path, seen, answer)
        return answer

    def pages(self, path: str) -> Iterator[dict[str, Any]]:
        """Everything in a list."""
        following: str | None = path
        while following:
            _, answer, _ = self.persist('GET', following)
            yield from answer['value']
            link = answer.get('nextLink')
            following = urlsplit(link).path + '?' + urlsplit(link).query.replace('api-version=2018-05-01', '') \
                if link else None

    def jobs(self) -> dict[str, dict[str, Any]]:
        """The properties of every job by name."""
        return {job['name']: job['properties'] for job in self.pages(f'{EXPERIMENT}/jobs')}

    # what tests are made of

    def make_cluster(self, nodes: int) -> None:
        """Workspace w, experiment e, and cluster c of idle nodes."""
        self.expect(200, 'PUT', WORKSPACE, {'location': 'eastus'})
        self.expect(200, 'PUT', EXPERIMENT)
        self.expect(202, 'PUT', CLUSTER, {'properties': {
            'vmSize': 'STANDARD_D1', 'scaleSettings': {'manual': {'targetNodeCount': nodes}},
            'userAccountSettings': {'adminUserName': 'alex', 'adminUserPassword': 'Passw0rd'}}})
        self.wait_for_idle(nodes)

    def wait_for_idle(self, nodes: int) -> None:
        wait_until(lambda: self.expect(200, 'GET', CLUSTER)['properties']['nodeStateCounts']['idleNodeCount'] == nodes,
                   f'{nodes} idle nodes')

    def submit(self, name: str, command: str, **properties: Any) -> None:
        """A job of one node, its logs in the folder beside the data folder."""
        self.expect(202, 'PUT', job_path(name), {'properties': {
            'cluster': {'id': CLUSTER}, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
            'customToolkitSettings': {'commandLine': command}, **properties}})

    def job(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.expect(200, 'GET', job_path(name))['properties']
        return found

    def wait_for_job(self, name: str) -> dict[str, Any]:
        """Its properties once it has ended."""
        def ended() -> dict[str, Any] | None:
            seen = self.job(name)
            return seen if seen['executionState'] in ('succeeded', 'failed') else None
        found: dict[str, Any] = wait_until(ended, f'the end of {name}')
        return found


def job_path(name: str) -> str:
    return f'{EXPERIMENT}/jobs/{name}'


def processes_of(data_dir: Path) -> list[psutil.Process]:
    """The living processes of all launches on a data folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and \
                    process.environ().get(_MARK, '').startswith(f'{data_dir}/'):
                found.append(process)
        except psutil.Error:
            continue
    return found
