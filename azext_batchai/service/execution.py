"""A command that somebody runs on a node by hand: a launch of its own, whose output is read while it runs.

The output goes through two pipes rather than files. So a command writes no faster than its output is taken, and no
disk fills up meanwhile. Pipes reach no other machine: for nodes elsewhere the engine says how to bring the output here.
"""
from __future__ import annotations

import logging
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from azext_batchai.service.engines.base import (
    Engine, EngineNode, EngineUnavailable, Launch, Observation, Task)
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.scheduler.unknown_starts import take_back
from azext_batchai.service.store import Store

_log = logging.getLogger(__name__)

BLOCK_BYTES = 64 * 1024
_STREAMS = ('stdout', 'stderr')


@dataclass(frozen=True)
class NodeCommand:
    """A shell command for `node`, with the whole environment it gets. It begins in `folder`.

    `reach` makes of shell text for the node that for this machine, where the node is another one.
    """
    node: EngineNode
    line: str
    variables: dict[str, str]
    folder: Path
    reach: Callable[[str], str] = str


class Execution:
    """One run of a command. After `start` it takes a `close`, whatever happens in between."""

    def __init__(self, store: Store, engine: Engine, folders: Folders, launch_id: str):
        self._store = store
        self._engine = engine
        self._id = launch_id
        self._folder = folders.launch(launch_id)
        self._job_user = folders.job_user
        self._handle = ''
        self._pipes: dict[str, int] = {}

    def start(self, command: NodeCommand, now: float) -> None:
        """`now` in seconds since the epoch. Raises EngineUnavailable or LaunchRejected, and leaves nothing then."""
        self._store.executions.intend(self._id, command.node.id, now)
        try:
            self._open_pipes()
            self._handle = self._engine.start(self._launch(command))
            self._store.executions.started(self._id, self._handle)
        except Exception as problem:
            if self._handle:
                self.stop(0)
            self.close()
            if isinstance(problem, OSError):
                raise EngineUnavailable(f'a pipe cannot be made now: {problem.strerror}') from problem
            raise

    def _open_pipes(self) -> None:
        """Each is open for reading and writing, so that it neither ends nor blocks while we hold it."""
        (self._folder / 'work').mkdir(parents=True)
        self._folder.chmod(0o700)
        for stream in _STREAMS:
            os.mkfifo(self._folder / stream, 0o600)
            self._pipes[stream] = os.open(self._folder / stream, os.O_RDWR | os.O_NONBLOCK)
        if self._job_user:  # who may come as far as the pipes, and see nothing else
            for place in ('work', *_STREAMS):
                os.chown(self._folder / place, self._job_user.uid, self._job_user.gid)
            self._folder.chmod(0o711)

    def _launch(self, command: NodeCommand) -> Launch:
        """The task's own working directory is a folder nobody shares: who stops a launch also stops whatever is at
        work in the folders that its tasks began in, and on a node those are other people's jobs."""
        out, err, begin = (shlex.quote(str(place)) for place in (
            self._folder / 'stdout', self._folder / 'stderr', command.folder))
        line = command.reach(f'cd {begin} && unset OLDPWD || exit\n{command.line}')
        script = f'exec >{out} 2>{err}\n{line}'
        return Launch(self._id, self._folder, (Task(
            command.node.id, script, command.variables, self._folder / 'work', self._folder / 'shell.out',
            self._folder / 'shell.err'),))

    # while it runs

    @property
    def descriptors(self) -> list[int]:
        """Readable when there is something for `read`."""
        return list(self._pipes.values())

    def read(self) -> list[tuple[str, bytes]]:
        """What was written meanwhile, as pairs of ``stdout`` or ``stderr`` and at most BLOCK_BYTES; never waits."""
        found = []
        for stream, descriptor in self._pipes.items():
            try:
                found.append((stream, os.read(descriptor, BLOCK_BYTES)))
            except BlockingIOError:
                continue
        return found

    def complaint(self) -> bytes:
        """What the shells around the command had to say: nothing, unless it could not run, or was killed."""
        try:
            with open(self._folder / 'shell.err', 'rb') as file:
                return file.read(BLOCK_BYTES)
        except OSError:
            return b''

    def observe(self) -> Observation:
        return self._engine.poll([self._handle])[self._handle]

    def stop(self, grace_seconds: float) -> None:
        """Ask every process of it to end; without grace, kill them. Twice is harmless."""
        self._engine.stop(self._handle, grace_seconds)

    # afterwards

    def close(self) -> None:
        """Release what it held, and forget it. Twice is harmless."""
        self.let_go()
        if self._handle:
            self._engine.release(self._handle)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._store.executions.forget(self._id)

    def let_go(self) -> None:
        """Only close the pipes: the next start of the service finds the record and does the rest."""
        while self._pipes:
            os.close(self._pipes.popitem()[1])


def end_leftovers(store: Store, engine: Engine, folders: Folders) -> None:
    """End what a service that died left running, at the next start. Nobody waits for its output any more."""
    for record in store.executions.all():
        try:
            handle = record.handle or take_back(engine, record.id, record.node, folders.launch(record.id))
            if handle:
                engine.stop(handle, 0)
                engine.release(handle)
        except EngineUnavailable as unavailable:
            _log.warning('a command on node %s may still run, the next start ends it: %s', record.node, unavailable)
            continue
        store.executions.forget(record.id)
        _log.info('a command on node %s, left by an earlier service, is ended', record.node)
