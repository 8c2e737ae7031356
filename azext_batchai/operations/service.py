"""`az batchai service`: the self-hosted service of this CLI profile (design, section 6)."""
from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import FileOperationError, ValidationError
from knack.log import get_logger

from azext_batchai.remote.connection import ENDPOINT_VARIABLE
from azext_batchai.remote.daemon import Daemon, connect, disconnect, profile_daemon, require_posix
from azext_batchai.remote.log_file import follow_log, last_lines
from azext_batchai.remote.output import Output, ReaderLeft
from azext_batchai.version import __version__

logger = get_logger(__name__)


def start_service(cmd: Any, port: int | None = None, data_dir: str | None = None, engine: str | None = None,
                  container_runtime: str | None = None, job_user: str | None = None) -> dict[str, Any]:
    """Start the service, or find it running, and connect this profile to it."""
    require_posix()
    config_dir = cmd.cli_ctx.config.config_dir
    before = profile_daemon(config_dir)
    daemon = Daemon(Path(data_dir).expanduser().absolute()) if data_dir else before
    if daemon.is_running():
        daemon.await_answer()
    else:
        daemon.start(port, engine, container_runtime, job_user)
    _check_asked(daemon.state() or {}, port, engine, container_runtime, job_user)
    connect(config_dir, daemon)
    _warn_of_other_service(before, daemon)
    _warn_of_variable(daemon)
    return _told(_describe(daemon))


def stop_service(cmd: Any) -> None:
    """Stop the service and disconnect this profile. Running jobs go on."""
    require_posix()
    daemon = profile_daemon(cmd.cli_ctx.config.config_dir)
    running = daemon.is_running()
    answer = (daemon.ask() or {}) if running else {}
    daemon.stop()
    disconnect(cmd.cli_ctx.config.config_dir)
    if not running:
        logger.warning('The service was not running.')
    jobs = answer.get('jobs') or {}
    active = jobs.get('running', 0) + jobs.get('terminating', 0)
    # What waits in Slurm's queue starts without us.
    waiting = jobs.get('queued', 0) if answer.get('engine') == 'slurm' else 0
    if active + waiting:
        logger.warning("%s job(s) go on without the service; 'az batchai service start' picks them up.",
                       active + waiting)


def show_service(cmd: Any) -> dict[str, Any]:
    """Where the service is, whether it answers, and what it has."""
    require_posix()
    daemon = profile_daemon(cmd.cli_ctx.config.config_dir)
    _warn_of_variable(daemon)
    return _told(_describe(daemon))


def show_logs(cmd: Any, follow: bool = False, tail: int = 100) -> None:
    """Print the last lines of the service's log and, with `follow`, what is added to it until Ctrl-C."""
    log_file = profile_daemon(cmd.cli_ctx.config.config_dir).log_file
    out = Output()
    try:
        with open(log_file, 'rb') as file:
            out.write(last_lines(file, tail))
            out.flush()
            if follow:
                follow_log(file, log_file, out)
    except FileNotFoundError:
        raise FileOperationError(f"There is no log yet at '{log_file}'; 'az batchai service start' begins one."
                                 ) from None
    except OSError as error:
        raise FileOperationError(f"Cannot read '{log_file}': {error.strerror}.") from None
    except (KeyboardInterrupt, ReaderLeft):
        return


def confirm_reset(cli_ctx: Any, _arguments: Any) -> bool:
    """Ask whether to delete the data, and say which."""
    from azext_batchai.remote.confirming import confirm
    data_dir = profile_daemon(cli_ctx.config.config_dir).data_dir
    return confirm(f"Delete all clusters, jobs and stored files of the service in '{data_dir}'?")


def reset_service(cmd: Any) -> None:
    """Stop the service, end what still runs, and delete everything it keeps."""
    require_posix()
    config_dir = cmd.cli_ctx.config.config_dir
    daemon = profile_daemon(config_dir)
    daemon.stop()
    daemon.reset()
    disconnect(config_dir)


def _check_asked(state: dict[str, Any], port: int | None, engine: str | None, container_runtime: str | None,
                 job_user: str | None = None) -> None:
    """A service that runs keeps its port, its engine and what it runs containers with."""
    for key, how, asked in (('port', 'on port', port), ('engine', 'with engine', engine),
                            ('containerRuntime', 'with container runtime', container_runtime),
                            ('jobUser', 'with job user', job_user)):
        if asked and state.get(key) != asked:
            now = state.get(key) or ('none' if key == 'jobUser' else 'not found')
            raise ValidationError(f"The service already runs {how} {now}. To change it, run 'az batchai service stop' "
                                  'first.')


def _warn_of_other_service(before: Daemon, now: Daemon) -> None:
    """This profile forgets a service when it turns to one in another folder; its user should not."""
    pid = before.pid() if before.data_dir.resolve() != now.data_dir.resolve() else None
    if pid:
        logger.warning("This profile no longer uses the service in '%s' (pid %s), which goes on. Stop it with 'kill "
                       "%s', or return to it with 'az batchai service start --data-dir %s'.",
                       before.data_dir, pid, pid, shlex.quote(str(before.data_dir)))


def _warn_of_variable(daemon: Daemon) -> None:
    """The environment comes before the profile, for all commands but these."""
    endpoint = os.environ.get(ENDPOINT_VARIABLE)
    if endpoint and endpoint.rstrip('/') != (daemon.state() or {}).get('endpoint'):
        logger.warning('%s is set: the other commands use the service at %s. To use that of this profile: unset %s',
                       ENDPOINT_VARIABLE, endpoint, ENDPOINT_VARIABLE)


def _told(described: dict[str, Any]) -> dict[str, Any]:
    """What is described, with a warning while the scheduler below is out of order."""
    if described['trouble']:
        logger.warning('%s', described['trouble'])
    return described


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
        'containerRuntime': written.get('containerRuntime') or None,
        'jobUser': written.get('jobUser') or None,
        'version': answer.get('version', __version__),
        'dataDir': str(daemon.data_dir),
        'tokenFile': str(daemon.data_dir / 'token'),
        'caFile': str(daemon.data_dir / 'ca.pem'),
        'logFile': str(daemon.log_file),
        'startTime': answer.get('startTime'),
        'capacity': answer.get('capacity'),
        'trouble': answer.get('trouble'),
        'findings': answer.get('findings'),
        'clusters': answer.get('clusters'),
        'nodes': answer.get('nodes'),
        'jobs': answer.get('jobs'),
        'mounts': answer.get('mounts'),
    }
