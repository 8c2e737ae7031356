"""Stories of clusters: resizing, deleting, setting nodes up, auto-scale."""
from pathlib import Path

import pytest
from harness import GRACE, IDLE_DELAY, SUBSCRIPTION, auto, cluster_path, job_path, manual
from scheduler_kit import errors, resize


# resizing

def test_a_manual_cluster_grows_and_shrinks(harness):
    harness.make_cluster(settle=False, scaleSettings=manual(2))
    assert harness.cluster()['allocationState'] == 'resizing'
    harness.now += 3
    harness.settle()
    shown = harness.cluster()
    assert (shown['allocationState'], shown['currentNodeCount'], harness.counts()) == ('steady', 2, {'idle': 2})
    assert shown['allocationStateTransitionTime'] == '2018-06-06T12:00:03Z'
    resize(harness, 0)
    harness.settle()
    assert (harness.cluster()['allocationState'], harness.counts()) == ('steady', {})


@pytest.mark.parametrize('option, state, codes', [
    ('requeue', 'queued', None), ('terminate', 'failed', ['JobTerminated'])])
def test_shrinking_stops_the_job_in_the_way(pair, option, state, codes):
    pair.submit('stays')
    pair.submit('goes')
    pair.settle()
    resize(pair, 1, nodeDeallocationOption=option)
    pair.settle()
    assert pair.states('stays', 'goes') == ['running', state]
    assert (pair.counts(), pair.cluster()['allocationState']) == ({'running': 1}, 'steady')
    if codes:
        assert errors(pair, 'goes') == codes
        return
    pair.end('stays')
    assert pair.state('goes') == 'running'
    pair.end('goes')
    assert pair.state('goes') == 'succeeded' and [launch.attempt for launch in pair.launches('goes')] == [1, 2]


def test_waitforjobcompletion_waits_for_jobs_and_starts_none(pair):
    pair.submit('runs')
    pair.settle()
    resize(pair, 0, nodeDeallocationOption='waitforjobcompletion')
    pair.submit('waits')
    pair.settle()
    assert pair.states('runs', 'waits') == ['running', 'queued']
    assert (pair.counts(), pair.cluster()['allocationState']) == ({'running': 1}, 'resizing')
    pair.end('runs')
    pair.settle()
    assert (pair.states('runs', 'waits'), pair.counts()) == (['succeeded', 'queued'], {})
    assert pair.cluster()['allocationState'] == 'steady'


def test_a_requeued_job_keeps_its_place(pair):
    pair.submit('first', nodeCount=2)
    pair.settle()
    pair.submit('second', nodeCount=1)
    resize(pair, 0)
    pair.settle()
    assert pair.states('first', 'second') == ['queued', 'queued']
    resize(pair, 2)
    pair.settle()
    assert pair.states('first', 'second') == ['running', 'queued']


# deleting

def test_deleting_a_running_job_stops_it_first(pair):
    pair.submit('j')
    pair.settle()
    launch = pair.running_launch('j').id
    operation = pair.delete(job_path('j')).headers['azure-asyncoperation']
    pair.settle()
    assert pair.get(job_path('j')).status_code == 404
    assert pair.engine.stops[0] == (launch, GRACE) and pair.counts() == {'idle': 2}
    assert pair.get(operation).json()['properties'] == {'resourceId': f'{SUBSCRIPTION}$rg$w$e$j'}


def test_deleting_a_cluster_ends_what_runs_and_what_waits(pair):
    pair.submit('runs', nodeCount=2)
    pair.submit('waits')
    pair.submit('large', nodeCount=9)
    pair.settle()
    launch = pair.running_launch('runs').id
    pair.delete(cluster_path('c'))
    pair.settle()
    assert pair.get(cluster_path('c')).status_code == 404
    assert pair.states('runs', 'waits', 'large') == ['failed'] * 3
    assert errors(pair, 'runs') == errors(pair, 'waits') == errors(pair, 'large') == ['JobTerminated']
    assert 'cluster was deleted' in pair.job('waits')['executionInfo']['errors'][0]['message']
    assert pair.engine.stops[0][0] == launch and pair.store.launches.live() == []
    for name in ('runs', 'waits'):
        pair.delete(job_path(name))
    pair.settle()
    assert pair.get(job_path('runs')).status_code == 404, 'a job can be deleted after its cluster'


