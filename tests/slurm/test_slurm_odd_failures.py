"""Failures that a real Slurm shows too seldom, with commands that behave as its own do."""
import os
import signal
import subprocess

import pytest
from fake_slurm_kit import FakeSlurm, FakeSlurmUnderTest
from slurm_engine_kit import ENDED, LOST, QUEUED, REJECTED, RUNNING, SlurmEngineUnderTest

from contract import wait_until

from azext_batchai.service.engines.base import Removal
from azext_batchai.service.engines.slurm import watcher
from azext_batchai.service.engines.slurm.queue import read_queue


class TestOddFailures(FakeSlurmUnderTest):

    def starts(self, engine, opened, command='exit 0', **more):
        launch = self.gang_launch(engine, opened, command, **more)
        return launch, engine.start(launch)

    def waits(self, engine, handle, word):
        seen = wait_until(lambda: engine.poll([handle])[handle], lambda seen: word in seen.reason, f'the reason {word}')
        assert seen.state is QUEUED
        return seen

    def looks(self, engine, count=2):
        before = engine._watcher.looks
        wait_until(lambda: engine._watcher.looks, lambda looks: looks >= before + count, 'looks at the queue')

    # submission

    @pytest.mark.parametrize('fault', ['lost', 'killed'])
    def test_a_submission_whose_answer_is_lost_is_found_again_and_not_repeated(self, engine, opened, slurm_here, fault):
        slurm_here.fault('sbatch', fault)
        _, handle = self.starts(engine, opened, 'exit 4')
        slurm_here.wait_for_job()
        record = opened.folder / 'attempts/launch-1/allocation-1/record'
        wait_until(record.read_text, lambda text: '\njob 1\n' in text, 'its number')
        slurm_here.run()
        assert self.wait_for_end(engine, handle).exit_codes == (4,)
        assert len(slurm_here.jobs()) == 1 and len(slurm_here.calls('sbatch')) == 1

    def test_a_submission_that_ran_before_its_answer_was_lost_is_not_repeated(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'lost')
        _, handle = self.starts(engine, opened, 'exit 4')
        slurm_here.wait_for_job()
        slurm_here.run()
        slurm_here.set(1, state='FORGOTTEN')
        assert self.wait_for_end(engine, handle).exit_codes == (4,)
        held = engine._book.launches[handle].held
        wait_until(lambda: engine._submissions.is_in_flight(held), lambda flies: not flies, 'its end')
        assert len(slurm_here.calls('sbatch')) == 1

    def test_a_submission_that_never_arrived_is_repeated_once_the_queue_shows_that(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'hang')
        slurm_here.fault('squeue', 'down')
        _, handle = self.starts(engine, opened)
        self.waits(engine, handle, 'did not answer')
        slurm_here.fault('sbatch')
        self.waits(engine, handle, 'did not answer')
        assert not slurm_here.jobs()  # nobody knows yet whether it arrived
        slurm_here.fault('squeue')
        slurm_here.wait_for_job()
        slurm_here.run()
        assert self.wait_for_end(engine, handle).exit_codes == (0,)

    def test_while_the_controller_is_down_a_launch_waits_and_the_engine_says_why(self, engine, opened, slurm_here):
        slurm_here.all_down()
        _, handle = self.starts(engine, opened)
        self.waits(engine, handle, 'Unable to contact slurm controller')
        assert engine.trouble().startswith('Slurm does not answer: ')
        slurm_here.all_down(False)
        slurm_here.wait_for_job()
        slurm_here.run()
        assert self.wait_for_end(engine, handle).exit_codes == (0,)
        assert len(slurm_here.jobs()) == 1
        wait_until(engine.trouble, lambda text: not text, 'no trouble')

    def test_a_full_queue_keeps_a_launch_waiting_and_nothing_else(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'full')
        _, handle = self.starts(engine, opened)
        self.waits(engine, handle, 'temporarily unable to accept job')
        slurm_here.fault('sbatch')
        slurm_here.wait_for_job()
        slurm_here.run()
        assert self.wait_for_end(engine, handle).exit_codes == (0,)

    def test_a_limit_on_submissions_passes(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'refuse sbatch: error: QOSMaxSubmitJobPerUserLimit\\n'
                         'sbatch: error: Batch job submission failed: Job violates accounting/QOS policy '
                         "(job submit limit, user's size and/or time limits)")
        _, handle = self.starts(engine, opened)
        self.waits(engine, handle, 'QOSMaxSubmitJobPerUserLimit')
        slurm_here.fault('sbatch')
        slurm_here.wait_for_job()

    @pytest.mark.parametrize('text, said', [
        ('Invalid account or account/partition combination specified', 'Invalid account'),
        ('Invalid qos specification', 'Invalid qos'), ('Invalid partition name specified', 'Invalid partition'),
        ('Requested time limit is invalid (missing or exceeds some limit)', 'time limit'),
        ('Requested node configuration is not available', 'node configuration'),
        ('Node count specification invalid', 'Node count')])
    def test_what_slurm_will_never_take_is_rejected(self, engine, opened, slurm_here, text, said):
        slurm_here.fault('sbatch', f'refuse sbatch: error: Batch job submission failed: {text}')
        _, handle = self.starts(engine, opened)
        seen = self.wait_for_end(engine, handle)
        assert seen.state is REJECTED and said in seen.reason
        assert len(slurm_here.calls('sbatch')) == 1

    def test_an_answer_that_is_no_number_is_looked_up_in_the_queue(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'garbage')
        _, handle = self.starts(engine, opened)
        self.waits(engine, handle, 'something else than a number')
        slurm_here.fault('sbatch')
        slurm_here.wait_for_job()
        slurm_here.run()
        assert self.wait_for_end(engine, handle).exit_codes == (0,)

    def test_of_two_jobs_for_one_allocation_one_is_cancelled(self, engine, opened, slurm_here):
        _, handle = self.starts(engine, opened)
        slurm_here.wait_for_job()
        job, = slurm_here.jobs()
        subprocess.run([str(slurm_here.folder / 'sbatch'), *job['words']], check=True, capture_output=True)
        wait_until(slurm_here.jobs, lambda jobs: [job['state'] for job in jobs] == ['PENDING', 'CANCELLED'], 'one job')
        slurm_here.run()
        assert self.wait_for_end(engine, handle).exit_codes == (0,)

    def test_a_launch_stopped_while_it_is_submitted_is_cancelled(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'lost')
        _, handle = self.starts(engine, opened)
        slurm_here.wait_for_job()
        engine.stop(handle, 0)
        assert self.wait_for_end(engine, handle).exit_codes == (137,)
        assert [job['state'] for job in slurm_here.jobs()] == ['CANCELLED']

    def test_a_launch_forgotten_while_it_is_submitted_is_cancelled(self, engine, opened, slurm_here):
        slurm_here.fault('sbatch', 'hang')
        _, handle = self.starts(engine, opened)
        wait_until(lambda: slurm_here.calls('sbatch'), len, 'a submission')
        held, = engine._book.held.values()
        engine.forget_allocation(opened, 'launch-1')
        slurm_here.fault('sbatch')
        subprocess.run([str(slurm_here.folder / 'sbatch'), '--comment=batchai:launch-1',
                        f'--chdir={held.folder.path}', 'x'], check=True, capture_output=True)
        _, other = self.starts(engine, opened, name='other')
        wait_until(lambda: slurm_here.jobs()[0]['state'], lambda state: state == 'CANCELLED', 'the end of the job')
        assert engine.poll([handle])[handle].state is LOST and engine.poll([other])[other].state is QUEUED

    def test_after_days_without_the_controller_a_launch_is_submitted_all_the_same(self, engine, opened, slurm_here):
        slurm_here.all_down()
        _, handle = self.starts(engine, opened)
        self.waits(engine, handle, 'Unable to contact slurm controller')
        held, = engine._book.held.values()
        tries, held.failures = len(slurm_here.calls('sbatch')), 5000
        engine._submissions.nodes_changed()
        wait_until(lambda: slurm_here.calls('sbatch'), lambda calls: len(calls) > tries, 'one more try')
        wait_until(lambda: held.failures, lambda failures: failures > 5000, 'its failure')
        slurm_here.all_down(False)
        engine._submissions.nodes_changed()
        slurm_here.wait_for_job()

    # taken back, because the cluster has too few nodes now

    def take_back(self, engine, opened, slurm_here, command):
        """Start a launch, and close all nodes; Slurm is not told yet that it is not to run."""
        _, handle = self.starts(engine, opened, command)
        slurm_here.wait_for_job()
        slurm_here.fault('scancel', 'down')
        record = opened.folder / 'attempts/launch-1/allocation-1/record'
        wait_until(record.read_text, lambda text: '\njob 1\n' in text, 'its number')
        engine.open_nodes(opened, [])
        wait_until(record.read_text, lambda text: '\nwithdrawn 1\n' in text, 'the note')
        return handle

    def test_a_launch_that_a_service_took_back_before_it_died_is_nobody_elses_doing(self, engine, opened, slurm_here):
        handle = self.take_back(engine, opened, slurm_here, 'exit 4')
        engine.close()
        slurm_here.set(1, state='CANCELLED')
        slurm_here.fault('scancel')
        later = self.new_engine()
        assert later.poll([handle])[handle].state is QUEUED
        later.open_nodes(opened, [node.id for node in later.nodes(opened)])
        slurm_here.wait_for_job(2)
        slurm_here.run(2)
        assert self.wait_for_end(later, handle).exit_codes == (4,)

    def test_a_service_that_died_before_slurm_was_told_tells_it_at_the_next_start(self, engine, opened, slurm_here):
        handle = self.take_back(engine, opened, slurm_here, 'exit 4')
        engine.close()
        slurm_here.fault('scancel')
        later = self.new_engine()
        assert later.poll([handle])[handle].state is QUEUED
        wait_until(slurm_here.jobs, lambda jobs: jobs[0]['state'] == 'CANCELLED', 'its end')
        assert later.poll([handle])[handle].state is QUEUED

    def test_a_launch_that_begins_as_it_is_taken_back_is_lost_and_not_failed(self, engine, opened, slurm_here):
        handle = self.take_back(engine, opened, slurm_here, 'sleep 1000')
        process = slurm_here.begin()
        assert self.observe(engine, handle).state is RUNNING
        slurm_here.kill(1, 'CANCELLED', process)
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, None) and 'taken back' in seen.reason

    def test_jobs_in_a_hidden_partition_are_asked_for_as_well(self, engine, opened, slurm_here):
        self.starts(engine, opened)
        slurm_here.wait_for_job()
        self.looks(engine)
        slurm_here.set(1, state='FORGOTTEN')
        wait_until(lambda: [call for call in slurm_here.calls('squeue') if '--jobs=' in call], len, 'a question')
        assert all('--all' in call for call in slurm_here.calls('squeue'))

    # the end

    @pytest.mark.parametrize('state, removal, said', [
        ('NODE_FAIL', None, 'a node of it failed'), ('BOOT_FAIL', None, 'did not start'),
        ('TIMEOUT', Removal.TIME, 'time limit'), ('DEADLINE', Removal.TIME, 'time limit'),
        ('PREEMPTED', Removal.PREEMPTED, 'more important'), ('OUT_OF_MEMORY', Removal.MEMORY, 'memory'),
        ('CANCELLED', Removal.ADMINISTRATOR, 'somebody removed it'), ('FAILED', None, 'FAILED'),
        ('FORGOTTEN', None, 'no job 1 any more')])
    def test_a_job_that_slurm_ended_is_lost_for_its_reason(self, engine, opened, slurm_here, state, removal, said):
        _, handle = self.starts(engine, opened, 'sleep 1000')
        slurm_here.wait_for_job()
        process = slurm_here.begin()
        assert self.observe(engine, handle).state is RUNNING
        slurm_here.kill(1, state, process)
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal, seen.exit_codes) == (LOST, removal, (None,))
        assert said in seen.reason and len(seen.nodes) == 1

    @pytest.mark.parametrize('state', ['COMPLETED', 'PENDING', 'CANCELLED'])
    def test_what_became_of_another_job_that_got_the_same_number_says_nothing(self, engine, opened, slurm_here, state):
        """As when slurmctld was killed before it had written down its latest jobs."""
        (slurm_here.folder / 'accounting').write_text('1|TIMEOUT|/home/other\n')
        _, handle = self.starts(engine, opened)
        slurm_here.wait_for_job()
        record = opened.folder / 'attempts/launch-1/allocation-1/record'
        wait_until(record.read_text, lambda text: '\njob 1\n' in text, 'its number')
        slurm_here.set(1, state=state, folder='/home/other', comment='(null)')
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, None) and 'no job 1 any more' in seen.reason

    def test_accounting_names_who_removed_a_job(self, engine, opened, slurm_here):
        (slurm_here.folder / 'accounting').write_text('1|CANCELLED by 1234|\n2|COMPLETED|\n')
        _, handle = self.starts(engine, opened, 'sleep 1000')
        slurm_here.wait_for_job()
        slurm_here.kill(1, 'CANCELLED', slurm_here.begin())
        assert 'the user with the number 1234' in self.wait_for_end(engine, handle).reason

    def test_accounting_tells_of_what_the_controller_forgot(self, engine, opened, slurm_here):
        (slurm_here.folder / 'accounting').write_text(f'1|TIMEOUT|{opened.folder}/attempts/launch-1/allocation-1\n')
        _, handle = self.starts(engine, opened, 'sleep 1000')
        slurm_here.wait_for_job()
        slurm_here.kill(1, 'FORGOTTEN', slurm_here.begin())
        assert self.wait_for_end(engine, handle).removal is Removal.TIME

    @pytest.mark.parametrize('state, removal', [('TIMEOUT', Removal.TIME), ('CANCELLED', Removal.ADMINISTRATOR)])
    def test_tasks_that_end_well_because_slurm_told_them_to_are_lost_all_the_same(self, engine, opened, slurm_here,
                                                                                  state, removal):
        launch, handle = self.starts(engine, opened, 'trap "exit 0" TERM; echo x; sleep 1000 & wait')
        slurm_here.wait_for_job()
        process = slurm_here.begin()
        wait_until(launch.tasks[0].stdout.exists, bool, 'the task')
        slurm_here.set(1, state='COMPLETING')
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        self.looks(engine)
        assert engine.poll([handle])[handle].state is RUNNING
        slurm_here.set(1, state=state)
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, removal)

    @pytest.mark.parametrize('last', [True, False])
    def test_a_job_with_some_time_before_its_nodes_go_to_another_was_preempted(self, engine, opened, slurm_here, last):
        launch, handle = self.starts(engine, opened, 'echo x; sleep 1000', last=last)
        slurm_here.wait_for_job()
        process = slurm_here.begin()
        wait_until(launch.tasks[0].stdout.exists, bool, 'the task')
        slurm_here.set(1, preempted=True)
        os.killpg(process.pid, signal.SIGTERM)
        if last:
            process.wait()
            slurm_here.set(1, state='COMPLETED')
        seen = self.wait_for_end(engine, handle)
        assert (seen.state, seen.removal) == (LOST, Removal.PREEMPTED)
        if not last:
            os.killpg(process.pid, signal.SIGKILL)

    # looks

    @pytest.mark.parametrize('fault', ['down', 'garbage', 'silent', 'hang'])
    def test_nothing_is_concluded_from_a_queue_that_cannot_be_read(self, engine, opened, slurm_here, monkeypatch,
                                                                   fault):
        monkeypatch.setattr(watcher, 'read_queue', lambda: read_queue(0.5))
        _, handle = self.starts(engine, opened, 'sleep 1000')
        slurm_here.wait_for_job()
        process = slurm_here.begin()
        assert self.observe(engine, handle).state is RUNNING
        slurm_here.fault('squeue', fault)
        wait_until(engine.trouble, bool, 'the trouble')
        slurm_here.fault('scontrol', fault)
        calls = len(slurm_here.calls('squeue'))
        wait_until(lambda: len(slurm_here.calls('squeue')), lambda count: count > calls + 1, 'two more looks')
        assert engine.poll([handle])[handle].state is RUNNING
        slurm_here.fault('squeue')
        wait_until(engine.trouble, lambda text: not text, 'no trouble')
        slurm_here.kill(1, 'NODE_FAIL', process)
        assert self.wait_for_end(engine, handle).state is LOST

    def test_a_job_missing_from_one_answer_only_is_not_lost(self, engine, opened, slurm_here, monkeypatch):
        _, handle = self.starts(engine, opened, 'sleep 1000')
        slurm_here.wait_for_job()
        process = slurm_here.begin()
        assert self.observe(engine, handle).state is RUNNING
        monkeypatch.setattr(watcher, 'read_queue', lambda: [])
        self.looks(engine)
        assert engine.poll([handle])[handle].state is RUNNING
        slurm_here.kill(1, 'NODE_FAIL', process)
        self.wait_for_end(engine, handle)

    @pytest.mark.parametrize('fault', ['down', 'garbage', 'silent'])
    def test_nodes_stay_as_they_were_while_sinfo_fails(self, engine, opened, slurm_here, fault):
        before = engine.nodes(opened)
        slurm_here.fault('sinfo', fault)
        assert not engine._node_watch.look() and engine.trouble()
        assert engine.nodes(opened) == before

    def test_it_is_not_usable_without_the_commands(self, engine, monkeypatch, tmp_path):
        monkeypatch.setenv('PATH', str(tmp_path))
        assert 'sbatch' in engine.check().reason and not engine.check().usable

    def test_it_is_not_usable_where_nothing_tells_of_a_slurm(self, engine, slurm_here, monkeypatch, tmp_path):
        slurm_here.all_down()
        assert engine.check().usable and engine.trouble()
        monkeypatch.setenv('SLURM_CONF', str(tmp_path / 'nowhere'))
        assert not engine.check().usable and 'SLURM_CONF' in engine.check().reason

    def test_a_data_folder_that_slurm_cannot_use_is_refused(self, engine, tmp_path):
        self._place = tmp_path / 'back\\slash'
        assert '--data-dir' in self.new_engine().check().reason

    # cost

    def test_launches_that_wait_cost_one_look_for_all(self, engine, opened, slurm_here):
        for number in range(20):
            self.starts(engine, opened, name=f'launch-{number}')
        slurm_here.wait_for_job(20)
        wait_until(lambda: len(engine.waiting()), lambda count: count == 20, 'all to wait')
        calls, looks = len(slurm_here.calls('s')), engine._watcher.looks
        self.looks(engine, 2)
        others = len([call for call in slurm_here.calls('sinfo') + slurm_here.calls('scontrol show config')])
        assert len(slurm_here.calls('s')) - calls <= engine._watcher.looks - looks + 1 + others


