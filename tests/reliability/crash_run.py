"""Kill the service again and again under a stream of jobs, and count what was lost, ran twice or ended wrongly.

    python tests/reliability/crash_run.py --kills 500 --jobs 2000 --seed 7

Moments: a few milliseconds after a request or after a job began, while the service starts, and, where strace is
installed, exactly at a commit, at a write into the database, at the start of a process or at the reply to a client.
"""
from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from job_stream import Job, JobStream, Verdict, judge
from mortal_service import CLUSTER, EXPERIMENT, WORKSPACE, MortalService, job_path, processes_of, wait_until

_NODES = 4
# System calls of the thread that serves and plans, with the number of calls among which the deadly one is chosen. The
# commit that follows a start of processes is one fdatasync in four: those are the dangerous ones.
_CALLS = {'fdatasync': 60, 'pwrite64': 120, 'clone,clone3,vfork': 12, 'sendto,write': 60, 'flock': 30,
          'mkdir,rename,unlink,rmdir,unlinkat': 60}
_WEIGHTS = (5, 2, 1, 1, 1, 1)
# Where strace does not get the service to a deadly call in that time, a plain kill does.
_LONGEST_SECONDS = 3.0


@dataclass
class Outcome:
    """What a run found. `unanswered` counts submissions whose reply was lost, `left` what nobody put away."""
    jobs: int
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    verdict: Verdict = field(default_factory=Verdict)
    left: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kinds = ', '.join(f'{kind} {count}' for kind, count in sorted(self.kills.items()))
        return (f'kills {sum(self.kills.values())} ({kinds}), jobs {self.jobs}, lost {len(self.verdict.lost)}, '
                f'run twice {len(self.verdict.twice)}, wrong exit codes {len(self.verdict.wrong)}, '
                f'left behind {len(self.left)}; replies lost {self.unanswered}, requeued {self.verdict.requeued}, '
                f'{self.seconds:.0f} s')


