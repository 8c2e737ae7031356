"""Whole stories of jobs, nodes and crashes: requests in, turns of the scheduler, a fake engine, a clock set by hand."""
import asyncio
import random
import tempfile
from pathlib import Path

import pytest
from harness import (
    GRACE, IDLE_DELAY, SUBSCRIPTION, Crash, Harness, auto, cluster_path, job_path, manual)
from hypothesis import given, settings, strategies as st

from azext_batchai.service.engines.fake import FakeEngine


def resize(harness, target, **more):
    response = harness.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(target, **more)}})
    assert response.status_code == 200


def errors(harness, name):
    return [problem['code'] for problem in harness.job(name)['executionInfo'].get('errors', [])]


def results(harness, name):
    """How each launch of a job ended, oldest first."""
    return [launch.result['state'] if launch.result else None for launch in harness.launches(name)]


def started(harness, name):
    """The purposes for which the engine was made to start something of that job, in order."""
    guid = harness.job_record(name).guid
    return [launch.rpartition('-')[2] for launch in harness.engine.starts if launch.startswith(guid)]


@pytest.fixture
def pair(harness):
    """A manual cluster of two idle nodes."""
    harness.make_cluster(scaleSettings=manual(2))
    return harness


# the queue

def test_two_jobs_of_two_nodes_run_one_after_the_other(pair):
    pair.submit('first', nodeCount=2)
    pair.submit('second', nodeCount=2)
    pair.settle()
    assert pair.states('first', 'second') == ['running', 'queued']
    pair.now += 5
    pair.end('first')
    assert pair.states('first', 'second') == ['succeeded', 'running']
    pair.end('second')
    assert pair.states('first', 'second') == ['succeeded', 'succeeded']
    assert pair.job('second')['executionInfo']['startTime'] == '2018-06-06T12:00:05Z'
    assert pair.counts() == {'idle': 2}


def test_a_job_of_one_node_does_not_pass_one_that_waits_for_two(pair):
    pair.submit('runs')
    pair.submit('large', nodeCount=2)
    pair.submit('small')
    pair.settle()
    assert pair.states('runs', 'large', 'small') == ['running', 'queued', 'queued']
    pair.end('runs')
    assert pair.states('large', 'small') == ['running', 'queued']


def test_a_higher_priority_goes_first_and_never_interrupts(pair):
    pair.submit('runs', nodeCount=2)
    pair.settle()
    for name, priority in (('low', 'low'), ('normal', 'normal'), ('high', 'high')):
        pair.submit(name, nodeCount=2, schedulingPriority=priority)
    pair.settle()
    assert pair.state('runs') == 'running'
    for name in ('high', 'normal', 'low'):
        pair.end(next(job for job in ('runs', 'high', 'normal') if pair.state(job) == 'running'))
        assert pair.state(name) == 'running', name


def test_a_turn_with_nothing_to_do_writes_nothing(pair):
    pair.submit('j')
    pair.settle()
    changes = pair.store.database.connection.total_changes
    pair.turn()
    assert pair.store.database.connection.total_changes == changes


# stages

def test_the_job_follows_its_preparation_on_every_node(pair):
    pair.submit('j', nodeCount=2, jobPreparation={'commandLine': 'prepare'},
                customToolkitSettings={'commandLine': 'train'})
    pair.settle()
    preparation = pair.engine.launches[pair.running_launch('j').id]
    assert [task.command for task in preparation.tasks] == ['prepare', 'prepare']
    assert len({task.node for task in preparation.tasks}) == 2
    assert [task.stdout.name for task in preparation.tasks] == [
        f'stdout-job_prep-{task.node}.txt' for task in preparation.tasks]
    pair.end('j', 0, 0)
    main = pair.engine.launches[pair.running_launch('j').id]
    assert [(task.command, task.stdout.name, task.stderr.name) for task in main.tasks] == [
        ('train', 'stdout.txt', 'stderr.txt')]
    assert main.tasks[0].node == preparation.tasks[0].node
    pair.end('j')
    assert pair.state('j') == 'succeeded' and started(pair, 'j') == ['preparation', 'job']


