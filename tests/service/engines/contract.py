"""What every engine promises (design, section 8), as tests.

An engine's test file derives a class from `EngineContract` and says how its tasks are made and how to wait for it;
files with tests of its own derive theirs from `EngineUnderTest`.
"""
import time
from pathlib import Path

import pytest

from azext_batchai.service.engines.base import EngineCluster, Launch, LaunchState, Observation, Task

RUNNING, ENDED, LOST = LaunchState.RUNNING, LaunchState.ENDED, LaunchState.LOST
GUID = '0000beef-0000-4000-8000-000000000000'
PATIENCE = 20.0


def wait_until(look, met, what, patience=PATIENCE):
    """Call `look` until `met` is true of what it returns, and return that. Reports what was seen last."""
    deadline = time.monotonic() + patience
    while True:
        seen = look()
        if met(seen):
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {patience:g} seconds for {what}; last seen: {seen!r}')
        time.sleep(0.005)


class EngineUnderTest:
    """How tests work an engine. Hooks: the fixture `engine`; the commands `forever` and `exits`; `fresh`, the engine
    after a restart of the service; `wait_until_begun`."""

    forever = 'sleep 1000'

    @pytest.fixture
    def engine(self, tmp_path):
        raise NotImplementedError

    def exits(self, code):
        """A command that ends by itself with that code."""
        return f'exit {code}'

    def fresh(self, engine):
        raise NotImplementedError

    def wait_until_begun(self, launch):
        """Until every task that is to run for ever does run; for engines whose tasks take a moment to begin."""

    # helpers

    @pytest.fixture
    def cluster(self, tmp_path):
        return EngineCluster(GUID, tmp_path / 'nodes' / GUID)

    @pytest.fixture
    def started(self, engine):
        """Starts launches, and ends and releases them after the test."""
        handles = []

        def start(launch):
            handle = engine.start(launch)
            if handle not in handles:
                handles.append(handle)
            return handle
        yield start
        for handle in handles:
            engine.stop(handle, 0)
            self.wait(engine, handle, lambda seen: seen.state is not RUNNING)
            engine.release(handle)

    def launch(self, tmp_path, *commands, name='launch-1'):
        """One task a command, each on a node of its own."""
        folder = tmp_path / 'launches' / name
        work = tmp_path / 'work' / name
        work.mkdir(parents=True, exist_ok=True)
        return Launch(name, folder, tuple(
            Task(f'node-{number}', command, {'PATH': '/usr/local/bin:/usr/bin:/bin'}, work,
                 tmp_path / f'{name}-{number}.out', tmp_path / f'{name}-{number}.err')
            for number, command in enumerate(commands)))

    def observe(self, engine, handle) -> Observation:
        return engine.poll([handle])[handle]

    def wait(self, engine, handle, met):
        return wait_until(lambda: self.observe(engine, handle), met, f'launch {handle}')

    def wait_for_end(self, engine, handle):
        return self.wait(engine, handle, lambda seen: seen.state is not RUNNING)

    def scaled(self, engine, cluster, count, leaving=()):
        engine.scale(cluster, count, leaving)
        return wait_until(lambda: engine.nodes(cluster), lambda seen: len(seen) == count, f'{count} nodes')


