"""What is made of the store when the machine is another one than the last service ran on."""
import pytest
from harness import Crash, Harness, manual
from scheduler_kit import results, started

from azext_batchai.service.engines.fake import FakeEngine
from azext_batchai.service.recovery import put_away


class DyingEngine(FakeEngine):
    """Dies after a start when told to, before anybody hears of the handle."""
    dies = False

    def start(self, launch):
        handle = super().start(launch)
        if self.dies:
            raise Crash
        return handle


@pytest.fixture
def dying(tmp_path):
    made = Harness(tmp_path / 'data', DyingEngine())
    made.engine.machine_id = 'before'
    put_away(made.store, made.engine, made.folders)
    made.make_cluster(scaleSettings=manual(1))
    made.submit('j')
    made.engine.dies = True
    with pytest.raises(Crash):
        made.turn()
    made.engine.dies = False
    yield made
    made.close()


def come_back(harness, machine):
    """A service starts; on another machine the engine knows nothing of what it started."""
    if machine not in ('', harness.engine.machine_id):
        harness.engine.launches.clear()
    harness.engine.machine_id = machine
    harness.restart()
    put_away(harness.store, harness.engine, harness.folders)
    harness.settle()


def test_a_start_nobody_heard_of_is_lost_with_the_machine_and_the_history_says_so(dying):
    come_back(dying, 'after')
    assert dying.state('j') == 'running'
    assert results(dying, 'j') == ['lost', None] and [launch.attempt for launch in dying.launches('j')] == [1, 2]
    dying.end('j', 0)
    assert dying.state('j') == 'succeeded' and dying.counts() == {'idle': 1}


@pytest.mark.parametrize('machine', ['before', ''], ids=['the same machine', 'a machine nobody knows'])
def test_otherwise_it_is_confirmed(dying, machine):
    come_back(dying, machine)
    assert dying.state('j') == 'running' and results(dying, 'j') == [None]
    assert started(dying, 'j') == ['job']


def test_the_loss_is_taken_in_once(dying):
    come_back(dying, 'after')
    come_back(dying, 'after')
    assert results(dying, 'j') == ['lost', None]


def test_a_crash_while_the_loss_is_taken_in_is_made_good(dying, monkeypatch):
    def crash(*_):
        raise Crash
    with monkeypatch.context() as patched:
        patched.setattr('azext_batchai.service.machine_loss.replace_file', crash)
        with pytest.raises(Crash):
            come_back(dying, 'after')
    come_back(dying, 'after')
    assert results(dying, 'j') == ['lost', None]


def test_the_folders_of_nodes_and_of_unconfirmed_launches_go(dying):
    launch, = dying.launches('j')
    folder = dying.folders.launch(launch.id)
    node, = dying.engine.nodes(dying.folders.cluster(dying.store.clusters.all()[0].resource.guid))
    for each in (folder, node.folder):
        each.mkdir(parents=True, exist_ok=True)
        (each / 'file').touch()
    dying.engine.machine_id = 'after'
    put_away(dying.store, dying.engine, dying.folders)
    assert not folder.exists() and not node.folder.exists()


def test_a_first_service_or_one_after_an_older_version_loses_nothing(harness):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    harness.engine.machine_id = 'before'
    put_away(harness.store, harness.engine, harness.folders)
    harness.settle()
    assert harness.state('j') == 'running' and results(harness, 'j') == [None]
    assert (harness.data_dir / 'machine').read_text() == 'before'