@pytest.mark.parametrize('codes, code', [((4,), 4), ((0, 5), 5)])
def test_a_failed_preparation_fails_the_job_with_its_code(pair, codes, code):
    pair.submit('j', nodeCount=len(codes), jobPreparation={'commandLine': 'sleep'})
    pair.settle()
    pair.end('j', *codes)
    info = pair.job('j')['executionInfo']
    assert (pair.state('j'), info['exitCode'], errors(pair, 'j')) == ('failed', code, ['JobPreparationFailed'])
    assert started(pair, 'j') == ['preparation'] and pair.counts() == {'idle': 2}


def test_a_job_terminated_while_its_preparation_ends_never_begins_its_work(pair):
    pair.submit('j', jobPreparation={'commandLine': 'sleep'})
    pair.settle()
    pair.post(f'{job_path("j")}/terminate')
    pair.end('j', 0)
    pair.settle()
    assert (pair.state('j'), errors(pair, 'j')) == ('failed', ['JobTerminated'])
    assert started(pair, 'j') == ['preparation']


def test_the_log_of_the_execution_tells_the_story(pair):
    pair.submit('j', jobPreparation={'commandLine': 'exit 0'}, customToolkitSettings={'commandLine': 'train --secret'})
    pair.settle()
    logs = Path(pair.job_record('j').directories['stdouterr'])
    pair.end('j', 3)
    told = [line.split(' ', 2)[2] for line in (logs / 'execution.log').read_text().splitlines()]
    assert told == ['attempt 1: job preparation started: exit 0', 'attempt 1: job preparation ended, exit code 0',
                    'attempt 1: job started: train --secret', 'attempt 1: job ended, exit code 3',
                    'failed: Job failed with non-zero exit code']


def test_every_attempt_begins_with_an_empty_temporary_folder(pair):
    pair.submit('j', nodeCount=2)
    pair.settle()
    temp = Path(pair.engine.launches[pair.running_launch('j').id].tasks[0].environment['AZ_BATCHAI_JOB_TEMP'])
    (temp / 'left behind').touch()
    (temp / 'shared' / 'too').touch()
    pair.lose('j')
    assert pair.state('j') == 'running' and len(pair.launches('j')) == 2
    assert sorted(path.name for path in temp.iterdir() if path.name != 'out') == ['hostfile', 'mounts', 'shared']
    assert list((temp / 'shared').iterdir()) == []


# what goes wrong

def test_a_lost_launch_is_repeated_and_the_history_says_so(pair):
    pair.submit('j')
    pair.settle()
    pair.lose('j')
    assert pair.state('j') == 'running'
    assert results(pair, 'j') == ['lost', None]
    assert [launch.attempt for launch in pair.launches('j')] == [1, 2]
    pair.end('j')
    assert pair.state('j') == 'succeeded' and results(pair, 'j') == ['lost', 'ended']


def test_a_job_that_is_lost_again_and_again_fails_at_last(pair):
    pair.submit('j')
    pair.settle()
    for _ in range(5):
        assert pair.state('j') == 'running'
        pair.lose('j')
    assert (pair.state('j'), errors(pair, 'j')) == ('failed', ['JobNodeLost'])
    assert results(pair, 'j') == ['lost'] * 5 and pair.counts() == {'idle': 2}
    assert 'exitCode' not in pair.job('j')['executionInfo']


def test_attempts_that_resizes_took_do_not_count_as_lost(pair):
    pair.submit('j', nodeCount=2)
    pair.settle()
    for _ in range(5):
        resize(pair, 1)
        pair.settle()
        resize(pair, 2)
        pair.settle()
        assert pair.state('j') == 'running'
    pair.lose('j')
    assert pair.state('j') == 'running', 'it was lost once only'


def test_a_lost_node_is_replaced_and_its_job_starts_again(pair):
    pair.submit('j', nodeCount=2)
    pair.settle()
    guid = pair.store.clusters.all()[0].resource.guid
    before = {node.id for node in pair.engine.nodes(pair.folders.cluster(guid))}
    pair.engine.lose_node(guid, 1)
    pair.now += 1
    pair.settle()
    assert pair.state('j') == 'running' and len(pair.launches('j')) == 2
    assert pair.engine.stops, 'the rest of the gang must be stopped'
    assert len(before) == 2 and pair.counts() == {'running': 2}


def test_an_engine_that_is_away_keeps_the_job_and_is_asked_again(pair):
    pair.submit('j')
    pair.engine.unavailable = True
    for _ in range(3):
        due = pair.turn()
        assert due is not None and 0 < due <= 5, 'it must be tried again, but not at once'
    assert pair.engine.starts == []
    pair.engine.unavailable = False
    pair.settle()
    assert pair.state('j') == 'running' and started(pair, 'j') == ['job'] and len(pair.launches('j')) == 1


