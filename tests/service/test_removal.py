"""Workspaces and experiments that are deleted with all that is in them, whatever happens on the way."""
from pathlib import Path

import pytest
from harness import (
    EXPERIMENT, GRACE, NOON, ROOT, WORKSPACE, Crash, Harness, cluster_body, cluster_path, file_server_body,
    file_server_path, job_body, job_path, manual)

from azext_batchai.arm.ids import parse_resource_id

OTHER = f'{ROOT}/workspaces/other'
SHARE = {'azureFileShares': [{'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/share',
                              'relativeMountPath': 'afs', 'credentials': {}}]}
NOTHING = ([], [], [])


def delete(harness, path):
    """Delete and return the address of the operation's result: the other one is held until the operation ends."""
    response = harness.delete(path)
    assert response.status_code == 202, response.text
    return response.headers['location']


def names(harness, path):
    response = harness.get(path)
    assert response.status_code == 200, response.text
    return [item['name'] for item in response.json()['value']]


def provisioning(harness, path):
    return harness.get(path).json()['properties']['provisioningState']


def rest_of(harness):
    """What is left of clusters, jobs and live launches."""
    store = harness.store
    return ([cluster.resource.id.name for cluster in store.clusters.all()],
            sorted(store.jobs.count_by_state()), store.launches.live())


def fill(harness):
    """A workspace with a busy cluster, a waiting and an ended job, and a file server with a file."""
    harness.make_workspace()
    assert harness.put(file_server_path('f'), file_server_body()).status_code == 202
    server = harness.store.resources.file_server_guid(file_server_path('f'))
    (harness.data_dir / 'fileservers' / server / 'kept').write_text('x')
    harness.make_cluster(scaleSettings=manual(2), nodeSetup={'mountVolumes': {
        **SHARE, 'fileServers': [{'fileServer': {'id': file_server_path('f')}, 'relativeMountPath': 'nfs'}]}})
    harness.submit('ended', stdOutErrPathPrefix='$AZ_BATCHAI_MOUNT_ROOT/afs')
    harness.settle()
    logs = Path(harness.job_record('ended').directories['stdouterr'])
    (logs / 'stdout.txt').write_text('result')
    harness.end('ended')
    harness.submit('runs')
    harness.submit('waits', nodeCount=2)
    harness.settle()
    assert harness.states('ended', 'runs', 'waits') == ['succeeded', 'running', 'queued']
    return logs


def test_a_workspace_goes_with_all_that_is_in_it(harness):
    logs = fill(harness)
    operation = delete(harness, WORKSPACE)
    assert provisioning(harness, WORKSPACE) == 'deleting'
    harness.turn()
    assert names(harness, f'{ROOT}/workspaces') == ['w'], 'it is listed as long as something in it is there'
    assert {provisioning(harness, path) for path in (EXPERIMENT, cluster_path('c'), job_path('runs'))} == {'deleting'}
    assert harness.get(operation).json()['status'] == 'InProgress'
    harness.settle()
    assert harness.get(operation).json()['status'] == 'Succeeded'
    assert harness.get(operation).json()['properties']['resourceId'].endswith('$rg$w')
    assert harness.get(WORKSPACE).status_code == 404 and names(harness, f'{ROOT}/workspaces') == []
    assert rest_of(harness) == NOTHING
    assert [list((harness.data_dir / kind).iterdir()) for kind in ('fileservers', 'output')] == [[], []]
    assert (logs / 'stdout.txt').read_text() == 'result', 'output on a share is the user\'s and stays'


def test_a_job_is_asked_to_end_before_it_is_killed(harness):
    fill(harness)
    launch = harness.running_launch('runs')
    harness.engine.stop = lambda handle, grace: harness.engine.stops.append((launch.id, grace))
    delete(harness, WORKSPACE)
    harness.settle()
    harness.later(GRACE)
    assert [grace for _, grace in harness.engine.stops] == [GRACE, 0]
    assert provisioning(harness, WORKSPACE) == 'deleting', 'it waits for what does not end'
    harness.engine.end(launch.id, 137)
    harness.settle()
    assert harness.get(WORKSPACE).status_code == 404


def test_an_experiment_goes_with_its_jobs_and_nothing_else(harness):
    fill(harness)
    neighbour = f'{WORKSPACE}/experiments/e2'
    harness.put(neighbour)
    harness.put(f'{neighbour}/jobs/other', job_body())
    operation = delete(harness, EXPERIMENT)
    harness.settle()
    assert harness.get(operation).json()['status'] == 'Succeeded'
    assert names(harness, f'{WORKSPACE}/experiments') == ['e2']
    assert names(harness, f'{WORKSPACE}/clusters') == ['c'] and names(harness, f'{WORKSPACE}/fileServers') == ['f']
    other = harness.get(f'{neighbour}/jobs/other').json()['properties']
    assert other['executionState'] == 'running' and harness.counts() == {'idle': 1, 'running': 1}


