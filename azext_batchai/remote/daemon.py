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
from azext_batchai.remote.replaced_file import replace_file

_START_SECONDS = 20.0
_STOP_SECONDS = 10.0
_LOOK_SECONDS = 0.01
_MODULE = 'azext_batchai.service'
_NEEDED = {'pid': int, 'endpoint': str, 'tokenFile': str, 'caFile': str}


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
        except (OSError, ValueError, RecursionError):
            return None
        complete = isinstance(state, dict) and all(isinstance(state.get(key), kind) for key, kind in _NEEDED.items())
        return state if complete else None

    def is_running(self) -> bool:
        """Whether a service holds the data folder's lock. Process ids may be reused, the lock cannot lie."""
        try:
            return is_locked(self.data_dir / 'service.lock')
        except OSError:
            return False  # no service of ours; a start would say what is wrong with the folder

    def pid(self) -> int | None:
        """The process id of the running service; None while it has not written it yet, or when it is damaged."""
        state = self.state()
        return state['pid'] if state and self.is_running() and _MODULE in _command_line(state['pid']) else None

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

    def await_answer(self) -> None:
        """Wait for a service that runs, and perhaps has only just begun. Raises the CLI error when it stays silent."""
        deadline = time.monotonic() + _START_SECONDS
        while not self.ask():
            if not self.is_running():
                raise ClientRequestError("The service has just ended; run 'az batchai service start' again. Its log: "
                                         f'{self.log_file}.')
            if time.monotonic() > deadline:
                raise self._silent()
            time.sleep(_LOOK_SECONDS)

    def _silent(self) -> ClientRequestError:
        pid = self.pid()
        return ClientRequestError(
            f"The service{f' (pid {pid})' if pid else ''} runs but does not answer; end it with 'az batchai service "
            f"stop', then run 'az batchai service start'. Its log: {self.log_file}.")

    def start(self, port: int | None, engine: str | None, container_runtime: str | None = None,
              job_user: str | None = None) -> None:
        """Start the service and wait until it answers. Raises the CLI error that says why it does not."""
        arguments = ['serve', '--daemon', *(['--port', str(port)] if port is not None else []),
                     *(['--engine', engine] if engine else []),
                     *(['--container-runtime', container_runtime] if container_runtime else []),
                     *(['--job-user', job_user] if job_user else [])]
        with tempfile.TemporaryFile() as complaints:
            child = self._spawn(arguments, complaints)
            deadline = time.monotonic() + _START_SECONDS
            while time.monotonic() < deadline:
                state = self.state()
                if state and state.get('pid') == child.pid and self.ask():
                    return
                if child.poll() is not None:
                    if self.is_running():  # another start was quicker
                        return self.await_answer()
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
            [sys.executable, '-m', _MODULE, *arguments, '--data-dir', str(self.data_dir.absolute())],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=complaints, env=environment, cwd='/',
            start_new_session=True)

    def stop(self) -> None:
        """Ask the service to end and wait until it has. One that does not run is left as it is."""
        import signal
        pid = self._pid_to_end()
        if pid is None:
            return
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        except PermissionError:
            raise ClientRequestError(f'The service with process id {pid} belongs to another user.') from None
        deadline = time.monotonic() + _STOP_SECONDS
        while self.is_running():
            if time.monotonic() > deadline:
                raise ClientRequestError(f'The service with process id {pid} did not end within {_STOP_SECONDS:g} '
                                         f'seconds. End it with: kill -9 {pid}')
            time.sleep(_LOOK_SECONDS)

    def _pid_to_end(self) -> int | None:
        """The service's own process id, waited for while it starts; None once it does not run.

        What service.json says may be years old, and the process id that of something else by now.
        """
        deadline = time.monotonic() + _STOP_SECONDS
        while self.is_running():
            pid = self.pid()
            if pid is not None:
                return pid
            if time.monotonic() > deadline:
                lock = self.data_dir / 'service.lock'
                raise ClientRequestError(f"A service runs on '{self.data_dir}', but its service.json does not say as "
                                         f"which process. Find that with 'lsof {lock}' and end it with kill.")
            time.sleep(_LOOK_SECONDS)
        return None


def require_posix() -> None:
    """The service runs where processes can be told apart as on Unix. Raises the CLI error elsewhere."""
    if os.name != 'posix':
        raise ValidationError('The Batch AI service runs on Linux and macOS. On Windows, start it in WSL and set '
                              'AZURE_BATCHAI_ENDPOINT, AZURE_BATCHAI_TOKEN_FILE and AZURE_BATCHAI_CA_FILE here.')


def profile_daemon(config_dir: str) -> Daemon:
    """The service of this CLI profile: where it was started last, else in the profile's own folder."""
    memory = _memory(config_dir)
    try:
        remembered = memory.read_text('utf-8', 'surrogateescape').strip()
    except OSError:
        remembered = ''
    usable = os.path.isabs(remembered) and '\0' not in remembered
    return Daemon(Path(remembered) if usable else memory.parent.absolute())


def connect(config_dir: str, daemon: Daemon) -> None:
    """Make `daemon` the service this profile talks to, and remember its folder for later starts."""
    state = daemon.state()
    if state is None:
        raise ClientRequestError(f"'{daemon.data_dir / 'service.json'}' is damaged; run 'az batchai service stop', "
                                 "then 'az batchai service start'.")
    path = connection_file(config_dir)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace_file(_memory(config_dir), str(daemon.data_dir.absolute()))
        replace_file(path, json.dumps({key: state[key] for key in ('endpoint', 'tokenFile', 'caFile')}, indent=1))
    except OSError as error:
        raise FileOperationError(f"Cannot write into '{path.parent}': {error.strerror}.") from None


def disconnect(config_dir: str) -> None:
    """This profile talks to no service any more."""
    path = connection_file(config_dir)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileOperationError(f"Cannot delete '{path}': {error.strerror}. This profile stays connected to the "
                                 "service.") from None


def _memory(config_dir: str) -> Path:
    return connection_file(config_dir).parent / 'data-dir'


def _command_line(pid: int) -> str:
    """The command line of a process; empty when there is none."""
    try:
        return Path(f'/proc/{pid}/cmdline').read_bytes().replace(b'\0', b' ').decode('utf-8', 'replace')
    except OSError:
        if Path('/proc/self/cmdline').exists():
            return ''
    shown = subprocess.run(['ps', '-o', 'args=', '-p', str(pid)], capture_output=True, check=False)
    return shown.stdout.decode('utf-8', 'replace')