def test_an_engine_that_is_away_between_the_stages_loses_nothing(pair):
    pair.submit('j', jobPreparation={'commandLine': 'sleep'})
    pair.settle()
    pair.engine.unavailable = True
    pair.end('j', 0)
    pair.turn()
    assert pair.state('j') == 'running'
    pair.engine.unavailable = False
    pair.turn()
    pair.end('j', 0)
    assert pair.state('j') == 'succeeded' and started(pair, 'j') == ['preparation', 'job']


def test_a_job_terminated_while_the_engine_is_away_does_not_make_the_scheduler_spin(pair):
    pair.submit('j')
    pair.engine.unavailable = True
    pair.turn()
    pair.post(f'{job_path("j")}/terminate')
    for _ in range(3):
        pair.later(GRACE)
    news = asyncio.Event()
    pair.scheduler._news = news
    due = pair.turn()
    pair.scheduler._news = None
    assert not news.is_set(), 'a turn that cannot get anywhere must not call for the next one'
    assert due is None or due > 0


def test_a_job_terminated_before_it_could_be_started_does_not_run_when_the_engine_is_back(pair):
    pair.submit('j')
    pair.engine.unavailable = True
    pair.turn()
    pair.post(f'{job_path("j")}/terminate')
    pair.turn()
    pair.engine.unavailable = False
    pair.turn()
    pair.turn()
    assert (pair.state('j'), errors(pair, 'j')) == ('failed', ['JobTerminated'])
    assert pair.counts() == {'idle': 2}


def test_a_cluster_grows_once_the_engine_is_back(harness):
    harness.engine.unavailable = True
    harness.make_cluster(settle=False, scaleSettings=manual(2))
    assert 0 < harness.turn() <= 5
    assert (harness.counts(), harness.cluster()['allocationState']) == ({}, 'resizing')
    harness.engine.unavailable = False
    harness.settle()
    assert (harness.counts(), harness.cluster()['allocationState']) == ({'idle': 2}, 'steady')


def test_a_node_given_up_while_the_engine_was_away_goes_though_the_target_was_raised_again(pair):
    pair.engine.unavailable = True
    resize(pair, 1)
    pair.turn()
    assert pair.counts() == {'idle': 1, 'leaving': 1}
    resize(pair, 2)
    pair.engine.unavailable = False
    pair.settle()
    assert (pair.counts(), pair.cluster()['allocationState']) == ({'idle': 2}, 'steady')


def test_a_rejected_launch_fails_the_job_with_its_text(pair):
    pair.engine.rejected = 'the command is longer than the system allows'
    pair.submit('j')
    pair.settle()
    problem, = pair.job('j')['executionInfo']['errors']
    assert (pair.state('j'), problem['code']) == ('failed', 'JobLaunchFailed')
    assert 'the command is longer than the system allows' in problem['message']
    assert pair.job('j')['executionInfo']['exitCode'] == -1 and pair.counts() == {'idle': 2}


def test_a_mount_that_is_missing_fails_the_job_with_its_path(pair):
    pair.submit('j', mountVolumes={'unmanagedFileSystems': [
        {'mountCommand': 'mount --bind /no/such/folder', 'relativeMountPath': 'data'}]})
    pair.settle()
    problem, = pair.job('j')['executionInfo']['errors']
    assert pair.state('j') == 'failed' and '/no/such/folder' in problem['message']
    assert {'name': 'mountPath', 'value': 'data'} in problem['details'] and pair.counts() == {'idle': 2}


def test_trouble_with_one_cluster_does_not_stop_the_others(harness):
    harness.make_cluster('bad', scaleSettings=manual(1))
    harness.make_cluster('good', scaleSettings=manual(1))
    harness.submit('j', 'good')
    nodes = harness.engine.nodes
    bad = harness.store.clusters.find(cluster_path('bad').lower()).resource.guid

    def broken(cluster):
        if cluster.guid == bad:
            raise RuntimeError('a defect')
        return nodes(cluster)
    harness.engine.nodes = broken
    harness.tolerant = True
    assert 0 < harness.turn() <= 5, 'it must be tried again, but not at once'
    assert harness.state('j') == 'running'


