"""kill -9 while 1,000 jobs wait and run: how soon the service is back, and whether each job ran exactly once."""
from __future__ import annotations

import collections
import signal
import time
from pathlib import Path

from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import slurm
from bench.running_service import DURABILITY, RunningService

_NODES = 4
_SLURM_SECONDS = 30


def ours(contest: Contest) -> Contestant:
    count = contest.effort.count(1000, least=20) if contest.effort.scale < 1 else 1000
    facts = {'jobs': count, 'lost': 0, 'run twice': 0}
    return Contestant(DURABILITY, lambda: [_kill_ours(contest, count, facts)], facts)


def _kill_ours(contest: Contest, count: int, facts: dict[str, int]) -> float:
    """Seconds from the new process until it has answered with the state of the last job."""
    with RunningService(contest.new_folder('ours') / 'data') as service:
        service.make_cluster(_NODES)
        names, ran = service.new_names(count), service.out / 'ran'
        for name in names:
            service.submit(service.submission(name, f'echo {name} >> {ran}'))
        service.end(signal.SIGKILL)
        began = time.perf_counter()
        service.start()
        service.job(names[-1])
        back = time.perf_counter() - began
        service.all_ended(names)
        _count(ran, names, facts)
        return back


def tuned_slurm(contest: Contest) -> Contestant:
    count = contest.effort.count(1000, least=20) if contest.effort.scale < 1 else 1000
    facts = {'jobs': count, 'lost': 0, 'run twice': 0}
    slurm.tuned_slurm(contest).cluster.stop()  # raises PeerMissing before the first turn
    return Contestant(slurm.DURABILITY, lambda: [_kill_slurm(contest, count, facts)], facts)


def _kill_slurm(contest: Contest, count: int, facts: dict[str, int]) -> float:
    """Seconds from the new slurmctld until `squeue` has answered. A new Slurm each time: this one may keep nodes that
    it no longer uses, and jobs that it never starts; those not run within `_SLURM_SECONDS` count as lost."""
    running = slurm.tuned_slurm(contest)
    ran = contest.new_folder('slurm-ran') / 'ran'
    running.submit_many(count, running.script('ran.sh', f'echo $SLURM_JOB_ID >> {ran}'))
    numbers = (running.folder / 'submitted').read_text().split()
    running.cluster.stop_controller(kill=True)
    began = time.perf_counter()
    running.cluster.start_controller()
    running.run('squeue', '--noheader')
    back = time.perf_counter() - began
    try:
        running.wait_until_idle(_SLURM_SECONDS)
    except RuntimeError:
        facts['queue stuck'] = facts.get('queue stuck', 0) + 1
    running.cluster.stop()
    _count(ran, numbers, facts)
    return back


def _count(ran: Path, names: list[str], facts: dict[str, int]) -> None:
    """Each job has appended a line with its name."""
    times = collections.Counter(ran.read_text().split() if ran.exists() else [])
    facts['lost'] += sum(1 for name in names if not times[name])
    facts['run twice'] += sum(1 for name in names if times[name] > 1)


ROWS = [Row('kill-recovery', 'after kill -9 with 1,000 jobs: back, nothing lost or run twice', 's', Goal(1.0, 0.5), {
    'ours': ours, slurm.NAME: tuned_slurm})]
