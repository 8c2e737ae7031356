"""The process engine: how launches end, what is left of them, and that they outlive the service."""
import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest
from contract import ENDED, LOST, PATIENCE, RUNNING, wait_until
from process_engine_kit import PATH, ProcessEngineUnderTest, pid_in, wait_until_gone
from processes import is_alive

from azext_batchai.service.engines.base import LaunchRejected, Observation
from azext_batchai.service.engines.process import ProcessEngine

REPOSITORY = Path(__file__).resolve().parents[3]


class TestEndsOfProcesses(ProcessEngineUnderTest):

    # the end of everything

    def test_a_task_that_ignores_the_signal_goes_on_until_it_is_killed(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, f'trap "echo ignored" TERM; echo $$ > {tmp_path}/pid; '
                                       'while :; do sleep 0.05; done')
        handle = started(launch)
        pid = pid_in(tmp_path / 'pid')
        engine.stop(handle, 60.0)
        wait_until(launch.tasks[0].stdout.read_text, lambda text: 'ignored' in text, 'the trap of the task')
        assert self.observe(engine, handle).state is RUNNING and is_alive(pid)
        engine.stop(handle, 0)
        self.wait_for_end(engine, handle)
        assert not is_alive(pid)

    def test_a_task_may_tidy_up_within_the_grace(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, f'trap "echo tidy; exit 5" TERM; echo $$ > {tmp_path}/pid; '
                                       'while :; do sleep 0.05; done')
        handle = started(launch)
        pid_in(tmp_path / 'pid')
        engine.stop(handle, 60.0)
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (5,))
        assert launch.tasks[0].stdout.read_text() == 'tidy\n'

    @pytest.mark.parametrize('escape', [
        pytest.param('setsid sleep 1000 & echo $! > {pid}; wait', id='a session of its own'),
        pytest.param('(setsid setsid sh -c "echo \\$\\$ > {pid}; exec sleep 1000" &) ; sleep 1000', id='a daemon'),
        pytest.param('nohup sleep 1000 & echo $! > {pid}; sleep 1000', id='nohup'),
        pytest.param('env -i sleep 1000 & echo $! > {pid}; sleep 1000', id='an empty environment'),
        pytest.param('env -i setsid sleep 1000 & echo $! > {pid}; sleep 1000', id='both'),
    ])
    @pytest.mark.parametrize('adopted', [False, True], ids=['own', 'adopted'])
    def test_stop_reaches_the_whole_tree(self, engine, started, tmp_path, escape, adopted):
        handle = started(self.launch(tmp_path, escape.format(pid=tmp_path / 'pid')))
        pid = pid_in(tmp_path / 'pid')
        stopping = self.fresh(engine) if adopted else engine
        stopping.stop(handle, 0)
        self.wait_for_end(stopping, handle)
        wait_until_gone(pid)

    def test_a_stopped_launch_has_not_ended_before_its_daemons_have(self, engine, started, tmp_path):
        daemon = f'trap : TERM; echo \\$\\$ > {tmp_path}/pid; while :; do sleep 0.05; done'
        command = f'(setsid setsid sh -c "{daemon}" &); sleep 1000'
        handle = started(self.launch(tmp_path, command))
        pid = pid_in(tmp_path / 'pid')
        engine.stop(handle, 60.0)
        self.wait_for_end(engine, handle)
        wait_until_gone(pid)

    @pytest.mark.parametrize('adopted', [False, True], ids=['own', 'adopted'])
    @pytest.mark.parametrize('leave_behind', [
        pytest.param('sleep 1000 & echo $! > {pid}', id='in the background'),
        pytest.param('setsid sleep 1000 & echo $! > {pid}', id='in a session of its own'),
    ])
    def test_what_a_task_leaves_behind_is_gone_after_the_release(self, engine, tmp_path, leave_behind, adopted):
        launch = self.launch(tmp_path, leave_behind.format(pid=tmp_path / 'pid') + f'; echo > {tmp_path}/ready; '
                             f'while [ ! -e {tmp_path}/go ]; do sleep 0.01; done')
        handle = engine.start(launch)
        later = self.fresh(engine) if adopted else engine
        pid = pid_in(tmp_path / 'pid')
        try:
            assert is_alive(pid)
            (tmp_path / 'go').touch()
            assert self.wait_for_end(later, handle) == Observation(ENDED, (0,))
            later.release(handle)
            wait_until(lambda: is_alive(pid), lambda alive: not alive, f'process {pid} to be gone', patience=3.0)
        finally:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
            engine.poll([])

    def test_a_task_that_kills_the_shell_around_it_has_ended_and_is_not_lost(self, engine, started, tmp_path):
        """Lost launches start again, and what ran ought to run once."""
        launch = self.launch(tmp_path, self.forever)
        handle = started(launch)
        os.killpg(self.pid_of(launch), signal.SIGKILL)
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (137,))

    def test_what_runs_on_without_its_shell_is_ended_first(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, f'setsid sleep 1000 & echo $! > {tmp_path}/pid; sleep 1000')
        handle = started(launch)
        pid = pid_in(tmp_path / 'pid')
        os.kill(self.pid_of(launch), signal.SIGKILL)
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (137,))
        assert not is_alive(pid)

    @pytest.mark.parametrize('stopped', [False, True])
    def test_a_launch_whose_shell_ended_before_its_task_began_is_lost_unless_it_was_stopped(
            self, engine, started, tmp_path, stopped):
        launch = self.launch(tmp_path, 'true')
        handle = started(launch)
        self.wait_for_end(engine, handle)
        (launch.folder / '0.started').unlink()
        (launch.folder / '0.exit').unlink()
        if stopped:
            engine.stop(handle, 0)
        assert self.observe(engine, handle) == (Observation(ENDED, (137,)) if stopped else Observation(LOST, (None,)))

    def test_after_a_restart_of_the_machine_the_launch_is_lost(self, engine, started, tmp_path, monkeypatch):
        launch = self.launch(tmp_path, self.forever)
        handle = started(launch)
        os.killpg(self.pid_of(launch), signal.SIGKILL)
        monkeypatch.setattr('azext_batchai.service.engines.process._boot_id', lambda: 'another')
        assert self.wait_for_end(self.fresh(engine), handle) == Observation(LOST, (None,))

    @pytest.mark.parametrize('content', ['abc\n', '\n', '-1\n', '1 2\n', '\\377\n', '9' * 30 + '\n'])
    def test_what_is_no_exit_code_does_not_hide_the_true_one(self, engine, started, tmp_path, content):
        launch = self.launch(tmp_path, f'printf "{content}" > $AZ_BATCHAI_LAUNCH/0.exit; exit 7')
        handle = started(launch)
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (7,))

    def test_a_log_that_is_a_pipe_is_refused(self, engine, tmp_path):
        launch = self.launch(tmp_path, 'true')
        os.mkfifo(launch.tasks[0].stdout)
        with pytest.raises(LaunchRejected, match='not an ordinary file'):
            engine.start(launch)

    def test_a_stray_file_among_the_nodes_is_no_node(self, engine, cluster):
        self.scaled(engine, cluster, 1)
        (cluster.folder / '.DS_Store').write_text('')
        assert [node.number for node in engine.nodes(cluster)] == [1]

    def test_a_killed_task_of_a_gang_ends_it_once_nothing_of_it_runs(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, self.forever, f'while [ ! -e {tmp_path}/go ]; do sleep 0.01; done')
        handle = started(launch)
        os.killpg(self.pid_of(launch), signal.SIGKILL)
        assert self.observe(engine, handle).state is RUNNING
        (tmp_path / 'go').touch()
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (137, 0))

    def test_no_zombies_are_left(self, engine, tmp_path):
        before = {child.pid for child in psutil.Process().children()}
        for number in range(5):
            self.run(engine, tmp_path, 'true', 'true', name=f'launch-{number}')
        engine.poll([])
        assert {child.pid for child in psutil.Process().children()} - before == set()

    def test_no_file_descriptors_are_left(self, engine, tmp_path):
        self.run(engine, tmp_path, 'true', name='first')
        before = psutil.Process().num_fds()
        for number in range(5):
            self.run(engine, tmp_path, 'true', 'true', name=f'launch-{number}')
        with pytest.raises(LaunchRejected):
            engine.start(self.launch(tmp_path, 'x' * 300_000, name='long'))
        wait_until(lambda: psutil.Process().num_fds(), lambda after: after <= before, f'{before} descriptors')

    def test_a_task_does_not_get_hold_of_our_files_or_of_its_lock(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, self.forever)
        with open(tmp_path / 'ours', 'w'):
            started(launch)
        self.wait_until_begun(launch)
        sleeping, = [child for child in psutil.Process(self.pid_of(launch)).children(recursive=True)
                     if child.name() == 'sleep']
        held = {file.path for file in sleeping.open_files()}
        assert held & {str(tmp_path / 'ours'), str(launch.folder / '0.lock')} == set()
        assert str(launch.tasks[0].stdout) in held

    # restarts

    def test_a_task_outlives_a_service_killed_without_warning(self, tmp_path):
        """A helper starts a launch and is killed; the fresh engine sees the task run, and how it ends."""
        waiting = f'while [ ! -e {tmp_path}/go ]; do sleep 0.01; done'
        launch = self.launch(tmp_path, f'echo one; {waiting}; echo two; exit 42')
        program = textwrap.dedent('''
            import sys, time
            from pathlib import Path
            from azext_batchai.service.engines.base import Launch, Task
            from azext_batchai.service.engines.process import ProcessEngine
            root, command = Path(sys.argv[1]), sys.argv[2]
            print(ProcessEngine().start(Launch('launch-1', root / 'launches' / 'launch-1', (
                Task('node-0', command, {'PATH': sys.argv[3]}, root / 'work' / 'launch-1', root / 'launch-1-0.out',
                     root / 'launch-1-0.err'),))), flush=True)
            time.sleep(1000)''')
        helper = subprocess.Popen(
            [sys.executable, '-c', program, str(tmp_path), launch.tasks[0].command, PATH], stdout=subprocess.PIPE,
            text=True, cwd=REPOSITORY, env={**os.environ, 'PYTHONPATH': str(REPOSITORY)})
        handle = helper.stdout.readline().strip()
        helper.stdout.close()
        assert handle, 'the helper did not start the launch'
        wait_until(launch.tasks[0].stdout.read_text, lambda text: text == 'one\n', 'the first line')
        helper.kill()
        helper.wait()

        engine = ProcessEngine()
        assert self.observe(engine, handle) == Observation(RUNNING, (None,))
        assert engine.start(launch) == handle
        (tmp_path / 'go').touch()
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (42,))
        assert launch.tasks[0].stdout.read_text() == 'one\ntwo\n'
        engine.release(handle)

    @pytest.mark.parametrize('adopted', [False, True], ids=['own', 'adopted'])
    def test_watching_tells_of_the_natural_end_of_a_task(self, tmp_path, adopted):
        async def story():
            starter = ProcessEngine()
            watcher = ProcessEngine() if adopted else starter
            news = asyncio.Event()
            watcher.watch(news.set)
            handle = starter.start(self.launch(tmp_path, f'while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; exit 8'))
            pid_in(tmp_path / 'launches' / 'launch-1' / '0.started')
            assert self.observe(watcher, handle).state is RUNNING
            news.clear()
            (tmp_path / 'go').touch()
            await asyncio.wait_for(news.wait(), PATIENCE)
            # An adopted task's shell may be seen to end a moment before its lock is free.
            seen = self.wait_for_end(watcher, handle)
            starter.poll([])
            starter.release(handle)
            return seen
        assert asyncio.run(story()) == Observation(ENDED, (8,))

    def test_watching_adopted_tasks_leaves_no_file_descriptors(self, tmp_path):
        async def story():
            starter, watcher = ProcessEngine(), ProcessEngine()
            news = asyncio.Event()
            watcher.watch(news.set)
            before = psutil.Process().num_fds()
            for number in range(3):
                news.clear()
                go = tmp_path / f'go-{number}'
                handle = starter.start(self.launch(tmp_path, f'while [ ! -e {go} ]; do sleep 0.01; done',
                                                   name=f'launch-{number}'))
                pid_in(tmp_path / 'launches' / f'launch-{number}' / '0.started')
                watcher.poll([handle])
                go.touch()
                await asyncio.wait_for(news.wait(), PATIENCE)
                self.wait_for_end(watcher, handle)
                starter.poll([])
                watcher.release(handle)
            # The look for strays goes on in the background for a moment.
            wait_until(lambda: psutil.Process().num_fds(), lambda after: after <= before, f'{before} descriptors')
        asyncio.run(story())