class EngineContract(EngineUnderTest):

    # usable

    def test_it_says_whether_it_can_be_used(self, engine):
        capabilities = engine.check()
        assert capabilities.usable, capabilities.reason
        assert engine.name

    # nodes

    def test_the_machine_is_the_same_for_as_long_as_what_was_started_there_lives(self, engine):
        assert isinstance(engine.machine(), str) and engine.machine() == self.fresh(engine).machine()

    def test_a_new_cluster_has_no_nodes(self, engine, cluster):
        assert engine.nodes(cluster) == []

    def test_nodes_come_as_asked_for(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 3)
        assert [node.number for node in nodes] == [1, 2, 3]
        assert len({node.id for node in nodes}) == 3
        assert len({node.folder for node in nodes}) == 3
        for node in nodes:
            assert node.address and node.cores >= 1 and not node.lost

    def test_node_ids_have_the_form_of_old(self, engine, cluster):
        import re
        for node in self.scaled(engine, cluster, 2):
            assert re.fullmatch(rf'tvm-\d+_{node.number}-\d{{8}}t\d{{6}}z(-p)?', node.id)

    def test_asking_for_the_same_again_changes_nothing(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 2)
        engine.scale(cluster, 2)
        assert engine.nodes(cluster) == nodes

    def test_the_nodes_that_leave_are_those_named(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 3)
        left = self.scaled(engine, cluster, 2, [nodes[1].id])
        assert [node.id for node in left] == [nodes[0].id, nodes[2].id]

    def test_no_node_leaves_that_is_not_named(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 2)
        engine.scale(cluster, 0)
        assert engine.nodes(cluster) == nodes

    def test_no_more_nodes_leave_than_there_are_too_many(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 3)
        assert len(self.scaled(engine, cluster, 2, [node.id for node in nodes])) == 2

    def test_giving_up_a_node_twice_or_one_that_never_was_is_harmless(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 2)
        self.scaled(engine, cluster, 1, [nodes[0].id])
        engine.scale(cluster, 1, [nodes[0].id, 'tvm-1_9-20180606t210834z'])
        assert [node.id for node in engine.nodes(cluster)] == [nodes[1].id]

    def test_a_number_is_not_used_twice_at_a_time(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 3)
        self.scaled(engine, cluster, 2, [nodes[0].id])
        assert sorted(node.number for node in self.scaled(engine, cluster, 4)) == [1, 2, 3, 4]

    def test_all_nodes_can_go(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 2)
        assert self.scaled(engine, cluster, 0, [node.id for node in nodes]) == []

    def test_clusters_do_not_share_nodes(self, engine, cluster, tmp_path):
        other = EngineCluster(GUID.replace('beef', 'cafe'), tmp_path / 'nodes' / 'other')
        self.scaled(engine, cluster, 1)
        assert engine.nodes(other) == []

    def test_nodes_are_still_there_after_a_restart(self, engine, cluster):
        nodes = self.scaled(engine, cluster, 2)
        assert self.fresh(engine).nodes(cluster) == nodes

    # launches

    def test_a_launch_runs_until_its_task_ends(self, engine, started, tmp_path):
        handle = started(self.launch(tmp_path, self.forever))
        assert self.observe(engine, handle) == Observation(RUNNING, (None,))

    @pytest.mark.parametrize('code', [0, 1, 2, 127, 255])
    def test_the_exit_code_is_that_of_the_command(self, engine, started, tmp_path, code):
        handle = started(self.launch(tmp_path, self.exits(code)))
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (code,))

    def test_a_gang_has_an_exit_code_a_task_in_order(self, engine, started, tmp_path):
        handle = started(self.launch(tmp_path, self.exits(3), self.exits(0), self.exits(5)))
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (3, 0, 5))

    def test_a_gang_runs_until_the_last_task_ends(self, engine, started, tmp_path):
        handle = started(self.launch(tmp_path, self.exits(4), self.forever))
        assert self.wait(engine, handle, lambda seen: seen.exit_codes == (4, None)).state is RUNNING

    def test_a_handle_is_a_line_of_text(self, started, tmp_path):
        handle = started(self.launch(tmp_path, self.forever))
        assert isinstance(handle, str) and handle and '\n' not in handle

    def test_the_same_launch_started_again_has_the_same_handle_and_runs_on(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, self.forever)
        assert started(launch) == started(launch)
        assert self.observe(engine, engine.start(launch)).state is RUNNING

    def test_a_launch_that_has_ended_is_not_started_again(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, self.exits(7))
        handle = started(launch)
        self.wait_for_end(engine, handle)
        assert engine.start(launch) == handle
        assert self.observe(engine, handle) == Observation(ENDED, (7,))

    def test_launches_do_not_know_of_each_other(self, engine, started, tmp_path):
        first = started(self.launch(tmp_path, self.forever, name='launch-1'))
        second = started(self.launch(tmp_path, self.exits(0), name='launch-2'))
        assert first != second
        self.wait_for_end(engine, second)
        assert self.observe(engine, first).state is RUNNING

    def test_many_are_polled_at_once_and_none_gives_none(self, engine, started, tmp_path):
        handles = [started(self.launch(tmp_path, self.exits(number), name=f'launch-{number}')) for number in range(5)]
        for handle in handles:
            self.wait_for_end(engine, handle)
        assert engine.poll(handles) == {handle: Observation(ENDED, (number,)) for number, handle in enumerate(handles)}
        assert engine.poll([]) == {}

    @pytest.mark.parametrize('handle', ['', 'nonsense', 'a:b:c', '1:launch-9:/nowhere/at/all', '{}', '[]', 'null', '7'])
    def test_an_unknown_handle_is_lost_and_nothing_worse(self, engine, handle):
        assert self.observe(engine, handle).state is LOST

    def test_a_fresh_engine_sees_what_runs_and_how_it_ended(self, engine, started, tmp_path):
        running = started(self.launch(tmp_path, self.forever, name='launch-1'))
        ended = started(self.launch(tmp_path, self.exits(6), name='launch-2'))
        self.wait_for_end(engine, ended)
        later = self.fresh(engine)
        assert self.observe(later, running).state is RUNNING
        assert self.observe(later, ended) == Observation(ENDED, (6,))

    def test_a_fresh_engine_does_not_start_a_known_launch_again(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, self.exits(6))
        handle = started(launch)
        self.wait_for_end(engine, handle)
        later = self.fresh(engine)
        assert later.start(launch) == handle
        assert self.observe(later, handle) == Observation(ENDED, (6,))

    # the end

    @pytest.mark.parametrize('grace', [5.0, 0], ids=['with grace', 'at once'])
    def test_a_stopped_launch_ends(self, engine, started, tmp_path, grace):
        launch = self.launch(tmp_path, self.forever, self.forever)
        handle = started(launch)
        self.wait_until_begun(launch)
        engine.stop(handle, grace)
        assert self.wait_for_end(engine, handle).state in (ENDED, LOST)

    def test_a_fresh_engine_can_stop_what_an_earlier_one_started(self, engine, started, tmp_path):
        handle = started(self.launch(tmp_path, self.forever))
        later = self.fresh(engine)
        later.stop(handle, 0)
        self.wait_for_end(later, handle)

    def test_stopping_twice_or_after_the_end_or_after_the_release_is_harmless(self, engine, tmp_path):
        handle = engine.start(self.launch(tmp_path, self.forever))
        engine.stop(handle, 5.0)
        engine.stop(handle, 0)
        seen = self.wait_for_end(engine, handle)
        engine.stop(handle, 0)
        assert self.observe(engine, handle) == seen
        engine.release(handle)
        engine.stop(handle, 0)

    def test_stopping_one_launch_leaves_the_others_alone(self, engine, started, tmp_path):
        first = started(self.launch(tmp_path, self.forever, name='launch-1'))
        second = started(self.launch(tmp_path, self.forever, name='launch-2'))
        engine.stop(first, 0)
        self.wait_for_end(engine, first)
        assert self.observe(engine, second).state is RUNNING

    def test_releasing_twice_is_harmless_and_the_handle_is_unknown_then(self, engine, tmp_path):
        launch = self.launch(tmp_path, self.exits(0))
        handle = engine.start(launch)
        self.wait_for_end(engine, handle)
        engine.release(handle)
        engine.release(handle)
        assert self.observe(engine, handle).state is LOST
        assert not Path(launch.folder).exists()

    def test_whoever_watches_is_woken_when_a_launch_ends(self, engine, tmp_path):
        import asyncio

        async def story():
            news = asyncio.Event()
            engine.watch(news.set)
            handle = engine.start(self.launch(tmp_path, self.forever))
            news.clear()
            engine.stop(handle, 0)
            await asyncio.wait_for(news.wait(), PATIENCE)
            self.wait_for_end(engine, handle)
            engine.release(handle)
        asyncio.run(story())
