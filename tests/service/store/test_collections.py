"""The collections of the store, one by one, against a real database."""
import pytest

from azext_batchai.arm.ids import workspace_id
from azext_batchai.arm.states import AllocationState, JobState, NodeState
from azext_batchai.service.store import Store

SUBSCRIPTION = '00000000-0000-0000-0000-0000000000aa'
WORKSPACE = workspace_id(SUBSCRIPTION, 'rg', 'w')
EXPERIMENT = WORKSPACE.child('experiments', 'e')
CLUSTER = WORKSPACE.child('clusters', 'c')
SERVER = WORKSPACE.child('fileServers', 'f')
PROPERTIES = {'nodeCount': 1}


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / 'batchai.db')
    yield opened
    opened.close()


@pytest.fixture
def cluster(store):
    """A cluster of two idle nodes, n1 and n2. Its guid."""
    store.clusters.add(CLUSTER, 'cluster-guid', 'eastus', {'vmSize': 'S'}, {}, AllocationState.STEADY, 1.0)
    store.clusters.add_nodes('cluster-guid', [('n1', 1), ('n2', 2)], 1.0)
    for node in ('n1', 'n2'):
        store.clusters.set_node_state(node, NodeState.IDLE, 2.0)
    return 'cluster-guid'


def add_job(store, name, nodes=1, priority=0, secrets=None, cluster=CLUSTER):
    store.jobs.add(EXPERIMENT.child('jobs', name), name, 'eastus', {'nodeCount': nodes}, secrets or {}, cluster.key,
                   priority, 10.0)
    return name


def head(store, largest=9, limit=9):
    return [job.guid for job in store.jobs.queue_head(CLUSTER.key, largest, limit)]


# resources

def test_a_resource_is_found_by_any_spelling_and_keeps_the_first(store):
    store.resources.add(workspace_id(SUBSCRIPTION.upper(), 'RG', 'MyWork'), 'g', 'eastus', {'a': 1}, 5.0, {'t': 'v'})
    found = store.resources.find(workspace_id(SUBSCRIPTION, 'rg', 'mywork'))
    assert (found.id.name, found.guid, found.location) == ('MyWork', 'g', 'eastus')
    assert (found.properties, found.tags, found.created, found.provisioning_state) == ({'a': 1}, {'t': 'v'}, 5.0,
                                                                                       'succeeded')


def test_what_is_not_there_is_none(store):
    assert store.resources.find(WORKSPACE) is None
    assert store.resources.file_server_guid('/nowhere') is None
    assert store.clusters.find(CLUSTER.key) is None and store.clusters.get('x') is None
    assert store.jobs.find('x') is None and store.jobs.get('x') is None
    assert store.clusters.node('x') is None and store.operations.find('x') is None
    assert store.resources.secrets('x') == {}
    assert not store.resources.exists('x') and store.launches.find('x') is None
    assert store.launches.open_of('x') is None


def test_a_file_server_is_found_by_an_arm_id_as_people_write_it_and_nothing_else_is(store):
    store.resources.add(WORKSPACE, 'w', 'eastus', {}, 1.0)
    store.resources.add(SERVER, 'g', 'eastus', {}, 1.0)
    assert store.resources.file_server_guid(str(SERVER).upper() + '/') == 'g'
    assert store.resources.file_server_guid(str(WORKSPACE)) is None


def test_children_come_in_the_order_of_creation(store):
    for name in ('b', 'a', 'c'):
        store.resources.add(WORKSPACE.child('fileServers', name), name, 'eastus', {}, 1.0)
    listed = store.resources.list_children(WORKSPACE.key, 'workspaces/fileServers')
    assert [resource.id.name for resource in listed] == ['b', 'a', 'c']
    assert store.resources.list_children(WORKSPACE.key, 'workspaces/experiments') == []
    assert [r.guid for r in store.resources.list_subscription(SUBSCRIPTION.upper(), 'workspaces/fileServers')] == [
        'b', 'a', 'c']


def test_numbers_are_never_used_twice(store):
    first = store.resources.add(WORKSPACE, 'g', 'eastus', {}, 1.0).number
    store.resources.remove('g')
    assert store.resources.add(WORKSPACE, 'h', 'eastus', {}, 1.0).number > first


