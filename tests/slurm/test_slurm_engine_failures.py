"""What goes wrong below the Slurm engine, on a real Slurm: nodes, limits, administrators, controller, service."""
import pytest
from slurm_engine_kit import ENDED, LOST, QUEUED, REJECTED, RUNNING, SlurmEngineUnderTest, processes_of

from slurm_for_test import slurm_in_new_folder
from contract import wait_until

from azext_batchai.service.engines.base import EngineUnavailable, Removal


@pytest.fixture(scope='module', autouse=True)
def limited(tmp_path_factory):
    """A launch in the partition with the time limit, and a Slurm of its own. Whoever wants to see its end makes an
    engine."""
    with slurm_in_new_folder(tuned=True) as slurm, pytest.MonkeyPatch.context() as patch:
        kit = SlurmEngineUnderTest()
        kit._made, kit._slurm, kit._place = [], slurm, tmp_path_factory.mktemp('limited')
        patch.setenv('SLURM_CONF', slurm.environment['SLURM_CONF'])
        engine = kit.new_engine()
        cluster = kit.open_cluster(engine, kit._place, 1, options={'batchai.slurm.partition': 'short'})
        handle = engine.start(kit.gang_launch(engine, cluster, 'sleep 1000'))
        assert kit.observe(engine, handle).state is RUNNING
        engine.close()
        patch.undo()
        yield slurm, kit._place, handle


class FailureTests(SlurmEngineUnderTest):

    def jobs(self, words='%i'):
        return self._slurm.run('squeue', '--noheader', f'--format={words}').split()

    def begun(self, engine, cluster, *commands, **more):
        launch = self.gang_launch(engine, cluster, *(commands or ['sleep 1000']), **more)
        handle = engine.start(launch)
        wait_until(lambda: processes_of(launch, 'sleep'), lambda found: len(found) >= len(launch.tasks), 'the tasks')
        wait_until(lambda: engine.poll([handle])[handle].nodes, bool, 'word of the nodes')
        return launch, handle

    def stays(self, engine, handle, state):
        """The launch is in that state for some looks at the queue."""
        seen = engine._watcher.looks
        wait_until(lambda: engine._watcher.looks, lambda looks: looks > seen + 2, 'three looks at the queue')
        assert engine.poll([handle])[handle].state is state


