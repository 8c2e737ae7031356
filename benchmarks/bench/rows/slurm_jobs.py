"""What it costs to go through us: jobs of one node over REST on a Slurm of four nodes, beside plain `sbatch` there.

Every figure is a speed beside that of `sbatch` one after the other, the time until all have ended: 1 is as quick.
Here four slurmd, slurmctld and the service share the machine, so the facts say what each way took of its processors.
"""
from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from typing import Any, Callable

from bench.contest import Contest, Contestant, Goal, Row
from bench.peers import slurm
from bench.running_service import DURABILITY, RunningService
from bench.waiting import PATIENCE_SECONDS

_NODES = 4
# That a job ends is not seen sooner by asking more often than they can end, and asking takes processors from them.
_SECONDS_PER_JOB = 0.005
_LONGEST_PAUSE = 0.5


@dataclass
class _Match:
    """One Slurm, and a service on it. `seconds` and `cpu` are those of all turns, by whose they were."""
    slurm: slurm.Slurm
    service: RunningService
    seconds: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def timed(self, who: str, run: Callable[[], None]) -> float:
        """Seconds until all jobs of a turn have ended; nothing else runs on Slurm when it begins or returns."""
        self.slurm.wait_until_idle()
        cpu, began = _cpu_seconds(), time.perf_counter()
        run()
        took = time.perf_counter() - began
        self.seconds.setdefault(who, []).append(took)
        self.cpu.setdefault(who, []).append(_cpu_seconds() - cpu)
        return took

    def facts(self, who: str, count: int) -> dict[str, Any]:
        return {'jobs a turn': count, 'seconds': round(statistics.median(self.seconds[who]), 2),
                'CPU seconds of the machine': round(statistics.median(self.cpu[who]), 1)}


_PLAIN, _FOUR, _OURS = '`sbatch`', '`sbatch`, four at once', 'ours'


def _match(contest: Contest) -> _Match:
    running = contest.shared(slurm.tuned_slurm)
    service = contest.stack.enter_context(RunningService(
        contest.new_folder('ours') / 'data', {**running.cluster.environment, 'BATCHAI_SERVICE_ENGINE': 'slurm'}))
    service.make_cluster(_NODES)
    return _Match(running, service)


def _contestants(command: str, quick: int) -> dict[str, Callable[[Contest], Contestant]]:
    """`quick` is the number of jobs of a quick run, each of which runs `command`."""
    def ours(contest: Contest) -> Contestant:
        match, count = contest.shared(_match), contest.effort.count(quick, least=_NODES)
        script = match.slurm.script('job.sh', command)
        _run_ours(match.service, command, _NODES)
        _run_plain(match.slurm, script, _NODES)
        facts: dict[str, Any] = {}

        def turn() -> list[float]:
            plain = match.timed(_PLAIN, lambda: _run_plain(match.slurm, script, count))
            before = _service_seconds(match.service)
            took = match.timed(_OURS, lambda: _run_ours(match.service, command, count))
            own, commands = (after - was for after, was in zip(_service_seconds(match.service), before))
            match.cpu.setdefault('service', []).append(own)
            match.cpu.setdefault('commands', []).append(commands)
            facts.update({
                **match.facts(_OURS, count),
                'CPU seconds of the service': round(statistics.median(match.cpu['service']), 2),
                "CPU seconds of the service's Slurm commands": round(statistics.median(match.cpu['commands']), 2),
                'seconds of `sbatch`': round(statistics.median(match.seconds[_PLAIN]), 2),
                'CPU seconds of the machine with `sbatch`': round(statistics.median(match.cpu[_PLAIN]), 1)})
            return [plain / took]
        return Contestant(DURABILITY, turn, facts)

    def four_at_once(contest: Contest) -> Contestant:
        match, count = contest.shared(_match), contest.effort.count(quick, least=_NODES)
        script = match.slurm.script('job.sh', command)
        facts: dict[str, Any] = {}

        def turn() -> list[float]:
            took = match.timed(_FOUR, lambda: _run_plain(match.slurm, script, count, at_once=4))
            if not match.seconds.get(_PLAIN):
                match.timed(_PLAIN, lambda: _run_plain(match.slurm, script, count))
            facts.update(match.facts(_FOUR, count))
            return [match.seconds[_PLAIN][-1] / took]
        return Contestant(slurm.DURABILITY, turn, facts)
    return {_OURS: ours, _FOUR: four_at_once}


def _run_ours(service: RunningService, command: str, count: int) -> None:
    """One request after the other; return when the service has all jobs as succeeded."""
    names = service.new_names(count)
    for name in names:
        service.submit(service.submission(name, command))
    service.all_ended(names[-2 * _NODES:])
    states = {job['name']: job['properties']['executionState'] for job in service.jobs()}
    # Slurm need not begin them in their order.
    service.all_ended([name for name in names if states[name] != 'succeeded'])


def _run_plain(running: slurm.Slurm, script: str, count: int, at_once: int = 1) -> None:
    """Return when Slurm has none of the jobs any more."""
    if at_once > 1:
        running.submit_many(count, script)
    else:
        for _ in range(count):
            running.submit(script)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := len(running.run('squeue', '--noheader', '--format=%i').splitlines()):
        if time.monotonic() > deadline:
            raise RuntimeError(f'{left} jobs are still in Slurm')
        time.sleep(min(left * _SECONDS_PER_JOB, _LONGEST_PAUSE))


def _cpu_seconds() -> float:
    """Of all processes of this machine so far."""
    import psutil
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system)


def _service_seconds(service: RunningService) -> tuple[float, float]:
    """Processor seconds of the service itself, and of the commands that it ran."""
    import psutil
    times = psutil.Process(service.pid).cpu_times()
    return times.user + times.system, times.children_user + times.children_system


ROWS = [
    Row('slurm-jobs', 'jobs that do nothing, through us on a Slurm of four nodes', 'speed beside `sbatch`',
        Goal(0.9, 1), _contestants('true', 200), more_is_better=True),
    Row('slurm-jobs-200ms', 'jobs of 0.2 s, through us on a Slurm of four nodes', 'speed beside `sbatch`',
        Goal(0.9, 1), _contestants('sleep 0.2', 100), more_is_better=True)]
