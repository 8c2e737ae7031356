"""End launches and jobs: a thread that gathers what was asked for, and has Slurm signal all of it at once.

Slurm's own way to kill a job gives processes half a minute (KillWait) and takes the allocation away. So a launch that
is to end at once is killed by a step of ours on its nodes, and Slurm's way follows only where that is not enough.
"""
from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Callable, Iterable, Sequence

from azext_batchai.service.engines.base import EngineUnavailable
from azext_batchai.service.engines.slurm.book import Book, Held, Phase, Started, StopLevel
from azext_batchai.service.engines.slurm.commands import SlurmRefused, run
from azext_batchai.service.engines.slurm.steps import step_words

_log = logging.getLogger(__name__)
_GATHER_SECONDS = 0.004
_MOST_IDS = 400
_KILL_SECONDS = 8.0
_PATIENCE_SECONDS = 1.5
_AGAIN_SECONDS = 5.0
_KILL_SCRIPT = (Path(__file__).parent / 'kill.sh')


class Stops:
    """`hurry` is called when something is about to be gone."""

    def __init__(self, book: Book, hurry: Callable[[], None]):
        self._book = book
        self._hurry = hurry
        self._asked = threading.Condition(book.lock)
        self._launches: deque[Started] = deque()
        self._jobs: deque[str] = deque()
        self._waiting: deque[str] = deque()
        self._later: list[tuple[float, Started]] = []
        self._thread: threading.Thread | None = None
        self._killers = ThreadPoolExecutor(4, 'slurm-kill')
        self._closed = False

    def stop(self, launch: Started, level: StopLevel) -> None:
        """Have a launch end; as far as it was asked for before, nothing happens."""
        with self._asked:
            if level.value > launch.level.value:
                launch.level = level
                self._launches.append(launch)
                self._wake()

    def repeat(self, held: Held) -> None:
        """More is known of an allocation now: what was asked of its launches is due again, in another way."""
        with self._asked:
            for launch in held.launches:
                if launch.level is not StopLevel.NONE and not launch.has_codes:
                    self._launches.append(launch)
                    self._wake()

    def cancel(self, jobs: Iterable[str]) -> None:
        """Have whole jobs end, whatever their state."""
        with self._asked:
            self._jobs.extend(jobs)
            self._wake()

    def withdraw(self, jobs: Iterable[str]) -> None:
        """Have those of the jobs leave Slurm's queue that still wait there. Whoever sees one wait later repeats it."""
        with self._asked:
            self._waiting.extend(jobs)
            self._wake()

    def close(self) -> None:
        with self._asked:
            self._closed = True
            self._asked.notify()
        if self._thread:
            self._thread.join()
        self._killers.shutdown()

    def _wake(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._work, daemon=True, name='slurm-stops')
            self._thread.start()
        self._asked.notify()

    def _work(self) -> None:
        while True:
            with self._asked:
                while not (self._closed or self._launches or self._jobs or self._waiting or self._is_due()):
                    self._asked.wait(self._later[0][0] - time.monotonic() if self._later else None)
                if self._closed:
                    return
            time.sleep(_GATHER_SECONDS)  # what is asked for together goes together
            try:
                self._act()
            except Exception as problem:  # a thread that ends would leave jobs running for ever
                _log.exception('jobs are not stopped: %s', problem)

    def _is_due(self) -> bool:
        return bool(self._later) and self._later[0][0] <= time.monotonic()

    def _act(self) -> None:
        with self._asked:
            launches, jobs = list(dict.fromkeys(self._launches)), list(self._jobs)
            pending = list(self._waiting)
            self._launches.clear()
            self._jobs.clear()
            self._waiting.clear()
            late = []
            while self._is_due():
                late.append(self._later.pop(0)[1])
            live = [launch for launch in launches if not launch.has_codes and launch.held.job]
            pending += [launch.held.job for launch in live if launch.held.phase is Phase.WAITING]
            running = [launch for launch in live if launch.held.phase is Phase.RUNNING]
            killed = [launch for launch in running if launch.level is StopLevel.KILL]
            told = [launch.held for launch in running if launch.level is StopLevel.GRACE]
            jobs += [launch.held.job for launch in late if not launch.has_codes and launch.held.is_live]
        for launch in killed:
            self._killers.submit(self._kill, launch)
        # As long as one waits, the next look at the queue has this repeated; scancel tells no failures apart here.
        self._signal(['--state=PENDING'], pending)
        # A step is signalled without the srun beside it, which would end the step at once.
        again = self._signal(['--signal=TERM', '--full'], [held.job for held in told if held.request.node_count == 1])
        again += self._signal(['--signal=TERM'], [held.job for held in told if held.request.node_count > 1])
        failed = self._signal([], jobs)
        with self._asked:
            self._launches.extend(launch for launch in live if launch.held.job in again)
            moment = time.monotonic()
            self._later += [(moment + _PATIENCE_SECONDS, launch) for launch in killed]
            self._later += [(moment + _AGAIN_SECONDS, launch) for launch in late]
            self._later.sort(key=lambda item: item[0])
            self._jobs.extend(failed)
        if pending or killed or jobs:
            self._hurry()
        if failed or again:
            time.sleep(1.0)

    def _signal(self, options: list[str], jobs: Sequence[str]) -> list[str]:
        """Returns the jobs to be tried again."""
        failed: list[str] = []
        for start in range(0, len(jobs), _MOST_IDS):
            some = list(dict.fromkeys(jobs[start:start + _MOST_IDS]))
            try:
                run(['scancel', *options, *some])
            except SlurmRefused:  # ended meanwhile
                continue
            except EngineUnavailable as unavailable:
                _log.info('%s', unavailable)
                failed += some
        return failed

    def _kill(self, launch: Started) -> None:
        held = launch.held
        with contextlib.suppress(EngineUnavailable, SlurmRefused):  # then Slurm's own way follows
            run([*step_words(held.job, count=held.request.node_count), '--input=none', '--immediate=5',
                 '/bin/sh', '-c', _KILL_SCRIPT.read_text('utf-8'), 'batchai', launch.folder], _KILL_SECONDS)
        self._hurry()
