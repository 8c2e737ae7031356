"""Every toolkit with real processes: which there are, and what each of them is given and leaves behind."""
import json
import re
from pathlib import Path

import pytest
from needs import needs_open_mpi
from recorded_jobs import WORK, bound, recorded_jobs, search_path
from toolkit_cases import CASES

from azext_batchai.service.scheduler.environment import expand

SECRET = 'pa55-$HOME-word'
HOST = re.compile(r'127\.0\.0\.1:(\d+)')
# What every process has, whatever its toolkit.
EVERYWHERE = {
    'AZ_BATCHAI_INPUT_SCRIPT', 'AZ_BATCHAI_JOB_MOUNT_ROOT', 'AZ_BATCHAI_JOB_TEMP', 'AZ_BATCHAI_JOB_TEMP_DIR',
    'AZ_BATCHAI_LAUNCH', 'AZ_BATCHAI_MOUNT_ROOT', 'AZ_BATCHAI_MPI_HOST_FILE', 'AZ_BATCHAI_NUM_GPUS',
    'AZ_BATCHAI_OUTPUT_MODEL', 'AZ_BATCHAI_SHARED_JOB_TEMP', 'AZ_BATCHAI_STDOUTERR_DIR', 'AZ_BATCH_HOST_LIST'}


@pytest.fixture(params=CASES, ids=str, scope='module')
def ran(request, tmp_path_factory):
    """The case, the service, and the records of its processes, once the job has succeeded."""
    if request.param.by_mpi:
        needs_open_mpi()
    with recorded_jobs(tmp_path_factory.mktemp('ran')) as real, pytest.MonkeyPatch.context() as patched:
        patched.setenv('PATH', search_path(real.make_programs(*request.param.programs)))
        yield request.param, real, run_case(real, request.param)


def run_case(real, case):
    more = real.work.with_name('more')
    more.mkdir()
    real.ready_cluster(case.nodes)
    real.submit_recorded(
        awaited=len(case.processes), nodeCount=case.nodes, **case.settings,
        mountVolumes=bound(more, 'more'),
        inputDirectories=[{'id': 'SCRIPT', 'path': WORK}],
        outputDirectories=[{'id': 'MODEL', 'pathPrefix': WORK, 'pathSuffix': 'model'}],
        environmentVariables=[{'name': 'PLAIN', 'value': 'as it is, $HOME'},
                              {'name': 'OF_INDEX', 'value': 'number $AZ_BATCHAI_TASK_INDEX'},
                              {'name': 'OF_OUTPUT', 'value': '${AZ_BATCHAI_OUTPUT_MODEL}/best'}],
        secrets=[{'name': 'KEY', 'value': SECRET}])
    job = real.wait_for('j')
    assert job['executionState'] == 'succeeded', (job['executionInfo'], real.logs())
    return real.records()


def test_a_toolkit_runs_its_processes_with_the_whole_working_set(ran):
    case, real, records = ran
    job, (launch,) = real.job('j'), real.launches('j')
    assert job['executionInfo']['exitCode'] == 0 and 'errors' not in job['executionInfo']
    wanted = [(each.node, each.rank, each.role) for each in case.processes]
    assert [(record.node, record.rank, record.role) for record in records] == wanted
    gpus = {node.id: str(len(node.gpus)) for node in real.engine_nodes()}
    root = real.work / job['jobOutputDirectoryPathSegment']
    for record, process in zip(records, case.processes):
        known = record.environment
        node = real.node_folder(record.node_id)
        temp = node / 'jobs' / 'w' / 'e' / 'j'
        assert {name: known.get(name) for name in process.variables} == process.variables
        assert EVERYWHERE <= set(known)
        assert known['AZ_BATCHAI_MOUNT_ROOT'] == str(node / 'mounts')
        assert known['AZ_BATCHAI_JOB_TEMP'] == known['AZ_BATCHAI_JOB_TEMP_DIR'] == str(temp) == record.folder
        assert known['AZ_BATCHAI_JOB_MOUNT_ROOT'] == str(temp / 'mounts') and record.job_mounts == ['more']
        assert known['AZ_BATCHAI_SHARED_JOB_TEMP'] == str(temp / 'shared')
        assert known['AZ_BATCHAI_MPI_HOST_FILE'] == str(temp / 'hostfile')
        assert record.host_file == f'127.0.0.1 slots={sum(case.slots)} max_slots={sum(case.slots)}\n'
        assert known['AZ_BATCH_HOST_LIST'] == ','.join(['127.0.0.1'] * case.nodes)
        assert known['AZ_BATCHAI_NUM_GPUS'] == gpus[record.node_id]
        assert known['AZ_BATCHAI_INPUT_SCRIPT'] == f'{node}/mounts/work'
        model, logs = Path(known['AZ_BATCHAI_OUTPUT_MODEL']), Path(known['AZ_BATCHAI_STDOUTERR_DIR'])
        assert model.resolve() == root / 'outputs' / 'model' and logs.resolve() == root / 'stdouterr'
        assert {'AZ_BATCHAI_OUTPUT_MODEL', 'AZ_BATCHAI_STDOUTERR_DIR'} <= set(record.folders)
        index = process.variables.get('AZ_BATCHAI_TASK_INDEX', '') if case.name != 'pytorch-mpi' else ''
        assert known['OF_INDEX'] == f'number {index}' and known['OF_OUTPUT'] == f'{model}/best'
        assert known['PLAIN'] == 'as it is, $HOME' and known['KEY'] == SECRET
        user = ['--name', 'two words', '--model', str(model), f'--key={SECRET}']
        assert record.arguments == [expand(text, known) for text in case.first] + user
    assert len({record.shared for record in records}) == 1
    assert launch.nodes == sorted(launch.nodes) and len(launch.nodes) == case.nodes


