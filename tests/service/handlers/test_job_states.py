"""A job over REST after its submission: its states, its end by itself or by request, its deletion and its nodes."""
import pytest
from harness import (
    EXPERIMENT, SUBSCRIPTION, WORKSPACE, cluster_path, file_server_body, file_server_path, job_path, manual)

JOB = job_path('j')
NOON = '2018-06-06T12:00:00Z'


# execution info by state

def test_while_it_runs_there_is_a_start_time(cluster):
    cluster.submit('j')
    cluster.now += 1.5
    cluster.settle()
    shown = cluster.job('j')
    assert (shown['executionState'], shown['executionInfo']) == ('running', {'startTime': '2018-06-06T12:00:01.5Z'})
    assert shown['executionStateTransitionTime'] == '2018-06-06T12:00:01.5Z'


@pytest.mark.parametrize('code, state', [(0, 'succeeded'), (3, 'failed'), (127, 'failed')])
def test_after_the_end_there_are_times_exit_code_and_errors(cluster, code, state):
    cluster.submit('j')
    cluster.settle()
    node = cluster.running_launch('j').nodes[0]
    errors = [{'code': 'JobFailed', 'message': 'Job failed with non-zero exit code',
               'details': [{'name': 'nodeId', 'value': node}]}] if code else None
    etag = cluster.get(JOB).headers['etag']
    cluster.now += 30
    cluster.end('j', code)
    shown = cluster.job('j')
    expected = {'startTime': NOON, 'endTime': '2018-06-06T12:00:30Z', 'exitCode': code}
    assert shown['executionState'] == state
    assert shown['executionInfo'] == (expected if errors is None else {**expected, 'errors': errors})
    assert list(shown['executionInfo']) == ['startTime', 'endTime', 'exitCode', *(['errors'] if errors else [])]
    assert shown['executionStateTransitionTime'] == '2018-06-06T12:00:30Z'
    assert cluster.get(JOB).headers['etag'] == etag, 'the etag is that of creation through all states'


# terminate

TERMINATED = [{'code': 'JobTerminated', 'message': 'The specified job has been terminated by the user'}]


def test_a_queued_job_that_is_terminated_never_ran(cluster):
    cluster.submit('first')
    cluster.submit('j')
    cluster.settle()
    cluster.now += 10
    response = cluster.post(f'{JOB}/terminate')
    assert (response.status_code, response.content) == (202, b'')
    cluster.turn()
    call = '2018-06-06T12:00:10Z'
    assert cluster.state('j') == 'failed'
    assert cluster.job('j')['executionInfo'] == {'startTime': call, 'endTime': call, 'errors': TERMINATED}
    assert cluster.get(response.headers['azure-asyncoperation']).json()['status'] == 'Succeeded'
    assert cluster.launches('j') == []


def test_a_running_job_that_is_terminated_has_no_exit_code(cluster):
    cluster.submit('j')
    cluster.settle()
    cluster.now += 10
    operation = cluster.post(f'{JOB}/terminate').headers
    assert cluster.get(operation['location']).status_code == 202
    cluster.turn()
    cluster.turn()
    assert cluster.state('j') == 'failed'
    assert cluster.job('j')['executionInfo'] == {
        'startTime': NOON, 'endTime': '2018-06-06T12:00:10Z', 'errors': TERMINATED}
    document = cluster.get(operation['azure-asyncoperation']).json()
    assert (document['status'], document['properties']) == ('Succeeded', {'resourceId': f'{SUBSCRIPTION}$rg$w$e$j'})


def test_while_it_is_being_stopped_a_job_is_terminating(cluster):
    cluster.submit('j')
    cluster.settle()
    cluster.engine.end = lambda *_: None
    cluster.post(f'{JOB}/terminate')
    cluster.turn()
    assert cluster.state('j') == 'terminating'
    assert cluster.counts() == {'running': 1}, 'its node is not free yet'


