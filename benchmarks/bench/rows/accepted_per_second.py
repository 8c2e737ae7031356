"""Submissions a second while the cluster is busy, so that nothing is started meanwhile."""
from __future__ import annotations

import time

from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import hyperqueue, slurm
from bench.running_service import DURABILITY, our_service


def ours(contest: Contest) -> Contestant:
    """One connection, one request after the other."""
    service = contest.shared(our_service)
    service.make_cluster(1)
    service.submit(service.submission('busy', 'exec sleep 3600'))
    count = contest.effort.count(500, least=5)

    def turn() -> list[float]:
        requests = [service.submission(name, 'true') for name in service.new_names(count)]
        began = time.perf_counter()
        for request in requests:
            service.submit(request)
        return [count / (time.perf_counter() - began)]
    turn()
    return Contestant(DURABILITY, turn, {'jobs a turn': count})


def tuned_slurm(contest: Contest) -> Contestant:
    running = contest.shared(slurm.tuned_slurm)
    script = running.script('true.sh', 'true')
    count = contest.effort.count(300, least=4)

    def turn() -> list[float]:
        began = time.perf_counter()
        running.submit_many(count, '--hold', script)
        return [count / (time.perf_counter() - began)]
    return Contestant(slurm.DURABILITY, turn, {'jobs a turn': count})


def in_hyperqueue(contest: Contest) -> Contestant:
    driver = contest.shared(hyperqueue.hyperqueue)
    driver.ask({'jobs': 4, 'command': ['sleep', '3600']})
    count = contest.effort.count(500, least=5)

    def turn() -> list[float]:
        times = driver.ask({'jobs': count, 'command': ['true']})
        return [count / (times['submitted'] - times['began'])]
    return Contestant(hyperqueue.DURABILITY, turn, {'jobs a turn': count})


ROWS = [Row('accepted-per-second', 'jobs accepted a second, one connection, cluster busy', 'jobs/s', Goal(1800, 3700), {
    'ours': ours, f'{slurm.NAME}, four `sbatch` at once': tuned_slurm, hyperqueue.NAME: in_hyperqueue,
    hyperqueue.WITH_JOURNAL: hyperqueue.no_journal}, more_is_better=True)]
