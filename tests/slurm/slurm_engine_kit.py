"""The Slurm engine under test, on the four nodes of the test Slurm."""
import sys
from pathlib import Path

import psutil
import pytest

for folder in ('engines', ''):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'service' / folder))

from contract import GUID, EngineUnderTest, wait_until  # noqa: E402

from azext_batchai.service.engines.base import (  # noqa: E402
    Allocation, ClusterWish, EngineCluster, Launch, LaunchState, Task)
from azext_batchai.service.engines.slurm.engine import SlurmEngine  # noqa: E402
from azext_batchai.service.settings import Settings  # noqa: E402

QUEUED, RUNNING, ENDED, LOST = LaunchState.QUEUED, LaunchState.RUNNING, LaunchState.ENDED, LaunchState.LOST
REJECTED = LaunchState.REJECTED
MARK = 'AZ_BATCHAI_LAUNCH'
PATH = '/usr/local/bin:/usr/bin:/bin'
NODE_COUNT = 4


def processes_of(launch, name=None):
    """The living processes of a launch, on whichever node."""
    found = []
    for process in psutil.process_iter(['name', 'status']):
        try:
            if process.environ().get(MARK) == str(launch.folder) and process.info['status'] != psutil.STATUS_ZOMBIE:
                if name in (None, process.info['name']):
                    found.append(process)
        except psutil.Error:
            continue
    return found


class SlurmEngineUnderTest(EngineUnderTest):
    """Gives a launch an allocation of its own, of as many nodes as it has tasks, in a cluster of all nodes."""

    @pytest.fixture
    def slurm_here(self, slurm, monkeypatch):
        """The Slurm that the engine finds; a test file may put in another one."""
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)
        return slurm

    @pytest.fixture
    def engine(self, slurm_here, tmp_path):
        self._made = []
        self._slurm = slurm_here
        self._place = tmp_path
        yield self.new_engine()
        for engine in self._made:
            engine.close()
        slurm_here.run('scancel', '--user=root', '--quiet')
        wait_until(lambda: slurm_here.run('squeue', '--noheader'), lambda text: not text, 'an empty queue')

    def new_engine(self):
        engine = SlurmEngine(Settings(data_dir=self._place))
        self._made.append(engine)
        engine.check()
        return engine

    def fresh(self, engine):
        return self.new_engine()

    @pytest.fixture
    def opened(self, engine, tmp_path):
        """The cluster of the launches, with all its nodes open."""
        return self.open_cluster(engine, tmp_path)

    def open_cluster(self, engine, tmp_path, count=NODE_COUNT, **wish):
        cluster = EngineCluster(GUID, tmp_path / 'nodes' / GUID, ClusterWish('nc6', **wish))
        engine.scale(cluster, count)
        engine.open_nodes(cluster, [node.id for node in engine.nodes(cluster)])
        return cluster

    def launch(self, tmp_path, *commands, name='launch-1', **more):
        engine = self._made[0]
        cluster = self.open_cluster(engine, tmp_path)
        return self.gang_launch(engine, cluster, *commands, name=name, **more)

    def gang_launch(self, engine, cluster, *commands, name='launch-1', allocation=None, node_ids=(), last=True,
                    seconds=3600.0, files=None, environment=None, priority=0, people=None):
        """One task a command, each on a node of the gang; a pair of commands are two tasks on one node."""
        tmp_path = self._place
        gang = engine.gang(cluster, allocation or name, node_ids, len(commands))
        work = tmp_path / 'work' / name
        work.mkdir(parents=True, exist_ok=True)
        tasks = []
        for node, command in zip(gang, commands):
            for each in command if isinstance(command, tuple) else (command,):
                number = len(tasks)
                tasks.append(Task(node.id, each, {'PATH': PATH, **(environment or {})}, work,
                                  tmp_path / f'{name}-{number}.out', tmp_path / f'{name}-{number}.err'))
        return Launch(name, tmp_path / 'launches' / name, tuple(tasks), files(gang) if files else {},
                      Allocation(allocation or name, cluster, people or name, len(commands), seconds, priority,
                                 tuple(node_ids)), last)

    def observe(self, engine, handle):
        return wait_until(lambda: engine.poll([handle])[handle], lambda seen: seen.state is not QUEUED,
                          f'launch {handle} to leave the queue')

    def wait_until_begun(self, launch):
        wait_until(lambda: processes_of(launch, 'sleep'), lambda found: len(found) == len(launch.tasks),
                   f'{len(launch.tasks)} tasks of {launch.id}')

    def run(self, engine, launch):
        """Start a launch and wait for its end. Returns the observation."""
        return self.wait_for_end(engine, engine.start(launch))

    def output(self, launch, number=0):
        return launch.tasks[number].stdout.read_text()

    def errors(self, launch, number=0):
        return launch.tasks[number].stderr.read_text()
