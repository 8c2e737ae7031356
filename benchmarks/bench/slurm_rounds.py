"""What a round costs with the Slurm engine: turns of the scheduler and looks at Slurm, by jobs there and by nodes.

The real app, store, loop and engine in this process; Slurm's commands are answered by `in_process_slurm`, and the three
threads that look by themselves do not run: each look is made and timed on its own. The database is not synced. Every
size has a process of its own, for the sake of its memory.
"""
from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable

from bench.contest import Effort
from bench.in_process_slurm import FakeJob, InProcessSlurm
from bench.running_service import ROOT
from bench.waiting import wait_until
from bench.in_process_times import short, timed

KEY = 'slurm-rounds'
# Jobs in Slurm, nodes.
_SIZES = ((100, 4), (1_000, 4), (10_000, 4), (1_000, 100), (1_000, 1_000), (10_000, 1_000))
# Of one cluster, to the service.
_MOST_NODES = 100
_MOST_TURNS = 2_000
_FEW = 10


def measure(folder: Path, effort: Effort) -> list[dict[str, Any]]:
    """A row for each size, milliseconds but where it says otherwise. A small effort leaves out the larger sizes."""
    sizes = [(jobs, nodes) for jobs, nodes in _SIZES if jobs <= 10_000 * effort.scale and nodes <= 1_000 * effort.scale]
    found = []
    for jobs, nodes in sizes or [(20, 4)]:
        with tempfile.TemporaryDirectory(dir=folder, prefix='bench-') as name, \
                multiprocessing.get_context('spawn').Pool(1) as pool:
            found.append(pool.apply(measure_size, (Path(name) / 'data', jobs, nodes)))
    return found


def measure_size(data_dir: Path, jobs: int, nodes: int) -> dict[str, Any]:
    """One row. For a process of its own: Slurm's commands are not to be had in this one any more."""
    simulation = _Simulation(data_dir, nodes, jobs)
    try:
        return simulation.row()
    finally:
        simulation.close()


