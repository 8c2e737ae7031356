"""Jobs of one node that do nothing, on four nodes: from the first submission until the last has ended."""
from __future__ import annotations

import subprocess
import time
from typing import Sequence

from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import hyperqueue, ray_jobs, slurm
from bench.running_service import DURABILITY, RunningService, our_service

_NODES = 4


def ours(contest: Contest) -> Contestant:
    service = contest.shared(our_service)
    service.make_cluster(_NODES)
    timed_jobs(service, [service.submission(name, 'true') for name in service.new_names(_NODES)])
    count = contest.effort.count(300, least=8)

    def turn() -> list[float]:
        return [timed_jobs(service, [service.submission(name, 'true') for name in service.new_names(count)])]
    return Contestant(DURABILITY, turn, {'jobs a turn': count})


def timed_jobs(service: RunningService, submissions: Sequence[bytes]) -> float:
    """Jobs a second. `submissions` are those of the jobs that were named last.

    Jobs begin in the order in which they came, so when the last have ended, all have; the others are asked after the
    clock has stopped.
    """
    names = [request.split(b'?', 1)[0].rsplit(b'/', 1)[1].decode() for request in submissions]
    began = time.perf_counter()
    for request in submissions:
        service.submit(request)
    service.all_ended(names[-2 * _NODES:])
    took = time.perf_counter() - began
    service.all_ended(names)
    return len(names) / took


def tuned_slurm(contest: Contest) -> Contestant:
    """`sbatch` four at once, which is the quickest way to submit that it has."""
    running = contest.shared(slurm.tuned_slurm)
    script = running.script('true.sh', 'true')
    count = contest.effort.count(200, least=4)

    def turn() -> list[float]:
        began = time.perf_counter()
        running.submit_many(count, script)
        running.wait_until_idle()
        return [count / (time.perf_counter() - began)]
    return Contestant(slurm.DURABILITY, turn, {'jobs a turn': count})


def in_hyperqueue(contest: Contest) -> Contestant:
    driver = contest.shared(hyperqueue.hyperqueue)
    count = contest.effort.count(1000, least=8)

    def turn() -> list[float]:
        times = driver.ask({'jobs': count, 'command': ['true'], 'wait': True})
        return [count / (times['last_started'] - times['began'])]
    return Contestant(hyperqueue.DURABILITY, turn, {'jobs a turn': count})


def xargs(contest: Contest) -> Contestant:
    count = contest.effort.count(2000, least=8)

    def turn() -> list[float]:
        began = time.perf_counter()
        subprocess.run(f'seq {count} | xargs -P4 -n1 true', shell=True, check=True)
        return [count / (time.perf_counter() - began)]
    return Contestant('none: no queue, only processes', turn, {'jobs a turn': count})


def ray(contest: Contest) -> Contestant:
    driver = contest.shared(ray_jobs.ray)
    count = contest.effort.count(6, least=1)

    def turn() -> list[float]:
        times = driver.ask({'jobs': count, 'command': 'true', 'wait': True})
        return [count / (times['ended'] - times['began'])]
    return Contestant(ray_jobs.DURABILITY, turn, {'jobs a turn': count})


ROWS = [Row('jobs-per-second', 'durable one-node jobs a second over REST, four slots', 'jobs/s', Goal(240, 600), {
    'ours': ours, slurm.NAME: tuned_slurm, hyperqueue.NAME: in_hyperqueue,
    hyperqueue.WITH_JOURNAL: hyperqueue.no_journal, ray_jobs.NAME: ray, '`xargs -P4 true`': xargs,
}, more_is_better=True)]
