"""From the request to end a job until each of its processes is gone and its state is final."""
from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Callable

from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import slurm
from bench.running_service import DURABILITY, JOBS, our_service
from bench.waiting import wait_until

_PROCESSES = 3


def _command(mark: str) -> str:
    """A job of three processes that have `mark` as their name: two in the background, and the one that waits."""
    return f'for n in 1 2; do (exec -a {mark} sleep 3600) & done; exec -a {mark} sleep 3600'


def _marked(mark: str) -> list[int]:
    """Process ids; `mark` is in no other process's command line as a word of its own."""
    found = []
    for entry in os.listdir('/proc'):
        if entry.isdigit():
            try:
                if Path(f'/proc/{entry}/cmdline').read_bytes().startswith(mark.encode() + b'\0'):
                    found.append(int(entry))
            except OSError:
                continue
    return found


def _timed_end(mark: str, end: Callable[[], object], is_final: Callable[[], object]) -> float:
    """Milliseconds from `end` until no process is there and the state is final."""
    wait_until(lambda: len(_marked(mark)) == _PROCESSES, 'the processes of the job', pause=0.01)
    processes = [Path(f'/proc/{pid}') for pid in _marked(mark)]
    began = time.perf_counter()
    end()
    wait_until(is_final, 'the final state', pause=0)
    wait_until(lambda: not any(map(_lives, processes)), 'the end of the processes', pause=0.0005)
    return (time.perf_counter() - began) * 1000


def _lives(process: Path) -> bool:
    """Whether it is there, and no zombie that nobody has collected."""
    try:
        return (process / 'stat').read_text().rpartition(')')[2].split()[0] != 'Z'
    except OSError:
        return False


def ours(contest: Contest) -> Contestant:
    service = contest.shared(our_service)
    service.make_cluster(1)

    def one() -> float:
        [name], mark = service.new_names(1), f'bench-{uuid.uuid4().hex}'
        service.submit(service.submission(name, _command(mark)))
        return _timed_end(mark, lambda: service.call('POST', f'{JOBS}/{name}/terminate'), lambda: service.ended(name))
    one()
    return Contestant(DURABILITY, lambda: [one() for _ in range(contest.effort.count(10))])


def tuned_slurm(contest: Contest) -> Contestant:
    """`scancel`, until `squeue` no longer has the job."""
    running = contest.shared(slurm.tuned_slurm)

    def one() -> float:
        mark = f'bench-{uuid.uuid4().hex}'
        number = running.submit(running.script('long.sh', _command(mark)))
        return _timed_end(mark, lambda: running.run('scancel', number),
                          lambda: not running.run('squeue', '--noheader', '--jobs', number))
    one()
    return Contestant(slurm.DURABILITY, lambda: [one() for _ in range(contest.effort.count(5))])


ROWS = [Row('terminate', 'terminate → every process of the job gone, state final', 'ms', Goal(48, 18), {
    'ours': ours, f'{slurm.NAME}, `scancel`': tuned_slurm})]