class TestFailuresOfJobs(FailureTests):

    @pytest.mark.parametrize('count', [1, 2])
    def test_a_job_that_an_administrator_removes_is_lost_for_that(self, engine, opened, count):
        launch, handle = self.begun(engine, opened, *['sleep 1000'] * count)
        self._slurm.run('scancel', *self.jobs())
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, Removal.ADMINISTRATOR)
        assert 'somebody removed it' in seen.reason and not processes_of(launch)

    def test_a_waiting_job_that_an_administrator_removes_is_lost_as_well(self, engine, opened):
        _, blocking = self.begun(engine, opened, *['sleep 1000'] * 4, name='blocker')
        handle = engine.start(self.gang_launch(engine, opened, 'exit 0'))
        wait_until(self.jobs, lambda rows: len(rows) == 2, 'two jobs')
        self._slurm.run('scancel', '--state=PENDING', '--user=root')
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, Removal.ADMINISTRATOR)
        engine.stop(blocking, 0)
        self.wait_for_end(engine, blocking)

    def test_a_task_that_only_gets_a_signal_by_hand_ends_as_it_does(self, engine, opened):
        _, handle = self.begun(engine, opened)
        self._slurm.run('scancel', '--signal=TERM', '--full', *self.jobs())
        assert self.wait_for_end(engine, handle).exit_codes == (143,)
        launch, handle = self.begun(engine, opened, name='more', last=False)
        self._slurm.run('scancel', '--signal=TERM', '--full', *self.jobs())
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.exit_codes) == (ENDED, (143,))

    def test_a_job_that_is_held_back_says_so(self, engine, opened):
        _, blocking = self.begun(engine, opened, *['sleep 1000'] * 4, name='blocker')
        handle = engine.start(self.gang_launch(engine, opened, 'exit 0'))
        wait_until(self.jobs, lambda rows: len(rows) == 2, 'two jobs')
        job = self._slurm.run('squeue', '--noheader', '--states=PENDING', '--format=%i')
        self._slurm.run('scontrol', 'hold', job)
        wait_until(lambda: engine.poll([handle])[handle].reason, lambda text: 'holds it back' in text, 'a reason')
        engine.stop(blocking, 0)
        self.wait_for_end(engine, blocking)
        self.stays(engine, handle, QUEUED)
        self._slurm.run('scontrol', 'release', job)
        assert self.wait_for_end(engine, handle).exit_codes == (0,)

    def test_a_submission_that_slurm_refuses_is_rejected_with_its_words(self, engine, opened, tmp_path):
        (tmp_path / 'slurm.json').write_text('{"account": "nobody", "options": ["--reservation=none"]}')
        handle = engine.start(self.gang_launch(engine, opened, 'exit 0'))
        seen = self.wait_for_end(engine, handle)
        assert seen.state is REJECTED and 'reservation' in seen.reason.lower()
        later = self.fresh(engine)
        assert later.poll([handle])[handle].state is REJECTED
        assert later.poll([handle])[handle].reason == seen.reason

    def test_a_node_that_does_not_see_the_data_folder_is_named(self, engine, opened):
        launch = self.gang_launch(engine, opened, 'exit 0')
        _, blocking = self.begun(engine, opened, *['sleep 1000'] * 4, name='blocker')
        handle = engine.start(launch)
        wait_until(self.jobs, lambda rows: len(rows) == 2, 'two jobs')
        place = opened.folder / 'attempts' / 'launch-1'
        hidden = place.with_name('.hidden')
        place.rename(hidden)
        engine.stop(blocking, 0)
        wait_until(self.jobs, lambda rows: not rows, 'the end of both jobs')
        hidden.rename(place)
        seen = self.wait_for_end(engine, handle)
        assert seen.state is REJECTED and 'the same on all nodes' in seen.reason

    def test_jobs_of_a_service_that_forgot_them_are_ended(self, engine, opened):
        import shutil
        launch, handle = self.begun(engine, opened, 'sleep 1000')
        shutil.rmtree(opened.folder / 'attempts' / 'launch-1')
        later = self.fresh(engine)
        engine.close()
        cluster = self.open_cluster(later, self._place)
        self.begun(later, cluster, name='other')
        wait_until(self.jobs, lambda rows: len(rows) == 1, 'one job')
        assert not processes_of(launch)

    def test_a_second_submission_of_the_same_allocation_does_nothing(self, engine, opened, tmp_path):
        launch, handle = self.begun(engine, opened, f'echo x >>{tmp_path}/runs; sleep 1000')
        place = opened.folder / 'attempts' / 'launch-1' / 'allocation-1'
        from azext_batchai.service.engines.slurm.allocation_folder import BATCH_SCRIPT
        self._slurm.run('sbatch', '--exclusive', '--mem=0', '--comment=batchai:launch-1', f'--chdir={place}',
                        f'--output={tmp_path}/second', str(BATCH_SCRIPT), str(place), str(tmp_path / 'news'), '', '')
        wait_until(self.jobs, lambda rows: len(rows) == 1, 'one job')
        assert (tmp_path / 'runs').read_text() == 'x\n'
        self.stays(engine, handle, RUNNING)

    # the service

    def test_an_engine_that_dies_before_the_submission_leaves_it_to_the_next(self, engine, opened, tmp_path):
        engine._submissions.close()
        launch = self.gang_launch(engine, opened, f'echo x >>{tmp_path}/runs')
        handle = engine.start(launch)
        engine.close()
        assert self.wait_for_end(self.fresh(engine), handle).exit_codes == (0,)
        assert (tmp_path / 'runs').read_text() == 'x\n'

    def test_an_engine_that_dies_before_it_notes_the_number_submits_nothing_twice(self, engine, opened, tmp_path):
        _, blocking = self.begun(engine, opened, *['sleep 1000'] * 4, name='blocker')
        launch = self.gang_launch(engine, opened, f'echo x >>{tmp_path}/runs')
        handle = engine.start(launch)
        wait_until(self.jobs, lambda rows: len(rows) == 2, 'two jobs')
        record = opened.folder / 'attempts' / 'launch-1' / 'allocation-1' / 'record'
        whole = wait_until(record.read_text, lambda text: '\njob ' in text, 'the number')
        engine.close()
        record.write_text(whole[:whole.index('job ') + 5])
        later = self.fresh(engine)
        self.stays(later, handle, later.poll([handle])[handle].state)
        assert len(self.jobs()) == 2 and record.read_text() == whole
        later.stop(blocking, 0)
        assert self.wait_for_end(later, handle).exit_codes == (0,)
        assert (tmp_path / 'runs').read_text() == 'x\n'

    def test_a_fresh_engine_goes_on_with_what_waits_and_what_runs(self, engine, opened):
        launch, running = self.begun(engine, opened, *['sleep 1000'] * 4, name='blocker')
        waiting = engine.start(self.gang_launch(engine, opened, 'exit 6'))
        wait_until(self.jobs, lambda rows: len(rows) == 2, 'two jobs')
        engine.close()
        later = self.fresh(engine)
        assert [seen.state for seen in later.poll([running, waiting]).values()] == [RUNNING, QUEUED]
        assert later.poll([running])[running].nodes
        later.stop(running, 0)
        assert self.wait_for_end(later, running).exit_codes == (137,) * 4
        assert self.wait_for_end(later, waiting).exit_codes == (6,)

    def test_what_ended_while_no_engine_was_there_is_known_to_the_next(self, engine, opened):
        launch = self.gang_launch(engine, opened, 'sleep 0.5; exit 3', name='first')
        handle = engine.start(launch)
        self.wait_until_begun(launch)
        _, cancelled = self.begun(engine, opened, name='second')
        engine.close()
        wait_until(lambda: processes_of(launch), lambda found: not found, 'its end')
        self._slurm.run('scancel', '--user=root')
        wait_until(self.jobs, lambda rows: not rows, 'an empty queue')
        later = self.fresh(engine)
        assert self.wait_for_end(later, handle).exit_codes == (3,)
        assert self.wait_for_end(later, cancelled).removal is Removal.ADMINISTRATOR

    def test_a_stage_that_a_crash_kept_from_the_nodes_goes_there_with_the_next_look(self, engine, opened):
        first = self.gang_launch(engine, opened, 'exit 0', name='first', allocation='a', last=False)
        nodes = self.run(engine, first).nodes
        second = self.gang_launch(engine, opened, 'exit 4', name='second', allocation='a', node_ids=nodes)
        folder = opened.folder / 'attempts' / 'a' / 'allocation-1'
        stages = (folder / 'record').read_bytes()
        real = type(engine._latest(folder.parent).folder).add_stage
        try:
            type(engine._latest(folder.parent).folder).add_stage = lambda *_: (_ for _ in ()).throw(SystemExit)
            with pytest.raises(SystemExit):
                engine.start(second)
        finally:
            type(engine._latest(folder.parent).folder).add_stage = real
        engine.close()
        assert (folder / 'record').read_bytes() == stages
        later = self.fresh(engine)
        assert self.run(later, second).exit_codes == (4,)


