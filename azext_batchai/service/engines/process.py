"""The engine for one machine: a node is a folder and a share of the cores, a task is a process.

Tasks outlive the service. Each runs below a small shell in a session of its own, and that shell holds a file lock
while it lives and writes the exit code when the task ends. So a service started later can tell what runs, what
ended and how, without trusting a process id: the lock goes with the process, the id may be somebody else's by then.

A launch folder holds, for task 0: ``0.lock`` (locked by the shell), ``0.started`` (its process id, created by the
shell before anything else, so that a launch started twice runs once), ``0.exit`` (the exit code), and ``stop`` once a
stop was asked for. Where the disk is full at the end, the exit code goes to the end of ``0.lock``, which has room kept
for it.
"""
from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import logging
import os
import re
import shutil
import signal
import stat
import time
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Callable, Sequence

from azext_batchai.arm.locks import is_locked
from azext_batchai.service.engines import trees
from azext_batchai.service.engines.base import (
    Capabilities, EngineCluster, EngineNode, EngineUnavailable, Launch, LaunchRejected, LaunchState, Observation, Task)
from azext_batchai.service.engines.devices import count_gpus
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.engines.first_failure import first_failed
from azext_batchai.service.engines.task_shell import task_shell
from azext_batchai.service.job_user import JobUser, files_as, make_passage

_log = logging.getLogger(__name__)

_LOCK_FD = 9
_NUMBER = re.compile(rb'\n*([0-9]{1,9})\n')
_LONGEST_NUMBER = 64
_NODE_NAME = re.compile(r'tvm-\d+_\d+-\w+\Z')
# What a shell says of a process that was killed: 128 + SIGKILL.
_KILLED = 137
# Written to the lock file at the start: the block it takes holds the exit code too when the disk is full by then.
_ROOM = b'\n'


