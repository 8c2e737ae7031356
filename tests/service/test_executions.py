"""Commands on nodes as real processes: output, ends of every kind, and what a killed service leaves behind."""
import asyncio
import os
import shlex
import sys
import time
from dataclasses import replace

import psutil
import pytest
from exec_call import PATIENCE, ExecCall
from harness import Crash, Harness, cluster_path, job_path, manual
from processes import is_alive

from azext_batchai.service.engines.process import ProcessEngine
from azext_batchai.service.execution import Execution, NodeCommand
from azext_batchai.service.handlers import execution_stream
from azext_batchai.service.recovery import put_away


@pytest.fixture
def real(tmp_path):
    """A service with an engine that runs processes, and an idle node."""
    made = Harness(tmp_path / 'data', ProcessEngine())
    made.service.settings = replace(made.settings, terminate_grace_seconds=0.2)
    made.make_cluster(scaleSettings=manual(1))
    yield made
    put_away(made.store, made.engine, made.folders)
    made.close()


def node_of(harness):
    return harness.store.clusters.nodes(harness.store.clusters.all()[0].resource.guid)[0].id


def path_of(harness, owner=None):
    return f"{owner or cluster_path('c')}/nodes/{node_of(harness)}"


def run(harness, command_line, owner=None):
    """Run a command to its end."""
    async def story():
        return await ExecCall(harness, path_of(harness, owner), command_line).finished()
    return harness.run(story())


async def until(look, what):
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.01)
    return seen


def nothing_is_left(harness):
    return harness.store.executions.all() == [] and list((harness.data_dir / 'launches').glob('*-exec')) == []


# output and exit code

@pytest.mark.parametrize('command_line, out, err, code', [
    ('echo to out; echo to err >&2; exit 7', b'to out\n', b'to err\n', 7),
    ('printf "no newline \\377"', b'no newline \xff', b'', 0),
    ('true', b'', b'', 0),
    ('no-such-command-at-all 2>/dev/null', b'', b'', 127),
    ("cat <<'END'\n$HOME `x`\nEND\n", b'$HOME `x`\n', b'', 0),
    ('read line; echo "[$line]"', b'[]\n', b'', 0),
    ('echo last # a comment', b'last\n', b'', 0),
], ids=lambda value: str(value)[:30])
def test_output_and_exit_code_are_those_of_the_command(real, command_line, out, err, code):
    call = run(real, command_line)
    assert (call.output(), call.output('stderr'), call.end) == (out, err, {'exitCode': code})
    assert nothing_is_left(real)


def test_a_line_that_is_no_shell_says_what_is_wrong_with_it(real):
    call = run(real, 'for')
    assert b'syntax error' in call.output('stderr').lower() and call.end['exitCode'] != 0


def test_a_command_that_is_killed_has_the_exit_code_of_its_signal(real):
    assert run(real, 'echo begun; kill -9 $$').end == {'exitCode': 137}


def test_a_line_longer_than_the_system_takes_is_refused(real):
    answer = real.post(f'{path_of(real)}/exec', json={'commandLine': 'true ' + 'x' * 500_000})
    assert answer.status_code == 400 and 'put them into a script' in answer.json()['error']['message']
    assert nothing_is_left(real)


def test_output_is_seen_while_the_command_runs(real, tmp_path):
    async def story():
        call = ExecCall(real, path_of(real), f'echo one; while [ ! -e {tmp_path}/go ]; do sleep 0.01; done; echo two')
        await call.until(lambda: call.output() == b'one\n', 'the first line')
        (tmp_path / 'go').touch()
        return await call.finished()
    call = real.run(story())
    assert call.output() == b'one\ntwo\n' and call.end == {'exitCode': 0}


def test_the_command_begins_on_the_disk_of_its_node_where_the_mounts_are(real, tmp_path):
    (tmp_path / 'shared').mkdir()
    real.make_cluster('mounted', scaleSettings=manual(1), nodeSetup={'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': f"mount --bind {tmp_path / 'shared'}", 'relativeMountPath': 'work'}]}})
    node = real.store.clusters.nodes(real.store.clusters.find(cluster_path('mounted').lower()).resource.guid)[0].id

    async def story():
        return await ExecCall(real, f"{cluster_path('mounted')}/nodes/{node}",
                              'cd "$AZ_BATCHAI_MOUNT_ROOT/work" && pwd -P; echo x > made; cd "$OLDPWD"; pwd').finished()
    call = real.run(story())
    shared, begin = call.output().decode().split()
    assert shared == str(tmp_path / 'shared') and (tmp_path / 'shared' / 'made').read_text() == 'x\n'
    assert begin.endswith(node)


