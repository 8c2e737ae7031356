import pytest
from contract import EngineContract

from azext_batchai.service.engines.base import EngineUnavailable, LaunchRejected, LaunchState, Observation
from azext_batchai.service.engines.fake import FakeEngine


class TestFakeEngine(EngineContract):
    """Nothing of it survives a restart of the process, so a fresh engine is the same one."""

    forever = 'sleep'

    @pytest.fixture
    def engine(self, tmp_path):
        return FakeEngine()

    def fresh(self, engine):
        return engine

    def test_a_test_ends_a_launch_with_the_codes_it_likes(self, engine, tmp_path):
        handle = engine.start(self.launch(tmp_path, 'sleep', 'sleep'))
        engine.end('launch-1', 3, 0)
        assert self.observe(engine, handle) == Observation(LaunchState.ENDED, (3, 0))

    def test_a_test_loses_a_launch(self, engine, tmp_path):
        handle = engine.start(self.launch(tmp_path, 'sleep'))
        engine.lose('launch-1')
        assert self.observe(engine, handle).state is LaunchState.LOST

    def test_a_test_loses_a_node(self, engine, cluster):
        self.scaled(engine, cluster, 2)
        engine.lose_node(cluster.guid, 1)
        assert [node.number for node in engine.nodes(cluster)] == [2]

    def test_told_to_be_unavailable_it_does_nothing_at_all(self, engine, cluster, tmp_path):
        engine.unavailable = True
        with pytest.raises(EngineUnavailable):
            engine.scale(cluster, 1)
        with pytest.raises(EngineUnavailable):
            engine.start(self.launch(tmp_path, 'sleep'))
        assert engine.nodes(cluster) == [] and engine.starts == []

    def test_told_to_reject_it_says_why(self, engine, tmp_path):
        engine.rejected = 'no such partition'
        with pytest.raises(LaunchRejected, match='no such partition'):
            engine.start(self.launch(tmp_path, 'sleep'))
        assert engine.starts == []