@pytest.mark.parametrize('code', [0, 1])
def test_terminating_a_finished_job_is_200_and_changes_nothing(cluster, code):
    cluster.submit('j')
    cluster.settle()
    cluster.end('j', code)
    before = cluster.get(JOB).json()
    cluster.now += 10
    response = cluster.post(f'{JOB}/terminate')
    assert (response.status_code, response.content) == (200, b'')
    assert not {'azure-asyncoperation', 'location'} & set(response.headers)
    cluster.settle()
    assert cluster.get(JOB).json() == before


@pytest.mark.parametrize('path', ['/terminate', '/listOutputFiles?outputdirectoryid=stdouterr',
                                  '/listRemoteLoginInformation'])
def test_a_job_that_is_not_there(cluster, path):
    response = cluster.post(JOB + path)
    assert (response.status_code, response.json()['error']) == (404, {
        'code': 'JobNotFound', 'message': 'The specified job j is not found'})


# delete

@pytest.mark.parametrize('reach', [
    pytest.param(lambda harness: None, id='never looked at'),
    pytest.param(lambda harness: harness.settle(), id='running'),
    pytest.param(lambda harness: (harness.settle(), harness.end('j', 0)), id='finished'),
    pytest.param(lambda harness: (harness.settle(), harness.post(f'{JOB}/terminate')), id='being terminated'),
])
def test_a_job_can_be_deleted_in_any_state(cluster, reach):
    cluster.submit('j')
    reach(cluster)
    response = cluster.delete(JOB)
    assert (response.status_code, response.content) == (202, b'')
    assert cluster.job('j')['provisioningState'] == 'deleting'
    cluster.settle()
    missing = cluster.get(JOB)
    assert (missing.status_code, missing.json()['error']['code']) == (404, 'JobNotFound')
    assert cluster.get(response.headers['azure-asyncoperation']).json()['status'] == 'Succeeded'
    assert cluster.counts() == {'idle': 1}
    assert cluster.store.launches.live() == []


def test_deleting_what_is_not_there_is_204(cluster):
    assert cluster.delete(JOB).status_code == 204


def test_a_name_used_again_gets_a_segment_of_its_own(cluster):
    segments = []
    for _ in range(2):
        cluster.submit('j')
        segments.append(cluster.job('j')['jobOutputDirectoryPathSegment'])
        cluster.delete(JOB)
        cluster.settle()
    assert segments[0] != segments[1]


def test_jobs_are_listed_as_get_shows_them(cluster):
    assert cluster.get(f'{EXPERIMENT}/jobs').json() == {'value': []}
    for name in ('b', 'a'):
        cluster.submit(name)
    cluster.settle()
    assert cluster.get(f'{EXPERIMENT}/jobs').json()['value'] == [
        cluster.get(job_path(name)).json() for name in ('b', 'a')]


# remote login

def test_the_nodes_of_a_job_are_among_those_of_its_cluster(harness):
    harness.make_cluster(scaleSettings=manual(3))
    harness.submit('j', nodeCount=2)
    assert harness.post(f'{JOB}/listRemoteLoginInformation').json() == {'value': []}
    harness.settle()
    of_cluster = harness.post(f'{cluster_path("c")}/listRemoteLoginInformation').json()['value']
    of_job = harness.post(f'{JOB}/listRemoteLoginInformation').json()['value']
    assert of_job == of_cluster[:2]
    harness.end('j')
    assert harness.post(f'{JOB}/listRemoteLoginInformation').json()['value'] == of_job, 'they still exist'
    harness.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(0)}})
    harness.settle()
    assert harness.post(f'{JOB}/listRemoteLoginInformation').json() == {'value': []}


# file servers at job level

def test_a_file_server_that_a_live_job_mounts_is_not_deleted(cluster):
    cluster.put(file_server_path('f'), file_server_body())
    cluster.submit('j', mountVolumes={'fileServers': [
        {'fileServer': {'id': file_server_path('f')}, 'relativeMountPath': 'nfs'}]})
    cluster.settle()
    assert cluster.state('j') == 'running'
    response = cluster.delete(file_server_path('f'))
    assert (response.status_code, response.json()['error']['code']) == (409, 'FileServerInUse')
    cluster.end('j')
    assert cluster.delete(file_server_path('f')).status_code == 202
    assert cluster.get(f'{WORKSPACE}/fileServers').json() == {'value': []}