class ProcessEngine:
    """See `base.Engine`."""
    name = 'process'

    def __init__(self, shell: str = '', trash: Path | None = None, job_user: JobUser | None = None):
        """`shell` runs the commands, with ``-c``; by default bash where there is one, as on the nodes of old.

        `trash` is where the folders of nodes that leave wait for their deletion. Tasks run as `job_user`, or as the
        service's own user.
        """
        self._job_user = job_user
        self._trash = trash
        self._shell = shell or shutil.which('bash') or '/bin/sh'
        self._children: set[int] = set()
        self._wake: Callable[[], None] = lambda: None
        self._watched: dict[int, int] = {}
        self._watching = False
        self._sweeper = trees.Sweeper()

    def check(self) -> Capabilities:
        if not shutil.which(self._shell):
            return Capabilities(False, True, False, f'the shell {self._shell} is not there')
        return Capabilities(usable=True, resizable=True, queues_gangs=False)

    def machine(self) -> str:
        return _boot_id() if _start_of_machine() else ''

    # nodes

    def nodes(self, cluster: EngineCluster) -> list[EngineNode]:
        try:
            names = sorted(filter(_NODE_NAME.match, os.listdir(cluster.folder)), key=_node_number)
        except FileNotFoundError:
            return []
        cores, gpus = os.cpu_count() or 1, count_gpus()
        share = max(1, cores // max(1, len(names)))
        return [EngineNode(name, _node_number(name), '127.0.0.1', cluster.folder / name, share,
                           tuple(range(gpus)[index::len(names)])) for index, name in enumerate(names)]

    def scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str] = ()) -> None:
        try:
            if self._job_user:
                make_passage(cluster.folder, cluster.folder.parent.parent)
            cluster.folder.mkdir(parents=True, exist_ok=True)
            present = [node.id for node in self.nodes(cluster)]
            surplus = len(present) - count
            for name in [name for name in leaving if name in present][:max(0, surplus)]:
                discard(cluster.folder / name, self._trash or cluster.folder.parent / 'trash')
            taken = {_node_number(name) for name in present}
            for number in sorted(set(range(1, count + len(present) + 1)) - taken)[:max(0, -surplus)]:
                stamp = time.strftime('%Y%m%dt%H%M%Sz', time.gmtime())
                self._make_node(cluster.folder / f'tvm-{int(cluster.guid[:8], 16)}_{number}-{stamp}')
        except OSError as error:
            raise EngineUnavailable(f'nodes cannot be changed in {cluster.folder}: {error.strerror}') from error

    def _make_node(self, folder: Path) -> None:
        """A node is there once its name is, so it gets that last."""
        new = folder.with_name(f'.{folder.name}')
        if new.exists():  # a crash left it
            new.rmdir()
        new.mkdir(mode=0o700 if self._job_user else 0o777)
        if self._job_user:
            os.chown(new, self._job_user.uid, self._job_user.gid)
        new.rename(folder)

    # launches

    def start(self, launch: Launch) -> str:
        handle = json.dumps({'folder': str(launch.folder), 'tasks': len(launch.tasks), 'boot': _boot_id(),
                             'places': sorted({str(task.working_directory) for task in launch.tasks})})
        started: list[int] = []
        try:
            launch.folder.parent.mkdir(parents=True, exist_ok=True)
            launch.folder.mkdir(mode=0o700, exist_ok=True)
            for number, task in enumerate(launch.tasks):
                pid = self._start_task(launch, number, task)
                if pid:
                    started.append(pid)
        except OSError as error:
            self._undo(launch, started)
            if error.errno == errno.E2BIG:
                raise LaunchRejected('the command and its environment variables are longer than the system '
                                     'allows; put them into a script') from error
            if error.errno in (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC):
                raise EngineUnavailable(f'a process cannot be started now: {error.strerror}') from error
            missing = next((str(file.parent) for task in launch.tasks for file in (task.stdout, task.stderr)
                            if not file.parent.is_dir()), error.filename or 'the command')
            raise LaunchRejected(f'{missing}: {error.strerror}') from error
        except ValueError as error:
            self._undo(launch, started)
            raise LaunchRejected(f'the command or its environment is not usable: {error}') from error
        return handle

    @staticmethod
    def _undo(launch: Launch, started: list[int]) -> None:
        """A gang that cannot start whole has never been: nothing of it runs, and it can be started again."""
        for pid in started:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if started:
            shutil.rmtree(launch.folder, ignore_errors=True)

    def _start_task(self, launch: Launch, number: int, task: Task) -> int | None:
        """Start one task unless it was started before. Returns the process id of its shell."""
        base = launch.folder / str(number)
        if os.path.exists(f'{base}.started'):
            return None
        prefix = self._job_user.command_prefix if self._job_user and not task.is_ours else ()
        around = task_shell(str(base), self._shell, task, str(launch.folder), prefix)
        with contextlib.ExitStack() as opened:
            lock = os.open(f'{base}.lock', os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            opened.callback(os.close, lock)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            if os.fstat(lock).st_size == 0:
                os.write(lock, _ROOM)
            logs = []
            for file in (task.stdout, task.stderr):
                logs.append(self._open_log(launch, file))
                opened.callback(os.close, logs[-1])
            pid = os.posix_spawn(
                '/bin/sh', around.words, around.environment,
                file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                              (os.POSIX_SPAWN_DUP2, logs[0], 1), (os.POSIX_SPAWN_DUP2, logs[1], 2),
                              (os.POSIX_SPAWN_DUP2, lock, _LOCK_FD)],
                setsid=True, setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM], setsigmask=[])
        self._children.add(pid)
        return pid

    def _open_log(self, launch: Launch, file: Path) -> int:
        """A descriptor to append to `file`, for the caller to close. The launch folder is ours; anywhere else jobs may
        have put something, and a pipe would have us wait for its reader. Raises OSError and LaunchRejected."""
        try:
            with files_as(None if file.parent == launch.folder else self._job_user):
                descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK, 0o644)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.EISDIR):
                raise LaunchRejected(f'{file} is not an ordinary file') from None
            raise
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.set_blocking(descriptor, True)
            return descriptor
        os.close(descriptor)
        raise LaunchRejected(f'{file} is not an ordinary file')

    def poll(self, handles: Sequence[str]) -> dict[str, Observation]:
        self._reap()
        return {handle: self._guarded_look(handle) for handle in handles}

    def _guarded_look(self, handle: str) -> Observation:
        try:
            return self._observe(_read_handle(handle))
        except ValueError:
            return Observation(LaunchState.LOST)
        except OSError as error:  # no descriptors, no memory: it is no news of this launch
            _log.warning('a launch cannot be looked at now: %s', error)
            return Observation(LaunchState.RUNNING)

    def _observe(self, known: _Handle) -> Observation:
        codes: list[int | None] = []
        running, lost = False, False
        for number in range(known.tasks):
            base = f'{known.folder}/{number}'
            code = _exit_code(base)
            if code is None and is_locked(f'{base}.lock'):
                running = True
                self._watch_process(_read_number(f'{base}.started'))
            elif code is None:
                # The shell may have ended between the two looks.
                code = _exit_code(base)
                lost = lost or code is None
            codes.append(code)
        if lost and known.boot == _boot_id() and _has_begun(known):
            # The machine is the same, so the shell was killed, by its own task or from outside. What ran, ran once.
            codes, lost = [_KILLED if code is None else code for code in codes], False
            running = running or self._end_strays(known)
        if not running and os.path.exists(f'{known.folder}/stop'):
            running = self._end_strays(known)
        state = LaunchState.RUNNING if running else LaunchState.LOST if lost else LaunchState.ENDED
        return Observation(state, tuple(codes), first_failed(known.folder, codes))

    @staticmethod
    def _end_strays(known: _Handle) -> bool:
        """Kill what is left of a launch without its shells; whether there was anything."""
        survivors = trees.processes_of({known.folder}, places=known.places)
        trees.signal_all(survivors, signal.SIGKILL)
        return bool(survivors)

    def stop(self, handle: str, grace_seconds: float) -> None:
        try:
            known = _read_handle(handle)
            open(f'{known.folder}/stop', 'x').close()  # its time stays that of the first request
        except FileExistsError:
            pass
        except (ValueError, FileNotFoundError):
            return
        # Each shell leads a session of its own, named after its process id; trust the id while the lock is held.
        sessions = {pid for number in range(known.tasks) if is_locked(f'{known.folder}/{number}.lock')
                    for pid in [_read_number(f'{known.folder}/{number}.started')] if pid}
        trees.signal_all(trees.processes_of({known.folder}, sessions, known.places),
                         signal.SIGTERM if grace_seconds > 0 else signal.SIGKILL)

    def release(self, handle: str) -> None:
        try:
            known = _read_handle(handle)
        except ValueError:
            return
        shutil.rmtree(known.folder, ignore_errors=True)
        self._sweeper.sweep(known.folder)

    # news

    def watch(self, wake: Callable[[], None]) -> None:
        import asyncio
        self._wake = wake
        self._watching = True
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self._on_child)

    def _on_child(self) -> None:
        if self._reap():
            self._wake()

    def _reap(self) -> bool:
        """Collect our children that ended; whether there were any."""
        ended = False
        for pid in list(self._children):
            try:
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue
            except ChildProcessError:
                pass
            self._children.discard(pid)
            ended = True
        return ended

    def _watch_process(self, pid: int | None) -> None:
        """Get news of a task that an earlier service started. Where the system has no pidfd, its end shows at the
        next look."""
        if not self._watching or pid is None or pid in self._children or pid in self._watched:
            return
        import asyncio
        try:
            descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):
            return
        self._watched[pid] = descriptor
        asyncio.get_running_loop().add_reader(descriptor, self._on_adopted_end, pid)

    def _on_adopted_end(self, pid: int) -> None:
        import asyncio
        descriptor = self._watched.pop(pid)
        asyncio.get_running_loop().remove_reader(descriptor)
        os.close(descriptor)
        self._wake()


