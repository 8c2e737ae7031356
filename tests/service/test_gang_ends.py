"""How gangs of several processes end, and what an error says of it."""
from pathlib import Path

import pytest
from harness import GRACE, cluster_path, manual


TENSORFLOW = {'pythonScriptFilePath': '/t.py', 'workerCount': 2, 'parameterServerCount': 1}
CHIEF, WORKER, PS = range(3)


@pytest.fixture
def gang(pair):
    """A job on two nodes: two workers and a parameter server."""
    pair.submit('j', nodeCount=2, customToolkitSettings=None, tensorFlowSettings=TENSORFLOW)
    pair.settle()
    return pair


def end_task(harness, index, code):
    harness.engine.end_task(harness.running_launch('j').id, index, code)
    return harness.turn()


def problem(harness):
    return harness.job('j')['executionInfo']['errors'][0]


def detail(harness, name):
    return {each['name']: each['value'] for each in problem(harness)['details']}.get(name)


def test_the_parameter_servers_are_stopped_when_the_workers_are_done(gang):
    assert len(gang.engine.launches[gang.running_launch('j').id].tasks) == 3
    end_task(gang, CHIEF, 0)
    assert gang.engine.stops == []
    end_task(gang, WORKER, 0)
    assert [grace for _, grace in gang.engine.stops] == [GRACE]
    gang.settle()
    assert gang.state('j') == 'succeeded' and gang.job('j')['executionInfo']['exitCode'] == 0


def test_the_rest_is_stopped_when_a_worker_fails_and_the_job_has_its_exit_code(gang):
    end_task(gang, WORKER, 7)
    gang.settle()
    info = gang.job('j')['executionInfo']
    assert (gang.state('j'), info['exitCode']) == ('failed', 7)
    assert problem(gang)['code'] == 'JobFailed' and 'worker 1' in problem(gang)['message']
    assert detail(gang, 'nodeId') == gang.launches('j')[0].nodes[1] and detail(gang, 'process') == 'worker 1'


def test_a_parameter_server_that_fails_while_workers_need_it_fails_the_job(gang):
    end_task(gang, CHIEF, 0)
    end_task(gang, PS, 9)
    gang.settle()
    assert gang.job('j')['executionInfo']['exitCode'] == 9 and 'parameter server 0' in problem(gang)['message']


def test_a_parameter_server_that_fails_with_the_last_worker_gone_does_not_matter(gang):
    launch = gang.running_launch('j').id
    gang.engine.end_task(launch, PS, 9)
    gang.engine.end_task(launch, CHIEF, 0)
    end_task(gang, WORKER, 0)
    gang.settle()
    assert gang.state('j') == 'succeeded'


def test_a_parameter_server_may_end_well_before_the_workers(gang):
    end_task(gang, PS, 0)
    assert gang.state('j') == 'running' and gang.engine.stops == []


def test_what_does_not_end_when_asked_is_killed(gang):
    gang.engine.stop = lambda handle, grace: stops.append(grace)
    stops = []
    end_task(gang, WORKER, 7)
    assert stops == [GRACE] and gang.state('j') == 'running'
    gang.later(GRACE + 0.1)
    assert stops == [GRACE, 0]
    gang.engine.end(gang.running_launch('j').id, 137)
    gang.settle()
    assert gang.job('j')['executionInfo']['exitCode'] == 7


def test_a_service_that_starts_anew_goes_on_with_the_end(gang):
    gang.engine.stop = lambda handle, grace: None
    end_task(gang, WORKER, 7)
    gang.restart()
    gang.engine.end(gang.running_launch('j').id, 143)
    gang.settle()
    assert gang.job('j')['executionInfo']['exitCode'] == 7 and 'worker 1' in problem(gang)['message']


def test_a_preparation_that_fails_on_one_node_ends_that_of_the_others(pair):
    pair.submit('j', nodeCount=2, jobPreparation={'commandLine': 'sleep'})
    pair.settle()
    logs = Path(pair.job_record('j').directories['stdouterr'])
    node = pair.launches('j')[0].nodes[1]
    (logs / f'stderr-job_prep-{node}.txt').write_text('first\nE: no such package\n')
    end_task(pair, 1, 100)
    pair.settle()
    info = pair.job('j')['executionInfo']
    assert (info['exitCode'], problem(pair)['code']) == (100, 'JobPreparationFailed')
    assert detail(pair, 'nodeId') == node and detail(pair, 'stderr') == 'first\nE: no such package'
    told = (logs / f'execution-{node}.log').read_text()
    assert 'job preparation ended, exit code 100' in told