def test_an_update_changes_properties_and_the_time_of_change_only(store):
    store.resources.add(WORKSPACE, 'g', 'eastus', {'a': 1}, 1.0)
    store.resources.update_properties('g', {'a': 2}, 9.0)
    found = store.resources.find(WORKSPACE)
    assert (found.properties, found.created, found.modified) == ({'a': 2}, 1.0, 9.0)


# clusters and nodes

def test_nodes_go_with_their_cluster(store, cluster):
    assert [node.id for node in store.clusters.nodes(cluster)] == ['n1', 'n2']
    store.resources.remove(cluster)
    assert store.clusters.all() == [] and store.clusters.nodes(cluster) == []


def test_a_node_added_twice_is_there_once_and_keeps_its_state(store, cluster):
    store.clusters.add_nodes(cluster, [('n1', 1)], 99.0)
    assert [(node.id, node.state) for node in store.clusters.nodes(cluster)] == [('n1', 'idle'), ('n2', 'idle')]


def test_the_error_of_a_node_goes_when_its_state_changes(store, cluster):
    store.clusters.set_node_state('n1', NodeState.UNUSABLE, 3.0, {'code': 'X'})
    assert store.clusters.node('n1').error == {'code': 'X'}
    store.clusters.set_node_state('n1', NodeState.LEAVING, 4.0)
    assert store.clusters.node('n1').error is None


def test_the_allocation_state_has_a_time_of_its_own(store, cluster):
    store.clusters.set_allocation(cluster, AllocationState.RESIZING, 7.0)
    found = store.clusters.get(cluster)
    assert (found.allocation_state, found.allocation_time, found.resource.modified) == ('resizing', 7.0, 1.0)


# jobs

def test_the_queue_is_by_priority_then_by_age(store, cluster):
    for name, priority in (('a', 0), ('low', -1), ('b', 0), ('high', 1)):
        add_job(store, name, priority=priority)
    assert head(store) == ['high', 'a', 'b', 'low']
    assert head(store, limit=2) == ['high', 'a']


def test_the_queue_leaves_out_what_is_too_large_and_what_is_wished_away(store, cluster):
    for name, nodes in (('large', 5), ('small', 1), ('gone', 1)):
        add_job(store, name, nodes)
    store.jobs.wish('gone', 'terminate')
    assert head(store, largest=4) == ['small']


def test_the_queue_of_one_cluster_is_not_that_of_another(store, cluster):
    add_job(store, 'a', cluster=WORKSPACE.child('clusters', 'other'))
    assert head(store) == []


@pytest.mark.parametrize('sizes, largest, enough, at_least', [
    ([], 4, 4, 0), ([1, 2], 4, 4, 3), ([1, 5], 4, 4, 1), ([1] * 20, 4, 4, 4), ([3, 3, 3], 3, 3, 3),
])
def test_waiting_nodes_are_counted_up_to_what_is_enough(store, cluster, sizes, largest, enough, at_least):
    for number, size in enumerate(sizes):
        add_job(store, f'j{number}', size)
    counted = store.jobs.queued_node_count(CLUSTER.key, largest, enough)
    exact = sum(size for size in sizes if size <= largest)
    assert at_least <= counted <= exact


def test_a_job_that_begins_holds_its_nodes(store, cluster):
    add_job(store, 'a', 2)
    store.jobs.begin('a', ['n1', 'n2'], 99.0, 20.0)
    store.jobs.set_directories('a', {'stdouterr': '/x'})
    job = store.jobs.get('a')
    assert (job.state, job.started, job.attempt, job.deadline) == ('running', 20.0, 1, 99.0)
    assert job.directories == {'stdouterr': '/x'}
    assert [(node.id, node.state) for node in store.clusters.nodes_of_job('a')] == [
        ('n1', 'running'), ('n2', 'running')]
    assert [active.guid for active in store.jobs.active(CLUSTER.key)] == ['a']
    assert store.jobs.get('a').deadline == 99.0


