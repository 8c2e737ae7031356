from unittest.mock import patch

import pytest

from azext_batchai.service.toolkits import pytorch
from azext_batchai.service.toolkits.base import Gang
from azext_batchai.service.toolkits.mpi import mpi_tasks

SCRIPT = {'pythonScriptFilePath': 'a.py', 'commandLineArgs': '--rank $AZ_BATCHAI_TASK_INDEX'}
SHOWN = 'python a.py --rank $AZ_BATCHAI_TASK_INDEX'
SHARED_FILE = 'file://$AZ_BATCHAI_SHARED_JOB_TEMP/pytorch-init'
FAR = Gang(('10.0.0.4', '10.0.0.5'))
NEAR = Gang(('127.0.0.1', '127.0.0.1'), first_port=30000)


@pytest.mark.parametrize('backend, shown_backend, method', [
    (None, 'gloo', SHARED_FILE), ('', 'gloo', SHARED_FILE), ('Gloo', 'gloo', SHARED_FILE),
    ('TCP', 'tcp', 'tcp://10.0.0.4:2222')])
def test_each_rank_is_a_process_with_logs_of_its_own(backend, shown_backend, method):
    settings = SCRIPT if backend is None else {**SCRIPT, 'communicationBackend': backend}
    found = pytorch.tasks(settings, FAR)
    assert [(plan.name, plan.node, plan.stdout, plan.stderr, plan.shown, plan.essential) for plan in found] == [
        ('rank 0', 0, 'stdout-0.txt', 'stderr-0.txt', SHOWN, True),
        ('rank 1', 1, 'stdout-1.txt', 'stderr-1.txt', SHOWN, True)]
    assert [plan.environment for plan in found] == [
        {'AZ_BATCHAI_PYTORCH_BACKEND': shown_backend, 'AZ_BATCHAI_PYTORCH_INIT_METHOD': method,
         'AZ_BATCHAI_TASK_INDEX': rank, 'MASTER_ADDR': '10.0.0.4', 'MASTER_PORT': '2222', 'RANK': rank,
         'WORLD_SIZE': '2', 'LOCAL_RANK': '0', 'LOCAL_WORLD_SIZE': '1'} for rank in ('0', '1')]


@pytest.mark.parametrize('count, nodes, local_ranks, local_sizes', [
    (3, [0, 0, 1], ['0', '1', '0'], ['2', '2', '1']), (4, [0, 0, 1, 1], ['0', '1', '0', '1'], ['2'] * 4)])
def test_ranks_fill_one_node_after_the_other(count, nodes, local_ranks, local_sizes):
    found = pytorch.tasks({**SCRIPT, 'processCount': count}, FAR)
    assert [plan.node for plan in found] == nodes
    assert [plan.environment['LOCAL_RANK'] for plan in found] == local_ranks
    assert [plan.environment['LOCAL_WORLD_SIZE'] for plan in found] == local_sizes
    assert {plan.environment['WORLD_SIZE'] for plan in found} == {str(count)}


@pytest.mark.parametrize('platform, interface', [('linux', 'lo'), ('darwin', 'lo0')])
def test_ranks_of_one_machine_meet_on_its_loopback(platform, interface):
    with patch('azext_batchai.service.toolkits.pytorch.sys.platform', platform):
        found = pytorch.tasks({**SCRIPT, 'communicationBackend': 'tcp'}, NEAR)
    for plan in found:
        assert plan.environment['GLOO_SOCKET_IFNAME'] == plan.environment['NCCL_SOCKET_IFNAME'] == interface
        assert plan.environment['AZ_BATCHAI_PYTORCH_INIT_METHOD'] == 'tcp://127.0.0.1:30000'
        assert (plan.environment['MASTER_ADDR'], plan.environment['MASTER_PORT']) == ('127.0.0.1', '30000')


@pytest.mark.parametrize('backend', ['gloo', 'MPI'])
def test_a_lone_process_is_told_nothing_of_others(backend):
    (plan,) = pytorch.tasks({**SCRIPT, 'processCount': 1, 'communicationBackend': backend}, FAR)
    assert plan.environment == {
        'AZ_BATCHAI_PYTORCH_BACKEND': backend.lower(), 'AZ_BATCHAI_TASK_INDEX': '0',
        'AZ_BATCHAI_PYTORCH_INIT_METHOD': SHARED_FILE if backend == 'gloo' else 'tcp://10.0.0.4:2222'}
    assert (plan.node, plan.stdout, plan.stderr, plan.shown) == (0, 'stdout-0.txt', 'stderr-0.txt', SHOWN)


def test_mpi_starts_the_ranks_where_it_is_the_backend():
    settings = {**SCRIPT, 'processCount': 4, 'communicationBackend': 'MPI'}
    found = pytorch.tasks(settings, FAR)
    command = pytorch.python_command(settings)
    expected = mpi_tasks('export AZ_BATCHAI_TASK_INDEX="${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-0}}"; ' + command.text, 4,
                         FAR, SHOWN)
    added = {'AZ_BATCHAI_PYTORCH_BACKEND': 'mpi', 'AZ_BATCHAI_PYTORCH_INIT_METHOD': 'tcp://10.0.0.4:2222',
             'MASTER_ADDR': '10.0.0.4', 'MASTER_PORT': '2222'}
    assert [(plan.command, plan.node, plan.shown) for plan in found] == [
        (plan.command, plan.node, plan.shown) for plan in expected]
    assert all(plan.environment == {**other.environment, **added} for plan, other in zip(found, expected))
    assert {(plan.stdout, plan.stderr) for plan in found} == {('stdout.txt', 'stderr.txt')}
