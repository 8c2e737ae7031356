"""Allocations of the Slurm engine: launches that follow one another on the same nodes, and the choice of nodes."""
import subprocess

import psutil
import pytest
from slurm_engine_kit import ENDED, LOST, QUEUED, RUNNING, SlurmEngineUnderTest, processes_of

from contract import wait_until

from azext_batchai.service.engines.base import LaunchRejected, QueueingEngine
from azext_batchai.service.engines.slurm.launch_files import id_word


def jobs(slurm, words='%i'):
    return slurm.run('squeue', '--noheader', f'--format={words}').split('\n')


class TestAllocations(SlurmEngineUnderTest):

    def test_it_queues_gangs(self, engine):
        assert isinstance(engine, QueueingEngine) and engine.check().queues_gangs

    # one after the other

    def test_launches_of_an_allocation_follow_one_another_in_one_job_of_slurm(self, engine, opened):
        prepare = self.gang_launch(engine, opened, *['echo $SLURM_JOB_ID'] * 2, name='prepare', allocation='a',
                                   last=False)
        seen = self.run(engine, prepare)
        assert seen.state is ENDED
        main = self.gang_launch(engine, opened, *['echo $SLURM_JOB_ID; exit 4'] * 2, name='main', allocation='a',
                                node_ids=seen.nodes)
        later = self.run(engine, main)
        assert (later.exit_codes, later.nodes, later.began) == ((4, 4), seen.nodes, seen.began)
        assert len({self.output(launch, number) for launch in (prepare, main) for number in (0, 1)}) == 1
        wait_until(lambda: jobs(self._slurm), lambda rows: rows == [''], 'the job to end by itself')

    def test_what_a_preparation_leaves_running_lives_while_the_main_launch_does(self, engine, opened):
        prepare = self.gang_launch(engine, opened, 'setsid sleep 1000 & echo $!', name='prepare', allocation='a',
                                   last=False)
        nodes = self.run(engine, prepare).nodes
        main = self.gang_launch(engine, opened, 'kill -0 "$P"', name='main', allocation='a', node_ids=nodes,
                                environment={'P': self.output(prepare).strip()})
        assert self.run(engine, main).exit_codes == (0,)

    def test_a_stage_that_is_killed_leaves_its_allocation_to_the_next(self, engine, opened):
        first = self.gang_launch(engine, opened, *['trap "" TERM; sleep 1000'] * 2, name='first', allocation='a',
                                 last=False)
        handle = engine.start(first)
        self.wait_until_begun(first)
        engine.stop(handle, 0)
        seen = self.wait_for_end(engine, handle)
        assert seen.exit_codes == (137, 137) and not processes_of(first)
        clean = self.gang_launch(engine, opened, *['exit 0'] * 2, name='clean', allocation='a', node_ids=seen.nodes)
        assert self.run(engine, clean).nodes == seen.nodes
        assert len(list((opened.folder / 'attempts' / 'a').glob('allocation-*'))) == 1

    def test_a_later_launch_gets_its_nodes_anew_when_the_job_in_slurm_is_gone(self, engine, opened):
        first = self.gang_launch(engine, opened, *['exit 0'] * 2, name='first', allocation='a', last=False)
        seen = self.run(engine, first)
        self._slurm.run('scancel', '--user=root')
        wait_until(lambda: jobs(self._slurm), lambda rows: rows == [''], 'the job to be gone')
        wait_until(lambda: engine._book.held.values(), lambda held: not any(each.is_live for each in held), 'it')
        nodes = tuple(reversed(seen.nodes))
        clean = self.gang_launch(engine, opened, *[f'echo {id_word(0)}'] * 2, name='clean', allocation='a',
                                 node_ids=nodes)
        assert self.run(engine, clean).nodes == nodes
        assert self.output(clean, 1) == f'{nodes[0]}\n'

    def test_an_idle_allocation_ends_when_it_is_forgotten(self, engine, opened):
        launch = self.gang_launch(engine, opened, *['exit 0'] * 2, allocation='a', last=False)
        handle = engine.start(launch)
        self.wait_for_end(engine, handle)
        assert jobs(self._slurm) != ['']
        engine.release(handle)
        engine.forget_allocation(opened, 'a')
        engine.forget_allocation(opened, 'a')
        wait_until(lambda: jobs(self._slurm), lambda rows: rows == [''], 'the job to end')
        assert not (opened.folder / 'attempts' / 'a').exists()
        assert engine.poll([handle])[handle].state is LOST

    @pytest.mark.parametrize('way', ['release', 'forget'])
    @pytest.mark.parametrize('count', [1, 2, 5], ids=['one node', 'gang', 'waiting'])
    def test_either_way_to_drop_what_runs_or_waits_leaves_nothing_in_slurm(self, engine, opened, way, count):
        if count > 4:  # it waits behind the others
            blocker = self.gang_launch(engine, opened, *['sleep 1000'] * 4, name='blocker')
            blocking = engine.start(blocker)
            self.wait_until_begun(blocker)
        launch = self.gang_launch(engine, opened, *['sleep 1000'] * min(count, 2))
        handle = engine.start(launch)
        if count > 4:
            wait_until(lambda: jobs(self._slurm), lambda rows: len(rows) == 2, 'two jobs')
        else:
            self.wait_until_begun(launch)
        if way == 'release':
            engine.release(handle)
        else:
            engine.forget_allocation(opened, 'launch-1')
        left = 1 if count > 4 else 0
        wait_until(lambda: jobs(self._slurm), lambda rows: len([row for row in rows if row]) == left, 'the job to end')
        assert not processes_of(launch)
        if count > 4:
            engine.stop(blocking, 0)
            self.wait_for_end(engine, blocking)

    def test_a_launch_that_waits_can_be_stopped_and_never_runs(self, engine, opened, tmp_path):
        blocker = self.gang_launch(engine, opened, *['sleep 1000'] * 4, name='blocker')
        blocking = engine.start(blocker)
        self.wait_until_begun(blocker)
        for grace in (5.0, 0):
            launch = self.gang_launch(engine, opened, f'touch {tmp_path}/ran', name=f'launch-{grace:g}')
            handle = engine.start(launch)
            wait_until(lambda: jobs(self._slurm), lambda rows: len(rows) == 2, 'two jobs')
            assert handle in engine.waiting()
            engine.stop(handle, grace)
            seen = wait_until(lambda: engine.poll([handle])[handle], lambda seen: seen.state is not QUEUED, 'its end')
            assert (seen.state, seen.exit_codes) == (ENDED, (137,))
        engine.stop(blocking, 0)
        self.wait_for_end(engine, blocking)
        assert not (tmp_path / 'ran').exists()

    def test_a_stop_right_after_the_start_is_not_lost(self, engine, opened, tmp_path):
        for number in range(4):
            launch = self.gang_launch(engine, opened, f'touch {tmp_path}/ran; sleep 1000', name=f'launch-{number}')
            handle = engine.start(launch)
            engine.stop(handle, 0)
            assert self.wait_for_end(engine, handle).exit_codes == (137,)
        wait_until(lambda: jobs(self._slurm), lambda rows: rows == [''], 'an empty queue')

    def test_tasks_that_ignore_a_gentle_stop_end_at_the_hard_one(self, engine, opened):
        launch = self.gang_launch(engine, opened, *['trap "" TERM; echo here; sleep 1000 & wait; sleep 1000'] * 2)
        handle = engine.start(launch)
        wait_until(lambda: [task.stdout.read_text() if task.stdout.exists() else '' for task in launch.tasks],
                   lambda texts: texts == ['here\n'] * 2, 'both tasks')
        engine.stop(handle, 5.0)
        wait_until(lambda: processes_of(launch, 'sleep'), lambda found: len(found) >= 2, 'tasks that live')
        assert engine.poll([handle])[handle].state is RUNNING
        engine.stop(handle, 0)
        assert self.wait_for_end(engine, handle).exit_codes == (137, 137)
        assert not processes_of(launch)

    @pytest.mark.parametrize('count', [1, 3])
    def test_tasks_may_clean_up_when_they_are_stopped_gently(self, engine, opened, count):
        launch = self.gang_launch(engine, opened, *[
            'trap "sleep 0.3; echo cleaned; exit 9" TERM; sleep 1000 & wait'] * count)
        handle = engine.start(launch)
        self.wait_until_begun(launch)
        engine.stop(handle, 10.0)
        assert self.wait_for_end(engine, handle).exit_codes == (9,) * count
        assert [self.output(launch, number) for number in range(count)] == ['cleaned\n'] * count

    # the queue

    def test_a_waiting_launch_says_why(self, engine, opened):
        blocker = self.gang_launch(engine, opened, *['sleep 1000'] * 4, name='blocker')
        blocking = engine.start(blocker)
        self.wait_until_begun(blocker)
        handle = engine.start(self.gang_launch(engine, opened, 'exit 0'))
        wait_until(lambda: engine.poll([handle])[handle].reason, lambda reason: '(Resources)' in reason, 'a reason')
        engine.stop(blocking, 0)
        assert self.wait_for_end(engine, handle).exit_codes == (0,)

    # nodes

    def test_launches_go_to_open_nodes_only(self, engine, opened):
        nodes = [node.id for node in engine.nodes(opened)]
        engine.open_nodes(opened, nodes[2:3])
        launches = [self.gang_launch(engine, opened, 'exit 0', name=f'launch-{number}') for number in range(3)]
        handles = [engine.start(launch) for launch in launches]
        assert {self.wait_for_end(engine, handle).nodes for handle in handles} == {(nodes[2],)}

    def test_waiting_launches_learn_of_other_open_nodes(self, engine, opened):
        nodes = [node.id for node in engine.nodes(opened)]
        blocker = self.gang_launch(engine, opened, 'sleep 1000', name='blocker', node_ids=nodes[:1])
        blocking = engine.start(blocker)
        self.wait_until_begun(blocker)
        engine.open_nodes(opened, nodes[:1])
        handle = engine.start(self.gang_launch(engine, opened, 'exit 0'))
        wait_until(lambda: jobs(self._slurm), lambda rows: len(rows) == 2, 'two jobs')
        assert engine.poll([handle])[handle].state is QUEUED
        engine.open_nodes(opened, nodes[2:4])
        assert self.wait_for_end(engine, handle).nodes[0] in nodes[2:4]
        engine.stop(blocking, 0)
        self.wait_for_end(engine, blocking)

    def test_a_launch_waits_until_enough_nodes_are_open(self, engine, opened):
        nodes = [node.id for node in engine.nodes(opened)]
        engine.open_nodes(opened, nodes[:1])
        launch = self.gang_launch(engine, opened, *['exit 0'] * 3)
        handle = engine.start(launch)
        wait_until(lambda: engine.poll([handle])[handle].reason, lambda reason: '1 of the 3 nodes' in reason, 'it')
        assert jobs(self._slurm) == ['']
        engine.open_nodes(opened, nodes[1:])
        assert set(self.wait_for_end(engine, handle).nodes) == set(nodes[1:])

    def test_a_launch_comes_back_from_slurm_when_its_nodes_are_closed(self, engine, opened):
        nodes = [node.id for node in engine.nodes(opened)]
        blocker = self.gang_launch(engine, opened, 'sleep 1000', name='blocker', node_ids=nodes[:1])
        blocking = engine.start(blocker)
        self.wait_until_begun(blocker)
        handle = engine.start(self.gang_launch(engine, opened, *['exit 0'] * 4))
        wait_until(lambda: jobs(self._slurm), lambda rows: len(rows) == 2, 'two jobs')
        engine.open_nodes(opened, nodes[:2])
        wait_until(lambda: jobs(self._slurm), lambda rows: len(rows) == 1, 'one job')
        assert engine.poll([handle])[handle].state is QUEUED
        engine.stop(blocking, 0)
        self.wait_for_end(engine, blocking)
        engine.open_nodes(opened, nodes)
        assert self.wait_for_end(engine, handle).exit_codes == (0,) * 4

    def test_a_job_that_slurm_puts_on_a_node_of_nobody_goes_back_to_the_queue(self, engine, opened):
        """As when an administrator adds nodes to the partition while jobs wait."""
        blocker = self.gang_launch(engine, opened, *['sleep 1000'] * 4, name='blocker')
        blocking = engine.start(blocker)
        self.wait_until_begun(blocker)
        handle = engine.start(self.gang_launch(engine, opened, 'exit 5'))
        wait_until(lambda: jobs(self._slurm), lambda rows: len(rows) == 2, 'two jobs')
        (opened.folder / 'by-name').rename(opened.folder / 'elsewhere')
        engine.stop(blocking, 0)
        self.wait_for_end(engine, blocking)
        wait_until(lambda: list(opened.folder.glob('attempts/launch-1/*/misplaced-*')), len, 'a job on the wrong node')
        (opened.folder / 'elsewhere').rename(opened.folder / 'by-name')
        assert self.wait_for_end(engine, handle).exit_codes == (5,)

    def test_a_gang_needs_an_open_node_to_look_at(self, engine, opened):
        engine.open_nodes(opened, [])
        with pytest.raises(LaunchRejected):
            engine.gang(opened, 'a', (), 1)

    def test_capacity_is_that_of_all_nodes(self, engine):
        assert engine.capacity() == {'cores': 8, 'gpus': 4}

    # beside what runs

    @pytest.mark.parametrize('busy', [True, False])
    def test_a_node_can_be_reached_beside_what_runs_there(self, engine, opened, busy, tmp_path):
        node = engine.nodes(opened)[1]
        handle = None
        if busy:
            launch = self.gang_launch(engine, opened, 'sleep 1000', node_ids=[node.id])
            handle = engine.start(launch)
            self.wait_until_begun(launch)
            wait_until(lambda: engine.poll([handle])[handle].state, lambda state: state is RUNNING, 'the launch')
        line = engine.reach(opened, node.id, 'hostname; echo "$MINE it\'s"; echo err >&2; exit 6')
        done = subprocess.run(['sh', '-c', line], capture_output=True, text=True,
                              env={'PATH': '/usr/bin:/bin', 'MINE': 'a "b"'}, cwd=tmp_path)
        assert done.stdout.split('\n') == [engine._shares.share(opened).slurm_names[node.id], 'a "b" it\'s', '']
        assert done.returncode == 6 and 'err' in done.stderr.splitlines()
        if handle:
            engine.stop(handle, 0)
            self.wait_for_end(engine, handle)

    def test_a_launch_without_an_allocation_is_a_process_of_this_machine(self, engine, tmp_path):
        from contract import EngineUnderTest
        launch = EngineUnderTest.launch(self, tmp_path, 'exit 3')
        seen = self.run(engine, launch)
        assert (seen.exit_codes, jobs(self._slurm)) == ((3,), [''])
        assert psutil.pid_exists(1)

    def test_a_known_launch_is_found_again_when_nothing_is_started_in_its_place(self, engine, opened):
        from azext_batchai.service.scheduler.unknown_starts import nothing, take_back
        launch = self.gang_launch(engine, opened, 'sleep 1000')
        handle = engine.start(launch)
        self.wait_until_begun(launch)
        assert engine.start(nothing(launch.id, 'node', launch.folder)) == handle
        later = self.fresh(engine)
        assert take_back(later, launch.id, 'node', launch.folder) == handle
        assert self.wait_for_end(later, handle).exit_codes == (137,)