def test_the_last_lines_of_standard_error_come_with_the_error_without_secrets(pair):
    pair.submit('j', secrets=[{'name': 'KEY', 'value': 'hunter2-hunter2'}])
    pair.settle()
    logs = Path(pair.job_record('j').directories['stdouterr'])
    (logs / 'stderr.txt').write_text('x' * 3000 + '\ncannot log in with hunter2-hunter2\n')
    pair.end('j', 1)
    assert detail(pair, 'stderr') == 'cannot log in with ***'


def test_a_log_that_is_a_link_is_not_read_for_an_error(pair, tmp_path):
    (tmp_path / 'private').write_text('not for you')
    pair.submit('j')
    pair.settle()
    (Path(pair.job_record('j').directories['stdouterr']) / 'stderr.txt').symlink_to(tmp_path / 'private')
    pair.end('j', 1)
    assert detail(pair, 'stderr') is None


def test_secrets_are_masked_in_the_log_of_the_execution(pair):
    pair.submit('j', secrets=[{'name': 'KEY', 'value': 'hunter2-hunter2'}],
                environmentVariables=[{'name': 'PLACE', 'value': 'here'}],
                customToolkitSettings={'commandLine': 'login -p $KEY --again hunter2-hunter2 --at ${PLACE} $other'})
    pair.settle()
    told = (Path(pair.job_record('j').directories['stdouterr']) / 'execution.log').read_text()
    assert 'job begins: login -p *** --again *** --at here $other\n' in told


# nodes that are taken away

def test_a_job_on_an_evicted_node_is_queued_again_and_runs_elsewhere(harness):
    harness.timing = type(harness.timing)(GRACE, 10.0, 30.0)
    harness.restart()
    harness.make_cluster(vmPriority='lowpriority', scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    before = harness.launches('j')[0].nodes
    harness.later(31)
    assert harness.engine.stops
    harness.settle()
    attempts = harness.launches('j')
    assert [launch.result and launch.result['stopReason'] for launch in attempts] == ['evicted', None]
    assert harness.counts() == {'running': 1}
    harness.end('j')
    assert harness.state('j') == 'succeeded'
    told = (Path(harness.job_record('j').directories['stdouterr']) / 'execution.log').read_text()
    assert 'queued again: a low-priority node it ran on was taken away' in told
    assert attempts[1].nodes != before


def test_evictions_do_not_count_as_losses(harness):
    harness.timing = type(harness.timing)(GRACE, 10.0, 30.0)
    harness.restart()
    harness.make_cluster(vmPriority='lowpriority', scaleSettings=manual(1))
    harness.submit('j')
    for _ in range(8):
        harness.settle()
        assert harness.state('j') == 'running'
        harness.later(31)
    harness.settle()
    harness.end('j')
    assert harness.state('j') == 'succeeded'


def test_an_unusable_node_is_replaced_on_the_next_resize(harness):
    harness.make_cluster(scaleSettings=manual(2), settle=False, nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}})
    harness.turn()
    first, second = [launch for launch in harness.store.launches.live()]
    harness.engine.end(first.id, 1)
    harness.engine.end(second.id, 0)
    harness.settle()
    assert harness.counts() == {'idle': 1, 'unusable': 1} and len(harness.cluster()['errors']) == 1
    harness.submit('j', nodeCount=2)
    waiting = harness.job('j')['executionInfo']['errors'][0]
    assert waiting['code'] == 'ClusterNodesUnusable' and '1 of the 2' in waiting['message']
    harness.now += 5
    harness.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(2)}})
    harness.turn()
    for launch in harness.store.launches.live():
        harness.engine.end(launch.id, 0)
    harness.settle()
    assert harness.counts() == {'running': 2} and not harness.cluster().get('errors')
    assert 'errors' not in harness.job('j')['executionInfo']
