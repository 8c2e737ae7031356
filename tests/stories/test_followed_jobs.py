"""Jobs that are waited for and watched: `job wait`, `job file stream`, `job create --wait` and `--stream`."""
from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from installed_az import AZ, Az
from rest import ACCOUNT, cluster, job, workspace

EXPERIMENT = f"{workspace('demoGroup')}/experiments/migrated"
_PATIENCE_SECONDS = 30


@pytest.fixture
def work(shared: Az, tmp_path: Path) -> Path:
    """A folder that the nodes of cluster c see as $AZ_BATCHAI_MOUNT_ROOT/work; jobs hold files there that say 'go'."""
    return _work(shared, tmp_path)


def _work(az: Az, tmp_path: Path) -> Path:
    folder = tmp_path / 'work'
    folder.mkdir()
    rest = az.rest()
    rest.call('PUT', workspace('demoGroup'), {'location': 'eastus'})
    rest.call('PUT', EXPERIMENT)
    status, body = rest.call('PUT', cluster('c'), {'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT, 'scaleSettings': {'manual': {'targetNodeCount': 2}},
        'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
            {'mountCommand': f'mount --bind {folder}', 'relativeMountPath': 'work'}]}}}})
    assert status == 202, body
    rest.wait_for_idle('c', 2)
    return folder


def properties(command: str, **more: Any) -> dict[str, Any]:
    return {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
            'customToolkitSettings': {'commandLine': command}, **more}


def submit(az: Az, name: str, command: str, **more: Any) -> None:
    status, body = az.rest().call('PUT', job(name), {'properties': {
        'cluster': {'id': cluster('c')}, **properties(command, **more)}})
    assert status == 202, body


def until_go(work: Path) -> str:
    """Shell text that waits for the test to say go."""
    return f'while [ ! -e {work}/go ]; do sleep 0.02; done'


def go(work: Path) -> None:
    (work / 'go').touch()


def start(az: Az, line: str) -> subprocess.Popen[bytes]:
    return az.popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, bytes, str]:
    """Exit status, what it printed, and its words to people, az's own warning left out."""
    out, err = process.communicate(timeout=_PATIENCE_SECONDS)
    assert b'Traceback' not in err, err
    words = [line for line in err.decode().splitlines() if 'behavior of this command has been altered' not in line]
    return process.returncode, out, '\n'.join(words)


