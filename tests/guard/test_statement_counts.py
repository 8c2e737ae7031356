"""SQL statements and commits of each operation, counted exactly: no figure here depends on the time."""
import asyncio

import pytest
from harness import EXPERIMENT, WORKSPACE, auto, cluster_body, cluster_path, job_body, job_path, manual
from statements import statements_of

SECTION = 'statements'
_PREPARED = {'jobPreparation': {'commandLine': 'sleep'}}


def turns(harness, count=1):
    for _ in range(count):
        harness.turn()


def with_cluster(harness):
    harness.make_cluster(scaleSettings=manual(2))
    harness.turn()


def with_queue(harness):
    """A job runs on all there is, and another one waits."""
    with_cluster(harness)
    harness.submit('runs', nodeCount=2)
    harness.turn()
    harness.submit('waits')
    harness.turn()


def one_running(harness):
    with_cluster(harness)
    harness.submit('j')
    harness.turn()


def gang_running(harness):
    with_cluster(harness)
    harness.submit('j', nodeCount=2)
    harness.turn()


def submitted(**properties):
    """Submits a job; a turn starts it, one takes in the end of each of its launches."""
    def whole_life(harness):
        harness.submit('j', **properties)
        harness.turn()
        for _ in range(2 if 'jobPreparation' in properties else 1):
            harness.engine.end(harness.engine.starts[-1], 0)
            harness.turn()
    return whole_life


def put_job(harness):
    return harness.put(job_path('new'), job_body())


# What is counted: how to get there, and what to do then.
OPERATIONS = {
    'PUT workspace': (lambda harness: None, lambda harness: harness.put(WORKSPACE, {'location': 'eastus'})),
    'GET workspace': (with_cluster, lambda harness: harness.get(WORKSPACE)),
    'PUT experiment': (lambda harness: harness.put(WORKSPACE, {'location': 'eastus'}),
                       lambda harness: harness.put(EXPERIMENT)),
    'PUT cluster': (with_cluster, lambda harness: harness.put(cluster_path('new'), cluster_body())),
    'GET cluster': (with_cluster, lambda harness: harness.get(cluster_path('c'))),
    'PATCH cluster': (with_cluster, lambda harness: harness.patch(
        cluster_path('c'), {'properties': {'scaleSettings': manual(3)}})),
    'DELETE cluster': (with_cluster, lambda harness: harness.delete(cluster_path('c'))),
    'PUT job': (with_cluster, put_job),
    'PUT job again': (lambda harness: (with_cluster(harness), put_job(harness)), put_job),
    'GET running job': (with_queue, lambda harness: harness.get(job_path('runs'))),
    'GET waiting job': (with_queue, lambda harness: harness.get(job_path('waits'))),
    'list of jobs': (with_queue, lambda harness: harness.get(f'{EXPERIMENT}/jobs')),
    'terminate': (with_queue, lambda harness: harness.post(f"{job_path('runs')}/terminate")),
    'DELETE job': (with_queue, lambda harness: harness.delete(job_path('runs'))),
    'turn, nothing there': (lambda harness: harness.turn(), turns),
    'turn, idle cluster': (with_cluster, turns),
    'turn, a job runs': (one_running, turns),
    'turn, a job runs and one waits': (with_queue, turns),
    'turn, a gang starts': (lambda harness: (with_cluster(harness), harness.submit('j', nodeCount=2)), turns),
    'turn, a gang ends': (lambda harness: (gang_running(harness), harness.engine.end(
        harness.engine.starts[-1], 0)), turns),
    'job, from PUT to its final state': (with_cluster, submitted()),
    'gang of two, from PUT to its final state': (with_cluster, submitted(nodeCount=2)),
    'job with preparation, from PUT to its final state': (with_cluster, submitted(**_PREPARED)),
    'two nodes, from PUT of the cluster to idle': (
        lambda harness: harness.make_workspace(),
        lambda harness: (harness.put(cluster_path('c'), cluster_body(scaleSettings=manual(2))), turns(harness, 3))),
    'one node more, from PATCH to idle': (with_cluster, lambda harness: (harness.patch(
        cluster_path('c'), {'properties': {'scaleSettings': manual(3)}}), turns(harness, 3))),
    'terminate, until the job is final': (one_running, lambda harness: (
        harness.post(f"{job_path('j')}/terminate"), turns(harness, 2))),
}


@pytest.mark.parametrize('name', OPERATIONS)
def test_statements_of(harness, costs, name):
    prepare, act = OPERATIONS[name]
    prepare(harness)
    with statements_of(harness.store) as statements:
        act(harness)
    costs(SECTION, name, statements.count(), statements)


def test_the_stories_that_are_counted_come_to_their_ends(harness):
    with_cluster(harness)
    submitted(**_PREPARED)(harness)
    assert harness.state('j') == 'succeeded'
    harness.delete(job_path('j'))
    harness.turn()
    harness.submit('j')
    harness.turn()
    OPERATIONS['terminate, until the job is final'][1](harness)
    assert harness.state('j') == 'failed'
    OPERATIONS['one node more, from PATCH to idle'][1](harness)
    assert harness.counts() == {'idle': 3}


def test_the_table_lists_what_is_counted_and_nothing_else(table):
    assert list(table[SECTION]) == list(OPERATIONS)


# what must not grow

def cost(harness, act):
    with statements_of(harness.store) as statements:
        act(harness)
    return statements.count()


@pytest.mark.parametrize('name', ['turn, a job runs and one waits', 'GET waiting job', 'PUT job', 'list of jobs'])
def test_a_longer_queue_and_more_history_cost_no_statement_more(harness, name):
    act = OPERATIONS[name][1]
    with_cluster(harness)
    for number in range(20):
        harness.submit(f'ended{number}')
        harness.turn()
        harness.end(f'ended{number}')
    harness.submit('runs', nodeCount=2)
    harness.turn()
    harness.submit('waits')
    harness.turn()
    harness.delete(job_path('new'))
    few = cost(harness, act)
    harness.delete(job_path('new'))
    for number in range(100):
        harness.submit(f'waits{number}')
    harness.turn()
    assert cost(harness, act) == few


def test_more_nodes_cost_a_turn_no_statement_more(harness):
    with_cluster(harness)
    few = cost(harness, turns)
    harness.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(50)}})
    harness.settle()
    assert harness.counts() == {'idle': 50}
    assert cost(harness, turns) == few


def test_an_auto_scale_cluster_at_rest_writes_nothing(harness):
    harness.make_cluster(scaleSettings=auto(0, 4))
    found = cost(harness, turns)
    assert found['writes'] == 0 and found['commits'] == 0


@pytest.mark.parametrize('count', [2, 10])
def test_jobs_that_are_submitted_at_once_share_a_commit(harness, count):
    with_cluster(harness)

    async def submit_all():
        return await asyncio.gather(*[harness.send('PUT', job_path(f'j{number}'), job_body())
                                      for number in range(count)])
    with statements_of(harness.store) as statements:
        replies = harness.run(submit_all())
    assert [reply.status_code for reply in replies] == [202] * count
    assert statements.count()['commits'] == 1
