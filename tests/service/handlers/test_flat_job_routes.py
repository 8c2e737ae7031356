import pytest

from flat_kit import (
    EAST, NEW, OLD, accept, flat_cluster, flat_file_server, flat_job, flat_path, make_cluster, shown, submit)
from harness import ROOT, SUBSCRIPTION, cluster_path, job_body, manual

J = flat_path('jobs', 'j')
MODERN = f'{EAST}/experiments/migrated/jobs'


def error_of(response):
    return response.json()['error']


def test_a_job_is_shown_as_2018_03_had_it(harness):
    make_cluster(harness)
    submit(harness, 'j', tags={'a': 'b'}, priority=17, experimentName='tuning', outputDirectories=[
        {'id': 'MODEL', 'pathPrefix': '/tmp/m', 'pathSuffix': 's', 'type': 'Model'},
        {'id': 'ANY', 'pathPrefix': '/tmp/m', 'createNew': False}])
    view = shown(harness, 'jobs', 'j')
    assert (view['id'], view['type'], view['location'], view['tags']) == (
        J, 'Microsoft.BatchAI/Jobs', 'eastus', {'a': 'b'})
    properties = view['properties']
    assert (properties['experimentName'], properties['priority']) == ('tuning', 17)
    assert properties['cluster'] == {'id': flat_path('clusters', 'c')}
    assert properties['outputDirectories'] == [
        {'id': 'MODEL', 'pathPrefix': '/tmp/m', 'pathSuffix': 's', 'type': 'model', 'createNew': True},
        {'id': 'ANY', 'pathPrefix': '/tmp/m', 'type': 'custom', 'createNew': False}]
    assert 'schedulingPriority' not in properties
    head, _, guid = properties['jobOutputDirectoryPathSegment'].rpartition('/')
    assert (head, len(guid)) == (f'{SUBSCRIPTION}/rg/jobs/j', 36)


def test_the_same_job_is_in_the_experiment_migrated(harness):
    make_cluster(harness)
    submit(harness, 'j', priority=17, experimentName='tuning')
    properties = harness.get(f'{MODERN}/j').json()['properties']
    assert (properties['experimentName'], properties['schedulingPriority']) == ('migrated', 'high')
    assert properties['cluster'] == {'id': f'{EAST}/clusters/c'}
    assert properties['jobOutputDirectoryPathSegment'] == shown(harness, 'jobs', 'j')['properties'][
        'jobOutputDirectoryPathSegment']


def test_output_goes_to_the_folder_that_both_views_show(harness, tmp_path):
    make_cluster(harness)
    submit(harness, 'j', stdOutErrPathPrefix=str(tmp_path))
    segment = shown(harness, 'jobs', 'j')['properties']['jobOutputDirectoryPathSegment']
    assert (tmp_path / segment / 'stdouterr').is_dir()


@pytest.mark.parametrize('level, number', [('low', -1000), ('normal', 0), ('high', 1000)])
def test_a_job_of_the_workspace_api_is_seen_flat_with_a_number_for_its_level(harness, level, number):
    make_cluster(harness)
    submit(harness, 'first')
    accept(harness.put(f'{MODERN}/modern', job_body(f'{EAST}/clusters/c', schedulingPriority=level)))
    properties = shown(harness, 'jobs', 'modern')['properties']
    assert properties['priority'] == number
    assert properties['cluster'] == {'id': flat_path('clusters', 'c')}
    assert 'experimentName' not in properties


def test_jobs_of_other_experiments_and_workspaces_are_not_seen(harness):
    make_cluster(harness)
    harness.put(f'{EAST}/experiments/mine')
    accept(harness.put(f'{EAST}/experiments/mine/jobs/j', job_body(f'{EAST}/clusters/c')))
    response = harness.get(J, version=NEW)
    assert (response.status_code, error_of(response)) == (404, {
        'code': 'JobNotFound', 'message': 'The specified job j is not found'})


def test_2017_shows_what_it_knew(harness):
    make_cluster(harness)
    submit(harness, 'j', secrets=[{'name': 'S', 'value': 'hush'}], environmentVariables=[{'name': 'E', 'value': '1'}])
    properties = shown(harness, 'jobs', 'j', OLD)['properties']
    assert not {'jobOutputDirectoryPathSegment', 'secrets', 'mountVolumes'} & set(properties)
    assert properties['environmentVariables'] == [{'name': 'E', 'value': '1'}]
    assert shown(harness, 'jobs', 'j')['properties']['secrets'] == [{'name': 'S'}]