def test_much_output_comes_whole(real):
    call = run(real, 'head -c 30000000 /dev/zero; head -c 20000000 /dev/zero >&2')
    assert (len(call.output()), len(call.output('stderr'))) == (30_000_000, 20_000_000)


@pytest.mark.skipif(sys.platform != 'linux', reason='looks into /proc')
def test_a_command_waits_for_a_client_that_does_not_read(real):
    """Neither memory nor a disk takes what nobody wants yet."""
    async def story():
        call = ExecCall(real, path_of(real), 'echo $$; exec head -c 20000000 /dev/zero')
        await call.until(call.output, 'the process id')
        call.reading.clear()
        writer = psutil.Process(int(call.output().split(b'\n')[0]))
        counts = []

        def stands_still():
            counts.append(writer.io_counters().write_chars)
            return len(counts) > 20 and len(set(counts[-20:])) == 1
        await until(stands_still, f'it goes on writing: {counts[-3:]}')
        call.reading.set()
        return counts[-1], await call.finished()
    written, call = real.run(story())
    assert written < 2_000_000
    assert len(call.output()) > 20_000_000 and call.end == {'exitCode': 0}


# ends from outside

TREE = ('setsid sh -c \'echo $$ > {0}/apart; exec sleep 600\' & (trap "" TERM; echo $BASHPID > {0}/deaf; '
        'while :; do sleep 1; done) & echo begun; wait')


async def _tree(call, tmp_path):
    """The process ids of a command that resists: one in a session of its own, one deaf to SIGTERM."""
    await call.until(call.output, 'the command to begin')
    files = [tmp_path / 'apart', tmp_path / 'deaf']
    await until(lambda: all(file.exists() and file.read_text().strip() for file in files), 'its processes')
    return [int(file.read_text()) for file in files]


def test_hanging_up_ends_every_process_of_the_command(real, tmp_path):
    async def story():
        call = ExecCall(real, path_of(real), TREE.format(shlex.quote(str(tmp_path))))
        pids = await _tree(call, tmp_path)
        assert all(map(is_alive, pids))
        await call.hang_up()
        return pids
    pids = real.run(story())
    assert not any(map(is_alive, pids)) and nothing_is_left(real)


def test_hanging_up_gives_the_command_time_to_clean_up(real, tmp_path):
    real.service.settings = replace(real.settings, terminate_grace_seconds=PATIENCE)

    async def story():
        call = ExecCall(real, path_of(real), f'trap "head -c 300000 /dev/zero; echo clean > {tmp_path}/up; exit" TERM; '
                                             'echo begun; while :; do sleep 0.01; done')
        await call.until(call.output, 'the command to begin')
        await call.hang_up()
    real.run(story())
    assert (tmp_path / 'up').read_text() == 'clean\n' and nothing_is_left(real)


def test_what_a_command_leaves_in_the_background_neither_holds_it_up_nor_stays(real, tmp_path):
    call = run(real, f'sleep 600 & echo $! > {tmp_path}/pid; echo done')
    assert call.output() == b'done\n' and call.end == {'exitCode': 0}
    pid = int((tmp_path / 'pid').read_text())
    real.run(until(lambda: not is_alive(pid), f'process {pid} stays'))


def test_stopping_a_command_spares_the_job_on_the_node_and_its_folder(real):
    real.submit('j', customToolkitSettings={'commandLine': 'echo $$ > pid; exec sleep 600'})
    real.settle()
    place = real.engine.nodes(real.folders.cluster(real.store.clusters.all()[0].resource.guid))[0].folder
    file = place / 'jobs' / 'w' / 'e' / 'j' / 'pid'

    async def story():
        job_pid = int(await until(lambda: file.exists() and file.read_text(), 'the job to begin'))
        call = ExecCall(real, path_of(real, job_path('j')), 'pwd; sleep 600')
        await call.until(call.output, 'the command to begin')
        assert call.output().decode().strip() == str(file.parent)
        await call.hang_up()
        return job_pid
    job_pid = real.run(story())
    assert is_alive(job_pid) and real.state('j') == 'running'
    real.delete(job_path('j'))
    real.run(until(lambda: real.turn() is None or not is_alive(job_pid), 'the end of the job'))


