"""Submitting a job over REST: what is taken, what is refused, and the same name again."""
import pytest
from harness import EXPERIMENT, ROOT, SUBSCRIPTION, auto, cluster_path, job_body, job_path, manual

JOB = job_path('j')
NOON = '2018-06-06T12:00:00Z'
KEYS = ['experimentName', 'schedulingPriority', 'cluster', 'jobOutputDirectoryPathSegment', 'nodeCount',
        'containerSettings', 'mountVolumes', 'toolType', 'customToolkitSettings', 'jobPreparation',
        'stdOutErrPathPrefix', 'inputDirectories', 'outputDirectories', 'environmentVariables', 'secrets',
        'constraints', 'creationTime', 'provisioningState', 'provisioningStateTransitionTime', 'executionState',
        'executionStateTransitionTime', 'executionInfo']
FULL = {
    'schedulingPriority': 'high', 'nodeCount': 1, 'jobPreparation': {'commandLine': 'true'},
    'inputDirectories': [{'id': 'DATA', 'path': '$AZ_BATCHAI_MOUNT_ROOT/afs'}],
    'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP/x', 'pathSuffix': 'm'}],
    'environmentVariables': [{'name': 'A', 'value': '$AZ_BATCHAI_JOB_TEMP'}],
    'secrets': [{'name': 'S', 'value': 'shh-do-not-tell'}], 'constraints': {'maxWallClockTime': '1.00:00:00'},
    'mountVolumes': {'azureFileShares': [{
        'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/share', 'relativeMountPath': 'afs',
        'credentials': {'accountKey': 'a-very-secret-key=='}}]},
}


def info(harness):
    return harness.job('j').get('executionInfo')


# submit

def test_submitting_a_job_is_a_long_running_operation_that_has_succeeded(cluster):
    response = cluster.put(JOB, job_body())
    assert (response.status_code, response.content, cluster.wakes) == (202, b'', 1)
    operation = cluster.get(response.headers['azure-asyncoperation']).json()
    assert (operation['status'], operation['properties']) == ('Succeeded', {'resourceId': f'{SUBSCRIPTION}$rg$w$e$j'})


def test_a_job_as_it_looks_while_it_waits(cluster):
    cluster.put(JOB, job_body())
    shown = cluster.get(JOB).json()
    guid = cluster.job_record('j').guid
    assert (shown['id'], shown['name'], shown['type']) == (JOB, 'j', 'Microsoft.BatchAI/workspaces/experiments/jobs')
    assert list(shown) == ['id', 'name', 'type', 'properties']
    assert shown['properties'] == {
        'experimentName': 'e', 'schedulingPriority': 'normal', 'cluster': {'id': cluster_path('c')},
        'jobOutputDirectoryPathSegment': f'{SUBSCRIPTION}/rg/workspaces/w/experiments/e/jobs/j/{guid}', 'nodeCount': 1,
        'toolType': 'custom', 'customToolkitSettings': {'commandLine': 'sleep'},
        'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP/out', 'constraints': {'maxWallClockTime': 'P7D'},
        'creationTime': NOON, 'provisioningState': 'succeeded', 'provisioningStateTransitionTime': NOON,
        'executionState': 'queued', 'executionStateTransitionTime': NOON}


@pytest.mark.parametrize('order', [1, -1])
def test_the_keys_come_in_the_order_of_old_whatever_the_order_sent(cluster, order):
    sent = list(job_body(**FULL)['properties'].items())
    cluster.put(JOB, {'properties': dict(sent[::order])})
    cluster.settle()
    shown = list(cluster.job('j'))
    assert shown == [key for key in KEYS if key in shown]
    assert set(KEYS) - set(shown) == {'containerSettings'}


