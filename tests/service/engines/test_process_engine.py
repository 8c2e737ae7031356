"""The process engine: the contract, what its tasks see, how they start, and the nodes of one machine."""
import errno
import os
import threading
from pathlib import Path

import pytest
from contract import ENDED, GUID, EngineContract, wait_until
from process_engine_kit import PATH, ProcessEngineUnderTest, pid_in, wait_until_gone

from azext_batchai.service.engines.base import (
    EngineCluster, EngineUnavailable, Launch, LaunchRejected, Observation, Task)
from azext_batchai.service.engines.process import ProcessEngine


class TestProcessEngine(ProcessEngineUnderTest, EngineContract):

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