# time

def test_a_job_that_runs_too_long_is_stopped(pair):
    pair.submit('j', constraints={'maxWallClockTime': 'PT1M'})
    pair.settle()
    assert pair.turn() <= 60
    pair.later(59)
    assert pair.state('j') == 'running'
    pair.later(1)
    pair.turn()
    assert (pair.state('j'), errors(pair, 'j')) == ('failed', ['JobMaxWallClockTimeExceeded'])
    assert 'exitCode' not in pair.job('j')['executionInfo']


def test_a_requeued_job_gets_all_of_its_time_again(pair):
    pair.submit('j', constraints={'maxWallClockTime': 'PT1M'})
    pair.settle()
    pair.now += 50
    pair.lose('j')
    pair.later(50)
    assert pair.state('j') == 'running'


def test_a_job_that_does_not_end_is_killed_after_the_grace_once(pair):
    pair.submit('j')
    pair.settle()
    pair.engine.end = lambda *_: None
    pair.post(f'{job_path("j")}/terminate')
    pair.turn()
    pair.later(GRACE / 2)
    launch = pair.running_launch('j').id
    assert pair.engine.stops == [(launch, GRACE)]
    for _ in range(3):
        pair.later(GRACE)
    assert pair.engine.stops == [(launch, GRACE), (launch, 0)]
    assert pair.state('j') == 'terminating' and pair.counts() == {'running': 1, 'idle': 1}
    del pair.engine.end
    pair.end('j', 137)
    assert (pair.state('j'), errors(pair, 'j')) == ('failed', ['JobTerminated'])


# crashes

class CrashingEngine(FakeEngine):
    """Dies once when it starts something: before or after it did."""
    crash = ''

    def start(self, launch):
        when, self.crash = self.crash, ''
        if when == 'before':
            raise Crash
        handle = super().start(launch)
        if when == 'after':
            raise Crash
        return handle


@pytest.fixture
def crashing(tmp_path):
    made = Harness(tmp_path / 'data', CrashingEngine())
    made.make_cluster(scaleSettings=manual(2))
    yield made
    made.close()


@pytest.mark.parametrize('when', ['before', 'after'])
@pytest.mark.parametrize('preparation', [False, True], ids=['the job', 'its preparation'])
def test_after_a_crash_around_the_start_it_starts_exactly_once(crashing, when, preparation):
    crashing.submit('j', nodeCount=2, jobPreparation={'commandLine': 'sleep'} if preparation else None)
    crashing.engine.crash = when
    with pytest.raises(Crash):
        crashing.turn()
    crashing.restart()
    crashing.settle()
    stages = ['preparation', 'job'] if preparation else ['job']
    assert crashing.state('j') == 'running' and started(crashing, 'j') == stages[:1]
    for _ in stages:
        crashing.end('j', 0)
    assert crashing.state('j') == 'succeeded' and started(crashing, 'j') == stages
    assert results(crashing, 'j') == ['ended'] * len(stages) and crashing.counts() == {'idle': 2}


@pytest.mark.parametrize('when', ['before', 'after'])
def test_after_a_crash_between_the_stages_the_job_starts_exactly_once(crashing, when):
    crashing.submit('j', jobPreparation={'commandLine': 'sleep'})
    crashing.settle()
    crashing.engine.crash = when
    with pytest.raises(Crash):
        crashing.end('j', 0)
    crashing.restart()
    crashing.settle()
    assert crashing.state('j') == 'running' and started(crashing, 'j') == ['preparation', 'job']


@pytest.mark.parametrize('when', ['before', 'after'])
def test_after_a_crash_around_the_set_up_of_a_node_it_is_set_up_once(crashing, when):
    crashing.engine.crash = when
    with pytest.raises(Crash):
        crashing.make_cluster('d', scaleSettings=manual(1), nodeSetup={'setupTask': {
            'commandLine': 'sleep', 'stdOutErrPathPrefix': '/tmp'}})
    crashing.restart()
    crashing.settle()
    assert crashing.counts('d') == {'preparing': 1}
    setup, = crashing.store.launches.live()
    crashing.engine.end(setup.id, 0)
    crashing.settle()
    assert crashing.counts('d') == {'idle': 1}
    assert crashing.engine.starts.count(setup.id) == 1