def test_what_is_echoed_and_what_is_filled_in(cluster):
    cluster.put(JOB, job_body(**FULL))
    shown = cluster.job('j')
    for key in ('schedulingPriority', 'inputDirectories', 'outputDirectories', 'environmentVariables',
                'jobPreparation'):
        assert shown[key] == FULL[key]
    assert shown['constraints'] == {'maxWallClockTime': 'P1D'}
    assert shown['secrets'] == [{'name': 'S'}]
    share, = shown['mountVolumes']['azureFileShares']
    assert (share['credentials'], share['fileMode'], share['directoryMode']) == ({}, '0777', '0777')


def test_empty_lists_are_left_out(cluster):
    cluster.put(JOB, job_body(environmentVariables=[], outputDirectories=[], secrets=[]))
    assert not {'environmentVariables', 'outputDirectories', 'secrets'} & set(cluster.job('j'))


def test_secrets_are_in_no_reply_and_leave_the_store_with_the_end_of_the_job(cluster):
    cluster.put(JOB, job_body(**FULL))
    guid = cluster.job_record('j').guid
    assert cluster.store.resources.secrets(guid) == {'S': 'shh-do-not-tell'}
    cluster.settle()
    cluster.end('j')
    task = cluster.engine.launches[cluster.running_launch('j').id].tasks[0]
    assert task.environment['S'] == 'shh-do-not-tell'
    shown = cluster.get(JOB).text + cluster.get(f'{EXPERIMENT}/jobs').text
    assert 'shh-do-not-tell' not in shown and 'a-very-secret-key' not in shown
    cluster.end('j')
    assert cluster.state('j') == 'succeeded'
    assert cluster.store.resources.secrets(guid) == {}
    stored = b''.join(file.read_bytes() for file in cluster.data_dir.glob('batchai.db*'))
    assert b'a-very-secret-key' not in stored


@pytest.mark.parametrize('change, target, said', [
    pytest.param({'cluster': {'id': 'c'}}, 'properties.cluster.id', 'not the id of a Batch AI resource', id='no id'),
    pytest.param({'cluster': {'id': JOB}}, 'properties.cluster.id', 'is not the id of a cluster', id='id of a job'),
    pytest.param({'nodeCount': 0}, 'properties.nodeCount', 'at least 1', id='no nodes'),
    pytest.param({'customToolkitSettings': None}, 'properties', 'one of cntkSettings', id='no toolkit'),
    pytest.param({'customToolkitSettings': {}}, 'properties.customToolkitSettings.commandLine', 'is required',
                 id='no command'),
    pytest.param({'caffeSettings': {}}, 'properties.customToolkitSettings', 'cannot be combined', id='two toolkits'),
    pytest.param({'customToolkitSettings': None, 'cntkSettings': {'pythonScriptFilePath': 'a', 'configFilePath': 'b'}},
                 'properties.cntkSettings.configFilePath', 'cannot be combined', id='settings that do not fit'),
    pytest.param({'secrets': [{'name': 'S', 'value': 'v', 'valueSecretReference': {
        'sourceVault': {'id': '/v'}, 'secretUrl': 'u'}}]}, 'properties.secrets[0].valueSecretReference',
                 'cannot be combined with value', id='a secret given twice'),
    pytest.param({'secrets': [{'name': 'S'}]}, 'properties.secrets[0].value', 'valueSecretReference is required',
                 id='a secret without a value'),
    pytest.param({'customToolkitSettings': None, 'chainerSettings': {'pythonScriptFilePath': 'x', 'processCount': 999}},
                 'properties.chainerSettings.processCount', 'above 256 for each node', id='far too many processes'),
    pytest.param({'containerSettings': {'imageSourceRegistry': {'image': '-v'}}},
                 'properties.containerSettings.imageSourceRegistry.image', 'not the name of an image', id='image'),
    pytest.param({'outputDirectories': [{'id': 'A', 'pathPrefix': '/x'}, {'id': 'a', 'pathPrefix': '/y'}]},
                 'properties.outputDirectories[1].id', 'already taken', id='one id twice'),
    pytest.param({'outputDirectories': [{'id': 'StdOutErr', 'pathPrefix': '/x'}]}, 'properties.outputDirectories[0].id',
                 'already taken', id='the id of the logs'),
    pytest.param({'inputDirectories': [{'id': 'A', 'path': '/x'}, {'id': 'A', 'path': '/y'}]},
                 'properties.inputDirectories[1].id', 'already taken', id='one input id twice'),
    pytest.param({'constraints': {'maxWallClockTime': 'long'}}, 'properties.constraints.maxWallClockTime', 'PT90M',
                 id='no duration'),
    pytest.param({'constraints': {'maxWallClockTime': 'PT0S'}}, 'properties.constraints.maxWallClockTime',
                 'more than nothing', id='no time at all'),
    pytest.param({'constraints': {'maxWallClockTime': 'P7DT1S'}}, 'properties.constraints.maxWallClockTime',
                 'at most 7 days', id='too much time'),
    pytest.param({'secrets': [{'name': 'S', 'valueSecretReference': {'sourceVault': {'id': '/v'}, 'secretUrl': 'u'}}]},
                 'properties.secrets[0].valueSecretReference.sourceVault.id', 'should look like', id='key vault'),
    pytest.param({'environmentVariables': [{'name': '1', 'value': ''}]}, 'properties.environmentVariables[0].name',
                 'not starting with a digit', id='name of a variable'),
    pytest.param({'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': 'mount -t nfs x', 'relativeMountPath': 'm'}]}},
        'properties.mountVolumes.unmanagedFileSystems[0].mountCommand', 'mount --bind', id='mount command'),
    pytest.param({'mountVolumes': {'azureBlobFileSystems': [
        {'accountName': '..', 'containerName': 'c', 'credentials': {}, 'relativeMountPath': 'm'}]}},
        'properties.mountVolumes', 'not the name of a storage account', id='account that climbs'),
])
def test_a_job_that_cannot_work_is_refused_with_its_target(cluster, change, target, said):
    response = cluster.put(JOB, job_body(**change))
    assert response.status_code == 400, response.text
    error = response.json()['error']
    assert error['target'] == target and said in error['message']
    assert cluster.get(JOB).json()['error']['code'] == 'JobNotFound'