def test_jobs_of_other_workspaces_end_with_the_cluster_they_are_on(harness):
    fill(harness)
    harness.put(OTHER, {'location': 'eastus'})
    harness.put(f'{OTHER}/experiments/e')
    job = f'{OTHER}/experiments/e/jobs/guest'
    assert harness.put(job, job_body(cluster_path('c'))).status_code == 202
    harness.settle()
    delete(harness, WORKSPACE)
    harness.settle()
    guest = harness.get(job).json()['properties']
    assert guest['executionState'] == 'failed'
    assert 'cluster was deleted' in guest['executionInfo']['errors'][0]['message']
    assert names(harness, f'{ROOT}/workspaces') == ['other']


def test_jobs_that_run_elsewhere_are_stopped_there(harness):
    fill(harness)
    harness.put(OTHER, {'location': 'eastus'})
    elsewhere = f'{OTHER}/clusters/c'
    harness.put(elsewhere, cluster_body(scaleSettings=manual(1)))
    harness.put(job_path('away'), job_body(elsewhere))
    harness.settle()
    assert harness.state('away') == 'running'
    delete(harness, WORKSPACE)
    harness.settle()
    assert rest_of(harness) == (['c'], [], [])
    assert harness.get(elsewhere).json()['properties']['nodeStateCounts']['idleNodeCount'] == 1


@pytest.mark.parametrize('path, body, code', [
    (WORKSPACE, {'location': 'eastus'}, 'WorkspaceBeingDeleted'), (EXPERIMENT, None, 'WorkspaceBeingDeleted'),
    (f'{WORKSPACE}/experiments/new', None, 'WorkspaceBeingDeleted'),
    (cluster_path('new'), cluster_body(), 'WorkspaceBeingDeleted'),
    (cluster_path('c'), cluster_body(), 'WorkspaceBeingDeleted'),
    (file_server_path('new'), file_server_body(), 'WorkspaceBeingDeleted'),
    (job_path('new'), job_body(), 'WorkspaceBeingDeleted'),
])
@pytest.mark.parametrize('turned', [False, True], ids=['at once', 'after a turn'])
def test_nothing_new_comes_into_a_workspace_that_is_being_deleted(harness, path, body, code, turned):
    fill(harness)
    delete(harness, WORKSPACE)
    if turned:
        harness.turn()
    response = harness.put(path, body)
    assert (response.status_code, response.json()['error']['code']) == (409, code)
    assert response.json()['error']['message'] == 'The workspace w is being deleted.'


def test_nothing_new_comes_into_an_experiment_that_is_being_deleted(harness):
    fill(harness)
    delete(harness, EXPERIMENT)
    for path, body in ((EXPERIMENT, None), (job_path('new'), job_body())):
        response = harness.put(path, body)
        assert (response.status_code, response.json()['error']['code']) == (409, 'ExperimentBeingDeleted')
    assert harness.put(f'{WORKSPACE}/experiments/new').status_code == 200


def test_what_slipped_in_goes_too(harness):
    """A request that was checked before the deletion and stored after it."""
    fill(harness)
    delete(harness, WORKSPACE)
    harness.turn()
    harness.store.resources.add(parse_resource_id(f'{WORKSPACE}/experiments/late'), 'late', 'eastus', {}, NOON)
    harness.store.jobs.add(parse_resource_id(f'{WORKSPACE}/experiments/late/jobs/j'), 'late-job', 'eastus',
                           {'nodeCount': 1}, {}, cluster_path('c').lower(), 0, NOON)
    harness.settle()
    assert rest_of(harness) == NOTHING and not harness.store.resources.exists('late')


def test_deleting_twice_is_one_deletion_with_two_operations(harness):
    fill(harness)
    operations = [delete(harness, WORKSPACE) for _ in range(2)]
    harness.turn()
    operations.append(delete(harness, WORKSPACE))
    harness.settle()
    assert {harness.get(operation).json()['status'] for operation in operations} == {'Succeeded'}
    assert harness.delete(WORKSPACE).status_code == 204 and harness.delete(EXPERIMENT).status_code == 204


def test_the_names_are_free_again(harness):
    fill(harness)
    first = harness.job_record('runs').guid
    delete(harness, WORKSPACE)
    harness.settle()
    fill(harness)
    assert harness.job_record('runs').guid != first