def test_when_the_service_stops_no_process_stays_and_the_next_start_puts_the_rest_away(real, tmp_path):
    async def story():
        call = ExecCall(real, path_of(real), TREE.format(shlex.quote(str(tmp_path))))
        pids = await _tree(call, tmp_path)
        call.task.cancel()
        await call.finished()
        await until(lambda: not any(map(is_alive, pids)), f'{pids} live on')
        return call
    assert real.run(story()).end['error']['code'] == 'ServiceStopped'
    assert len(real.store.executions.all()) == 1
    put_away(real.store, real.engine, real.folders)
    assert nothing_is_left(real)


# what a killed service leaves behind

def begin(harness, command_line, tmp_path):
    """Start a command as a request does, and forget about it as a killed service does."""
    place = harness.engine.nodes(harness.folders.cluster(harness.store.clusters.all()[0].resource.guid))[0]
    Execution(harness.store, harness.engine, harness.folders, 'x-exec').start(
        NodeCommand(place, command_line, {'PATH': os.environ['PATH']}, tmp_path), harness.now)


def restart(harness):
    harness.engine = ProcessEngine()
    harness.restart()
    put_away(harness.store, harness.engine, harness.folders)


def test_the_next_start_ends_what_a_killed_service_left_running(real, tmp_path):
    begin(real, f'echo $$ > {tmp_path}/pid; exec sleep 600', tmp_path)
    pid = int(real.run(until(lambda: (tmp_path / 'pid').exists() and (tmp_path / 'pid').read_text(), 'no process')))
    restart(real)
    real.run(until(lambda: not is_alive(pid), f'process {pid} lives on'))
    assert nothing_is_left(real)


class CrashingEngine(ProcessEngine):
    crash = ''

    def start(self, launch):
        when, self.crash = self.crash, ''
        if when == 'before':
            raise Crash
        handle = super().start(launch)
        if when == 'after':
            raise Crash
        return handle


@pytest.mark.parametrize('when', ['before', 'after'])
def test_after_a_crash_around_the_start_nothing_runs_and_nothing_is_started(tmp_path, when):
    harness = Harness(tmp_path / 'data', CrashingEngine())
    harness.make_cluster(scaleSettings=manual(1))
    harness.engine.crash = when
    with pytest.raises(Crash):
        begin(harness, f'echo $$ >> {tmp_path}/pid; exec sleep 600', tmp_path)
    assert [record.handle for record in harness.store.executions.all()] == [None]
    if when == 'after':
        harness.run(until(lambda: (tmp_path / 'pid').exists() and (tmp_path / 'pid').read_text(), 'no process'))
    restart(harness)
    assert nothing_is_left(harness)
    if when == 'before':
        assert not (tmp_path / 'pid').exists()
    else:
        pids = (tmp_path / 'pid').read_text().split()
        harness.run(until(lambda: not is_alive(int(pids[0])), f'{pids} live on'))
        assert len(pids) == 1
    harness.close()


def test_commands_that_end_leave_no_descriptor_open(real):
    run(real, 'true')
    before = psutil.Process().num_fds()
    for _ in range(3):
        run(real, 'echo x')
    # Who sweeps up behind them has some open for a moment.
    real.run(until(lambda: psutil.Process().num_fds() <= before, 'descriptors stay open'))


def test_what_cannot_be_ended_at_a_start_is_kept_for_the_next_one(harness):
    """An engine that is away cannot say whether a start that was never confirmed happened."""
    harness.store.executions.intend('x-exec', 'tvm-1', harness.now)
    folder = harness.folders.launch('x-exec')
    folder.mkdir(parents=True)
    harness.engine.unavailable = True
    put_away(harness.store, harness.engine, harness.folders)
    assert [record.id for record in harness.store.executions.all()] == ['x-exec'] and folder.exists()
    harness.engine.unavailable = False
    put_away(harness.store, harness.engine, harness.folders)
    assert nothing_is_left(harness)


def test_a_client_that_does_not_read_holds_nothing_when_the_node_is_gone(real, tmp_path, monkeypatch):
    monkeypatch.setattr(execution_stream, '_LAST_WORDS_SECONDS', 0.2)

    async def story():
        call = ExecCall(real, path_of(real), f'echo $$ > {tmp_path}/pid; exec yes')
        await call.until(call.output, 'the flood')
        call.reading.clear()
        await real.send('PATCH', cluster_path('c'), {'properties': {'scaleSettings': manual(0)}})
        real.turn()
        await call.finished()
    real.run(story())
    assert not is_alive(int((tmp_path / 'pid').read_text())) and nothing_is_left(real)