def test_a_job_deleted_during_the_crash_is_stopped_and_gone_after_it(crashing):
    crashing.submit('j')
    crashing.engine.crash = 'after'
    with pytest.raises(Crash):
        crashing.turn()
    crashing.delete(job_path('j'))
    crashing.restart()
    crashing.settle()
    assert crashing.get(job_path('j')).status_code == 404
    assert crashing.counts() == {'idle': 2} and crashing.store.launches.live() == []


def test_a_restart_in_the_middle_of_everything_changes_nothing(pair):
    pair.submit('runs')
    pair.submit('stops')
    pair.submit('waits', nodeCount=2)
    pair.settle()
    pair.post(f'{job_path("stops")}/terminate')
    pair.restart()
    pair.settle()
    assert pair.states('runs', 'stops', 'waits') == ['running', 'failed', 'queued']
    assert len(pair.launches('runs')) == 1
    pair.restart()
    pair.end('runs')
    assert pair.states('runs', 'waits') == ['succeeded', 'running']


def test_a_resize_begun_before_a_crash_is_finished_after_it(pair):
    scale = pair.engine.scale

    def crash(*arguments):
        pair.engine.scale = scale
        raise Crash
    pair.engine.scale = crash
    resize(pair, 0)
    with pytest.raises(Crash):
        pair.turn()
    pair.restart()
    pair.settle()
    assert (pair.counts(), pair.cluster()['allocationState']) == ({}, 'steady')


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


# the loop itself

async def watch_the_loop(harness, turn, check):
    """Run the real loop with another `turn`; `check` is given a function that waits for the next turn."""
    turns = asyncio.Queue()

    def watched():
        turns.put_nowait(None)
        return turn()

    async def next_turn():
        await asyncio.wait_for(turns.get(), 10)
    harness.scheduler.turn = watched
    running = asyncio.create_task(harness.scheduler.run())
    try:
        await next_turn()
        await check(next_turn)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def test_the_loop_turns_on_news(harness):
    async def check(next_turn):
        for _ in range(3):
            harness.scheduler.wake()
            await next_turn()
    harness.run(watch_the_loop(harness, lambda: None, check))


def test_the_loop_turns_when_time_is_due(harness):
    dues = [0.01, 0.0, None]

    async def check(next_turn):
        await next_turn()
        await next_turn()
    harness.run(watch_the_loop(harness, lambda: dues.pop(0), check))
    assert dues == []


def test_the_loop_survives_a_turn_that_fails(harness, caplog):
    def broken():
        raise RuntimeError('a defect')

    async def check(next_turn):
        harness.scheduler.wake()
        await next_turn()
    harness.run(watch_the_loop(harness, broken, check))
    assert 'a defect' in caplog.text


def test_the_loop_hears_from_the_engine(harness):
    async def check(next_turn):
        harness.engine.end('no such launch', 0)
        await next_turn()
    harness.run(watch_the_loop(harness, lambda: None, check))


# any history at all