@pytest.mark.parametrize('change', [
    {'stdOutErrPathPrefix': '/x\x00y'}, {'outputDirectories': [{'id': 'A', 'pathPrefix': 'a\x00b'}]},
    {'stdOutErrPathPrefix': '/dev/null/x'}, {'stdOutErrPathPrefix': '/' + 'x' * 5000},
    {'outputDirectories': [{'id': 'A', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP', 'pathSuffix': 'x' * 300}]},
    {'customToolkitSettings': {'commandLine': 'echo \x00'}},
], ids=['NUL in the prefix', 'NUL in an output directory', 'below a device', 'long prefix', 'long name', 'NUL'])
def test_a_job_with_paths_no_file_system_has_fails_and_stops_nobody_else(cluster, change):
    """Refused at once, or failed with a word; never a turn of the scheduler that fails again and again."""
    response = cluster.put(JOB, job_body(**change))
    cluster.submit('next')
    cluster.settle()
    if response.status_code == 202 and 'customToolkitSettings' not in change:
        assert cluster.state('j') == 'failed' and info(cluster)['errors'][0]['message']
    elif response.status_code == 202:
        cluster.end('j', 0)
    else:
        assert response.status_code == 400
    assert cluster.state('next') == 'running'


@pytest.mark.parametrize('missing, code', [
    (job_path('j').replace('/w/', '/x/'), 'WorkspaceNotFound'),
    (job_path('j').replace('/e/', '/x/'), 'ExperimentNotFound'),
])
def test_a_job_needs_its_experiment(cluster, missing, code):
    response = cluster.put(missing, job_body())
    assert (response.status_code, response.json()['error']['code']) == (404, code)


def test_a_job_needs_its_cluster(cluster):
    response = cluster.put(JOB, job_body('other'))
    assert (response.status_code, response.json()['error']) == (404, {
        'code': 'ClusterNotFound', 'message': 'The specified cluster other is not found'})


def test_a_cluster_on_its_way_out_takes_no_jobs(cluster):
    cluster.delete(cluster_path('c'))
    assert cluster.put(JOB, job_body()).json()['error']['code'] == 'ClusterNotFound'


def test_a_job_may_use_a_cluster_of_another_workspace_and_group(cluster):
    workspace = f'{ROOT}/workspaces/v'.replace('/rg/', '/other/')
    cluster.put(workspace, {'location': 'eastus'})
    cluster.put(f'{workspace}/experiments/e')
    job = f'{workspace}/experiments/e/jobs/j'
    assert cluster.put(job, job_body(cluster_path('c').upper())).status_code == 202
    cluster.settle()
    assert cluster.get(job).json()['properties']['executionState'] == 'running'


# size

def test_a_job_above_an_auto_scale_maximum_is_refused(harness):
    harness.make_cluster(scaleSettings=auto(0, 2))
    response = harness.put(JOB, job_body(nodeCount=3))
    assert (response.status_code, response.json()['error']['target']) == (400, 'properties.nodeCount')
    assert 'at most 2' in response.json()['error']['message']
    assert harness.put(JOB, job_body(nodeCount=2)).status_code == 202


def test_a_job_too_large_for_a_manual_cluster_stays_queued_and_says_why(cluster, caplog):
    cluster.submit('j', nodeCount=3)
    cluster.submit('small')
    cluster.settle()
    assert cluster.states('j', 'small') == ['queued', 'running'], 'a job that cannot start must not block the others'
    problem, = info(cluster)['errors']
    assert problem == {'code': 'JobTooLargeForCluster', 'message': 'The job needs 3 nodes, and the cluster c is set '
                       'to 1; it stays queued until the cluster is resized'}
    assert problem['message'] in caplog.text
    listed = cluster.get(f'{EXPERIMENT}/jobs').json()['value'][0]
    assert listed == cluster.get(JOB).json()
    cluster.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(4)}})
    cluster.settle()
    assert cluster.state('j') == 'running' and 'errors' not in info(cluster)