def read_until(process: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    assert process.stdout is not None
    read = b''
    while wanted not in read:
        block = os.read(process.stdout.fileno(), 4096)
        assert block, f'it ended after {read!r}'
        read += block
    return read


# job wait

def test_wait_exits_with_the_jobs_own_exit_code_and_prints_nothing(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'{until_go(work)}; exit 7')
    waiting = start(shared, 'batchai job wait -g demoGroup -n j')
    shared.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    go(work)
    assert ended(waiting) == (
        7, b'', "ERROR: Job 'j' failed with exit code 7: Job failed with non-zero exit code (JobFailed)")
    again = shared('batchai job wait -g demoGroup -w migrated-eastus -e migrated -n j')
    assert (again.code, again.out) == (7, '')


def test_waiting_for_a_job_that_succeeds_succeeds(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'true')
    result = shared.ok('batchai job wait -g demoGroup -n j')
    assert result.out == '' and 'ERROR' not in result.err


def test_a_terminated_job_counts_as_143(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'sleep 600')
    waiting = start(shared, 'batchai job wait -g demoGroup -n j')
    shared.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    shared.rest().call('POST', f"{job('j')}/terminate")
    status, _, said = ended(waiting)
    assert status == 143 and said == (
        "ERROR: Job 'j' failed: The specified job has been terminated by the user (JobTerminated)")


def test_an_interval_of_whole_seconds_is_a_number(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'exit 4')
    assert shared('batchai job wait -g demoGroup -n j --interval 5').code == 4


def test_time_that_is_up_ends_the_wait_and_not_the_job(shared: Az, work: Path) -> None:
    submit(shared, 'j', until_go(work))
    shared.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    result = shared('batchai job wait -g demoGroup -n j --timeout 0.5')
    assert result.code == 1
    assert result.problem == "After 0.5 seconds (--timeout) job 'j' is running. It goes on."
    assert shared.rest().properties(job('j'))['executionState'] == 'running'
    go(work)


def test_a_condition_may_be_waited_for(shared: Az, work: Path) -> None:
    submit(shared, 'j', until_go(work))
    met = shared.ok("batchai job wait -g demoGroup -n j --custom \"executionState=='running'\"")
    assert met.out == ''
    go(work)
    shared.rest().wait_for_job('j')
    result = shared("batchai job wait -g demoGroup -n j --custom \"executionState=='failed'\"")
    assert result.code == 1 and 'cannot come true any more' in result.problem
    result = shared('batchai job wait -g demoGroup -n j --custom "executionState==["')
    assert result.code == 1 and 'is not a usable JMESPath expression' in result.problem


def test_a_job_that_is_deleted_during_the_wait_is_named(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'sleep 600')
    waiting = start(shared, 'batchai job wait -g demoGroup -n j --timeout 25')
    shared.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    # A second command that has come back shows that the first has found the job.
    shared.ok('batchai job show -g demoGroup -n j')
    shared.rest().call('DELETE', job('j'))
    status, _, said = ended(waiting)
    assert status == 3 and "Job 'j' was deleted while this command waited for it" in said


def test_a_job_that_is_not_there_is_not_waited_for(shared: Az, work: Path) -> None:
    result = shared('batchai job wait -g demoGroup -n nobody')
    assert result.code == 3 and "no job 'nobody'" in result.problem


def test_a_wait_outlives_a_restart_of_the_service(own: Az, tmp_path: Path) -> None:
    work = _work(own, tmp_path)
    submit(own, 'j', f'{until_go(work)}; exit 5')
    waiting = start(own, 'batchai job wait -g demoGroup -n j')
    own.ok('batchai job show -g demoGroup -n j')
    own.ok('batchai service stop')
    go(work)
    own.ok('batchai service start -o none')
    status, _, said = ended(waiting)
    assert status == 5 and 'failed with exit code 5' in said


def test_a_service_that_ends_answers_held_requests_in_order(own: Az, tmp_path: Path) -> None:
    work = _work(own, tmp_path)
    submit(own, 'j', f'echo one; {until_go(work)}')
    streams = [start(own, f'batchai job file stream -g demoGroup -j j {option}') for option in ('', '--all')]
    for stream in streams:
        read_until(stream, b'one\n')
    own.ok('batchai service stop')
    assert 'Traceback' not in (own.data_dir / 'service.log').read_text('utf-8')
    go(work)
    own.ok('batchai service start -o none')
    assert [ended(stream)[:2] for stream in streams] == [(0, b''), (0, b'')]


# on a terminal

class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, az: Az, line: str):
        self.seen = b''
        self._child, self._screen = pty.fork()
        if not self._child:
            os.chdir(az.folder)
            os.execve(AZ, ['az', *line.split()], {**az.environment, 'TERM': 'xterm'})

    def read_until(self, wanted: bytes) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while wanted not in self.seen:
            assert time.monotonic() < deadline, self.seen
            assert self._read(), self.seen

    def press_ctrl_c(self) -> None:
        os.write(self._screen, b'\x03')

    def end(self) -> int:
        """The exit status, once the command has ended."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, self.seen
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self._child, 0)[1])

    def _read(self) -> bool:
        if not select.select([self._screen], [], [], 1)[0]:
            return True
        try:
            block = os.read(self._screen, 4096)
        except OSError:  # Linux says so when nobody has the other side open any more
            return False
        self.seen += block
        return bool(block)


def test_ctrl_c_during_a_wait_leaves_the_job_running_and_the_terminal_clean(shared: Az, work: Path) -> None:
    submit(shared, 'j', until_go(work))
    terminal = Terminal(shared, 'batchai job wait -g demoGroup -n j')
    terminal.read_until(b"job 'j' is running")
    terminal.press_ctrl_c()
    assert terminal.end() == 1
    assert b"Job 'j' goes on; this command no longer waits for it." in terminal.seen
    assert b'Traceback' not in terminal.seen and b'\x1b[?25l' not in terminal.seen
    last_turn = terminal.seen.rindex(b"job 'j' is running")
    assert b'\x1b[K' in terminal.seen[last_turn:] or b'\n' in terminal.seen[last_turn:]
    assert shared.rest().properties(job('j'))['executionState'] == 'running'
    go(work)


COLOURED = r'printf "\033[31mred\033[0m \033]0;title\007plain\a\n"'


def test_escapes_pass_to_a_terminal_as_the_job_wrote_them(shared: Az, work: Path) -> None:
    submit(shared, 'j', COLOURED)
    terminal = Terminal(shared, 'batchai job file stream -g demoGroup -j j')
    assert terminal.end() == 0
    assert b'\x1b[31mred\x1b[0m \x1b]0;title\x07plain\x07\r\n' in terminal.seen


def test_elsewhere_escapes_are_left_out_of_text_and_binary_files_stay_as_they_are(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'{COLOURED}; cd "$AZ_BATCHAI_OUTPUT_MODEL"; printf "\\211PNG\\r\\n\\032\\n\\033[1m\\000" > '
                        'picture; printf "\\033[1mloss\\033[0m\\n" > text',
           outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    shared.rest().wait_for_job('j')
    line = 'batchai job file stream -g demoGroup -j j'
    assert ended(start(shared, line)) == (0, b'red plain\n', '')
    assert ended(start(shared, f'{line} -d MODEL -f picture'))[:2] == (0, b'\x89PNG\r\n\x1a\n\x1b[1m\x00')
    assert ended(start(shared, f'{line} -d MODEL -f text'))[:2] == (0, b'loss\n')


# job file stream

def test_a_stream_prints_the_tail_and_characters_that_a_read_cut(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'printf "a\\342\\202"; {until_go(work)}; printf "\\254 and the tail"')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j -f stdout.txt')
    begun = read_until(stream, b'a\xe2\x82')
    go(work)
    status, rest, said = ended(stream)
    assert (status, (begun + rest).decode(), said) == (0, 'a€ and the tail', '')


def test_without_a_name_the_standard_output_is_followed_and_other_logs_by_name(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'echo out; echo err >&2; mkdir "$AZ_BATCHAI_STDOUTERR_DIR/sub"; '
                        'echo deep > "$AZ_BATCHAI_STDOUTERR_DIR/sub/f"')
    shared.rest().wait_for_job('j')
    for options, printed in (('', b'out\n'), ('-f stderr.txt', b'err\n'), ('-p sub -f f', b'deep\n'),
                             ('-f sub/f', b'deep\n')):
        assert ended(start(shared, f'batchai job file stream -g demoGroup -j j {options}')) == (0, printed, '')


def test_all_follows_every_log_of_every_rank_in_whole_lines(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'cd "$AZ_BATCHAI_STDOUTERR_DIR"; printf "one\\ntw" > stdout-1.txt; echo here; '
                        f'{until_go(work)}; echo o >> stdout-1.txt; echo late > stderr-1.txt; printf unfinished')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j --all')
    read_until(stream, b'stdout-1.txt: one\n')
    go(work)
    status, rest, said = ended(stream)
    assert (status, said) == (0, '')
    lines = rest.decode().splitlines()
    assert set(lines) - {'stdout.txt: here'} == {
        'stdout-1.txt: two', 'stderr-1.txt: late', 'stdout.txt: unfinished'}


def test_many_writers_lose_no_line_and_cut_none(shared: Az, work: Path) -> None:
    ranks, lines = 8, 400
    submit(shared, 'j', 'cd "$AZ_BATCHAI_STDOUTERR_DIR"; for rank in 0 1 2 3 4 5 6 7; do (for n in $(seq 400); do '
                        'echo "$rank:$n:äöü€"; [ $((n % 50)) != 0 ] || sleep 0.05; done > stdout-$rank.txt) & done; '
                        'wait')
    status, printed, _ = ended(start(shared, 'batchai job file stream -g demoGroup -j j --all'))
    by_rank: dict[str, list[str]] = {}
    for line in printed.decode().splitlines():
        name, _, text = line.partition(': ')
        by_rank.setdefault(name, []).append(text)
    assert status == 0
    assert by_rank == {f'stdout-{rank}.txt': [f'{rank}:{n}:äöü€' for n in range(1, lines + 1)]
                       for rank in range(ranks)}


def test_a_file_that_shrinks_is_shown_anew_and_one_that_vanishes_is_said(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'cd "$AZ_BATCHAI_OUTPUT_MODEL"; echo a long first line > f; {until_go(work)}; '
                        f'echo short > f; while [ ! -e {work}/vanish ]; do sleep 0.02; done; rm f; '
                        f'while [ ! -e {work}/end ]; do sleep 0.02; done',
           outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    stream = start(shared, 'batchai job file stream -g demoGroup -j j -d MODEL -f f')
    read_until(stream, b'a long first line\n')
    go(work)
    read_until(stream, b'short\n')
    (work / 'vanish').touch()
    assert stream.stderr is not None
    words = b''
    while b'is gone' not in words:
        words += stream.stderr.readline()
    (work / 'end').touch()
    assert ended(stream) == (0, b'', '')
    assert words.count(b"'f' has become shorter; it is shown from its beginning again.") == 1


def test_a_job_that_is_deleted_while_it_is_streamed_is_named(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'echo one; sleep 600')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j')
    read_until(stream, b'one\n')
    shared.rest().call('DELETE', job('j'))
    status, _, said = ended(stream)
    assert status == 3 and said == "ERROR: Job 'j' was deleted while its log was followed."


@pytest.mark.parametrize('options, problem', [
    ('-p ../.. -f f', '--path/-p'), ('-f ../../f', '--file-name/-f'), ('-d MODEL', 'Say which file'),
    ('-f stdout.txt --all', '--all is for every file'), ('-d NONE -f f', "'NONE' is not the id"),
    ('-f nothing.txt', "ended without writing 'nothing.txt'; the directory holds: execution.log, stderr.txt, ")])
def test_what_cannot_be_streamed_is_refused_in_one_line(shared: Az, work: Path, options: str, problem: str) -> None:
    submit(shared, 'j', 'true', outputDirectories=[
        {'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    shared.rest().wait_for_job('j')
    result = shared(f'batchai job file stream -g demoGroup -j j {options}')
    assert result.code in (1, 2, 3) and problem in result.problem


def test_a_stream_ends_when_its_reader_leaves_though_there_is_nothing_to_print(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'echo one; {until_go(work)}')
    stream = start(shared, 'batchai job file stream -g demoGroup -j j')
    read_until(stream, b'one\n')
    assert stream.stdout is not None and stream.stderr is not None
    stream.stdout.close()
    assert stream.wait(_PATIENCE_SECONDS) == 0
    assert b'Traceback' not in stream.stderr.read()
    assert shared.rest().properties(job('j'))['executionState'] == 'running'
    go(work)


# job create --wait, --stream, --dry-run

def create(az: Az, name: str, command: str, options: str, **more: Any) -> str:
    az.write('job.json', {'properties': properties(command, **more)})
    return f'batchai job create -g demoGroup -n {name} -r c -l eastus -c job.json {options}'


def test_create_and_wait_prints_the_ended_job_and_exits_with_its_code(shared: Az, work: Path) -> None:
    result = shared(create(shared, 'j', 'exit 9', '--wait'))
    assert result.code == 9 and 'failed with exit code 9' in result.problem
    assert (result.json['executionState'], result.json['executionInfo']['exitCode']) == ('failed', 9)
    assert shared.ok(create(shared, 'k', 'true', '--wait')).json['executionState'] == 'succeeded'


def test_create_and_stream_prints_the_log_alone_and_exits_with_the_jobs_code(shared: Az, work: Path) -> None:
    result = shared(create(shared, 'j', 'echo one; sleep 0.3; printf two; exit 6', '--stream'))
    assert (result.code, result.out) == (6, 'one\ntwo')
    assert result.problem == "Job 'j' failed with exit code 6: Job failed with non-zero exit code (JobFailed)"


def test_ctrl_c_leaves_a_streamed_job_running_and_says_so(shared: Az, work: Path) -> None:
    process = start(shared, create(shared, 'j', f'echo one; {until_go(work)}', '--stream'))
    read_until(process, b'one\n')
    process.send_signal(signal.SIGINT)
    assert ended(process) == (1, b'', "WARNING: Stopped streaming; job 'j' goes on.")
    assert shared.rest().properties(job('j'))['executionState'] == 'running'
    go(work)


def test_ctrl_c_leaves_a_created_job_running_and_says_so(shared: Az, work: Path) -> None:
    terminal = Terminal(shared, create(shared, 'j', until_go(work), '--wait'))
    terminal.read_until(b"job 'j' is running")
    terminal.press_ctrl_c()
    assert terminal.end() == 1 and b"Job 'j' goes on" in terminal.seen
    assert shared.rest().properties(job('j'))['executionState'] == 'running'
    go(work)


def test_waiting_and_not_waiting_exclude_each_other_before_anything_is_made(shared: Az, work: Path) -> None:
    for option in ('--wait', '--stream'):
        result = shared(create(shared, 'j', 'true', f'{option} --no-wait'))
        assert result.code == 1 and result.problem == f'--no-wait is at odds with {option}; leave one of them out.'
    assert shared.rest().call('GET', job('j'))[0] == 404


def test_a_submission_that_fails_is_not_followed(shared: Az, work: Path) -> None:
    submit(shared, 'j', 'true')
    shared.rest().wait_for_job('j')
    result = shared(create(shared, 'j', 'exit 9', '--wait'))
    assert result.code == 1 and 'already exists' in result.problem


def test_a_job_that_never_wrote_a_log_still_gives_its_exit_code(shared: Az, work: Path) -> None:
    stream = start(shared, create(shared, 'j', 'true', '--stream', nodeCount=2, jobPreparation={
        'commandLine': 'exit 11'}))
    status, printed, said = ended(stream)
    assert (status, printed) == (11, b'') and 'JobPreparationFailed' in said


def test_a_dry_run_shows_the_request_without_secrets_and_sends_nothing(shared: Az, work: Path) -> None:
    secrets = [{'name': 'TOKEN', 'value': 'hush-hush'}]
    result = shared.ok(create(shared, 'j', 'true', '--dry-run', secrets=secrets))
    assert 'hush-hush' not in result.out + result.err
    request = result.json
    assert request['method'] == 'PUT' and f"{job('j')}?api-version=2018-05-01".lower() in request['url'].lower()
    assert request['body']['properties']['customToolkitSettings'] == {'commandLine': 'true'}
    assert request['body']['properties']['cluster']['id'].endswith('/clusters/c')
    assert shared.rest().call('GET', job('j'))[0] == 404
    shared.write('job.json', {'properties': {**properties('true'), 'nodeCont': 1}})
    refused = shared('batchai job create -g demoGroup -n j -r c -l eastus -c job.json --dry-run')
    assert refused.code == 1 and 'nodeCont' in refused.problem


def test_several_jobs_may_be_waited_for_together(shared: Az, work: Path) -> None:
    for name, code in (('a', 0), ('b', 7)):
        submit(shared, name, f'exit {code}')
    ids = ' '.join(shared.rest().call('GET', job(name))[1]['id'] for name in ('a', 'b'))
    result = shared(f'batchai job wait --ids {ids}')
    assert result.code == 7 and "Job 'b' failed with exit code 7" in result.problem
