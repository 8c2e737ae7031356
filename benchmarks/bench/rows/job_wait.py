"""From the last instruction of a job until the command that waits for it has returned."""
from __future__ import annotations

import random
import subprocess
import time
from pathlib import Path

from bench.az import BUILT_IN, Az, az_service, built_in_az, our_az
from bench.clock_lines import PRINT_TIME, printed_time
from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import slurm
from bench.running_service import DURABILITY, JOBS, RunningService
from bench.waiting import PATIENCE_SECONDS

_NAMED = '-g bench -w bench -e bench'


def ours(contest: Contest) -> Contestant:
    service, az = contest.shared(_ready), contest.shared(our_az)
    return Contestant(DURABILITY, lambda: [_one(service, az) for _ in range(contest.effort.count(2))])


def built_in(contest: Contest) -> Contestant:
    service, az = contest.shared(_ready), contest.shared(built_in_az)
    return Contestant(DURABILITY, lambda: [_one(service, az)], {'its client polls': 'every 15 s'})


def sbatch_wait(contest: Contest) -> Contestant:
    running = contest.shared(slurm.tuned_slurm)

    def one() -> float:
        file = contest.new_folder('waited') / 'out'
        script = running.script('waited.sh', f'{_pause()}; {PRINT_TIME} > {file}')
        waiting = running.start('sbatch', '--wait', '--exclusive', script)
        return _returned(waiting, file)
    return Contestant(slurm.DURABILITY, lambda: [one()])


def _ready(contest: Contest) -> RunningService:
    service = contest.shared(az_service)
    service.make_cluster(1)
    return service


def _pause() -> str:
    """Drawn anew for each job, so that no poll falls in step with its end."""
    return f'sleep {random.uniform(1.5, 3.0):.3f}'


def _one(service: RunningService, az: Az) -> float:
    [name] = service.new_names(1)
    service.submit(service.submission(name, f'{_pause()}; {PRINT_TIME}'))
    waiting = az.start(f'batchai job wait {_NAMED} -n {name}')
    return _returned(waiting, service.logs(service.call('GET', f'{JOBS}/{name}')['properties']) / 'stdout.txt')


def _returned(waiting: subprocess.Popen[bytes], file: Path) -> float:
    """Milliseconds from the time that the job printed until the process that waits has ended."""
    waiting.communicate(timeout=PATIENCE_SECONDS)
    returned = time.time()
    if waiting.returncode:
        raise RuntimeError(f'the command that waits ended with {waiting.returncode}')
    return (returned - printed_time(file)) * 1000


ROWS = [Row('job-wait', '`job wait` returns after the job ended', 'ms', Goal(200, 50), {
    'ours': ours, f'{slurm.NAME}, `sbatch --wait`': sbatch_wait, BUILT_IN: built_in})]
