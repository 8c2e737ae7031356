"""From the moment a job is submitted until its command runs, on a cluster with nothing else to do."""
from __future__ import annotations

import time
from pathlib import Path

from bench.clock_lines import PRINT_TIME, printed_time
from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import hyperqueue, ray_jobs, slurm
from bench.running_service import DURABILITY, our_service
from bench.starts import two_starts


def ours(contest: Contest) -> Contestant:
    service = contest.shared(our_service)
    service.make_cluster(1)

    def one() -> tuple[float, float]:
        [name] = service.new_names(1)
        request, sent = service.submission(name, PRINT_TIME), time.time()
        service.submit(request)
        accepted = time.time()
        file = service.logs(service.ended(name)) / 'stdout.txt'
        return _since(sent, file), _since(accepted, file)
    return two_starts(DURABILITY, one, contest.effort.count(10))


def tuned_slurm(contest: Contest) -> Contestant:
    running = contest.shared(slurm.tuned_slurm)
    script = running.script('time.sh', PRINT_TIME)

    def one() -> tuple[float, float]:
        sent = time.time()
        number = running.submit(script)
        accepted, file = time.time(), running.folder / f'slurm-{number}.out'
        running.wait_until_idle()
        return _since(sent, file), _since(accepted, file)
    return two_starts(slurm.DURABILITY, one, contest.effort.count(5))


def in_hyperqueue(contest: Contest) -> Contestant:
    driver = contest.shared(hyperqueue.hyperqueue)

    def one() -> tuple[float, float]:
        times = driver.ask({'jobs': 1, 'command': ['bash', '-c', PRINT_TIME]})
        file = Path(times['outputs'][0])
        return _since(times['began'], file), _since(times['submitted'], file)
    return two_starts(hyperqueue.DURABILITY, one, contest.effort.count(10))


def ray(contest: Contest) -> Contestant:
    driver = contest.shared(ray_jobs.ray)

    def one() -> tuple[float, float]:
        file = contest.new_folder('ray-job') / 'out'
        times = driver.ask({'jobs': 1, 'command': f"bash -c '{PRINT_TIME} > {file}'", 'wait': True})
        return _since(times['began'], file), _since(times['submitted'], file)
    return two_starts(ray_jobs.DURABILITY, one, contest.effort.count(2))


def _since(moment: float, file: Path) -> float:
    """Milliseconds until the time that a job has printed."""
    return (printed_time(file) - moment) * 1000


ROWS = [Row('job-start', 'job submitted → its command runs, idle cluster', 'ms', Goal(20, 4.5), {
    'ours': ours, slurm.NAME: tuned_slurm, hyperqueue.NAME: in_hyperqueue,
    hyperqueue.WITH_JOURNAL: hyperqueue.no_journal, ray_jobs.NAME: ray})]
