"""The scheduler with an engine that has a queue of its own, as Slurm has."""
from dataclasses import replace
from pathlib import Path

import pytest
from harness import cluster_path, job_path
from queueing_kit import cluster, errors, give, launch, service  # noqa: F401

from azext_batchai.service.engines.base import QueueingEngine, Removal
from azext_batchai.service.engines.fake import FakeEngine, QueueingFakeEngine
from azext_batchai.service.engines.process import ProcessEngine
from azext_batchai.service.scheduler import queueing

# The fixtures of the kit are arguments here.
# flake8: noqa: F811


def test_only_the_one_that_queues_gangs_counts_as_such():
    assert isinstance(QueueingFakeEngine(), QueueingEngine)
    assert not isinstance(FakeEngine(), QueueingEngine) and not isinstance(ProcessEngine(), QueueingEngine)


# the queue

def test_jobs_go_to_the_engine_at_once_and_stay_queued_until_it_has_nodes_for_them(cluster):
    for name in ('a', 'b', 'c'):
        cluster.submit(name, nodeCount=3)
    cluster.turn()
    assert [each.allocation.name for each in cluster.engine.launches.values()] == ['a', 'b', 'c']
    assert cluster.states('a', 'b', 'c') == ['queued'] * 3 and cluster.counts() == {'idle': 4}
    assert 'executionInfo' not in cluster.job('a')


def test_the_job_runs_on_the_nodes_that_the_engine_chose(cluster):
    cluster.submit('a', nodeCount=2)
    cluster.turn()
    give(cluster, 'a', 2, 4)
    assert cluster.state('a') == 'running' and cluster.counts() == {'running': 2, 'idle': 2}
    nodes = cluster.store.clusters.nodes_of_job(cluster.job_record('a').guid)
    assert [node.number for node in nodes] == [2, 4]
    cluster.end('a', 0)
    assert cluster.state('a') == 'succeeded' and cluster.counts() == {'idle': 4}


def test_what_the_engine_is_asked_for(cluster):
    cluster.submit('a', nodeCount=2, schedulingPriority='high', constraints={'maxWallClockTime': 'PT90S'})
    cluster.turn()
    asked = launch(cluster, 'a')
    allocation = asked.allocation
    assert (allocation.node_count, allocation.wall_seconds, allocation.priority) == (2, 90.0, 1000)
    assert allocation.nodes == () and asked.last
    assert allocation.cluster.wish.vm_size == 'STANDARD_D1'
    hosts = [text for path, text in asked.files.items() if path.name == 'hostfile']
    assert len(hosts) == 2 and hosts[0].startswith('@address:0@ slots=') and '@address:1@' in hosts[0]
    assert asked.tasks[0].environment['AZ_BATCH_HOST_LIST'] == '@address:0@,@address:1@'


def test_a_higher_priority_is_handed_over_first(cluster):
    for name, priority in (('a', 'low'), ('b', 'high')):
        cluster.submit(name, schedulingPriority=priority)
    cluster.turn()
    assert [each.allocation.name for each in cluster.engine.launches.values()] == ['b', 'a']


def test_a_job_larger_than_the_cluster_is_not_handed_over_and_says_why(cluster):
    cluster.submit('a', nodeCount=5)
    cluster.turn()
    assert not cluster.engine.launches and 'is set to 4' in errors(cluster, 'a')[0]


def test_what_the_engine_says_of_a_waiting_job_is_shown(cluster):
    cluster.submit('a')
    cluster.turn()
    cluster.engine.reasons[cluster.running_launch('a').id] = 'Slurm does not answer'
    assert errors(cluster, 'a') == ['Slurm does not answer']


def test_no_more_are_handed_over_than_the_window_allows(cluster, monkeypatch):
    monkeypatch.setattr('azext_batchai.service.scheduler.loop.MOST_SUBMITTED', 3)
    for number in range(5):
        cluster.submit(f'j{number}')
    cluster.turn()
    cluster.turn()
    assert len(cluster.engine.launches) == 3
    give(cluster, 'j0')
    assert len(cluster.engine.launches) == 4


def test_a_turn_hands_over_only_some_of_very_many(cluster, monkeypatch):
    monkeypatch.setattr('azext_batchai.service.scheduler.loop.MOST_SUBMISSIONS', 2)
    for number in range(5):
        cluster.submit(f'j{number}')
    cluster.turn()
    assert len(cluster.engine.launches) == 2
    cluster.settle()
    assert len(cluster.engine.launches) == 5