class TestFailuresOfNodes(FailureTests):
    """With a Slurm of their own: it is broken."""

    @pytest.fixture
    def slurm_here(self, start_slurm, monkeypatch):
        cluster = start_slurm(tuned=True, settings={'KillWait': '1', 'OverTimeLimit': '0'})
        for name, value in cluster.environment.items():
            monkeypatch.setenv(name, value)
        return cluster

    def slurm_name(self, engine, cluster, node_id):
        return engine._shares.share(cluster).slurm_names[node_id]

    @pytest.mark.parametrize('count', [1, 2])
    def test_a_launch_on_a_node_that_dies_is_lost_and_the_node_has_a_problem(self, engine, opened, count):
        launch, handle = self.begun(engine, opened, *['sleep 1000'] * count)
        node = engine.poll([handle])[handle].nodes[-1]
        self._slurm.kill_node(self.slurm_name(engine, opened, node))
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, None) and 'node' in seen.reason
        wait_until(lambda: {each.id: each.problem for each in engine.nodes(opened)}[node], bool, 'its problem')
        assert not processes_of(launch)

    def test_a_drained_node_has_a_problem_with_the_words_of_the_administrator(self, engine, opened):
        name = self.slurm_name(engine, opened, engine.nodes(opened)[0].id)
        self._slurm.drain(name, 'disk replaced')
        wait_until(lambda: engine.nodes(opened)[0].problem, lambda text: 'disk replaced' in text, 'the problem')
        self._slurm.resume(name)
        wait_until(lambda: engine.nodes(opened)[0].problem, lambda text: not text, 'no problem')

    @pytest.mark.parametrize('kill', [False, True], ids=['stopped', 'killed'])
    def test_what_runs_ends_well_while_the_controller_is_away_and_what_comes_waits(self, engine, opened, tmp_path,
                                                                                   kill):
        launch = self.gang_launch(engine, opened, f'until [ -e {tmp_path}/go ]; do sleep 0.05; done; exit 5')
        handle = engine.start(launch)
        wait_until(lambda: engine.poll([handle])[handle].state, lambda state: state is RUNNING, 'the launch')
        self._slurm.stop_controller(kill=kill)
        later = engine.start(self.gang_launch(engine, opened, 'exit 6', name='later'))
        wait_until(engine.trouble, lambda text: 'Slurm does not answer' in text, 'the trouble')
        (tmp_path / 'go').touch()
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.exit_codes) == (ENDED, (5,))
        waits = wait_until(lambda: engine.poll([later])[later], lambda seen: seen.reason, 'a reason', 40)
        assert waits.state is QUEUED
        assert engine.nodes(opened) and not any(node.problem for node in engine.nodes(opened))
        self._slurm.start_controller()
        seen = wait_until(lambda: engine.poll([later])[later], lambda seen: seen.state is ENDED, 'the later one', 60)
        assert seen.exit_codes == (6,)
        wait_until(engine.trouble, lambda text: not text, 'no trouble', 30)

    def test_a_stop_while_the_controller_is_away_comes_when_it_is_back(self, engine, opened):
        launch, handle = self.begun(engine, opened)
        self._slurm.stop_controller()
        engine.stop(handle, 0)
        wait_until(engine.trouble, bool, 'the trouble', 30)
        self._slurm.start_controller()
        seen = wait_until(lambda: engine.poll([handle])[handle], lambda seen: seen.state is not RUNNING, 'its end', 60)
        assert seen.state is ENDED and seen.exit_codes in ((137,), (143,))

    def test_an_engine_that_begins_while_the_controller_is_away_picks_up_what_runs(self, engine, opened):
        launch, handle = self.begun(engine, opened)
        self._slurm.stop_controller()
        engine.close()
        later = self.fresh(engine)
        assert later.check().usable and later.trouble()
        assert later.poll([handle])[handle].state is RUNNING
        assert [node.problem for node in later.nodes(opened)] == [''] * 4
        with pytest.raises(EngineUnavailable):
            later.scale(opened, 5)
        self._slurm.start_controller()
        later.stop(handle, 0)
        seen = wait_until(lambda: later.poll([handle])[handle], lambda seen: seen.state is not RUNNING, 'its end', 60)
        assert seen.state is ENDED

    def test_an_allocation_that_slurm_forgot_is_lost_and_not_awaited_for_ever(self, engine, opened):
        self._slurm.configure(MinJobAge='2')
        launch, handle = self.begun(engine, opened)
        engine.close()
        self._slurm.run('scancel', *self.jobs())
        wait_until(lambda: self._slurm.run('scontrol', 'show', 'jobs'), lambda text: 'No jobs' in text,
                   'Slurm to forget it', 90)
        seen = self.wait_for_end(self.fresh(engine), handle)
        assert seen.state is LOST and 'no job' in seen.reason


class TestTimeLimit(FailureTests):
    """Slurm counts in minutes, so the launch began with the first test of this file."""

    def test_the_time_limit_of_the_partition_ends_a_launch_for_that(self, limited, monkeypatch):
        slurm, place, handle = limited
        monkeypatch.setenv('SLURM_CONF', slurm.environment['SLURM_CONF'])
        self._made, self._slurm, self._place = [], slurm, place
        engine = self.new_engine()
        try:
            seen = wait_until(lambda: engine.poll([handle])[handle], lambda seen: seen.state is not RUNNING,
                              'its end', 120)
            assert (seen.state, seen.removal) == (LOST, Removal.TIME) and 'time limit' in seen.reason
        finally:
            engine.close()