def test_a_job_that_finishes_frees_its_nodes_and_forgets_its_secrets(store, cluster):
    add_job(store, 'a', secrets={'S': 'value'})
    store.jobs.begin('a', ['n1'], 99.0, 20.0)
    assert store.resources.secrets('a') == {'S': 'value'}
    store.jobs.finish('a', JobState.FAILED, 3, [{'code': 'X'}], 30.0)
    job = store.jobs.get('a')
    assert (job.state, job.started, job.ended, job.exit_code, job.errors) == ('failed', 20.0, 30.0, 3, [{'code': 'X'}])
    assert (store.clusters.node('n1').state, store.clusters.node('n1').job) == ('idle', None)
    assert store.resources.secrets('a') == {}
    assert store.jobs.active(CLUSTER.key) == [] and store.jobs.get('a').deadline is None


def test_a_leaving_node_stays_leaving_when_its_job_ends(store, cluster):
    add_job(store, 'a')
    store.jobs.begin('a', ['n1'], 99.0, 20.0)
    store.clusters.set_node_state('n1', NodeState.LEAVING, 21.0)
    store.jobs.finish('a', JobState.SUCCEEDED, 0, [], 30.0)
    assert (store.clusters.node('n1').state, store.clusters.node('n1').job) == ('leaving', None)


def test_a_requeued_job_is_back_at_its_old_place(store, cluster):
    for name in ('a', 'b'):
        add_job(store, name)
    store.jobs.begin('a', ['n1'], 99.0, 20.0)
    store.jobs.requeue('a', 25.0)
    job = store.jobs.get('a')
    assert head(store) == ['a', 'b']
    assert (job.state, job.started, job.deadline, job.attempt) == ('queued', None, None, 1)


@pytest.mark.parametrize('wishes, kept', [
    (['terminate'], 'terminate'), (['delete'], 'delete'), (['terminate', 'delete'], 'delete'),
    (['delete', 'terminate'], 'delete'),
])
def test_a_wish_to_delete_is_not_taken_back(store, cluster, wishes, kept):
    add_job(store, 'a')
    for wish in wishes:
        store.jobs.wish('a', wish)
    assert [(job.guid, job.wish) for job in store.jobs.wished(9)] == [('a', kept)]


@pytest.mark.parametrize('wish, left', [('terminate', None), ('delete', 'delete')])
def test_a_finished_job_can_still_be_deleted_but_not_terminated(store, cluster, wish, left):
    add_job(store, 'a')
    store.jobs.wish('a', wish)
    store.jobs.finish('a', JobState.FAILED, None, [], 30.0)
    assert store.jobs.get('a').wish == left


def test_a_job_outlives_its_cluster(store, cluster):
    add_job(store, 'a')
    store.resources.remove(cluster)
    assert store.jobs.get('a').cluster == CLUSTER.key


def test_jobs_are_counted_by_state(store, cluster):
    for name in ('a', 'b'):
        add_job(store, name)
    store.jobs.finish('b', JobState.FAILED, None, [], 30.0)
    assert store.jobs.count_by_state() == {'queued': 1, 'failed': 1}


# launches

def test_a_launch_is_live_from_the_intent_to_the_end(store):
    store.launches.intend('l', 'owner', 'job', 1, ['n1'], 1.0)
    assert [(launch.id, launch.handle) for launch in store.launches.live()] == [('l', None)]
    store.launches.started('l', 'handle')
    assert [(launch.id, launch.handle) for launch in store.launches.live()] == [('l', 'handle')]
    store.launches.ended('l', {'state': 'ended', 'exitCodes': [0]}, 2.0)
    assert store.launches.live() == []
    assert store.launches.of_owner('owner')[0].result == {'state': 'ended', 'exitCodes': [0]}


def test_the_first_time_of_a_stop_counts_and_a_kill_is_not_taken_back(store):
    store.launches.intend('l', 'owner', 'job', 1, ['n1'], 1.0)
    store.launches.stopping('l', 5.0)
    store.launches.stopping('l', 7.0, killed=True)
    store.launches.stopping('l', 9.0)
    found, = store.launches.of_owner('owner')
    assert (found.stop_time, found.killed) == (5.0, True)


def test_a_history_can_be_forgotten(store):
    store.launches.intend('l', 'owner', 'job', 1, ['n1'], 1.0)
    store.launches.intend('m', 'other', 'job', 1, ['n1'], 1.0)
    store.launches.forget('owner')
    assert [launch.id for launch in store.launches.live()] == ['m']


# operations