def test_a_2017_job_is_taken_with_what_only_it_had(harness):
    make_cluster(harness)
    accept(harness.put(J, flat_job(environmentVariables=[{'name': 'EMPTY'}], constraints={
        'maxTaskRetryCount': 2, 'maxWallClockTime': '1.00:00:00'}), version=OLD))
    properties = shown(harness, 'jobs', 'j', OLD)['properties']
    assert properties['environmentVariables'] == [{'name': 'EMPTY', 'value': ''}]
    assert properties['constraints'] == {'maxWallClockTime': 'P1D'}


def test_the_queue_goes_by_the_numbers(harness):
    make_cluster(harness)
    submit(harness, 'running')
    for name, number in (('a', 10), ('b', -10), ('c', 500), ('d', 10)):
        submit(harness, name, priority=number)
    accept(harness.put(f'{MODERN}/level', job_body(f'{EAST}/clusters/c', schedulingPriority='high')))
    order = ['running']

    def running():
        listed = harness.get(f'{ROOT}/jobs', version=NEW, params={
            '$filter': "properties/executionState eq 'running'", '$select': 'name'}).json()['value']
        return [job['name'] for job in listed]
    while True:
        name = order[-1]
        job = harness.store.jobs.find(f'{MODERN}/{name}'.lower())
        launch = next(launch for launch in harness.store.launches.of_owner(job.guid) if launch.result is None)
        harness.engine.end(launch.id, 0)
        harness.settle()
        following = running()
        if not following:
            break
        order += following
    assert order == ['running', 'level', 'c', 'a', 'd', 'b']


def test_a_job_may_name_its_cluster_by_the_id_in_its_workspace(harness):
    make_cluster(harness)
    submit(harness, 'j', cluster=f'{EAST}/clusters/c')
    assert shown(harness, 'jobs', 'j')['properties']['cluster'] == {'id': flat_path('clusters', 'c')}
    harness.make_cluster('other')
    submit(harness, 'k', cluster=cluster_path('other'))
    assert shown(harness, 'jobs', 'k')['properties']['cluster'] == {'id': cluster_path('other')}


@pytest.mark.parametrize('body, status, said', [
    (flat_job('missing'), 404, 'The specified cluster missing is not found'),
    (flat_job('c', location='westus'), 400, 'should be that of the cluster c, which is in eastus'),
    (flat_job('/x'), 400, "properties.cluster.id: '/x' is not the id of a Batch AI resource"),
    (flat_job(flat_path('jobs', 'c')), 400, 'properties.cluster.id: is not the id of a cluster'),
    (flat_job(priority=2000), 400, 'properties.priority: should be at most 1000'),
    (flat_job(schedulingPriority='low'), 400, 'properties.schedulingPriority: is not a known key'),
    (flat_job(experimentName=3), 400, 'properties.experimentName: should be a string'),
    (flat_job(customToolkitSettings=None), 400, 'properties'),
])
def test_a_wrong_job_is_refused_and_nothing_is_made(harness, body, status, said):
    make_cluster(harness)
    response = harness.put(J, body, version=NEW)
    assert response.status_code == status and said in error_of(response)['message'], response.text
    assert harness.get(f'{EAST}/experiments/migrated').status_code == 404
    assert harness.get(f'{ROOT}/workspaces/migrated-westus').status_code == 404


def test_a_cluster_is_found_in_its_own_resource_group(harness):
    make_cluster(harness)
    other = J.replace('/resourceGroups/rg/', '/resourceGroups/Other/')
    accept(harness.put(other, flat_job(), version=NEW))
    view = harness.get(other, version=NEW).json()
    assert view['id'] == other.replace('Other', 'other')
    assert view['properties']['cluster'] == {'id': flat_path('clusters', 'c')}


def test_the_same_request_again_changes_nothing_but_tags_and_another_one_is_refused(harness):
    make_cluster(harness)
    submit(harness, 'j', priority=5)
    accept(harness.put(J, flat_job(priority=5, tags={'late': 'yes'}), version=NEW))
    assert shown(harness, 'jobs', 'j')['tags'] == {'late': 'yes'}
    for other in (flat_job(priority=6), flat_job(priority=5, experimentName='x'), flat_job(priority=5, nodeCount=2)):
        response = harness.put(J, other, version=NEW)
        assert (response.status_code, error_of(response)['code']) == (409, 'JobAlreadyExists')
    view = shown(harness, 'jobs', 'j')
    accept(harness.put(J, view, version=NEW))
    modern = harness.get(f'{MODERN}/j').json()
    accept(harness.put(f'{MODERN}/j', modern))
    assert shown(harness, 'jobs', 'j') == view


