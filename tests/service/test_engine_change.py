"""A service that is started with another engine than the one its data folder was used with."""
import dataclasses

import pytest
from harness import Crash, Harness, auto, manual
from processes import is_alive
from real_jobs import RealJobs

from azext_batchai.service import engine_change
from azext_batchai.service.engine_change import EngineInUse
from azext_batchai.service.engines.fake import FakeEngine
from azext_batchai.service.recovery import put_away
from azext_batchai.service.settings import load_settings


class Strict(FakeEngine):
    """Takes back only what it started itself."""

    def __init__(self):
        super().__init__()
        self.released = []

    def release(self, handle):
        assert handle.partition(':')[2] in self.launches, handle
        self.released.append(handle.partition(':')[2])
        super().release(handle)

    def start(self, launch):
        launch.folder.mkdir(parents=True, exist_ok=True)
        return super().start(launch)


@pytest.fixture
def made(tmp_path):
    harness = Harness(tmp_path / 'data', Strict())
    turn_over(harness, 'process')
    yield harness
    harness.close()


def turn_over(harness, name, engine=None):
    """A service starts with the engine of that name."""
    before = harness.engine
    settings = dataclasses.replace(harness.settings, engine=name)
    engine_change.take_in(harness.store, settings, harness.folders, lambda _: before)
    harness.engine = engine or before
    harness.restart()
    put_away(harness.store, harness.engine, harness.folders)


def test_the_engine_is_remembered_with_the_data(made):
    assert load_settings(made.data_dir, {}, {}).engine == 'process'
    turn_over(made, 'slurm', Strict())
    assert load_settings(made.data_dir, {}, {}).engine == 'slurm'
    assert load_settings(made.data_dir, {'engine': 'process'}, {}).engine == 'process'


@pytest.mark.parametrize('scale', [manual(2), auto(2, 4)], ids=['manual', 'auto-scale'])
def test_clusters_get_new_nodes_and_what_waits_runs_there(made, scale):
    made.make_cluster(scaleSettings=scale)
    before = {node.id for node in made.store.clusters.nodes(made.store.clusters.all()[0].resource.guid)}
    made.submit('ended')
    made.turn()
    made.end('ended', 3)
    made.submit('waiting')
    after = Strict()
    after._made = 100  # so that its nodes have other names
    turn_over(made, 'slurm', after)
    made.settle()
    nodes = {node.id for node in made.store.clusters.nodes(made.store.clusters.all()[0].resource.guid)}
    assert len(before) == len(nodes) == 2 and not before & nodes
    assert made.state('waiting') == 'running' and made.job('ended')['executionInfo']['exitCode'] == 3
    made.end('waiting', 0)
    assert made.state('waiting') == 'succeeded' and made.counts() == {'idle': 2}


def test_what_set_ups_left_is_released_by_the_engine_that_started_it(made):
    made.make_cluster(scaleSettings=manual(1), nodeSetup={'setupTask': {
        'commandLine': 'exit 0', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/x'}})
    old = made.engine
    assert made.counts() == {'idle': 1} and len(old.starts) == 1
    turn_over(made, 'slurm', Strict())
    assert old.released == old.starts
    made.settle()
    assert made.counts() == {'idle': 1} and len(made.engine.starts) == 1


def test_a_job_that_runs_keeps_the_engine(made):
    made.make_cluster(scaleSettings=manual(2))
    for name in ('a', 'b'):
        made.submit(name)
    made.turn()
    with pytest.raises(EngineInUse, match="^The engine 'process' still has jobs a, b. Start the service with --engine "
                                          'process, end them, then change the engine; or choose another'):
        turn_over(made, 'slurm', Strict())
    assert load_settings(made.data_dir, {}, {}).engine == 'process'
    assert made.counts() == {'running': 2}


def test_a_job_between_two_launches_keeps_the_engine(made):
    made.make_cluster(scaleSettings=manual(1))
    made.submit('a', jobPreparation={'commandLine': 'sleep'})
    made.turn()
    guid = made.job_record('a').guid
    made.store.launches.ended(made.running_launch('a').id, {'state': 'ended', 'exitCodes': [0]}, made.now)
    assert made.store.launches.live() == [] and made.store.jobs.get(guid).state == 'running'
    with pytest.raises(EngineInUse, match='still has job a[.]'):
        turn_over(made, 'slurm', Strict())


def test_nodes_that_are_set_up_keep_the_engine(made):
    made.make_cluster(scaleSettings=manual(1), nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/x'}})
    assert made.counts() == {'preparing': 1}
    with pytest.raises(EngineInUse, match='still has cluster c with nodes that are being set up[.]'):
        turn_over(made, 'slurm', Strict())


def test_many_jobs_are_counted_rather_than_named(made):
    made.make_cluster(scaleSettings=manual(9))
    for number in range(9):
        made.submit(f'j{number}')
    made.turn()
    with pytest.raises(EngineInUse, match='still has jobs j0, j1, j2, j3, j4 and 4 more[.]'):
        turn_over(made, 'slurm', Strict())


def test_a_change_that_a_crash_cut_short_is_made_at_the_next_start(made, monkeypatch):
    made.make_cluster(scaleSettings=manual(1))

    def crash(*_):
        raise Crash
    with monkeypatch.context() as patched, pytest.raises(Crash):
        patched.setattr(engine_change, 'replace_file', crash)
        turn_over(made, 'slurm', Strict())
    turn_over(made, 'slurm', Strict())
    made.settle()
    assert made.counts() == {'idle': 1} and load_settings(made.data_dir, {}, {}).engine == 'slurm'


def test_data_from_before_the_engine_was_remembered_is_that_of_processes(made):
    (made.data_dir / 'engine').unlink()
    assert load_settings(made.data_dir, {}, {}).engine == 'process'


def test_processes_that_a_set_up_left_on_real_nodes_end(tmp_path):
    made, work = RealJobs(tmp_path / 'data'), tmp_path / 'work'
    try:
        turn_over(made, 'process')
        work.mkdir()
        made.ready_cluster(1, nodeSetup={'setupTask': {
            'commandLine': f'sleep 600 & echo $! > {work}/pid', 'stdOutErrPathPrefix': str(work)}})
        pid = int((work / 'pid').read_text())
        assert is_alive(pid)
        turn_over(made, 'slurm', FakeEngine())
        made.wait_until(lambda: not is_alive(pid), 'the end of what the set-up left')
        assert made.counts() == {'preparing': 1} and len(made.engine.starts) == 1
    finally:
        made.close()
