"""Jobs on two nodes at once: until both parts run, and how many a second. Each part is a process on its node."""
from __future__ import annotations

import time
from pathlib import Path

from bench.clock_lines import PRINT_TIME, printed_time
from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import slurm
from bench.rows.jobs_per_second import timed_jobs
from bench.running_service import DURABILITY, our_service
from bench.starts import two_starts
from bench.waiting import wait_until


def our_start(contest: Contest) -> Contestant:
    service = contest.shared(our_service)
    service.make_cluster(2)
    script = service.data_dir.parent / 'time.sh'
    script.write_text(PRINT_TIME)

    def one() -> tuple[float, float]:
        [name] = service.new_names(1)
        request, sent = service.gang_submission(name, script), time.time()
        service.submit(request)
        accepted = time.time()
        logs = service.logs(service.ended(name))
        both_run = max(printed_time(logs / f'stdout-{rank}.txt') for rank in range(2))
        return (both_run - sent) * 1000, (both_run - accepted) * 1000
    return two_starts(DURABILITY, one, contest.effort.count(10))


def srun_start(contest: Contest) -> Contestant:
    """`srun` has no moment at which the job is accepted: both times are those since its own start."""
    running = contest.shared(slurm.tuned_slurm)

    def one() -> tuple[float, float]:
        began = time.time()
        lines = running.run('srun', '-N2', '--exclusive', 'bash', '-c', PRINT_TIME).split()
        running.wait_until_idle()
        took = (_last_of_two(lines) - began) * 1000
        return took, took
    return two_starts('none: the job ends with `srun`', one, contest.effort.count(5))


def sbatch_start(contest: Contest) -> Contestant:
    running = contest.shared(slurm.tuned_slurm)
    script = running.script('gang-time.sh', f"srun bash -c '{PRINT_TIME}'")

    def one() -> tuple[float, float]:
        sent = time.time()
        number = running.submit('-N2', script)
        accepted, output = time.time(), running.folder / f'slurm-{number}.out'
        running.wait_until_idle()
        both_run = _last_of_two(wait_until(lambda: _words(output), f'{output}'))
        return (both_run - sent) * 1000, (both_run - accepted) * 1000
    return two_starts(slurm.DURABILITY, one, contest.effort.count(5))


def _words(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def _last_of_two(lines: list[str]) -> float:
    if len(lines) != 2:
        raise RuntimeError(f'the two parts of a gang printed {lines}')
    return max(float(line.replace(',', '.')) for line in lines)


def our_rate(contest: Contest) -> Contestant:
    service = contest.shared(our_service)
    service.make_cluster(4)
    script = service.data_dir.parent / 'true.sh'
    script.write_text('true')
    count = contest.effort.count(100, least=8)

    def turn() -> list[float]:
        return [timed_jobs(service, [service.gang_submission(name, script) for name in service.new_names(count)])]
    return Contestant(DURABILITY, turn, {'jobs a turn': count})


def slurm_rate(contest: Contest) -> Contestant:
    running = contest.shared(slurm.tuned_slurm)
    script = running.script('gang-true.sh', 'srun true')
    count = contest.effort.count(60, least=4)

    def turn() -> list[float]:
        began = time.perf_counter()
        running.submit_many(count, '-N2', script)
        running.wait_until_idle()
        return [count / (time.perf_counter() - began)]
    return Contestant(slurm.DURABILITY, turn, {'jobs a turn': count})


ROWS = [
    Row('gang-start', 'two-node gang: submitted → both running', 'ms', Goal(45, 15), {
        'ours': our_start, f'{slurm.NAME}, `srun -N2`': srun_start, f'{slurm.NAME}, `sbatch -N2`': sbatch_start}),
    Row('gangs-per-second', 'two-node gangs a second, four nodes', 'jobs/s', Goal(86, 170), {
        'ours': our_rate, slurm.NAME: slurm_rate}, more_is_better=True)]
