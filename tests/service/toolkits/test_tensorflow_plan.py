import json

import pytest

from azext_batchai.service.toolkits import tensorflow
from azext_batchai.service.toolkits.base import Gang

SCRIPT = {'pythonScriptFilePath': 'a.py'}
NAMED = {**SCRIPT, 'masterCommandLineArgs': '--master', 'workerCommandLineArgs': '--worker',
         'parameterServerCommandLineArgs': '--ps'}


def gang(node_count, **more):
    return Gang(tuple(f'10.0.0.{4 + index}' for index in range(node_count)), **more)


def plans(settings, gang):
    return {plan.name: plan for plan in tensorflow.tasks({**SCRIPT, **settings}, gang)}


def test_two_nodes_have_the_documented_ports_hosts_and_logs():
    found = tensorflow.tasks(NAMED, gang(2))
    hosts = {'AZ_BATCHAI_PS_HOSTS': '10.0.0.4:2222', 'AZ_BATCHAI_WORKER_HOSTS': '10.0.0.4:2223,10.0.0.5:2222',
             'KERAS_BACKEND': 'tensorflow'}
    cluster = {'chief': ['10.0.0.4:2223'], 'worker': ['10.0.0.5:2222'], 'ps': ['10.0.0.4:2222']}
    assert [(plan.name, plan.node, plan.stdout, plan.stderr, plan.shown, plan.essential) for plan in found] == [
        ('worker 0', 0, 'stdout-wk-0.txt', 'stderr-wk-0.txt', 'python a.py --master', True),
        ('worker 1', 1, 'stdout-wk-1.txt', 'stderr-wk-1.txt', 'python a.py --worker', True),
        ('parameter server 0', 0, 'stdout-ps-0.txt', 'stderr-ps-0.txt', 'python a.py --ps', False)]
    tasks = [{'type': 'chief', 'index': 0}, {'type': 'worker', 'index': 0}, {'type': 'ps', 'index': 0}]
    indices = ['0', '1', '0']
    for plan, task, index in zip(found, tasks, indices):
        environment = dict(plan.environment)
        assert json.loads(environment.pop('TF_CONFIG')) == {'cluster': cluster, 'task': task, 'environment': 'cloud'}
        environment.pop('LOCAL_RANK', None)
        assert environment == {**hosts, 'AZ_BATCHAI_TASK_INDEX': index}
        assert plan.command.endswith(plan.shown.removeprefix('python a.py'))


@pytest.mark.parametrize('settings, node_count, workers, servers', [
    ({}, 1, [0], []), ({}, 2, [0, 1], [0]), ({}, 3, [0, 1, 2], [0]), ({'workerCount': 2}, 1, [0, 0], [0]),
    ({'workerCount': 1}, 2, [0], [0]), ({'workerCount': 5, 'parameterServerCount': 2}, 2, [0, 1, 0, 1, 0], [0, 1]),
    ({'parameterServerCount': 0}, 2, [0, 1], [])])
def test_workers_go_round_the_nodes_and_each_server_has_a_node(settings, node_count, workers, servers):
    found = plans(settings, gang(node_count))
    assert {name: plan.node for name, plan in found.items()} == {
        **{f'worker {index}': node for index, node in enumerate(workers)},
        **{f'parameter server {index}': node for index, node in enumerate(servers)}}


def test_several_processes_of_a_node_count_ports_and_local_ranks_up():
    found = plans({'workerCount': 4, 'parameterServerCount': 2}, gang(2))
    assert found['worker 0'].environment['AZ_BATCHAI_PS_HOSTS'] == '10.0.0.4:2222,10.0.0.5:2222'
    assert found['worker 0'].environment['AZ_BATCHAI_WORKER_HOSTS'] == (
        '10.0.0.4:2223,10.0.0.5:2223,10.0.0.4:2224,10.0.0.5:2224')
    assert [found[f'worker {index}'].environment['LOCAL_RANK'] for index in range(4)] == ['0', '0', '1', '1']
    config = json.loads(found['worker 3'].environment['TF_CONFIG'])
    assert config['task'] == {'type': 'worker', 'index': 2}
    assert config['cluster']['worker'][2] == '10.0.0.5:2224'


def test_nodes_of_one_machine_share_its_ports():
    found = plans({}, Gang(('127.0.0.1',) * 2, first_port=30000))
    assert found['worker 0'].environment['AZ_BATCHAI_PS_HOSTS'] == '127.0.0.1:30000'
    assert found['worker 0'].environment['AZ_BATCHAI_WORKER_HOSTS'] == '127.0.0.1:30001,127.0.0.1:30002'


def test_a_lone_worker_is_no_cluster():
    (plan,) = tensorflow.tasks(NAMED, gang(1))
    assert plan.environment == {'AZ_BATCHAI_TASK_INDEX': '0', 'AZ_BATCHAI_WORKER_HOSTS': '10.0.0.4:2222',
                                'AZ_BATCHAI_PS_HOSTS': '', 'KERAS_BACKEND': 'tensorflow'}
    assert (plan.stdout, plan.stderr, plan.shown) == ('stdout-wk-0.txt', 'stderr-wk-0.txt', 'python a.py --master')


def test_a_cluster_has_no_empty_lists():
    config = json.loads(plans({'workerCount': 1}, gang(2))['worker 0'].environment['TF_CONFIG'])
    assert config['cluster'] == {'chief': ['10.0.0.4:2223'], 'ps': ['10.0.0.4:2222']}
    config = json.loads(plans({'parameterServerCount': 0}, gang(2))['worker 0'].environment['TF_CONFIG'])
    assert config['cluster'] == {'chief': ['10.0.0.4:2222'], 'worker': ['10.0.0.5:2222']}