def test_an_operation_ends_with_what_it_waits_for(store):
    store.operations.add('o', SUBSCRIPTION, 'eastus', 'owner', 'a$b', 1.0, finished=False)
    assert store.operations.find('o').status == 'InProgress'
    assert store.operations.succeed('owner', 4.0) is True
    assert store.operations.succeed('owner', 5.0) is False
    found = store.operations.find('o')
    assert (found.status, found.started, found.ended) == ('Succeeded', 1.0, 4.0)


def test_old_documents_are_dropped_but_not_those_of_open_operations(store):
    store.operations.add('old', SUBSCRIPTION, 'eastus', 'a', 'r', 1.0, finished=True)
    store.operations.add('open', SUBSCRIPTION, 'eastus', 'b', 'r', 1.0, finished=False)
    store.operations.add('new', SUBSCRIPTION, 'eastus', 'c', 'r', 9.0, finished=True)
    store.operations.forget_older(5.0)
    assert [name for name in ('old', 'open', 'new') if store.operations.find(name)] == ['open', 'new']


# what is being deleted

def states(store):
    return {row['guid']: row['provisioning_state']
            for row in store.database.all('SELECT guid, provisioning_state FROM resources')}


def test_all_that_is_directly_in_a_parent_is_marked_once(store, cluster):
    store.resources.add(WORKSPACE, 'w', 'eastus', {}, 1.0)
    store.resources.add(EXPERIMENT, 'e', 'eastus', {}, 1.0)
    add_job(store, 'a')
    store.resources.mark_children_deleting(WORKSPACE.key, 5.0)
    store.resources.mark_children_deleting(WORKSPACE.key, 9.0)
    assert states(store) == {'w': 'succeeded', 'e': 'deleting', cluster: 'deleting', 'a': 'succeeded'}
    assert store.resources.find(EXPERIMENT).provisioning_time == 5.0
    assert [resource.guid for resource in store.resources.leaving('workspaces/experiments')] == ['e']
    assert store.resources.leaving('workspaces') == []


def test_children_are_known_by_their_collection(store):
    for name in ('f', 'g'):
        store.resources.add(WORKSPACE.child('fileServers', name), name, 'eastus', {}, 1.0)
    assert store.resources.guids_in(WORKSPACE.key, 'workspaces/fileServers') == ['f', 'g']
    assert store.resources.has_children(WORKSPACE.key, 'workspaces/clusters', 'workspaces/fileServers')
    assert not store.resources.has_children(WORKSPACE.key, 'workspaces/clusters')


def test_what_is_being_deleted_is_not_referred_to_any_more(store):
    store.resources.add(WORKSPACE, 'w', 'eastus', {}, 1.0)
    store.resources.add(SERVER, 'g', 'eastus', {}, 1.0)
    store.resources.mark_deleting('w', 2.0)
    assert store.resources.file_server_guid(str(SERVER)) is None and store.resources.exists('g')


def test_all_jobs_of_an_experiment_are_wished_away_and_no_others(store, cluster):
    other = WORKSPACE.child('experiments', 'other')
    for name in ('a', 'b', 'c'):
        add_job(store, name)
    store.jobs.add(other.child('jobs', 'd'), 'd', 'eastus', PROPERTIES, {}, CLUSTER.key, 0, 10.0)
    store.jobs.wish('b', 'terminate')
    store.jobs.begin('c', ['n1'], 99.0, 20.0)
    store.jobs.wish_away(EXPERIMENT.key)
    assert {name: store.jobs.get(name).wish for name in 'abcd'} == {'a': 'delete', 'b': 'delete', 'c': 'delete',
                                                                    'd': None}
    assert {job.guid for job in store.jobs.wished(9)} == {'a', 'b'}, 'c holds a node'
    assert len(store.jobs.wished(1)) == 1


def test_new_tags_replace_the_old_ones(store):
    store.resources.add(WORKSPACE, 'w', 'eastus', {}, 1.0, {'old': 'x'})
    store.resources.update_tags('w', {'new': 'y'}, 7.0)
    found = store.resources.find(WORKSPACE)
    assert (found.tags, found.modified, found.created) == ({'new': 'y'}, 7.0, 1.0)


def test_a_cluster_remembers_where_its_set_up_tasks_write(store, cluster):
    assert store.clusters.get(cluster).setup_output is None
    store.clusters.set_setup_output(cluster, '/out')
    assert store.clusters.find(CLUSTER.key).setup_output == store.clusters.all()[0].setup_output == '/out'
