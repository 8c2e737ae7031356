"""Run the service: one process, one event loop, the REST face and the scheduler in it."""
from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import time
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any, Iterator

from azext_batchai.service.auth import ensure_token, own_hosts
from azext_batchai.service.containers.runtime import find_runtime
from azext_batchai.service.durable_files import replace_file
from azext_batchai.service.full_disks import is_storage_problem
from azext_batchai.service.job_user import JobUser, JobUserError, find_job_user, open_data_dir, take_groups_of
from azext_batchai.service.settings import ENVIRONMENT_PREFIX, Settings
from azext_batchai.version import __version__

_log = logging.getLogger(__name__)

# The settings of the ports and, in the state file, their keys.
_PORTS = {'port': 'port', 'blob_port': 'blobPort', 'file_port': 'filePort'}


class StartError(Exception):
    """The service cannot start; the text says why and what to do."""


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, in a data folder that is there. Running jobs go on when the service ends.

    Raises StartError.
    """
    with start_errors(settings):
        hold_lock(settings.lock_file)
        job_user = _prepare_job_user(settings)
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(_listen(settings, name)) for name in _PORTS]
        asyncio.run(_serve(settings, listeners, job_user))


# What may lie in a data folder before its first service: what the command line keeps there, settings and secrets, and
# what file systems put into their folders. The command line's temporary files begin with a dot.
_WELCOME = frozenset({'azure', 'connection.json', 'data-dir', 'settings.json', 'secrets.json', 'slurm.json',
                      'lost+found'})
_OURS = frozenset({'service.lock', 'service.log', 'batchai.db'})


def make_data_dir(data_dir: Path) -> None:
    """Make sure that the folder is ours and that we can write there. Raises StartError.

    A folder with somebody else's files is refused: a reset deletes what is in the data folder.
    """
    try:
        names = {path.name for path in data_dir.iterdir()} if data_dir.is_dir() else set()
        foreign = {name for name in names - _WELCOME if not name.startswith('.')}
        if foreign and not names & _OURS:
            raise StartError(f'The data folder {data_dir} holds files that are not of a Batch AI service. Choose an '
                             'empty or a new one with --data-dir.')
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data_dir / f'.probe-{os.getpid()}'
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise StartError(f'The data folder {data_dir} is not writable: {error.strerror}. Choose another one with '
                         '--data-dir.') from None


def hold_lock(lock_file: Path) -> None:
    """Lock the data folder until this process ends, however it ends: whoever finds the lock free knows that it has.

    Raises StartError when another process holds it.
    """
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StartError(f'A service already runs on {lock_file.parent}.') from None


def _prepare_job_user(settings: Settings) -> JobUser | None:
    """Whom jobs run as, with the data folder open to them as far as they need. Raises StartError."""
    try:
        job_user = find_job_user(settings.job_user) if settings.job_user else None
        open_data_dir(settings.data_dir, job_user)
        if job_user:
            take_groups_of(job_user)
    except JobUserError as error:
        raise StartError(f'{error}.') from None
    return job_user


@contextlib.contextmanager
def _listen(settings: Settings, name: str) -> Iterator[socket.socket]:
    """A listening socket on the port asked for, else on the one used before, else on a free one. `name` is the setting.
    """
    before, asked = _last_port(settings.state_file, _PORTS[name]), getattr(settings, name)
    ports = [asked] if asked else [*([before] if before else []), 0]
    for port in ports:
        family = socket.AF_INET6 if ':' in settings.host else socket.AF_INET
        # asyncio turns off the delays of small writes only where the protocol is spelled out.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, port))
            listener.listen(512)
        except OSError as error:
            listener.close()
            if port == ports[-1]:
                other = '--port' if name == 'port' else f'the environment variable {ENVIRONMENT_PREFIX}{name.upper()}'
                raise StartError(f'Port {port} on {settings.host} cannot be used: {error.strerror}. Choose another '
                                 f'one with {other}.') from None
            continue
        with listener:
            yield listener
        return


def _last_port(state_file: Path, key: str) -> int | None:
    try:
        port = int(json.loads(state_file.read_text('utf-8'))[key])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return port if 0 < port <= 65535 else None


async def _serve(settings: Settings, listeners: list[socket.socket], job_user: JobUser | None) -> None:
    import uvicorn
    from azext_batchai.service.app import create_app
    from azext_batchai.service.connections import bounded_protocol, raise_descriptor_limit
    from azext_batchai.service.tls import ensure_certificates

    ports: dict[str, int] = {name: listener.getsockname()[1] for name, listener in zip(_PORTS, listeners)}
    with start_errors(settings):
        ensure_certificates(settings.ca_file, settings.server_certificate_file, settings.host, time.time())
        service, scheduler = _assemble(settings, ports, job_user)
    protocol = bounded_protocol(settings.request_timeout_seconds, raise_descriptor_limit())
    config = uvicorn.Config(create_app(service), http=protocol, ws='none', log_config=None, access_log=False,
                            lifespan='off', server_header=False, proxy_headers=False,
                            ssl_certfile=settings.server_certificate_file, timeout_graceful_shutdown=1)

    class Server(uvicorn.Server):
        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            service.turned.close()  # requests that are held for news are answered
            await super().shutdown(sockets)

    server = Server(config)
    # uvicorn catches these while it serves, and raises them again when it has shut down in order.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: setattr(server, 'should_exit', True))
    serving = asyncio.create_task(server.serve(sockets=listeners))
    while not server.started and not serving.done():
        await asyncio.sleep(0)
    with start_errors(settings):
        _write_state(settings, ports)
    scheduling = asyncio.create_task(scheduler.run())
    _log.info('batchai %s listens on %s:%s, data in %s', __version__, settings.host, ports['port'],
              settings.data_dir)
    done, _ = await asyncio.wait({scheduling, serving}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    scheduling.cancel()
    await asyncio.gather(scheduling, serving, return_exceptions=True)
    scheduler.close()
    service.store.close()
    _log.info('stopped; jobs that run go on')
    for task in done:
        task.result()


@contextlib.contextmanager
def start_errors(settings: Settings) -> Iterator[None]:
    """Raise StartError, in words, for files that cannot be read or written and for a damaged database."""
    import sqlite3
    try:
        yield
    except sqlite3.Error as error:
        advice = 'Make room there' if is_storage_problem(error) else (
            "Bring back a copy of it, or start afresh with 'az batchai service reset'")
        raise StartError(f'The database {settings.database_file} cannot be used: {error}. {advice}.') from None
    except OSError as error:
        raise StartError(f'{error.filename or settings.data_dir} cannot be used: {error.strerror}.') from None


def _assemble(settings: Settings, ports: dict[str, int], job_user: JobUser | None) -> tuple[Any, Any]:
    """The service's parts, put together."""
    from azext_batchai.service import engine_change
    from azext_batchai.service.context import Service
    from azext_batchai.service.engines.registry import create_engine
    from azext_batchai.service.recovery import put_away
    from azext_batchai.service.scheduler.launching import Folders
    from azext_batchai.service.scheduler.loop import Scheduler
    from azext_batchai.service.scheduler.plan import Timing
    from azext_batchai.service.scheduler.provisions import provisions_of
    from azext_batchai.service.store import Store
    from azext_batchai.service.store.migrations import NewerSchema

    try:
        store = Store(settings.database_file)
        engine = create_engine(settings, job_user)
    except NewerSchema as error:
        raise StartError(f'The database {settings.database_file} cannot be used: {error}.') from None
    except ValueError as error:
        raise StartError(str(error)) from None
    capabilities = engine.check()
    if not capabilities.usable:
        raise StartError(f"The engine '{engine.name}' cannot be used here: {capabilities.reason}.")
    folders = Folders(settings.data_dir, job_user)
    try:
        engine_change.take_in(store, settings, folders, lambda name: create_engine(replace(settings, engine=name)))
    except engine_change.EngineInUse as error:
        raise StartError(f'{error}.') from None
    put_away(store, engine, folders)
    service = Service(
        settings=settings, store=store, engine=engine, folders=folders, token=ensure_token(settings.token_file),
        clock=time.time, new_guid=lambda: str(uuid.uuid4()), wake=lambda: None, started=time.time(),
        hosts=frozenset(host for port in ports.values() for host in own_hosts(settings.host, port)),
        blob_port=ports['blob_port'], file_port=ports['file_port'])
    loop = asyncio.get_running_loop()

    def wake() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is nobody left to wake
            loop.call_soon_threadsafe(service.wake)

    provisions = provisions_of(settings, wake)
    timing = Timing(settings.terminate_grace_seconds, settings.autoscale_idle_seconds,
                    settings.low_priority_eviction_seconds)
    scheduler = Scheduler(store, engine, folders, provisions, timing, time.time, service.turned.beat)
    service.wake = scheduler.wake
    return service, scheduler


def _write_state(settings: Settings, ports: dict[str, int]) -> None:
    """Tell clients where we are."""
    host = f'[{settings.host}]' if ':' in settings.host else settings.host
    found = find_runtime(settings.container_runtime, os.environ.get('PATH', os.defpath))
    state = {'pid': os.getpid(), **{key: ports[name] for name, key in _PORTS.items()},
             'endpoint': f"https://{host}:{ports['port']}", 'version': __version__, 'engine': settings.engine,
             'jobUser': settings.job_user, 'containerRuntime': found.name if found else settings.container_runtime,
             'tokenFile': str(settings.token_file), 'caFile': str(settings.ca_file),
             'dataDir': str(settings.data_dir)}
    replace_file(settings.state_file, json.dumps(state, indent=1).encode(), 0o644)


def ignore_hangup() -> None:
    """A closed terminal is no reason to end."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
