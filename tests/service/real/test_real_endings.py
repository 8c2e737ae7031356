"""How real gangs end: asked to, out of time, by a process that fails, or with their workers."""
import time
from datetime import datetime, timedelta

import pytest
from harness import job_path
from needs import needs_open_mpi
from processes import is_alive
from recorded_jobs import RECORD, WORK

FOUR_BY_MPI = {'customMpiSettings': {'commandLine': f'python3 {RECORD}', 'processCount': 4}}
FOUR_BY_GLOO = {'pyTorchSettings': {'pythonScriptFilePath': RECORD, 'processCount': 4}}
TWO_WORKERS = {'tensorFlowSettings': {'pythonScriptFilePath': RECORD, 'workerCount': 2, 'parameterServerCount': 1}}
ON_EACH_NODE = {'caffe2Settings': {'pythonScriptFilePath': RECORD}}
STUBBORN_SHELL = "trap '' TERM INT HUP; sleep 1000; sleep 1000"
GANGS = {'gloo': FOUR_BY_GLOO, 'mpi': FOUR_BY_MPI}


def moment(text):
    return datetime.fromisoformat(text.replace('Z', '+00:00'))


def need(settings):
    if 'customMpiSettings' in settings:
        needs_open_mpi()


@pytest.mark.parametrize('settings', GANGS.values(), ids=GANGS)
def test_terminate_ends_a_gang_that_ignores_being_asked_within_five_seconds(real, settings):
    need(settings)
    real.ready_cluster(2)
    real.submit_recorded(awaited=4, nodeCount=2, variables={'STAY': '1', 'STUBBORN': '0 1 2 3'}, **settings)
    records = real.wait_for_records(4)
    processes = real.living()
    assert {record.pid for record in records} < {process.pid for process in processes}
    began = time.monotonic()
    assert real.post(f'{job_path("j")}/terminate').status_code == 202
    job = real.wait_for('j', patience=10)
    took = time.monotonic() - began
    assert not any(is_alive(process.pid) for process in processes) and not real.living()
    print(f'terminate: {len(processes)} processes, of which 4 ignored SIGTERM, were gone after {took:.2f} s')
    assert job['executionState'] == 'failed' and real.problem()['code'] == 'JobTerminated'
    assert 'exitCode' not in job['executionInfo'] and took < 5


def test_terminate_ends_children_that_ignore_being_asked_too(real):
    """A shell that ignores a signal hands that on to its children."""
    real.ready_cluster(1)
    real.submit('j', customToolkitSettings={'commandLine': f'({STUBBORN_SHELL}) & {STUBBORN_SHELL}'})
    real.wait_until(lambda: sum(process.name() == 'sleep' for process in real.living()) == 2, 'both shells to sleep')
    processes = real.living()
    real.post(f'{job_path("j")}/terminate')
    real.wait_for('j', patience=10)
    assert len(processes) == 5 and not any(is_alive(process.pid) for process in processes)


def test_a_gang_that_ends_when_asked_is_not_killed(real):
    real.ready_cluster(2)
    real.submit_recorded(awaited=4, nodeCount=2, variables={'STAY': '1'}, **FOUR_BY_GLOO)
    records = real.wait_for_records(4)
    real.post(f'{job_path("j")}/terminate')
    real.wait_for('j')
    launch, = real.launches('j')
    assert not launch.killed and launch.result['exitCodes'] == [143] * 4
    assert not any(is_alive(record.pid) for record in records)


def test_a_job_that_runs_longer_than_it_may_is_stopped(real):
    real.ready_cluster(2)
    (real.work / 'long.sh').write_text('echo begun\nsleep 1000\n')
    job = real.run_job(nodeCount=2, constraints={'maxWallClockTime': 'PT2S'}, pyTorchSettings={
        'pythonScriptFilePath': f'{WORK}/long.sh', 'pythonInterpreterPath': 'sh', 'processCount': 4})
    info = job['executionInfo']
    assert real.problem()['code'] == 'JobMaxWallClockTimeExceeded' and 'exitCode' not in info
    assert moment(info['endTime']) - moment(info['startTime']) >= timedelta(seconds=2)
    assert [real.logs()[f'stdout-{rank}.txt'] for rank in range(4)] == ['begun\n'] * 4
    assert not real.living() and real.counts() == {'idle': 2}