@dataclass(frozen=True)
class _Handle:
    """What a handle says: the launch's folder, how many tasks, and the working directories they began in."""
    folder: str
    tasks: int
    places: list[str]
    boot: str = ''


def _read_handle(handle: str) -> _Handle:
    """Raises ValueError for text that is no handle of this engine."""
    try:
        return _Handle(**json.loads(handle))
    except TypeError as error:
        raise ValueError(str(error)) from None


@lru_cache(maxsize=1)
def _boot_id() -> str:
    """Tells one start of this machine from the next; made up, so never met again, where the system does not say."""
    return _start_of_machine() or str(uuid.uuid4())


def _start_of_machine() -> str:
    """Names this start of the machine, or of the container that we are in: it ends with its first process. Empty where
    the system does not say."""
    try:
        boot = Path('/proc/sys/kernel/random/boot_id').read_text('ascii').strip()
        # After the name in parentheses, which may be anything: the 20th value is when the process began.
        return f"{boot}-{Path('/proc/1/stat').read_text('utf-8', 'replace').rpartition(')')[2].split()[19]}"
    except (OSError, IndexError):
        return ''


def _node_number(name: str) -> int:
    """``tvm-123_7-20260101t000000z`` is node 7."""
    return int(name.split('_')[1].split('-')[0])


def _has_begun(known: _Handle) -> bool:
    """Whether a task of the launch ran, or may have been kept from it by a stop; False when the folder is gone."""
    return any(os.path.exists(f'{known.folder}/{name}')
               for name in ('stop', *(f'{number}.started' for number in range(known.tasks))))


def _exit_code(base: str) -> int | None:
    code = _read_number(f'{base}.exit')
    return _read_number(f'{base}.lock') if code is None else code


def _read_number(path: str) -> int | None:
    """The number a shell wrote, once its line is complete. Whatever else is there, torn or planted, is none."""
    try:
        with open(path, 'rb') as file:
            found = _NUMBER.fullmatch(file.read(_LONGEST_NUMBER))
    except FileNotFoundError:
        return None
    return int(found[1]) if found else None