class _Simulation:
    """Clusters of idle nodes; `row` fills Slurm's queue and measures."""

    def __init__(self, data_dir: Path, nodes: int, jobs: int):
        for place in (ROOT, ROOT / 'tests' / 'service'):
            if str(place) not in sys.path:
                sys.path.append(str(place))
        import harness as kit
        from azext_batchai.service.engines.slurm import commands
        from azext_batchai.service.engines.slurm.engine import SlurmEngine
        from azext_batchai.service.scheduler.queueing import MOST_SUBMITTED
        from azext_batchai.service.settings import Settings
        count = max(-(-nodes // _MOST_NODES), -(-jobs // MOST_SUBMITTED))
        each = max(2, nodes // count)
        self._jobs, self._kit = jobs, kit
        self.slurm = InProcessSlurm(each * count)
        self.slurm.install(commands)
        self._engine = SlurmEngine(Settings(data_dir=data_dir))
        self._watcher, self._node_watch = self._engine._watcher, self._engine._node_watch
        for thread in (self._watcher, self._node_watch, self._engine._news):
            thread.close()
        self._harness = kit.Harness(data_dir, self._engine)
        (data_dir / 'slurm.json').write_text(f'{{"mostSubmitted": {jobs + _FEW}}}')
        self._node_watch.look()
        self._clusters = [f'c{number}' for number in range(count)]
        for name in self._clusters:
            self._harness.make_cluster(name, settle=False, scaleSettings=kit.manual(each))
        self._turn_until(lambda: all(self._harness.counts(name) == {'idle': each} for name in self._clusters))

    def close(self) -> None:
        self._engine.close()
        self._harness.close()

    def row(self) -> dict[str, Any]:
        import psutil
        before = psutil.Process().memory_info().rss
        handed = self._fill()
        memory = psutil.Process().memory_info().rss - before
        text = self.slurm.answer(['squeue'])
        from azext_batchai.service.engines.slurm.queue import parse_queue
        turns = [timed(self._harness.turn) for _ in range(_FEW)]
        parsed = [timed(lambda: parse_queue(text)) for _ in range(_FEW)]
        looks = [timed(self._watcher.look) for _ in range(_FEW)]
        node_looks = [timed(self._node_watch.look) for _ in range(_FEW)]
        starts, ends = self._starts_and_ends()
        return {'jobs in Slurm': self._jobs, 'nodes': len(self.slurm.names), 'clusters': len(self._clusters),
                'hand over a job': short(handed), 'turn, nothing new': short(turns),
                'turn, a job begins': short(starts), 'turn, it ends': short(ends),
                'look at the queue': short(looks), 'of that parsing': short(parsed),
                'look at the nodes': short(node_looks), **self._node_leaves(),
                'memory, KiB a job': round(memory / 1024 / self._jobs, 1)}

    def _fill(self) -> list[float]:
        """Hand the jobs over. Returns what a job costs in each of the last turns that did."""
        self._add_jobs()
        costs = []
        for _ in range(_MOST_TURNS):
            before = self._submitted()
            took = timed(self._harness.turn)
            made = self._submitted() - before
            if not made:
                break
            costs.append(took / made)
            wait_until(lambda: len(self.slurm.jobs) == self._submitted(), 'sbatch', 0.0005)
        assert self._submitted() == self._jobs, f'{self._submitted()} jobs are in Slurm and not {self._jobs}'
        wait_until(lambda: not self._engine._submissions._in_flight, 'the last answers of sbatch')
        return costs[-_FEW:]

    def _submitted(self) -> int:
        store = self._harness.store
        row = store.database.one('SELECT count(*) AS n FROM jobs WHERE submitted = 1')
        return int(row['n'])

    def _add_jobs(self) -> None:
        """One for each cluster by a request; the others are the like of it."""
        from azext_batchai.arm.ids import parse_resource_id
        harness, store = self._harness, self._harness.store
        for number, name in enumerate(self._clusters):
            harness.submit(f'first{number}', name)
        with store.database.transaction():
            for number in range(len(self._clusters), self._jobs):
                like = harness.job_record(f'first{number % len(self._clusters)}')
                guid = harness.new_guid()
                properties = {**like.resource.properties, 'jobOutputDirectoryPathSegment': f'out/{guid}'}
                store.jobs.add(parse_resource_id(self._kit.job_path(f'j{number}')), guid, 'eastus', properties, {},
                               like.cluster, 0, harness.now)

    def _starts_and_ends(self) -> tuple[list[float], list[float]]:
        starts, ends = [], []
        for job in list(self.slurm.jobs.values())[:_FEW]:
            self.slurm.begin(job, os.listdir(f'{job.folder}/../../../by-name')[0])
            starts.append(self._turn_with_word(job))
            record = self._state_of(job, 'running')
            self.slurm.end(job, str(self._harness.folders.launch(record)))
            ends.append(self._turn_with_word(job))
            self._state_of(job, 'succeeded')
        return starts, ends

    def _turn_with_word(self, job: FakeJob) -> float:
        def take_in() -> None:
            self._engine._told([job.name])
            self._harness.turn()
        return timed(take_in)

    def _state_of(self, job: FakeJob, wanted: str) -> str:
        """The id of the job's launch, once its state is as it has to be. Raises RuntimeError."""
        guid = Path(job.folder).parent.name.rpartition('-')[0]
        found = self._harness.store.jobs.get(guid)
        if found is None or found.state != wanted:
            raise RuntimeError(f'the job is {found and found.state} and not {wanted}')
        return self._harness.store.launches.of_owner(guid)[-1].id

    def _node_leaves(self) -> dict[str, Any]:
        """Slurm drains a node: the service takes it from its cluster, and tells Slurm which jobs may not have it."""
        self._watcher.look()
        calls, told = self.slurm.calls['scontrol'], self.slurm.told
        self.slurm.drained.add(self.slurm.names[-1])
        look = timed(self._node_watch.look)
        turn = timed(self._harness.turn)
        update = timed(self._watcher.look)
        if self._harness.counts(self._clusters[-1]).get('unusable') != 1:
            raise RuntimeError('a node that Slurm drains is not unusable')
        return {'a node leaves': short([look + turn + update]), 'jobs told of it': self.slurm.told - told,
                'with calls of scontrol': self.slurm.calls['scontrol'] - calls}

    def _turn_until(self, met: Callable[[], bool]) -> None:
        for _ in range(_FEW):
            self._harness.turn()
            if met():
                return
        raise RuntimeError(f'not so after {_FEW} turns')
