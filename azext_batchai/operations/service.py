"""`az batchai service`: the self-hosted service of this CLI profile (design, section 6)."""
from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

from azure.cli.core.azclierror import FileOperationError, ValidationError
from knack.log import get_logger

from azext_batchai.remote.daemon import Daemon, connect, disconnect, profile_daemon, require_posix
from azext_batchai.version import __version__

logger = get_logger(__name__)

_FOLLOW_SECONDS = 0.2


def start_service(cmd: Any, port: int | None = None, data_dir: str | None = None, engine: str | None = None
                  ) -> dict[str, Any]:
    """Start the service, or find it running, and connect this profile to it."""
    require_posix()
    config_dir = cmd.cli_ctx.config.config_dir
    daemon = Daemon(Path(data_dir).expanduser().absolute()) if data_dir else profile_daemon(config_dir)
    if daemon.is_running():
        state = daemon.state() or {}
        if port and state.get('port') != port:
            raise ValidationError(f"The service already runs on port {state.get('port')}. To change it, run "
                                  "'az batchai service stop' first.")
        if engine and state.get('engine') != engine:
            raise ValidationError(f"The service already runs with engine {state.get('engine')}. To change it, run "
                                  "'az batchai service stop' first.")
    else:
        daemon.start(port, engine)
    connect(config_dir, daemon)
    return _describe(daemon)


def stop_service(cmd: Any) -> None:
    """Stop the service and disconnect this profile. Running jobs go on."""
    require_posix()
    daemon = profile_daemon(cmd.cli_ctx.config.config_dir)
    running = daemon.is_running()
    jobs = ((daemon.ask() or {}).get('jobs') or {}) if running else {}
    daemon.stop()
    disconnect(cmd.cli_ctx.config.config_dir)
    if not running:
        logger.warning('The service was not running.')
    active = jobs.get('running', 0) + jobs.get('terminating', 0)
    if active:
        logger.warning("%s job(s) go on without the service; 'az batchai service start' picks them up.", active)


def show_service(cmd: Any) -> dict[str, Any]:
    """Where the service is, whether it answers, and what it has."""
    require_posix()
    return _describe(profile_daemon(cmd.cli_ctx.config.config_dir))


def show_logs(cmd: Any, follow: bool = False, tail: int = 100) -> None:
    """Print the last lines of the service's log and, with `follow`, what is added to it until Ctrl-C."""
    log_file = profile_daemon(cmd.cli_ctx.config.config_dir).log_file
    out = sys.stdout.buffer
    try:
        with open(log_file, 'rb') as file:
            out.write(b''.join(_last_lines(file, tail)))
            out.flush()
            if follow:
                _follow(file, log_file, out)
    except FileNotFoundError:
        raise FileOperationError(f"There is no log yet at '{log_file}'; 'az batchai service start' begins one."
                                 ) from None
    except OSError as error:
        raise FileOperationError(f"Cannot read '{log_file}': {error.strerror}.") from None
    except KeyboardInterrupt:
        return


def reset_service(cmd: Any) -> None:
    """Stop the service, end what still runs, and delete everything it keeps."""
    require_posix()
    config_dir = cmd.cli_ctx.config.config_dir
    daemon = profile_daemon(config_dir)
    daemon.stop()
    daemon.reset()
    disconnect(config_dir)


def _describe(daemon: Daemon) -> dict[str, Any]:
    """One shape for all states: ``running``, ``stopped``, or ``unresponsive`` when it runs but does not answer."""
    running = daemon.is_running()
    answer = (daemon.ask() if running else None) or {}
    written = daemon.state() or {}
    return {
        'state': answer.get('state', 'unresponsive') if running else 'stopped',
        'endpoint': written.get('endpoint') if running else None,
        'pid': written.get('pid') if running else None,
        'engine': answer.get('engine') or written.get('engine'),
        'version': answer.get('version', __version__),
        'dataDir': str(daemon.data_dir),
        'tokenFile': str(daemon.data_dir / 'token'),
        'caFile': str(daemon.data_dir / 'ca.pem'),
        'logFile': str(daemon.log_file),
        'startTime': answer.get('startTime'),
        'capacity': answer.get('capacity'),
        'clusters': answer.get('clusters'),
        'nodes': answer.get('nodes'),
        'jobs': answer.get('jobs'),
    }


def _last_lines(file: BinaryIO, count: int) -> list[bytes]:
    """The last `count` lines, read from the end; leaves the file at its end."""
    end = file.seek(0, os.SEEK_END)
    size = min(end, max(1, count) * 400)
    file.seek(end - size)
    lines = file.read(size).splitlines(keepends=True)
    if size < end and lines:
        lines = lines[1:]
    return lines[-count:] if count > 0 else []


def _follow(file: BinaryIO, log_file: Path, out: Any) -> None:
    """Print what is appended; a log that was rotated away is followed into the new file."""
    while True:
        added = file.read()
        if added:
            out.write(added)
            out.flush()
            continue
        time.sleep(_FOLLOW_SECONDS)
        try:
            if os.stat(log_file).st_ino != os.fstat(file.fileno()).st_ino:
                out.write(file.read())
                with open(log_file, 'rb') as following:
                    _follow(following, log_file, out)
        except FileNotFoundError:
            continue
