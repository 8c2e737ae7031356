"""A list of 1,000 jobs: over REST, and as a table of a command line."""
from __future__ import annotations

import json
import signal
import time

from bench.az import BUILT_IN, Az, az_service, built_in_az, our_az
from bench.contest import Contest, Contestant, Goal, Row
from bench.filled_store import fill_store
from bench.peers import slurm
from bench.running_service import JOBS, RunningService

_LIST = 'batchai job list -g bench -w bench -e bench'


def over_rest(contest: Contest) -> Contestant:
    """One request over a kept connection, its JSON read."""
    service, count = contest.shared(_filled), _count(contest)

    def one() -> float:
        began = time.perf_counter()
        jobs = service.connection.read(JOBS)['value']
        took = time.perf_counter() - began
        _check(len(jobs), count)
        return took * 1000
    one()
    return Contestant('', lambda: [one() for _ in range(contest.effort.count(10))])


def by_our_az(contest: Contest) -> Contestant:
    contest.shared(_filled)
    return _by_az(contest, contest.shared(our_az))


def by_built_in_az(contest: Contest) -> Contestant:
    contest.shared(_filled)
    return _by_az(contest, contest.shared(built_in_az))


def _by_az(contest: Contest, az: Az) -> Contestant:
    _check(len(json.loads(az.run(_LIST))), _count(contest))
    return Contestant('', lambda: [az.timed(_LIST) for _ in range(contest.effort.count(3))])


def squeue(contest: Contest) -> Contestant:
    running = contest.shared(_full_slurm)
    return Contestant('', lambda: [running.timed('squeue') for _ in range(contest.effort.count(10))])


def squeue_json(contest: Contest) -> Contestant:
    running = contest.shared(_full_slurm)
    _check(len(json.loads(running.run('squeue', '--json'))['jobs']), _count(contest))
    return Contestant('', lambda: [running.timed('squeue', '--json') for _ in range(contest.effort.count(5))])


def _count(contest: Contest) -> int:
    """1,000 in a run of every length, fewer only where the bench itself is tried."""
    return 1000 if contest.effort.scale >= 1 else contest.effort.count(1000)


def _filled(contest: Contest) -> RunningService:
    """A service with ended and waiting jobs, which were put into its store."""
    service = contest.shared(az_service)
    service.end(signal.SIGTERM)
    fill_store(service.data_dir, _count(contest))
    service.start()
    return service


def _full_slurm(contest: Contest) -> slurm.Slurm:
    running = contest.shared(slurm.tuned_slurm)
    running.submit_many(_count(contest), '--hold', running.script('true.sh', 'true'))
    return running


def _check(found: int, wanted: int) -> None:
    if found != wanted:
        raise RuntimeError(f'the list has {found} jobs, not {wanted}')


ROWS = [
    Row('list-rest', 'list 1,000 jobs over REST', 'ms', Goal(36, 18), {
        'ours': over_rest, f'{slurm.NAME}, `squeue --json`': squeue_json, f'{slurm.NAME}, `squeue`': squeue}),
    Row('list-az', 'list 1,000 jobs by `az`', 'ms', Goal(410, 300), {'ours': by_our_az, BUILT_IN: by_built_in_az})]