class TestPriorities(SlurmEngineUnderTest):
    """With a Slurm of their own: by sched/builtin and priority/basic it goes by the order of submission alone."""

    @pytest.fixture
    def slurm_here(self, start_slurm, monkeypatch):
        cluster = start_slurm(tuned=True, settings={'SchedulerType': 'sched/backfill'})
        monkeypatch.setenv('SLURM_CONF', cluster.environment['SLURM_CONF'])
        return cluster

    def test_higher_priorities_go_first(self, engine, opened):
        blocker = self.gang_launch(engine, opened, *['sleep 1000'] * 4, name='blocker')
        blocking = engine.start(blocker)
        self.wait_until_begun(blocker)
        handles = {}
        for name, priority in (('low', -1000), ('normal', 0), ('high', 1000)):
            launch = self.gang_launch(engine, opened, *['date +%s%N'] * 4, name=name, priority=priority)
            handles[name] = (launch, engine.start(launch))
        wait_until(lambda: jobs(self._slurm, '%T%r'), lambda rows: sorted(rows) == [
            'PENDINGPriority', 'PENDINGPriority', 'PENDINGResources', 'RUNNINGNone'], 'Slurm to have seen all of them')
        engine.stop(blocking, 0)
        for _, handle in handles.values():
            self.wait_for_end(engine, handle)
        ended = {name: int(self.output(launch)) for name, (launch, _) in handles.items()}
        assert ended['high'] < ended['normal'] < ended['low']