class TestFakeCommands(SlurmEngineUnderTest):
    """They say what the real ones say."""

    @pytest.mark.parametrize('words', [
        'squeue --noheader --states=all --jobs=99999 --format=%i|%T',
        'squeue --noheader --user=0 --format=%i|%T|%r|%k|%Z',
        'scancel 99999', 'scancel --state=PENDING 99999', 'scontrol update JobId=99999 ExcNodeList=n1',
        'scontrol --oneliner show job 99999', 'sbatch --parsable --partition=nope SCRIPT',
        'sbatch --parsable --constraint=nope SCRIPT',
        'sacct --noheader --parsable2 --allocations --format=JobIDRaw,State --jobs=99999'])
    def test_they_fail_with_the_same_words(self, slurm, tmp_path, words):
        fake = FakeSlurm(tmp_path / 'bin')
        command, *rest = words.replace('SCRIPT', str(fake.folder / 'squeue')).split()
        answers = [subprocess.run([program, *rest], capture_output=True, text=True,
                                  env={**os.environ, **slurm.environment}, cwd=tmp_path)
                   for program in (command, fake.folder / command)]
        real, ours = [(done.returncode, done.stdout, done.stderr) for done in answers]
        assert ours == real

    def test_they_fail_with_the_same_words_when_the_controller_is_down(self, start_slurm, tmp_path):
        real = start_slurm(node_count=1, tuned=True)
        real.stop_controller()
        fake = FakeSlurm(tmp_path / 'bin')
        fake.all_down()
        for words in ('squeue --noheader', 'sbatch --parsable SCRIPT', 'scancel 1', 'sinfo --noheader',
                      'scontrol --oneliner show job 1'):
            command, *rest = words.replace('SCRIPT', str(fake.folder / 'squeue')).split()
            answers = [subprocess.run([program, *rest], capture_output=True, text=True, cwd=tmp_path,
                                      env={**os.environ, **real.environment}).stderr.strip()
                       for program in (command, fake.folder / command)]
            assert answers[0].splitlines()[-1] == answers[1].splitlines()[-1]
        assert ENDED