def test_a_cluster_that_cannot_stop_its_job_yet_stays(pair):
    pair.submit('j')
    pair.settle()
    pair.engine.end = lambda *_: None
    pair.delete(cluster_path('c'))
    pair.settle()
    assert pair.cluster()['provisioningState'] == 'deleting' and pair.counts() == {'running': 1}
    del pair.engine.end
    pair.end('j', 143)
    pair.settle()
    assert pair.get(cluster_path('c')).status_code == 404


# setting up nodes

SETUP = {'setupTask': {'commandLine': 'install', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/logs',
                       'environmentVariables': [{'name': 'A', 'value': '$AZ_BATCHAI_MOUNT_ROOT'}],
                       'secrets': [{'name': 'S', 'value': 'shh'}]}}


@pytest.fixture
def prepared(harness):
    """A cluster of one node with a setup task, which runs. `prepared.setup` is its launch."""
    harness.make_cluster(scaleSettings=manual(1), nodeSetup=SETUP)
    harness.setup, = harness.store.launches.live()
    return harness


def test_a_node_takes_jobs_once_its_setup_task_has_ended(prepared):
    prepared.submit('j')
    prepared.settle()
    assert (prepared.counts(), prepared.state('j')) == ({'preparing': 1}, 'queued')
    assert prepared.cluster()['allocationState'] == 'steady'
    prepared.engine.end(prepared.setup.id, 0)
    prepared.settle()
    assert (prepared.counts(), prepared.state('j')) == ({'running': 1}, 'running')


def test_a_setup_task_sees_its_variables_and_writes_where_it_should(prepared):
    task, = prepared.engine.launches[prepared.setup.id].tasks
    root = task.environment['AZ_BATCHAI_MOUNT_ROOT']
    assert (task.environment['A'], task.environment['S']) == (root, 'shh')
    suffix = prepared.cluster()['nodeSetup']['setupTask']['stdOutErrPathSuffix']
    assert task.environment['AZ_BATCHAI_STDOUTERR_DIR'] == f'{root}/logs/{suffix}'
    assert (task.stdout, task.stderr) == (Path(f'{root}/logs/{suffix}/stdout-{task.node}.txt'),
                                          Path(f'{root}/logs/{suffix}/stderr-{task.node}.txt'))
    assert task.stdout.parent.is_dir()


def test_a_setup_task_that_fails_makes_the_node_unusable_and_the_cluster_say_why(prepared):
    prepared.submit('j')
    task, = prepared.engine.launches[prepared.setup.id].tasks
    task.stderr.write_text('no such package\n')
    prepared.engine.end(prepared.setup.id, 7)
    prepared.settle()
    assert (prepared.counts(), prepared.state('j')) == ({'unusable': 1}, 'queued')
    problem, = prepared.cluster()['errors']
    details = {detail['name']: detail['value'] for detail in problem['details']}
    assert (problem['code'], details) == ('NodePreparationFailed', {
        'nodeId': task.node, 'exitCode': '7', 'stderr': 'no such package'})


def test_resizing_to_nothing_and_back_remedies_an_unusable_node(prepared):
    prepared.engine.end(prepared.setup.id, 7)
    prepared.settle()
    resize(prepared, 0)
    prepared.settle()
    assert prepared.counts() == {} and 'errors' not in prepared.cluster()
    prepared.now += 1
    # The fake engine gives the new node the old name, and knows of launches for ever.
    del prepared.engine.launches[prepared.setup.id]
    resize(prepared, 1)
    prepared.settle()
    assert prepared.counts() == {'preparing': 1}
    again, = prepared.store.launches.live()
    prepared.engine.end(again.id, 0)
    prepared.settle()
    assert prepared.counts() == {'idle': 1}


def test_a_node_that_leaves_during_its_set_up_takes_it_along(prepared):
    resize(prepared, 0)
    prepared.settle()
    assert prepared.counts() == {} and prepared.store.launches.live() == []
    assert (prepared.setup.id, 0) in prepared.engine.stops


def test_a_cluster_deleted_during_a_set_up_goes(prepared):
    prepared.delete(cluster_path('c'))
    prepared.settle()
    assert prepared.get(cluster_path('c')).status_code == 404 and prepared.store.launches.live() == []


