"""Nodes that come and go under real jobs, jobs beside each other, and a job that starts MPI itself."""
import json

import pytest
from examples import place_example
from frameworks import framework_python
from harness import cluster_path, manual
from needs import needs_open_mpi
from processes import is_alive
from recorded_jobs import RECORD, WORK, search_path

from azext_batchai.service.scheduler.plan import Timing

TWO_WORKERS = {'tensorFlowSettings': {'pythonScriptFilePath': RECORD, 'workerCount': 2, 'parameterServerCount': 1}}
# Says that it is there, and ends when there is a file of its job's name.
UNTIL_TOLD = 'echo $$ $AZ_BATCHAI_JOB_TEMP >> {0}.pid; until [ -e {0}.go ]; do sleep 0.02; done; echo went'


def test_two_tensorflow_jobs_at_once_have_ports_of_their_own(real):
    real.ready_cluster(4)
    for name in ('a', 'b'):
        real.submit_recorded(name, awaited=6, nodeCount=2, **TWO_WORKERS)
    assert [real.wait_for(name)['executionState'] for name in ('a', 'b')] == ['succeeded'] * 2
    ports = []
    for name in ('a', 'b'):
        clusters = [json.loads(record.environment['TF_CONFIG'])['cluster'] for record in real.records(name)]
        assert len(clusters) == 3 and clusters[0] == clusters[1] == clusters[2]
        ports.append({host for hosts in clusters[0].values() for host in hosts})
    assert len(ports[0]) == len(ports[1]) == 3 and not ports[0] & ports[1]
    assert not set(real.launches('a')[0].nodes) & set(real.launches('b')[0].nodes)


def start(real, *names, nodes=1):
    """Jobs that run until `go`; the process id of each."""
    for name in names:
        real.submit(name, nodeCount=nodes, customToolkitSettings={'commandLine': UNTIL_TOLD.format(f'{WORK}/{name}')})
    return [first_pid(real, name) for name in names]


def first_pid(real, name, attempt=1):
    """The process id of a job's attempt, once it has begun."""
    file = real.work / f'{name}.pid'
    return int(real.wait_until(lambda: file.exists() and len(lines := file.read_text().splitlines()) >= attempt
                               and lines, f'attempt {attempt} of {name}')[attempt - 1].split()[0])


def go(real, name):
    (real.work / f'{name}.go').touch()
    return real.wait_for(name)


def resize(real, count, option):
    body = {'properties': {'scaleSettings': manual(count, nodeDeallocationOption=option)}}
    assert real.patch(cluster_path('c'), body).status_code == 200


def test_resize_with_requeue_runs_the_job_of_the_leaving_node_again_on_one_that_stays(real):
    real.ready_cluster(2)
    _, moved = start(real, 'a', 'b')
    resize(real, 1, 'requeue')
    real.wait_for('b', 'queued')
    real.wait_until(lambda: real.counts() == {'running': 1}, 'one node')
    assert not is_alive(moved) and real.state('a') == 'running'
    assert go(real, 'a')['executionState'] == 'succeeded'
    assert first_pid(real, 'b', 2) != moved
    assert go(real, 'b')['executionState'] == 'succeeded'
    before, after = real.launches('b')
    assert before.result['stopReason'] == 'resize_requeue' and before.nodes != after.nodes
    assert after.nodes == real.launches('a')[0].nodes and real.logs('b')['stdout.txt'] == 'went\n'


def test_resize_with_terminate_ends_the_job_of_the_leaving_node_for_good(real):
    real.ready_cluster(2)
    kept, ended = start(real, 'a', 'b')
    resize(real, 1, 'terminate')
    assert real.wait_for('b')['executionState'] == 'failed' and real.problem('b')['code'] == 'JobTerminated'
    real.wait_until(lambda: real.counts() == {'running': 1}, 'one node')
    assert is_alive(kept) and not is_alive(ended)
    assert go(real, 'a')['executionState'] == 'succeeded'


