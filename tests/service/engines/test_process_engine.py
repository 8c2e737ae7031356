"""The process engine: the contract, and what is true of real processes only."""
import asyncio
import errno
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import psutil
import pytest
from contract import ENDED, GUID, LOST, PATIENCE, RUNNING, EngineContract, wait_until

from azext_batchai.service.engines.base import (
    EngineCluster, EngineUnavailable, Launch, LaunchRejected, Observation, Task)
from azext_batchai.service.engines.process import ProcessEngine

REPOSITORY = Path(__file__).resolve().parents[3]
PATH = '/usr/local/bin:/usr/bin:/bin'


def is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def pid_in(file):
    """The process id a command wrote to `file`, once it is there."""
    def look():
        try:
            return file.read_text()
        except FileNotFoundError:
            return ''
    return int(wait_until(look, lambda text: text.endswith('\n'), f'a process id in {file}'))


def wait_until_gone(pid):
    wait_until(lambda: is_alive(pid), lambda alive: not alive, f'process {pid} to be gone')


class TestProcessEngine(EngineContract):

    @pytest.fixture
    def engine(self, tmp_path):
        return ProcessEngine()

    def fresh(self, engine):
        return ProcessEngine()

    def wait_until_begun(self, launch):
        for number in range(len(launch.tasks)):
            shell = psutil.Process(self.pid_of(launch, number))
            wait_until(lambda: [child.name() for child in shell.children(recursive=True)],
                       lambda names: 'sleep' in names, 'the command to run below its shell')

    def run(self, engine, tmp_path, *commands, **changes):
        """Start commands and wait for their end. Returns (observation, stdout of the first, stderr of the first)."""
        launch = self.launch(tmp_path, *commands, **changes)
        handle = engine.start(launch)
        seen = self.wait_for_end(engine, handle)
        engine.release(handle)
        return seen, launch.tasks[0].stdout.read_text(), launch.tasks[0].stderr.read_text()

    def pid_of(self, launch, number=0):
        """The process id of the shell around a task."""
        return pid_in(launch.folder / f'{number}.started')

    # what a task sees

    def test_output_goes_to_the_two_files(self, engine, tmp_path):
        seen, out, err = self.run(engine, tmp_path, 'echo to out; echo to err >&2')
        assert (seen.exit_codes, out, err) == ((0,), 'to out\n', 'to err\n')

    def test_output_is_appended(self, engine, tmp_path):
        for name in ('launch-1', 'launch-2'):
            launch = self.launch(tmp_path, 'echo again', name=name)
            task = launch.tasks[0]
            merged = Task(task.node, task.command, task.environment, task.working_directory, tmp_path / 'out',
                          tmp_path / 'err')
            handle = engine.start(Launch(launch.id, launch.folder, (merged,)))
            self.wait_for_end(engine, handle)
            engine.release(handle)
        assert (tmp_path / 'out').read_text() == 'again\nagain\n'

    def test_both_files_may_be_one(self, engine, tmp_path):
        launch = self.launch(tmp_path, 'for i in 1 2 3; do echo o$i; echo e$i >&2; done')
        task = launch.tasks[0]
        merged = Task(task.node, task.command, task.environment, task.working_directory, task.stdout, task.stdout)
        handle = engine.start(Launch(launch.id, launch.folder, (merged,)))
        self.wait_for_end(engine, handle)
        engine.release(handle)
        assert task.stdout.read_text() == 'o1\ne1\no2\ne2\no3\ne3\n'

    def test_a_task_sees_its_own_environment_and_nothing_of_ours(self, engine, tmp_path, monkeypatch):
        monkeypatch.setenv('SECRET_OF_THE_SERVICE', 'x')
        launch = self.launch(tmp_path, '/usr/bin/env')
        launch.tasks[0].environment['GREETING'] = 'two words, "quoted" $HOME'
        handle = engine.start(launch)
        self.wait_for_end(engine, handle)
        engine.release(handle)
        lines = launch.tasks[0].stdout.read_text().splitlines()
        assert 'GREETING=two words, "quoted" $HOME' in lines
        assert f'PATH={PATH}' in lines
        assert {line.partition('=')[0] for line in lines} <= {
            'GREETING', 'PATH', 'PWD', 'SHLVL', 'OLDPWD', '_', 'AZ_BATCHAI_LAUNCH'}

    def test_a_task_starts_in_its_folder_without_input(self, engine, tmp_path):
        seen, out, _ = self.run(engine, tmp_path, 'pwd; cat; echo done')
        assert (seen.exit_codes, out) == ((0,), f'{(tmp_path / "work" / "launch-1").resolve()}\ndone\n')

    def test_a_command_may_have_quotes_and_lines(self, engine, tmp_path):
        seen, out, _ = self.run(engine, tmp_path, 'a=\'it"s\'\necho "$a" | tr s S; exit 9')
        assert (seen.exit_codes, out) == ((9,), 'it"S\n')

    def test_the_shell_can_be_chosen(self, tmp_path):
        shell = tmp_path / 'my shell'
        shell.write_text('#!/bin/sh\necho "chosen with $1"\nexec /bin/sh "$@"\n')
        shell.chmod(0o755)
        engine = ProcessEngine(str(shell))
        assert engine.check().usable
        seen, out, _ = self.run(engine, tmp_path, 'echo ran; exit 6')
        assert (seen.exit_codes, out) == ((6,), 'chosen with -c\nran\n')

    def test_without_its_shell_the_engine_is_not_usable_and_says_so(self):
        capabilities = ProcessEngine('/no/such/shell').check()
        assert (capabilities.usable, '/no/such/shell' in capabilities.reason) == (False, True)

    @pytest.mark.parametrize('command, code', [
        ('no-such-command-anywhere', 127), ('kill -9 $$', 137), ('kill -15 $$', 143), ('kill -11 $$', 139),
        ('(exit 3)', 3), ('false', 1), ('exec /bin/true', 0), ('exit 256', 0), ('set -e; false; echo no', 1),
    ])
    def test_exit_codes_are_those_of_a_shell(self, engine, tmp_path, command, code):
        assert self.run(engine, tmp_path, command)[0] == Observation(ENDED, (code,))

    def test_a_working_folder_that_is_gone_fails_the_task_with_a_word(self, engine, tmp_path):
        launch = self.launch(tmp_path, 'echo no')
        task = launch.tasks[0]
        handle = engine.start(Launch(launch.id, launch.folder, (
            Task(task.node, task.command, task.environment, tmp_path / 'gone', task.stdout, task.stderr),)))
        seen = self.wait_for_end(engine, handle)
        engine.release(handle)
        assert seen.exit_codes[0] not in (0, None)
        assert 'gone' in task.stderr.read_text() and task.stdout.read_text() == ''

    def test_a_task_of_a_gang_is_a_process_of_its_own(self, engine, tmp_path):
        launch = self.launch(tmp_path, *(f'echo $$ > {tmp_path}/pid-{number}; exit {number}' for number in range(4)))
        handle = engine.start(launch)
        assert self.wait_for_end(engine, handle).exit_codes == (0, 1, 2, 3)
        engine.release(handle)
        assert len({pid_in(tmp_path / f'pid-{number}') for number in range(4)}) == 4

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

    def test_after_a_restart_of_the_machine_the_launch_is_lost(self, engine, started, tmp_path, monkeypatch):
        launch = self.launch(tmp_path, self.forever)
        handle = started(launch)
        os.killpg(self.pid_of(launch), signal.SIGKILL)
        monkeypatch.setattr('azext_batchai.service.engines.process._boot_id', lambda: 'another')
        assert self.wait_for_end(self.fresh(engine), handle) == Observation(LOST, (None,))

    @pytest.mark.parametrize('content', ['abc\n', '\n', '-1\n', '1 2\n'])
    def test_an_exit_code_that_is_none_stops_nobody(self, engine, started, tmp_path, content):
        launch = self.launch(tmp_path, f'printf "{content}" > $AZ_BATCHAI_LAUNCH/0.exit')
        handle = started(launch)
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (137,))

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

    # starting

    def test_a_launch_started_twice_runs_once(self, engine, started, tmp_path):
        launch = self.launch(tmp_path, f'echo ran >> {tmp_path}/count; sleep 1000')
        started(launch)
        started(launch)
        engine_after_a_crash = self.fresh(engine)
        engine_after_a_crash.start(launch)
        pid_in(launch.folder / '0.started')
        wait_until(lambda: (tmp_path / 'count').exists(), bool, 'the command to run')
        assert (tmp_path / 'count').read_text() == 'ran\n'

    def test_concurrent_starts_run_the_command_once(self, tmp_path):
        """Two services on one launch folder cannot be, but a crash between start and record comes close."""
        launch = self.launch(tmp_path, f'echo ran >> {tmp_path}/count')
        engines = [ProcessEngine() for _ in range(8)]
        barrier = threading.Barrier(len(engines))

        def start(engine):
            barrier.wait()
            engine.start(launch)
        threads = [threading.Thread(target=start, args=(engine,)) for engine in engines]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        handle = engines[0].start(launch)
        for engine in engines:
            assert self.wait_for_end(engine, handle) == Observation(ENDED, (0,))
        assert (tmp_path / 'count').read_text() == 'ran\n'

    def test_even_past_the_lock_a_second_shell_ends_without_running_anything(self, engine, tmp_path):
        """The guard itself: the shell creates 0.started, and only one can."""
        launch = self.launch(tmp_path, f'echo ran >> {tmp_path}/count')
        launch.folder.mkdir(parents=True)
        (launch.folder / '0.started').write_text('')
        handle = engine.start(launch)
        assert self.wait_for_end(engine, handle).state is ENDED
        assert not (tmp_path / 'count').exists()

    @pytest.mark.parametrize('command, environment, said', [
        pytest.param('echo ' + 'x' * 300_000, {}, 'longer than the system allows', id='command too long'),
        pytest.param('true', {'BIG': 'x' * 300_000}, 'longer than the system allows', id='variable too long'),
        pytest.param('echo a\x00b', {}, 'not usable', id='NUL in the command'),
        pytest.param('true', {'A': 'a\x00b'}, 'not usable', id='NUL in a variable'),
        pytest.param('true', {'A=B': 'x'}, 'not usable', id='= in the name of a variable'),
        pytest.param('echo \ud800', {}, 'not usable', id='half a surrogate pair'),
    ])
    def test_what_can_never_start_is_rejected_with_words_for_the_user(self, engine, tmp_path, command, environment,
                                                                      said):
        launch = self.launch(tmp_path, command)
        launch.tasks[0].environment.update(environment)
        with pytest.raises(LaunchRejected, match=said):
            engine.start(launch)

    def test_a_log_folder_that_is_missing_is_named(self, engine, tmp_path):
        launch = self.launch(tmp_path, 'true')
        task = launch.tasks[0]
        with pytest.raises(LaunchRejected, match='nowhere'):
            engine.start(Launch(launch.id, launch.folder, (
                Task(task.node, task.command, task.environment, task.working_directory, tmp_path / 'nowhere' / 'out',
                     task.stderr),)))

    @pytest.fixture
    def second_spawn_fails(self, monkeypatch):
        """The second process cannot be started, once, and not before the first one runs. The others' process ids."""
        real, pids, calls = os.posix_spawn, [], []

        def spawn(*arguments, **options):
            calls.append(1)
            if len(calls) == 2:
                pid_in(Path(arguments[1][4]).with_name('0.started'))
                raise OSError(errno.EAGAIN, 'Resource temporarily unavailable', '/bin/sh')
            pids.append(real(*arguments, **options))
            return pids[-1]
        monkeypatch.setattr(os, 'posix_spawn', spawn)
        return pids

    def test_a_gang_that_cannot_start_whole_does_not_run_at_all(self, engine, tmp_path, second_spawn_fails):
        with pytest.raises(EngineUnavailable):
            engine.start(self.launch(tmp_path, self.forever, self.forever))
        engine.poll([])
        for pid in second_spawn_fails:
            wait_until_gone(pid)

    def test_a_gang_that_could_not_start_whole_can_be_started_later(self, engine, started, tmp_path,
                                                                    second_spawn_fails):
        waiting = f'while [ ! -e {tmp_path}/go ]; do sleep 0.01; done'
        launch = self.launch(tmp_path, f'{waiting}; exit 1', f'{waiting}; exit 2')
        with pytest.raises(EngineUnavailable):
            engine.start(launch)
        for pid in second_spawn_fails:
            engine.poll([])
            wait_until_gone(pid)
        handle = started(launch)
        (tmp_path / 'go').touch()
        assert self.wait_for_end(engine, handle) == Observation(ENDED, (1, 2))

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

    # nodes of one machine

    def test_a_node_is_a_folder_and_all_of_it_goes(self, engine, cluster):
        node, = self.scaled(engine, cluster, 1)
        (node.folder / 'jobs').mkdir()
        (node.folder / 'jobs' / 'file').write_text('x')
        self.scaled(engine, cluster, 0, [node.id])
        assert not node.folder.exists()

    def test_what_a_leaving_node_links_to_stays(self, engine, cluster, tmp_path):
        node, = self.scaled(engine, cluster, 1)
        share = tmp_path / 'share'
        share.mkdir()
        (share / 'precious').write_text('x')
        (node.folder / 'mounts').mkdir()
        (node.folder / 'mounts' / 'afs').symlink_to(share)
        self.scaled(engine, cluster, 0, [node.id])
        trash = cluster.folder.parent / 'trash'
        wait_until(lambda: list(trash.iterdir()), lambda left: left == [], 'the trash to be empty')
        assert (share / 'precious').read_text() == 'x'

    @pytest.mark.parametrize('count, share', [(1, os.cpu_count()), (2, max(1, os.cpu_count() // 2)),
                                              (200, 1)])
    def test_nodes_share_the_cores_of_the_machine(self, engine, cluster, count, share):
        assert {node.cores for node in self.scaled(engine, cluster, count)} == {share}

    @pytest.mark.parametrize('gpus, count, shares', [(0, 2, [(), ()]), (4, 2, [(0, 2), (1, 3)]), (1, 2, [(0,), ()])])
    def test_nodes_share_the_gpus_there_are(self, engine, cluster, monkeypatch, gpus, count, shares):
        monkeypatch.setattr('azext_batchai.service.engines.process.count_gpus', lambda: gpus)
        assert [node.gpus for node in self.scaled(engine, cluster, count)] == shares

    def test_a_place_that_cannot_hold_nodes_is_an_engine_that_is_unavailable(self, engine, tmp_path):
        (tmp_path / 'file').write_text('')
        with pytest.raises(EngineUnavailable, match='nodes cannot be changed in'):
            engine.scale(EngineCluster(GUID, tmp_path / 'file' / 'nodes'), 1)