class History:
    """Random requests, ends, losses, outages and restarts; after each turn the promises are checked."""

    def __init__(self, folder, chance):
        self.harness = Harness(folder)
        self.chance = chance
        self.harness.make_cluster(scaleSettings=manual(2))
        self.jobs = {}
        self.order = []
        self.deleted = set()

    def step(self):
        act = self.chance.choice([self.submit, self.submit, self.end, self.end, self.lose, self.resize, self.autoscale,
                                  self.terminate, self.delete, self.wait, self.restart, self.outage])
        act()
        self.harness.turn()
        self.check()

    def living(self):
        return [name for name in self.jobs if name not in self.deleted]

    def submit(self):
        name = f'j{len(self.jobs)}'
        size = self.chance.randint(1, 3)
        priority = self.chance.choice(['low', 'normal', 'high'])
        response = self.harness.put(job_path(name), {'properties': {
            'cluster': {'id': cluster_path('c')}, 'nodeCount': size, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
            'schedulingPriority': priority, 'customToolkitSettings': {'commandLine': 'sleep'},
            **({'jobPreparation': {'commandLine': 'sleep'}} if self.chance.random() < 0.3 else {})}})
        if response.status_code == 202:
            self.jobs[name] = size

    def _live(self):
        return [launch for launch in self.harness.store.launches.live() if launch.handle]

    def end(self):
        for launch in self.chance.sample(self._live(), min(1, len(self._live()))):
            self.harness.engine.end(launch.id, self.chance.choice([0, 0, 0, 1]))

    def lose(self):
        for launch in self.chance.sample(self._live(), min(1, len(self._live()))):
            if self.chance.random() < 0.5:
                self.harness.engine.lose(launch.id)
                return
            guid = self.harness.store.clusters.all()[0].resource.guid
            nodes = self.harness.engine.nodes(self.harness.folders.cluster(guid))
            if nodes:
                self.harness.engine.lose_node(guid, self.chance.choice(nodes).number)

    def resize(self):
        option = self.chance.choice(['requeue', 'terminate', 'waitforjobcompletion'])
        self._scale(manual(self.chance.randint(0, 3), nodeDeallocationOption=option))

    def autoscale(self):
        least = self.chance.randint(0, 2)
        self._scale(auto(least, self.chance.randint(max(1, least), 3)))

    def _scale(self, scale):
        response = self.harness.patch(cluster_path('c'), {'properties': {'scaleSettings': scale}})
        assert response.status_code == 200, response.text

    def terminate(self):
        for name in self.chance.sample(self.living(), min(1, len(self.living()))):
            assert self.harness.post(f'{job_path(name)}/terminate').status_code in (200, 202)

    def delete(self):
        for name in self.chance.sample(self.living(), min(1, len(self.living()))):
            assert self.harness.delete(job_path(name)).status_code == 202
            self.deleted.add(name)

    def wait(self):
        self.harness.now += self.chance.choice([0.5, GRACE, IDLE_DELAY, 100])

    def restart(self):
        self.harness.restart()

    def outage(self):
        self.harness.engine.unavailable = not self.harness.engine.unavailable

    def check(self):
        store = self.harness.store
        nodes = store.clusters.nodes(store.clusters.all()[0].resource.guid)
        holders = [node.job for node in nodes if node.job]
        active = {job.guid: job for job in store.jobs.active(cluster_path('c').lower())}
        assert {node.job for node in nodes if node.job} <= set(active), 'a node is held by a job that does not run'
        for guid, job in active.items():
            held = holders.count(guid)
            assert held == job.node_count or job.stop_reason, f'a gang of {job.node_count} runs on {held} nodes'
            live = [launch for launch in store.launches.of_owner(guid) if launch.result is None]
            assert len(live) == 1, f'{len(live)} launches of one job'
        assert all(node.job is not None for node in nodes if node.state == 'running')
        # Nobody in the queue is passed by one behind it that would also fit: whoever can start has started.
        idle = sum(node.state == 'idle' for node in nodes)
        scale = self.harness.cluster()['scaleSettings']
        limit = scale['manual']['targetNodeCount'] if 'manual' in scale else scale['autoScale']['maximumNodeCount']
        first = store.jobs.queue_head(cluster_path('c').lower(), limit, 1)
        if first and not self.harness.engine.unavailable and len(nodes) <= limit:
            assert first[0].node_count > idle, 'the head of the queue could run and does not'

    def _waiting(self):
        counted = self.harness.store.jobs.count_by_state()
        return counted.get('queued', 0) or self.harness.store.jobs.wished()

    def finish(self):
        """Let everything come to its end: no job may be stuck."""
        self.harness.engine.unavailable = False
        self._scale(manual(3))
        for _ in range(40 * (len(self.jobs) + 1)):
            self.harness.now += GRACE
            self.harness.turn()
            self.check()
            for launch in self._live():
                self.harness.engine.end(launch.id, 0)
            if not self.harness.store.jobs.active(cluster_path('c').lower()) and not self._waiting():
                break
        for name in self.jobs:
            if name in self.deleted:
                assert self.harness.get(job_path(name)).status_code == 404, f'{name} was deleted and is still there'
            else:
                assert self.harness.state(name) in ('succeeded', 'failed'), self.harness.job(name)
        self.harness.settle()
        assert self.harness.counts() == {'idle': 3}
        assert self.harness.store.launches.live() == []
        open_operations = self.harness.store.database.all("SELECT * FROM operations WHERE status = 'InProgress'")
        assert [row['resource'] for row in open_operations] == [], 'an operation never ends'
        main = [launch for launch in self.harness.engine.starts if launch.endswith('-job')]
        assert len(main) == len(set(main)), 'a launch was started twice'