def test_a_file_server_that_others_mount_holds_its_workspace(harness):
    fill(harness)
    harness.put(OTHER, {'location': 'eastus'})
    mounting = {'mountVolumes': {'fileServers': [
        {'fileServer': {'id': file_server_path('f').upper()}, 'relativeMountPath': 'nfs'}]}}
    harness.put(f'{OTHER}/clusters/user', cluster_body(nodeSetup=mounting))
    response = harness.delete(WORKSPACE)
    assert (response.status_code, response.json()['error']['code']) == (409, 'FileServerInUse')
    assert f'{OTHER}/clusters/user' in response.json()['error']['message']
    assert provisioning(harness, WORKSPACE) == 'succeeded'
    harness.delete(f'{OTHER}/clusters/user')
    delete(harness, WORKSPACE)
    for _ in range(2):
        assert harness.put(f'{OTHER}/clusters/late', cluster_body(nodeSetup=mounting)).status_code == 400, \
            'what is being deleted cannot be mounted any more'
        harness.turn()


def test_a_job_elsewhere_that_mounts_a_file_server_holds_its_workspace(harness):
    fill(harness)
    for path, body in ((OTHER, {'location': 'eastus'}), (f'{OTHER}/experiments/e', None),
                       (f'{OTHER}/clusters/c', cluster_body(scaleSettings=manual(1)))):
        harness.put(path, body)
    job = f'{OTHER}/experiments/e/jobs/user'
    assert harness.put(job, job_body(f'{OTHER}/clusters/c', mountVolumes={'fileServers': [
        {'fileServer': {'id': file_server_path('f')}, 'relativeMountPath': 'nfs'}]})).status_code == 202
    assert harness.delete(WORKSPACE).json()['error']['code'] == 'FileServerInUse'
    harness.settle()
    assert harness.delete(WORKSPACE).json()['error']['code'] == 'FileServerInUse'
    harness.post(f'{job}/terminate')
    harness.settle()
    assert harness.delete(WORKSPACE).status_code == 202


def test_very_many_jobs_go_in_several_turns(harness):
    harness.make_cluster()
    with harness.store.transaction():
        for number in range(1200):
            harness.store.jobs.add(parse_resource_id(job_path(f'j{number}')), f'guid{number}', 'eastus',
                                   {'nodeCount': 1}, {}, cluster_path('c').lower(), 0, NOON)
    delete(harness, EXPERIMENT)
    left = []
    while harness.get(EXPERIMENT).status_code == 200:
        harness.turn()
        left.append(harness.store.jobs.count_by_state().get('queued', 0))
    assert left == [700, 200, 0]


def test_an_outage_of_the_engine_delays_the_deletion_and_no_more(harness):
    fill(harness)
    harness.engine.unavailable = True
    delete(harness, WORKSPACE)
    harness.settle()
    assert provisioning(harness, WORKSPACE) == 'deleting'
    harness.engine.unavailable = False
    harness.settle()
    assert harness.get(WORKSPACE).status_code == 404 and rest_of(harness) == NOTHING


# crashes

class Mortal:
    """Makes the service die right before or right after its next transactions but `spared`."""

    def __init__(self, harness, spared, after):
        self.left, self.after = spared, after
        self._database = harness.store.database
        self._connection = self._database.connection
        self._database.connection = self

    def execute(self, sql, parameters=()):
        if sql != 'COMMIT':
            return self._connection.execute(sql, parameters)
        self.left -= 1
        if self.left < 0 and not self.after:
            raise Crash
        done = self._connection.execute(sql, parameters)
        if self.left < 0:
            raise Crash
        return done

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.mark.parametrize('after', [False, True], ids=['before a commit', 'after a commit'])
def test_a_deletion_survives_a_crash_at_any_commit(tmp_path, after):
    """One run for each commit there is, until a run comes to its end."""
    for spared in range(100):
        harness = Harness(tmp_path / f'{after}{spared}')
        logs = fill(harness)
        delete(harness, WORKSPACE)
        Mortal(harness, spared, after)
        try:
            harness.settle()
            crashed = False
        except Crash:
            crashed = True
        harness.restart()
        harness.settle()
        harness.now += GRACE  # a job whose end was noted and not asked for is killed then
        harness.settle()
        seen = (harness.get(WORKSPACE).status_code, rest_of(harness), (logs / 'stdout.txt').read_text())
        started = len(harness.engine.starts) - len(set(harness.engine.starts))
        harness.close()
        assert (seen, started) == ((404, NOTHING, 'result'), 0), f'after a crash at commit {spared}'
        if not crashed:
            break
    assert not crashed and spared >= 10, f'{spared} commits are too few to have tested anything'