FAILURES = {
    'gloo': (FOUR_BY_GLOO, 4, 2, 'rank 2', 1), 'mpi': (FOUR_BY_MPI, 4, 2, 'rank 2', 1),
    'caffe2': (ON_EACH_NODE, 2, 1, 'rank 1', 1), 'tensorflow': (TWO_WORKERS, 3, 1, 'worker 1', 1),
    'tensorflow-chief': (TWO_WORKERS, 3, 0, 'worker 0', 0)}


@pytest.mark.parametrize('settings, count, rank, process, node', FAILURES.values(), ids=FAILURES)
def test_the_code_of_the_first_that_fails_is_that_of_the_job_and_the_others_are_ended(
        real, settings, count, rank, process, node):
    """The others would stay for ever."""
    need(settings)
    real.ready_cluster(2)
    real.submit_recorded(awaited=count, exit_codes={rank: 42}, nodeCount=2, variables={'STAY': '1'}, **settings)
    job = real.wait_for('j')
    records = real.records()
    assert len(records) == count and not any(is_alive(record.pid) for record in records)
    assert (job['executionState'], job['executionInfo']['exitCode']) == ('failed', 42)
    failed = next(record for record in records if record.rank == rank and record.role != 'ps')
    assert real.problem()['code'] == 'JobFailed' and process in real.problem()['message']
    assert real.detail('process') == process and failed.node == node
    assert real.detail('nodeId') == real.launches('j')[0].nodes[node]
    assert f'err of {failed.pid}' in real.detail('stderr')
    assert real.counts() == {'idle': 2} and not real.living()


def test_a_parameter_server_that_ignores_being_asked_is_ended_and_the_job_succeeds(real):
    real.ready_cluster(2)
    real.submit_recorded(awaited=3, nodeCount=2, variables={'STUBBORN': 'ps'}, **TWO_WORKERS)
    job = real.wait_for('j')
    server = real.records()[-1]
    assert (job['executionState'], job['executionInfo']['exitCode']) == ('succeeded', 0)
    assert server.role == 'ps' and not is_alive(server.pid)
    assert real.launches('j')[0].result['exitCodes'] == [0, 0, 137]


def test_a_process_that_is_killed_fails_the_job_with_the_code_of_its_signal(real):
    real.ready_cluster(2)
    real.submit_recorded(awaited=2, nodeCount=2, variables={'STAY': '1'}, **ON_EACH_NODE)
    first, second = real.wait_for_records(2)
    next(process for process in real.living() if process.pid == second.pid).kill()
    job = real.wait_for('j')
    assert job['executionInfo']['exitCode'] == 137 and real.detail('process') == 'rank 1'
    assert not is_alive(first.pid)


def test_a_gang_outlives_a_service_that_starts_anew_and_ends_as_if_it_had_not(real):
    real.ready_cluster(2)
    real.submit_recorded(awaited=4, exit_codes={1: 7}, nodeCount=2, variables={'STAY': '1'}, **TWO_WORKERS)
    before = real.wait_for_records(3)
    real.restart()
    assert real.state('j') == 'running' and all(is_alive(record.pid) for record in before)
    (real.work / 'records' / 'fourth.json').touch()  # what they all wait for
    job = real.wait_for('j')
    assert job['executionInfo']['exitCode'] == 7 and 'worker 1' in real.problem()['message']
    assert not any(is_alive(record.pid) for record in before)


def test_an_undefined_variable_of_the_service_is_nothing_to_a_command(real):
    real.ready_cluster(1)
    job = real.run_job(customToolkitSettings={
        'commandLine': f'printf "<%s>" "$AZ_BATCHAI_INPUT_NONE" $AZ_BATCHAI_NONE ${{AZ_BATCHAI_NONE}} {WORK}'})
    assert job['executionState'] == 'succeeded'
    assert real.logs()['stdout.txt'].startswith('<></') and real.logs()['stdout.txt'].endswith('/mounts/work>')
