"""`az batchai job create` with --wait, --stream and --dry-run."""
from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from installed_az import Az
from rest import job
from watched_jobs import Terminal, ended, go, properties, read_until, start, submit, until_go


def create(az: Az, name: str, command: str, options: str, **more: Any) -> str:
    az.write('job.json', {'properties': properties(command, **more)})
    return f'batchai job create -g demoGroup -n {name} -r c -l eastus -c job.json {options}'


def test_create_and_wait_prints_the_ended_job_and_exits_with_its_code(shared: Az, work: Path) -> None:
    result = shared(create(shared, 'j', 'exit 9', '--wait'))
    assert result.code == 9 and 'failed with exit code 9' in result.problem
    assert (result.json['executionState'], result.json['executionInfo']['exitCode']) == ('failed', 9)
    assert shared.ok(create(shared, 'k', 'true', '--wait')).json['executionState'] == 'succeeded'


def test_create_and_stream_prints_the_log_alone_and_exits_with_the_jobs_code(shared: Az, work: Path) -> None:
    result = shared(create(shared, 'j', 'echo one; sleep 0.3; printf two; echo why >&2; exit 6', '--stream'))
    assert (result.code, result.out) == (6, 'one\ntwo')
    assert result.problem == "Job 'j' failed with exit code 6: Job failed with non-zero exit code (JobFailed)"
    node, stderr = result.problem_details
    assert node.startswith('  nodeId: tvm-') and stderr == '  stderr: why'


def test_ctrl_c_leaves_a_streamed_job_running_and_says_so(shared: Az, work: Path) -> None:
    process = start(shared, create(shared, 'j', f'echo one; {until_go(work)}', '--stream'))
    read_until(process, b'one\n')
    process.send_signal(signal.SIGINT)
    assert ended(process) == (1, b'', "ERROR: Stopped streaming; job 'j' goes on.")
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