class CrashRun:
    """One run in `folder`, which is empty. What is drawn by chance follows `seed`; when things happen does not."""

    def __init__(self, folder: Path, kills: int, jobs: int, seed: int, engine: str = 'process'):
        self._chance = random.Random(seed)
        self._killer_chance = random.Random(seed + 1)
        self._stream = JobStream(folder, self._chance)
        self._service = MortalService(folder / 'data', engine=engine)
        self._kills = kills
        self._jobs = [self._stream.make(number) for number in range(jobs)]
        self._outcome = Outcome(jobs)
        self._request = threading.Event()
        self._over = threading.Event()
        self._given_up = threading.Event()
        self._trouble: list[BaseException] = []

    def run(self) -> Outcome:
        """Raises AssertionError when the service does not come back or jobs do not end."""
        began = time.monotonic()
        with self._service:
            self._service.start()
            self._service.make_cluster(_NODES)
            killer = threading.Thread(target=self._kill_all, daemon=True)
            killer.start()
            try:
                self._end_all(self._submit_all())
                wait_until(self._over.is_set, 'the last kill', 600)
            finally:
                self._given_up.set()
                killer.join()
            if self._trouble:
                raise self._trouble[0]
            self._wait_for_the_end()
            seen = self._service.jobs()
            self._service.stop()
            self._outcome.verdict = judge(self._jobs, self._stream, seen, self._service.data_dir / 'batchai.db')
            self._tidy_up()
        self._outcome.seconds = time.monotonic() - began
        return self._outcome

    # the stream

    def _submit_all(self) -> list[Job]:
        """Submit every job, as many between two kills as between any other two. Returns those a client ends."""
        ending: list[Job] = []
        for number, job in enumerate(self._jobs):
            wait_until(lambda: self._over.is_set()
                       or sum(self._outcome.kills.values()) + 1 >= self._kills * number / len(self._jobs),
                       'the next kill', 120)
            if self._trouble:
                raise self._trouble[0]
            self._ask(202, 'PUT', job_path(job.name), job.body)
            if job.code is None:
                ending.append(job)
            if ending and self._chance.random() < 0.5:
                self._end(ending.pop(0))
            if self._chance.random() < 0.03:
                self._resize(self._chance.choice([1, 2, 3, _NODES]))
        self._resize(_NODES)
        return ending

    def _end_all(self, jobs: list[Job]) -> None:
        while jobs:
            self._end(jobs.pop())

    def _end(self, job: Job) -> None:
        if job.kind == 'deleted':
            self._ask((202, 204), 'DELETE', job_path(job.name))
        else:
            self._ask((200, 202), 'POST', f'{job_path(job.name)}/terminate')

    def _resize(self, count: int) -> None:
        self._ask(200, 'PATCH', CLUSTER, {'properties': {'scaleSettings': {'manual': {
            'targetNodeCount': count, 'nodeDeallocationOption': 'requeue'}}}})

    def _ask(self, expected: int | tuple[int, ...], method: str, path: str, body: object = None) -> None:
        self._request.set()
        status, answer, unanswered = self._service.persist(method, path, body)
        assert status in (expected if isinstance(expected, tuple) else (expected,)), (method, path, status, answer)
        self._outcome.unanswered += bool(unanswered)

    def _wait_for_the_end(self) -> None:
        """Until each job that is to stay has ended and those deleted are gone."""
        deleted = {job.name for job in self._jobs if job.kind == 'deleted'}

        def is_over() -> bool:
            seen = self._service.jobs()
            return not deleted & set(seen) and all(
                properties['executionState'] in ('succeeded', 'failed') for properties in seen.values())
        wait_until(is_over, 'the end of all jobs', 120)

    # the kills

    def _kill_all(self) -> None:
        try:
            ways = [self._after_a_request, self._after_a_line, self._while_starting]
            if shutil.which('strace'):
                ways += [self._at_a_call] * 3
            while sum(self._outcome.kills.values()) < self._kills and not self._given_up.is_set():
                way = self._killer_chance.choice(ways)
                kind = way()
                self._outcome.kills[kind] += 1
                if way != self._at_a_call:
                    self._service.spawn()
            wait_until(self._service.is_up, 'the service to listen')
        except BaseException as problem:
            self._trouble.append(problem)
        finally:
            self._over.set()

    def _after_a_request(self) -> str:
        wait_until(self._service.is_up, 'the service to listen')
        self._request.clear()
        self._request.wait(0.5)
        time.sleep(self._killer_chance.uniform(0, 0.05))
        self._service.kill()
        return 'after a request'

    def _after_a_line(self) -> str:
        wait_until(self._service.is_up, 'the service to listen')
        size, deadline = self._stream.ledger.stat().st_size, time.monotonic() + 0.5
        while self._stream.ledger.stat().st_size == size and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(self._killer_chance.uniform(0, 0.02))
        self._service.kill()
        return 'after a job began'

    def _while_starting(self) -> str:
        time.sleep(self._killer_chance.uniform(0, 0.6))
        self._service.kill()
        return 'while starting'

    def _at_a_call(self) -> str:
        """End the service, and start one that dies by itself at a system call."""
        wait_until(self._service.is_up, 'the service to listen')
        self._service.kill()
        calls, = self._killer_chance.choices(list(_CALLS), _WEIGHTS)
        number = self._killer_chance.randint(1, _CALLS[calls])
        self._service.spawn('strace', '-qq', '-o', '/dev/null', '-e', f'trace={calls}', '-e', 'signal=none',
                            '-e', f'inject={calls}:signal=SIGKILL:when={number}')
        deadline = time.monotonic() + _LONGEST_SECONDS
        while not self._service.has_ended() and time.monotonic() < deadline:
            time.sleep(0.005)
        died = self._service.has_ended()
        self._service.kill()
        self._service.spawn()
        return f'at {calls.partition(",")[0]}' if died else 'after a while under strace'

    # the end

    def _tidy_up(self) -> None:
        """Look for what should not be there any more, also after everything was deleted."""
        data, left = self._service.data_dir, self._outcome.left
        left += [f'process {process.pid}' for process in processes_of(data)]
        left += [f'launch folder {folder.name}' for folder in (data / 'launches').iterdir()]
        left += [f'database: {problem}' for problem in _database_problems(data / 'batchai.db')]
        self._service.start()
        self._service.expect(202, 'DELETE', CLUSTER)
        self._service.expect(202, 'DELETE', EXPERIMENT)
        with contextlib.suppress(AssertionError):
            wait_until(lambda: self._service.call('GET', CLUSTER)[0] == 404, 'the cluster to go')
            wait_until(lambda: self._service.call('GET', EXPERIMENT)[0] == 404, 'the experiment to go')
            self._service.expect(202, 'DELETE', WORKSPACE)
            wait_until(lambda: self._service.call('GET', WORKSPACE)[0] == 404, 'the workspace to go')
            wait_until(lambda: not any(_children(data / 'trash')), 'the trash to be emptied')
        for name in ('nodes', 'launches', 'output', 'trash'):
            left += [f'{name}/{child.name}' for child in _children(data / name)]
        self._service.stop()


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _database_problems(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    found = [row[0] for row in connection.execute('PRAGMA integrity_check') if row[0] != 'ok']
    found += [str(row) for row in connection.execute('PRAGMA foreign_key_check')]
    found += [f'launch {row[0]} is {row[1]}' for row in
              connection.execute("SELECT id, state FROM launches WHERE state <> 'ended'")]
    found += [f'operation of {row[0]} is open' for row in
              connection.execute("SELECT resource FROM operations WHERE status = 'InProgress'")]
    connection.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--kills', type=int, default=30)
    parser.add_argument('--jobs', type=int, default=200)
    parser.add_argument('--seed', type=int, default=7)
    parser.add_argument('--engine', default='process', help='process, or slurm where its commands find a cluster')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='batchai-crashes-', ignore_cleanup_errors=True) as folder:
        outcome = CrashRun(Path(folder), options.kills, options.jobs, options.seed, options.engine).run()
    for problem in (*outcome.verdict.lost, *outcome.verdict.twice, *outcome.verdict.wrong, *outcome.left):
        print(problem)
    print(outcome)
    return 0 if outcome.verdict.is_good and not outcome.left else 1


if __name__ == '__main__':
    sys.exit(main())