def test_a_job_takes_new_tags_and_nothing_else(harness):
    make_cluster(harness)
    submit(harness, 'j')
    assert harness.patch(J, {'tags': {'a': 'b'}}, version=NEW).json()['tags'] == {'a': 'b'}
    response = harness.patch(J, {'properties': {'priority': 3}}, version=NEW)
    assert (response.status_code, error_of(response)['target']) == (400, 'properties.priority')
    assert harness.patch(flat_path('jobs', 'none'), {'tags': {}}, version=NEW).status_code == 404


def test_a_job_is_terminated_and_deleted(harness):
    make_cluster(harness)
    submit(harness, 'j')
    response = accept(harness.post(f'{J}/terminate', version=OLD))
    harness.later(10)
    harness.settle()
    operation = harness.get(response.headers['azure-asyncoperation']).json()
    assert (operation['status'], operation['properties']) == ('Succeeded', {'resourceId': f'{SUBSCRIPTION}$rg$j'})
    assert shown(harness, 'jobs', 'j')['properties']['executionInfo']['errors'][0]['code'] == 'JobTerminated'
    assert harness.post(f'{J}/terminate', version=NEW).status_code == 200
    accept(harness.delete(J, version=NEW))
    harness.settle()
    assert harness.get(J, version=NEW).status_code == 404
    assert harness.delete(J, version=NEW).status_code == 204
    assert harness.post(f'{J}/terminate', version=NEW).status_code == 404


def test_output_files_say_what_is_a_directory(harness, tmp_path):
    make_cluster(harness)
    submit(harness, 'j', stdOutErrPathPrefix=str(tmp_path))
    folder = tmp_path / shown(harness, 'jobs', 'j')['properties']['jobOutputDirectoryPathSegment'] / 'stdouterr'
    (folder / 'deep').mkdir()
    (folder / 'stdout.txt').write_text('hello')

    def files(version, **query):
        return harness.post(f'{J}/listOutputFiles', version=version, params={
            'outputdirectoryid': 'stdOuterr', **query}).json()
    listed = files(NEW)['value']
    assert [(entry['name'], entry['isDirectory']) for entry in listed] == [
        ('deep', True), ('execution.log', False), ('stdout.txt', False)]
    assert list(listed[0]) == ['name', 'isDirectory']
    assert list(listed[2]) == ['name', 'isDirectory', 'downloadUrl', 'properties']
    assert harness.get(listed[2]['downloadUrl'], token=None).text == 'hello'
    assert [list(entry) for entry in files(OLD)['value']] == [['name', 'downloadUrl', 'properties']] * 2
    page = files(NEW, maxresults='2')
    rest = harness.get(page['nextLink'], version=None).json()['value']
    assert [entry['name'] for entry in (*page['value'], *rest)] == ['deep', 'execution.log', 'stdout.txt']


def test_nodes_of_a_job_can_be_logged_in_to(harness):
    make_cluster(harness)
    submit(harness, 'j')
    [node] = harness.post(f'{J}/listRemoteLoginInformation', version=NEW).json()['value']
    assert node['port'] == 50000


def test_a_file_server_is_mounted_by_its_flat_id(harness):
    accept(harness.put(flat_path('fileServers', 'f'), flat_file_server(), version=NEW))
    mounts = {'mountVolumes': {'fileServers': [{'fileServer': {'id': flat_path('fileServers', 'f')},
                                                'relativeMountPath': 'nfs'}]}}
    accept(harness.put(flat_path('clusters', 'c'), flat_cluster(nodeSetup=mounts, scaleSettings=manual(1)),
                       version=NEW))
    harness.settle()
    view = shown(harness, 'clusters', 'c')['properties']
    assert view['nodeStateCounts']['idleNodeCount'] == 1
    [mount] = view['nodeSetup']['mountVolumes']['fileServers']
    assert mount['fileServer'] == {'id': flat_path('fileservers', 'f')}
    modern = harness.get(f'{EAST}/clusters/c').json()['properties']['nodeSetup']['mountVolumes']['fileServers'][0]
    assert modern['fileServer']['id'].lower() == f'{EAST}/fileservers/f'.lower()
    refused = harness.delete(flat_path('fileServers', 'f'), version=NEW)
    assert (refused.status_code, error_of(refused)['code']) == (409, 'FileServerInUse')
    submit(harness, 'j', **mounts)
    assert shown(harness, 'jobs', 'j')['properties']['mountVolumes']['fileServers'][0]['fileServer'] == {
        'id': flat_path('fileservers', 'f')}
