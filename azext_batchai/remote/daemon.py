"""The service of this CLI profile as a process on this machine: start it, find it, stop it.

Standard library only, so that `az batchai service` starts as fast as az does.
"""
from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import ClientRequestError, FileOperationError, ValidationError

from azext_batchai.arm.locks import is_locked
from azext_batchai.remote.connection import connection_file

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.01


@dataclass(frozen=True)
class Daemon:
    """The service whose data lie in `data_dir`, running or not."""
    data_dir: Path

    @property
    def log_file(self) -> Path:
        return self.data_dir / 'service.log'

    def state(self) -> dict[str, Any] | None:
        """What the service last wrote about itself: pid, port, endpoint, files. None when it never ran."""
        try:
            state = json.loads((self.data_dir / 'service.json').read_text('utf-8'))
        except (OSError, ValueError):
            return None
        return state if isinstance(state, dict) and 'endpoint' in state else None

    def is_running(self) -> bool:
        """Whether a service holds the data folder's lock. Process ids may be reused, the lock cannot lie."""
        try:
            return is_locked(self.data_dir / 'service.lock')
        except OSError:
            return False  # no service of ours; a start would say what is wrong with the folder

    def ask(self, timeout: float = 3.0) -> dict[str, Any] | None:
        """The running service's own words about itself, or None when it does not answer within `timeout` seconds."""
        import http.client
        import ssl
        from urllib.parse import urlsplit
        state = self.state()
        if state is None:
            return None
        address = urlsplit(state['endpoint'])
        try:
            token = Path(state['tokenFile']).read_text('ascii').strip()
            context = ssl.create_default_context(cafile=state['caFile'])
            connection = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=timeout,
                                                     context=context)
            connection.request('GET', '/batchai/service', headers={'Authorization': f'Bearer {token}'})
            response = connection.getresponse()
            answer = json.loads(response.read()) if response.status == 200 else None
            connection.close()
        except (OSError, ValueError, http.client.HTTPException):
            return None
        return answer

    def start(self, port: int | None, engine: str | None) -> None:
        """Start the service and wait until it answers. Raises the CLI error that says why it does not."""
        arguments = ['serve', '--daemon', *(['--port', str(port)] if port is not None else []),
                     *(['--engine', engine] if engine else [])]
        with tempfile.TemporaryFile() as complaints:
            child = self._spawn(arguments, complaints)
            deadline = time.monotonic() + _START_SECONDS
            while time.monotonic() < deadline:
                state = self.state()
                if state and state.get('pid') == child.pid and self.ask():
                    return
                if child.poll() is not None:
                    complaints.seek(0)
                    text = complaints.read().decode('utf-8', 'replace').strip()
                    last = text.splitlines()[-1] if text else f'it ended with status {child.returncode}'
                    raise ClientRequestError(f"The service did not start: {last}")
                time.sleep(_LOOK_SECONDS)
        child.terminate()
        raise ClientRequestError(f'The service did not answer within {_START_SECONDS:g} seconds; see its log, '
                                 f'{self.log_file}.')

    def reset(self) -> None:
        """End what still runs of a stopped service and delete its data."""
        with tempfile.TemporaryFile() as complaints:
            if self._spawn(['reset'], complaints).wait() != 0:
                complaints.seek(0)
                text = complaints.read().decode('utf-8', 'replace').strip().splitlines()
                raise ClientRequestError(f"The service was not reset: {text[-1] if text else 'unknown reason'}")

    def _spawn(self, arguments: list[str], complaints: Any) -> subprocess.Popen[bytes]:
        """Run the service's module in this interpreter, with this extension's packages, apart from this terminal."""
        package_root = str(Path(sys.modules['azext_batchai'].__file__ or '').absolute().parent.parent)
        # az put the extension's folder on its path; the package itself may come from a checkout in the current folder.
        search = dict.fromkeys([package_root, *(entry for entry in sys.path if entry)])
        environment = {**os.environ, 'PYTHONSAFEPATH': '1', 'PYTHONPATH': os.pathsep.join(search)}
        return subprocess.Popen(
            [sys.executable, '-m', 'azext_batchai.service', *arguments, '--data-dir', str(self.data_dir)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints, env=environment, cwd='/',
            start_new_session=True)

    def stop(self) -> None:
        """Ask the service to end and wait until it has."""
        import signal
        state = self.state()
        if state is None or not self.is_running():
            return
        try:
            os.kill(int(state['pid']), signal.SIGTERM)
        except ProcessLookupError:
            return
        except PermissionError:
            raise ClientRequestError(f"The service with process id {state['pid']} belongs to another user.") from None
        deadline = time.monotonic() + _STOP_SECONDS
        while self.is_running():
            if time.monotonic() > deadline:
                raise ClientRequestError(f"The service with process id {state['pid']} did not end within "
                                         f'{_STOP_SECONDS:g} seconds.')
            time.sleep(_LOOK_SECONDS)


def require_posix() -> None:
    """The service runs where processes can be told apart as on Unix. Raises the CLI error elsewhere."""
    if os.name != 'posix':
        raise ValidationError('The Batch AI service runs on Linux and macOS. On Windows, start it in WSL and set '
                              'AZURE_BATCHAI_ENDPOINT, AZURE_BATCHAI_TOKEN_FILE and AZURE_BATCHAI_CA_FILE here.')


def profile_daemon(config_dir: str) -> Daemon:
    """The service of this CLI profile: where it was started last, else in the profile's own folder."""
    remembered = _memory(config_dir)
    try:
        return Daemon(Path(remembered.read_text('utf-8').strip()))
    except OSError:
        return Daemon(remembered.parent)


def connect(config_dir: str, daemon: Daemon) -> None:
    """Make `daemon` the service this profile talks to, and remember its folder for later starts."""
    state = daemon.state() or {}
    entries = {key: state.get(key) for key in ('endpoint', 'tokenFile', 'caFile')}
    path = connection_file(config_dir)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _memory(config_dir).write_text(str(daemon.data_dir), 'utf-8')
        temporary = path.with_suffix('.new')
        temporary.write_text(json.dumps(entries, indent=1), 'utf-8')
        os.replace(temporary, path)
    except OSError as error:
        raise FileOperationError(f"Cannot write '{path}': {error.strerror}.") from None


def disconnect(config_dir: str) -> None:
    """This profile talks to no service any more."""
    connection_file(config_dir).unlink(missing_ok=True)


def _memory(config_dir: str) -> Path:
    return connection_file(config_dir).parent / 'data-dir'