def test_an_auto_scale_maximum_lowered_later_is_told_to_the_jobs_that_wait(harness):
    harness.make_cluster(scaleSettings=auto(0, 2))
    harness.put(JOB, job_body(nodeCount=2))
    harness.patch(cluster_path('c'), {'properties': {'scaleSettings': auto(0, 1)}})
    harness.settle()
    assert harness.state('j') == 'queued' and info(harness)['errors'][0]['code'] == 'JobTooLargeForCluster'


# put again

def test_the_same_put_again_changes_nothing(cluster):
    cluster.put(JOB, job_body(**FULL))
    cluster.settle()
    before = cluster.get(JOB)
    cluster.now += 60
    assert cluster.put(JOB, job_body(**FULL)).status_code == 202
    after = cluster.get(JOB)
    assert after.json() == before.json() and after.headers['etag'] == before.headers['etag']


def test_another_job_under_the_same_name_is_refused(cluster):
    cluster.put(JOB, job_body())
    response = cluster.put(JOB, job_body(nodeCount=2))
    assert (response.status_code, response.json()['error']['code']) == (409, 'JobAlreadyExists')


def test_a_client_that_wants_a_new_one_is_told_there_is_one(cluster):
    assert cluster.put(JOB, job_body(), headers={'if-none-match': '*'}).status_code == 202
    response = cluster.put(JOB, job_body(), headers={'if-none-match': '*'})
    assert (response.status_code, response.json()['error']['code']) == (412, 'JobAlreadyExists')


def test_a_job_being_deleted_cannot_be_put_again(cluster):
    cluster.submit('j')
    cluster.settle()
    cluster.delete(JOB)
    response = cluster.put(JOB, job_body())
    assert (response.status_code, response.json()['error']['code']) == (409, 'JobBeingDeleted')