def test_a_turn_ends_only_some_of_very_many(cluster, monkeypatch):
    monkeypatch.setattr('azext_batchai.service.scheduler.loop._MOST_AT_ONCE', 2)
    for number in range(5):
        cluster.submit(f'j{number}')
    cluster.settle()
    cluster.delete(cluster_path('c'))
    woken = []
    monkeypatch.setattr(cluster.scheduler, 'wake', lambda: woken.append(len(cluster.engine.stops)))
    cluster.turn()
    assert len(cluster.engine.stops) == 2 and woken == [2]  # the next turn is due at once
    cluster.settle()
    assert cluster.states(*(f'j{number}' for number in range(5))) == ['failed'] * 5


def test_a_turn_takes_in_the_ends_of_only_some_of_very_many(cluster, monkeypatch):
    for number in range(5):
        cluster.submit(f'j{number}')
    cluster.settle()
    cluster.delete(cluster_path('c'))
    cluster.turn()
    assert len(cluster.engine.stops) == 5
    monkeypatch.setattr('azext_batchai.service.scheduler.loop._MOST_AT_ONCE', 2)
    cluster.turn()
    assert len(cluster.engine.forgotten) == 2
    cluster.settle()
    assert cluster.states(*(f'j{number}' for number in range(5))) == ['failed'] * 5


def test_a_crash_between_the_note_and_the_start_hands_the_job_over_once(cluster):
    cluster.submit('a')
    cluster.engine.unavailable = True
    cluster.turn()
    assert not cluster.engine.launches and cluster.state('a') == 'queued'
    cluster.restart()
    cluster.engine.unavailable = False
    cluster.turn()
    cluster.turn()
    assert len(cluster.engine.starts) == 1 and cluster.state('a') == 'queued'


# ends

def test_a_job_that_began_and_ended_between_two_looks_has_both(cluster):
    cluster.submit('a', customToolkitSettings={'commandLine': 'exit 3'})
    cluster.turn()
    give(cluster, 'a', 1)
    info = cluster.job('a')['executionInfo']
    assert cluster.state('a') == 'failed' and info['exitCode'] == 3 and 'startTime' in info


@pytest.mark.parametrize('hours', [-30, 30])
def test_a_node_whose_clock_is_wrong_takes_nothing_of_the_time_of_a_job(cluster, monkeypatch, hours):
    poll = cluster.engine.poll
    monkeypatch.setattr(cluster.engine, 'poll', lambda handles: {
        handle: replace(seen, began=cluster.clock() + hours * 3600) for handle, seen in poll(handles).items()})
    cluster.submit('a', constraints={'maxWallClockTime': 'PT1H'}, customToolkitSettings={'commandLine': 'sleep'})
    cluster.turn()
    give(cluster, 'a', 1)
    cluster.turn()
    assert cluster.state('a') == 'running'
    cluster.now += 3500
    cluster.turn()
    assert cluster.state('a') == 'running'
    cluster.now += 200
    cluster.turn()
    assert cluster.state('a') != 'running'


def test_a_node_that_another_job_holds_is_taken_over_when_that_has_ended(cluster):
    for name in ('a', 'b'):
        cluster.submit(name)
    cluster.turn()
    give(cluster, 'a', 1)
    give(cluster, 'b', 1)
    assert cluster.states('a', 'b') == ['running', 'queued']
    cluster.end('a', 0)
    cluster.turn()
    assert cluster.states('a', 'b') == ['succeeded', 'running']


def test_what_can_never_run_fails_and_says_why(cluster):
    cluster.submit('a')
    cluster.turn()
    cluster.engine.refuse(cluster.running_launch('a').id, 'there is no account "x"')
    cluster.turn()
    assert cluster.state('a') == 'failed'
    assert errors(cluster, 'a') == ['The job could not be started: there is no account "x"']