def test_a_toolkit_writes_the_logs_of_its_table(ran):
    case, real, records = ran
    logs, nodes = real.logs(), real.launches('j')[0].nodes
    journals = ['execution.log'] if len(nodes) == 1 else [f'execution-{node}.log' for node in nodes]
    names = {f'{stream}{each.log}.txt' for each in case.processes for stream in ('stdout', 'stderr')}
    assert set(logs) == names | set(journals)
    for stream, word in (('stdout', 'out'), ('stderr', 'err')):
        for name in sorted(name for name in names if name.startswith(stream)):
            writers = [f'{word} of {record.pid}' for record, each in zip(records, case.processes)
                       if f'{stream}{each.log}.txt' == name]
            # Shells and mpirun may have something to say too, on standard error.
            lines = [line for line in logs[name].splitlines() if stream == 'stdout' or line.startswith(word)]
            assert sorted(lines) == sorted(writers)


def test_a_toolkit_tells_its_steps_in_the_execution_log(ran):
    case, real, records = ran
    for node in range(case.nodes):
        told = real.journal(node)
        here = [record.pid for record in records if record.node == node]
        assert told.count(' begins: ') == (1 if case.by_mpi else len(here))  # MPI has one of ours on each node
        assert told.count(' ended, exit code ') == told.count(' begins: ')
        assert f'attempt 1 on {", ".join(real.launches("j")[0].nodes)}\n' in told and ' succeeded after ' in told
    told = real.journal()
    assert '--name "two words"  --model /' in told and '--key=***' in told and 'exit code 0' in told
    assert not any(SECRET in text for text in real.logs().values())


def test_the_ports_of_a_gang_are_different_and_free(real):
    """TF_CONFIG and the lists of hosts say the same on every process."""
    case = next(case for case in CASES if case.name == 'tensorflow')
    real.ready_cluster(case.nodes)
    real.submit_recorded(awaited=5, nodeCount=2, **case.settings)
    assert real.wait_for('j')['executionState'] == 'succeeded'
    records = real.records()
    first = records[0].environment
    workers, servers = (first[f'AZ_BATCHAI_{kind}_HOSTS'].split(',') for kind in ('WORKER', 'PS'))
    ports = [int(HOST.fullmatch(host)[1]) for host in workers + servers]
    assert len(set(ports)) == 5 and all(2222 <= port < 32768 for port in ports)
    for record in records:
        assert json.loads(record.environment['TF_CONFIG']) == {
            'cluster': {'chief': workers[:1], 'worker': workers[1:], 'ps': servers}, 'environment': 'cloud',
            'task': {'type': record.role, 'index': record.rank - (record.role == 'worker')}}
        assert record.environment['AZ_BATCHAI_WORKER_HOSTS'] == ','.join(workers)
        assert record.environment['AZ_BATCHAI_PS_HOSTS'] == ','.join(servers)


@pytest.mark.parametrize('backend, method', [('gloo', r'file:///.*/shared/pytorch-init'),
                                             ('tcp', r'tcp://127\.0\.0\.1:\d+'), ('mpi', r'tcp://127\.0\.0\.1:\d+')])
def test_the_ranks_of_pytorch_are_told_one_place_to_meet(real, backend, method):
    case = next(case for case in CASES if case.name == f'pytorch-{backend}')
    if case.by_mpi:
        needs_open_mpi()
    real.ready_cluster(2)
    real.submit_recorded(awaited=len(case.processes), nodeCount=2, **case.settings)
    assert real.wait_for('j')['executionState'] == 'succeeded'
    records = real.records()
    for record in records:
        assert re.fullmatch(method, record.environment['AZ_BATCHAI_PYTORCH_INIT_METHOD'])
        assert record.environment['MASTER_PORT'].isdigit()
    found = {record.environment['AZ_BATCHAI_PYTORCH_INIT_METHOD'] for record in records}
    shared = {Path(method.removeprefix('file://')).resolve() if backend == 'gloo' else method for method in found}
    assert len(shared) == len({record.environment['MASTER_PORT'] for record in records}) == 1