def test_resize_that_waits_stops_no_job_and_starts_none(real):
    real.ready_cluster(2)
    pids = start(real, 'a', 'b')
    resize(real, 1, 'waitforjobcompletion')
    real.submit('c', customToolkitSettings={'commandLine': 'echo late'})
    real.settle()
    assert real.states('a', 'b', 'c') == ['running', 'running', 'queued'] and all(map(is_alive, pids))
    assert go(real, 'b')['executionState'] == 'succeeded'
    real.wait_until(lambda: real.counts() == {'running': 1}, 'one node')
    assert real.state('c') == 'queued' and is_alive(pids[0])
    assert go(real, 'a')['executionState'] == 'succeeded'
    assert real.wait_for('c')['executionState'] == 'succeeded'
    assert real.launches('c')[0].nodes == real.launches('a')[0].nodes


def test_a_gang_on_evicted_nodes_really_runs_again_on_others_and_finishes(real):
    """The second attempt has to end before its nodes go too; a slow machine may take another."""
    real.timing = Timing(real.timing.grace, real.timing.idle_delay, eviction=2.0)
    real.restart()
    real.ready_cluster(2, vmPriority='lowpriority')
    (real.work / 'twice.sh').write_text(
        'if mkdir $AZ_BATCHAI_MOUNT_ROOT/work/seen-$AZ_BATCHAI_TASK_INDEX 2>/dev/null; then\n'
        '    echo $$ > $AZ_BATCHAI_MOUNT_ROOT/work/first-$AZ_BATCHAI_TASK_INDEX\n    exec sleep 1000\nfi\n'
        'echo finished\n')
    real.submit('j', nodeCount=2, pyTorchSettings={'pythonScriptFilePath': f'{WORK}/twice.sh',
                                                   'pythonInterpreterPath': 'sh'})
    assert real.wait_for('j')['executionState'] == 'succeeded'
    attempts = real.launches('j')
    assert [launch.attempt for launch in attempts] == list(range(1, len(attempts) + 1)) and len(attempts) > 1
    assert attempts[0].result['stopReason'] == 'evicted' and attempts[-1].result['exitCodes'] == [0, 0]
    assert not set(attempts[0].nodes) & set(attempts[-1].nodes)
    assert not any(is_alive(int((real.work / f'first-{rank}').read_text())) for rank in range(2))
    assert all(real.logs()[f'stdout-{rank}.txt'].endswith('finished\n') for rank in range(2))
    assert not any(list((real.data_dir / 'nodes').glob(f'*/{node}')) for node in attempts[0].nodes)


@pytest.mark.parametrize('options', ['', '-mca btl_tcp_if_exclude docker0,lo '], ids=['plain', 'as-in-recipes'])
def test_a_custom_command_starts_mpi_itself_with_the_host_file(real, options):
    needs_open_mpi()
    real.ready_cluster(2)
    real.submit_recorded(awaited=2, nodeCount=2, customToolkitSettings={
        'commandLine': f'mpirun {options}--allow-run-as-root --hostfile $AZ_BATCHAI_MPI_HOST_FILE -np 2 '
                       f'python3 {RECORD} --rank-of-mpi $OMPI_COMM_WORLD_RANK'})
    assert real.wait_for('j')['executionState'] == 'succeeded', real.logs()
    records = real.records()
    assert [record.environment['OMPI_COMM_WORLD_RANK'] for record in records] == ['0', '1']
    assert {record.environment['OMPI_COMM_WORLD_SIZE'] for record in records} == {'2'}
    assert all(record.environment['AZ_BATCHAI_JOB_TEMP'] == record.folder for record in records)


def test_a_custom_command_that_starts_mpi_itself_exchanges_messages(real, monkeypatch):
    needs_open_mpi()
    monkeypatch.setenv('PATH', search_path(framework_python('mpi4py').parent))
    place_example(real, 'mpi')
    real.ready_cluster(2)
    job = real.run_job(nodeCount=2, customToolkitSettings={
        'commandLine': 'mpirun --allow-run-as-root --hostfile $AZ_BATCHAI_MPI_HOST_FILE '
                       f'-np 2 python3 {WORK}/mpi/sum.py'})
    assert job['executionState'] == 'succeeded', real.logs()
    assert real.logs()['stdout.txt'].count('the sum is 500000500000\n') == 2
