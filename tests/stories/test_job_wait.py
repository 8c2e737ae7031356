"""`az batchai job wait`."""
from __future__ import annotations

from pathlib import Path

from installed_az import Az
from rest import job
from watched_jobs import Terminal, ended, go, read_until, start, submit, until_go, with_cluster


def test_wait_exits_with_the_jobs_own_exit_code_and_prints_nothing(shared: Az, work: Path) -> None:
    submit(shared, 'j', f'{until_go(work)}; exit 7')
    waiting = start(shared, 'batchai job wait -g demoGroup -n j')
    shared.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    go(work)
    code, out, said = ended(waiting)
    assert (code, out, said.splitlines()[0]) == (
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
    work = with_cluster(own, tmp_path)
    submit(own, 'j', f'{until_go(work)}; exit 5')
    waiting = start(own, 'batchai job wait -g demoGroup -n j')
    own.ok('batchai job show -g demoGroup -n j')
    own.ok('batchai service stop')
    go(work)
    own.ok('batchai service start -o none')
    status, _, said = ended(waiting)
    assert status == 5 and 'failed with exit code 5' in said


def test_a_service_that_ends_answers_held_requests_in_order(own: Az, tmp_path: Path) -> None:
    work = with_cluster(own, tmp_path)
    submit(own, 'j', f'echo one; {until_go(work)}')
    streams = [start(own, f'batchai job file stream -g demoGroup -j j {option}') for option in ('', '--all')]
    for stream in streams:
        read_until(stream, b'one\n')
    own.ok('batchai service stop')
    assert 'Traceback' not in (own.data_dir / 'service.log').read_text('utf-8')
    go(work)
    own.ok('batchai service start -o none')
    assert [ended(stream)[:2] for stream in streams] == [(0, b''), (0, b'')]


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


def test_several_jobs_may_be_waited_for_together(shared: Az, work: Path) -> None:
    for name, code in (('a', 0), ('b', 7)):
        submit(shared, name, f'exit {code}')
    ids = ' '.join(shared.rest().call('GET', job(name))[1]['id'] for name in ('a', 'b'))
    result = shared(f'batchai job wait --ids {ids}')
    assert result.code == 7 and "Job 'b' failed with exit code 7" in result.problem
