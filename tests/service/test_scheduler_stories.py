"""Stories of jobs from the queue to the end. Requests in, turns of the scheduler, a fake engine, a set clock."""
import asyncio
from pathlib import Path

import pytest
from harness import GRACE, cluster_path, job_path, manual
from scheduler_kit import errors, resize, results, started


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
    pair.now += 4
    pair.end('j', 3)
    told = [line.split(' ', 2)[2] for line in (logs / 'execution.log').read_text().splitlines()]
    node = pair.launches('j')[0].nodes[0]
    assert told == [f'attempt 1 on {node}', 'folders and mounts are ready, 0.001 s', 'job preparation begins: exit 0',
                    'job preparation ended, exit code 0, 0.001 s', 'job begins: train --secret',
                    'job ended, exit code 3, 4 s', 'failed after 4 s: Job failed with non-zero exit code']


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