def test_a_mount_command_runs_before_the_setup_task_with_the_place_appended(harness):
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={**SETUP, 'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': 'mount -t nfs server:/x', 'relativeMountPath': 'my data'}]}})
    setup, = harness.store.launches.live()
    task, = harness.engine.launches[setup.id].tasks
    first, second = task.command.split('\n', 1)
    root = task.environment['AZ_BATCHAI_MOUNT_ROOT']
    assert first.startswith(f"mount -t nfs server:/x '{root}/my data' ") and second == 'install'


def test_a_bind_mount_of_nothing_makes_the_node_unusable(harness):
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': 'mount --bind /no/such/folder', 'relativeMountPath': 'data'}]}})
    assert harness.counts() == {'unusable': 1}
    assert '/no/such/folder' in harness.cluster()['errors'][0]['message']


# auto-scale

def test_auto_scale_from_nothing_to_work_and_back(harness):
    harness.make_cluster(scaleSettings=auto(0, 2))
    assert (harness.counts(), harness.cluster()['allocationState']) == ({}, 'steady')
    for name in ('a', 'b', 'c'):
        harness.submit(name)
    harness.settle()
    assert (harness.states('a', 'b', 'c'), harness.counts()) == (['running', 'running', 'queued'], {'running': 2})
    harness.later(30)
    harness.end('a')
    assert harness.states('a', 'b', 'c') == ['succeeded', 'running', 'running']
    harness.end('b')
    harness.end('c')
    assert harness.counts() == {'idle': 2}
    due = harness.turn()
    assert due == pytest.approx(IDLE_DELAY)
    harness.later(IDLE_DELAY - 1)
    assert harness.counts() == {'idle': 2}, 'idle nodes stay for a while'
    harness.later(1)
    harness.settle()
    assert (harness.counts(), harness.cluster()['allocationState']) == ({}, 'steady')
    assert harness.turn() is None, 'nothing is left to wait for'


def test_an_idle_node_takes_the_next_job_without_leaving(harness):
    harness.make_cluster(scaleSettings=auto(0, 2))
    harness.submit('a')
    harness.settle()
    harness.end('a')
    harness.later(IDLE_DELAY - 1)
    harness.submit('b')
    harness.later(5)
    harness.settle()
    assert harness.state('b') == 'running' and harness.counts() == {'running': 1}
    assert len(harness.engine.nodes(harness.folders.cluster(harness.store.clusters.all()[0].resource.guid))) == 1


def test_initial_nodes_come_once_and_leave_when_idle(harness):
    harness.make_cluster(scaleSettings=auto(0, 4, initialNodeCount=3))
    assert harness.counts() == {'idle': 3}
    harness.later(IDLE_DELAY)
    harness.settle()
    harness.later(60)
    harness.settle()
    assert harness.counts() == {}


def test_the_minimum_stays(harness):
    harness.make_cluster(scaleSettings=auto(1, 3))
    harness.submit('wide', nodeCount=3)
    harness.settle()
    assert harness.counts() == {'running': 3}
    harness.end('wide')
    harness.later(IDLE_DELAY)
    harness.settle()
    assert harness.counts() == {'idle': 1}
    assert harness.turn() is None


def test_a_large_job_that_waits_does_not_make_the_scheduler_spin(harness):
    """An old idle node is kept for it: nothing is due before the running job ends."""
    harness.make_cluster(scaleSettings=auto(0, 2))
    harness.submit('runs')
    harness.submit('short')
    harness.settle()
    harness.end('short')
    harness.submit('wide', nodeCount=2)
    harness.later(10 * IDLE_DELAY)
    assert harness.states('runs', 'wide') == ['running', 'queued'] and harness.counts() == {'running': 1, 'idle': 1}
    assert harness.turn() > 0


def test_changing_from_manual_to_auto_scale_and_back(pair):
    pair.submit('j')
    pair.settle()
    pair.patch(cluster_path('c'), {'properties': {'scaleSettings': auto(0, 2)}})
    pair.later(IDLE_DELAY)
    pair.settle()
    assert pair.counts() == {'running': 1} and pair.state('j') == 'running'
    resize(pair, 2)
    pair.settle()
    assert pair.counts() == {'running': 1, 'idle': 1} and len(pair.launches('j')) == 1