@pytest.mark.parametrize('begun', [False, True], ids=['waiting', 'running'])
@pytest.mark.parametrize('removal, state, said', [
    (Removal.ADMINISTRATOR, 'failed', 'not through this service (cancelled by uid 0)'),
    (Removal.TIME, 'failed', 'longer than constraints.maxWallClockTime (cancelled by uid 0)'),
    (Removal.MEMORY, 'failed', 'more memory than it was given: cancelled by uid 0'),
    (Removal.PREEMPTED, 'queued', ''),
])
def test_what_the_engine_itself_ends(cluster, removal, state, said, begun):
    cluster.submit('a')
    cluster.turn()
    if begun:
        give(cluster, 'a', 1)
    cluster.engine.remove(cluster.running_launch('a').id, removal, 'cancelled by uid 0')
    cluster.turn()
    assert cluster.state('a') == state
    if state == 'failed':
        assert said in errors(cluster, 'a')[0]
    else:
        assert cluster.job_record('a').attempt == 2 and len(cluster.engine.launches) == 2
    assert cluster.counts() == {'idle': 4}


def test_a_lost_job_is_handed_over_again_until_it_was_lost_too_often(cluster):
    cluster.submit('a')
    cluster.turn()
    for attempt in range(1, 6):
        assert cluster.job_record('a').attempt == attempt
        give(cluster, 'a', 1)
        cluster.lose('a')
        cluster.turn()
    assert cluster.state('a') == 'failed' and 'lost its nodes 5 times' in errors(cluster, 'a')[0]


def test_the_allocation_is_forgotten_when_the_attempt_is_over(cluster):
    cluster.submit('a')
    cluster.turn()
    allocation = launch(cluster, 'a').allocation.id
    give(cluster, 'a', 1)
    assert cluster.engine.forgotten == []
    cluster.end('a', 0)
    assert cluster.engine.forgotten == [allocation]


# stages

def test_a_preparation_and_the_job_share_an_allocation(cluster):
    cluster.submit('a', jobPreparation={'commandLine': 'sleep'}, nodeCount=2)
    cluster.turn()
    first = launch(cluster, 'a')
    assert not first.last
    give(cluster, 'a', 3, 1)
    cluster.end('a', 0)
    second = launch(cluster, 'a')
    assert second.allocation.id == first.allocation.id and second.last and second.id != first.id
    assert [task.node.startswith('tvm-') for task in second.tasks] == [True]
    assert second.tasks[0].working_directory == first.tasks[0].working_directory
    assert cluster.state('a') == 'running'
    cluster.end('a', 0)
    assert cluster.state('a') == 'succeeded'


def test_execution_log_begins_when_the_nodes_are_known(cluster):
    cluster.submit('a')
    cluster.turn()
    record = cluster.job_record('a')
    log = Path(record.directories['stdouterr']) / 'execution.log'
    assert not log.exists()
    give(cluster, 'a', 2)
    text = log.read_text()
    node = cluster.store.clusters.nodes_of_job(record.guid)[0].id
    assert f'attempt 1 on {node}' in text and 'job begins: sleep' in text and '@id' not in text


# what clients want

def test_terminating_a_waiting_job_takes_it_out_of_the_queue(cluster):
    cluster.submit('a')
    cluster.turn()
    handle = cluster.running_launch('a').id
    cluster.post(job_path('a') + '/terminate')
    cluster.turn()
    assert (handle, 2.0) in cluster.engine.stops
    cluster.turn()
    assert cluster.state('a') == 'failed'
    assert errors(cluster, 'a') == ['The specified job has been terminated by the user']


def test_terminating_a_job_that_gets_its_nodes_at_that_moment(cluster):
    cluster.submit('a')
    cluster.turn()
    launch_id = cluster.running_launch('a').id
    cluster.post(job_path('a') + '/terminate')
    cluster.turn()
    cluster.engine.give(launch_id, 1)
    cluster.engine.end(launch_id, 137)
    cluster.turn()
    assert cluster.state('a') == 'failed' and cluster.counts() == {'idle': 4}
    assert errors(cluster, 'a') == ['The specified job has been terminated by the user']
    assert 'exitCode' not in cluster.job('a')['executionInfo']


def test_deleting_a_waiting_job(cluster):
    cluster.submit('a')
    cluster.turn()
    cluster.delete(job_path('a'))
    cluster.settle()
    assert cluster.get(job_path('a')).status_code == 404 and len(cluster.engine.stops) == 1


def test_deleting_the_cluster_ends_what_waits_and_what_runs(cluster):
    for name in ('a', 'b'):
        cluster.submit(name)
    cluster.turn()
    give(cluster, 'a', 1)
    cluster.delete(cluster_path('c'))
    cluster.settle()
    assert cluster.states('a', 'b') == ['failed', 'failed']
    assert cluster.get(cluster_path('c')).status_code == 404
    assert not any((cluster.data_dir / 'nodes').iterdir())