@settings(max_examples=200, derandomize=True, database=None, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 25))
def test_in_any_history_gangs_start_whole_nodes_serve_one_job_and_every_job_ends(seed, steps):
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / 'data', random.Random(seed))
        try:
            for _ in range(steps):
                history.step()
            history.finish()
        finally:
            history.harness.close()


# what a review found

def test_the_processes_of_a_preparation_live_until_the_job_has_ended(pair):
    released = []
    pair.engine.release, release = released.append, pair.engine.release
    pair.submit('j', jobPreparation={'commandLine': 'exit 0'})
    pair.settle()
    assert started(pair, 'j') == ['preparation', 'job'] and released == []
    pair.end('j', 0)
    assert len(released) == 2
    pair.engine.release = release


def test_what_a_set_up_left_running_is_ended_when_the_node_leaves(harness):
    released = []
    harness.engine.release = released.append
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': 'exit 0', 'relativeMountPath': 'm'}]}}, settle=False)
    launch, = [name for name in _settled(harness).engine.starts]
    harness.engine.end(launch, 0)
    harness.settle()
    assert harness.counts() == {'idle': 1} and released == []
    resize(harness, 0)
    harness.settle()
    assert released == [f'fake:{launch}']


def _settled(harness):
    harness.settle()
    return harness


def test_a_crash_before_the_verdict_on_a_set_up_leaves_an_unusable_node(harness):
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}}, settle=False)
    harness.settle()
    launch, = harness.engine.starts
    harness.store.launches.ended(launch, {'state': 'rejected'}, harness.now)
    harness.restart()
    harness.settle()
    assert harness.counts() == {'unusable': 1}


def test_an_unusable_node_does_not_starve_the_queue_of_an_auto_scale_cluster(harness):
    harness.make_cluster(scaleSettings=auto(0, 3), nodeSetup={'setupTask': {
        'commandLine': 'sleep', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}})
    harness.submit('j')
    harness.settle()
    harness.engine.end(harness.engine.starts[-1], 1)
    harness.settle()
    assert harness.counts() == {'unusable': 1, 'preparing': 1}
    harness.engine.end(harness.engine.starts[-1], 0)
    harness.settle()
    assert harness.state('j') == 'running'


@pytest.mark.parametrize('properties', [
    {'stdOutErrPathPrefix': '$AZ_BATCHAI_TYPO'}, {'stdOutErrPathPrefix': 'logs'},
    {'outputDirectories': [{'id': 'A', 'pathPrefix': 'out'}]},
    {'outputDirectories': [{'id': 'A', 'pathPrefix': '/tmp', 'pathSuffix': '$HOME'}]}])
def test_a_path_that_leads_nowhere_known_fails_the_job_with_the_path(pair, properties):
    pair.submit('j', **properties)
    pair.settle()
    problem, = pair.job('j')['executionInfo']['errors']
    assert (pair.state('j'), problem['code']) == ('failed', 'JobNodePreparationFailed')
    assert 'absolute path' in problem['message'] or 'leads out' in problem['message']


def test_every_node_of_a_gang_has_the_output_directories(pair):
    pair.submit('j', nodeCount=2, jobPreparation={'commandLine': 'sleep'},
                outputDirectories=[{'id': 'M', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}])
    pair.settle()
    tasks = pair.engine.launches[pair.running_launch('j').id].tasks
    folders = [Path(task.environment['AZ_BATCHAI_OUTPUT_M']) for task in tasks]
    assert len(set(folders)) == 2 and all(folder.is_dir() for folder in folders)
    (folders[1] / 'made').write_text('x')
    assert (folders[0] / 'made').read_text() == 'x'


def test_a_pipe_in_the_place_of_the_log_stops_nobody(pair):
    import os
    pair.submit('j')
    pair.settle()
    log = Path(pair.job_record('j').directories['stdouterr']) / 'execution.log'
    log.unlink()
    os.mkfifo(log)
    pair.end('j', 0)
    assert pair.state('j') == 'succeeded'


def test_the_log_of_the_database_is_emptied_once_secrets_are_forgotten(pair):
    pair.submit('j', secrets=[{'name': 'S', 'value': 'value-of-the-secret'}])
    pair.settle()
    data = pair.folders.data_dir
    assert any(b'value-of-the-secret' in path.read_bytes() for path in data.glob('*.db*'))
    pair.end('j', 0)
    assert not any(b'value-of-the-secret' in path.read_bytes() for path in data.glob('*.db*'))
