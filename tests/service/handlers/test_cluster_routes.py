"""Creating a cluster over REST: what is taken, what is filled in and shown, and what is refused."""
import re

import pytest
from harness import (
    ENDPOINT, SUBSCRIPTION, WORKSPACE, auto, cluster_body, cluster_path, file_server_body, file_server_path, manual)

CLUSTER = cluster_path('c')
GUID = r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
KEYS = ['provisioningState', 'allocationState', 'creationTime', 'allocationStateTransitionTime',
        'provisioningStateTransitionTime', 'vmSize', 'currentNodeCount', 'nodeStateCounts', 'vmPriority',
        'scaleSettings', 'virtualMachineConfiguration', 'userAccountSettings', 'nodeSetup', 'subnet', 'errors']
SHARE = {'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/share',
         'relativeMountPath': 'afs', 'credentials': {'accountKey': 'a-very-secret-key=='}}


def with_mounts(**volumes):
    return cluster_body(nodeSetup={'mountVolumes': volumes})


# create

def test_creating_a_cluster_is_a_long_running_operation(workspace):
    response = workspace.put(CLUSTER, cluster_body())
    assert (response.status_code, response.content) == (202, b'')
    assert response.headers['content-length'] == '0' and 'content-type' not in response.headers
    base = f'{ENDPOINT}/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/locations/eastus'
    found = re.fullmatch(rf'{re.escape(base)}/operationresults/({GUID})\?api-version=2018-05-01',
                         response.headers['azure-asyncoperation'])
    assert found
    assert response.headers['location'] == f'{base}/operationstatuses/{found[1]}?api-version=2018-05-01'
    assert response.headers['retry-after'].isdigit()
    assert workspace.wakes == 1, 'the scheduler should hear of it'


def test_the_document_of_the_operation(workspace):
    url = workspace.put(CLUSTER, cluster_body()).headers['azure-asyncoperation']
    response = workspace.get(url)
    guid = url.rpartition('/')[2].partition('?')[0]
    assert response.status_code == 200 and 'retry-after' not in response.headers and 'etag' not in response.headers
    assert response.json() == {
        'id': url.partition('?')[0], 'name': guid, 'status': 'Succeeded', 'startTime': '2018-06-06T12:00:00Z',
        'endTime': '2018-06-06T12:00:00Z', 'properties': {'resourceId': f'{SUBSCRIPTION}$rg$w$c'}}


def test_location_leads_to_the_same_document(workspace):
    headers = workspace.put(CLUSTER, cluster_body()).headers
    response = workspace.get(headers['location'])
    assert response.status_code == 200
    assert response.json() == workspace.get(headers['azure-asyncoperation']).json()


@pytest.mark.parametrize('path', ['operationresults', 'operationstatuses'])
@pytest.mark.parametrize('subscription, guid', [(SUBSCRIPTION, 'f' * 8), (SUBSCRIPTION.replace('aa', 'bb'), None)])
def test_an_operation_of_nobody_or_somebody_else_is_404(workspace, path, subscription, guid):
    url = workspace.put(CLUSTER, cluster_body()).headers['azure-asyncoperation']
    own = url.rpartition('/')[2].partition('?')[0]
    response = workspace.get(
        f'/subscriptions/{subscription}/providers/Microsoft.BatchAI/locations/eastus/{path}/{guid or own}')
    assert (response.status_code, response.json()['error']['code']) == (404, 'OperationNotFound')


def test_a_cluster_as_it_looks_right_after_creation(workspace):
    workspace.put(CLUSTER, cluster_body(scaleSettings=manual(1)))
    response = workspace.get(CLUSTER)
    body = response.json()
    assert list(body) == ['id', 'name', 'type', 'properties']
    assert (body['id'], body['name'], body['type']) == (CLUSTER, 'c', 'Microsoft.BatchAI/workspaces/clusters')
    noon = '2018-06-06T12:00:00Z'
    assert body['properties'] == {
        'provisioningState': 'succeeded', 'allocationState': 'resizing', 'creationTime': noon,
        'allocationStateTransitionTime': noon, 'provisioningStateTransitionTime': noon, 'vmSize': 'STANDARD_D1',
        'currentNodeCount': 0,
        'nodeStateCounts': {'runningNodeCount': 0, 'idleNodeCount': 0, 'unusableNodeCount': 0, 'preparingNodeCount': 0,
                            'leavingNodeCount': 0},
        'vmPriority': 'dedicated', 'scaleSettings': manual(1, nodeDeallocationOption='requeue'),
        'virtualMachineConfiguration': {'imageReference': {'publisher': 'Canonical', 'offer': 'UbuntuServer',
                                                           'sku': '16.04-LTS', 'version': 'latest'}},
        'userAccountSettings': {'adminUserName': 'alex'}}


@pytest.mark.parametrize('order', [1, -1])
def test_the_keys_come_in_the_order_of_old_whatever_the_order_sent(workspace, order):
    properties = cluster_body(
        nodeSetup={'mountVolumes': {'azureFileShares': [SHARE]}}, subnet={'id': '/s'}, vmPriority='lowpriority',
        scaleSettings=manual(1), virtualMachineConfiguration={'imageReference': {
            'publisher': 'p', 'offer': 'o', 'sku': 's'}})['properties']
    workspace.put(CLUSTER, {'properties': dict(list(properties.items())[::order])})
    shown = list(workspace.cluster())
    assert shown == [key for key in KEYS if key in shown]
    assert set(KEYS) - set(shown) == {'errors'}


@pytest.mark.parametrize('given, shown', [
    ({'scaleSettings': None}, {'scaleSettings': manual(0, nodeDeallocationOption='requeue')}),
    ({'scaleSettings': auto(0, 4)}, {'scaleSettings': auto(0, 4, initialNodeCount=0)}),
    ({'scaleSettings': manual(0, nodeDeallocationOption='TERMINATE')},
     {'scaleSettings': manual(0, nodeDeallocationOption='terminate')}),
    ({'vmPriority': 'LowPriority'}, {'vmPriority': 'lowpriority'}),
    ({'vmSize': 'Standard_NC24r'}, {'vmSize': 'STANDARD_NC24r'}),
    ({'vmSize': 'standard_nc6'}, {'vmSize': 'STANDARD_NC6'}),
    ({'vmSize': 'Standard_NC24R'}, {'vmSize': 'STANDARD_NC24r'}),
    ({'vmSize': 'standard_xyz9_v7'}, {'vmSize': 'STANDARD_XYZ9_v7'}),
    ({'virtualMachineConfiguration': {'imageReference': {'publisher': 'p', 'offer': 'o', 'sku': 's', 'version': '1'}}},
     {'virtualMachineConfiguration': {'imageReference': {'publisher': 'p', 'offer': 'o', 'sku': 's', 'version': '1'}}}),
    ({'userAccountSettings': {'adminUserName': 'alex', 'adminUserSshPublicKey': 'ssh-rsa AAAA'}},
     {'userAccountSettings': {'adminUserName': 'alex', 'adminUserSshPublicKey': 'ssh-rsa AAAA'}}),
])
def test_defaults_are_filled_in_and_the_rest_is_echoed(workspace, given, shown):
    assert workspace.put(CLUSTER, cluster_body(**given)).status_code == 202
    assert {key: workspace.cluster()[key] for key in shown} == shown


@pytest.mark.parametrize('scale, state', [
    (manual(0), 'steady'), (manual(1), 'resizing'), (auto(0, 4), 'steady'), (auto(1, 4), 'resizing'),
    (auto(0, 4, initialNodeCount=2), 'resizing'), (None, 'steady'),
])
def test_a_cluster_that_will_get_nodes_begins_resizing(workspace, scale, state):
    workspace.put(CLUSTER, cluster_body(scaleSettings=scale))
    assert workspace.cluster()['allocationState'] == state


def test_mounts_and_setup_task_as_they_are_shown(workspace):
    workspace.put(CLUSTER, cluster_body(nodeSetup={
        'setupTask': {'commandLine': 'true', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
                      'environmentVariables': [{'name': 'A', 'value': 'x'}],
                      'secrets': [{'name': 'S', 'value': 'shh'}]},
        'mountVolumes': {'azureFileShares': [SHARE], 'azureBlobFileSystems': [
            {'accountName': 'acct', 'containerName': 'c', 'relativeMountPath': 'bfs',
             'credentials': {'accountKey': 'k'}}],
            'fileServers': []}}))
    setup = workspace.cluster()['nodeSetup']
    guid = workspace.store.clusters.find(CLUSTER.lower()).resource.guid
    assert setup['setupTask'] == {
        'commandLine': 'true', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
        'environmentVariables': [{'name': 'A', 'value': 'x'}], 'secrets': [{'name': 'S'}],
        'stdOutErrPathSuffix': f'{SUBSCRIPTION}/rg/workspaces/w/clusters/c/{guid}'}
    assert setup['mountVolumes'] == {
        'azureFileShares': [{**SHARE, 'credentials': {}, 'fileMode': '0777', 'directoryMode': '0777'}],
        'azureBlobFileSystems': [{'accountName': 'acct', 'containerName': 'c', 'relativeMountPath': 'bfs',
                                  'credentials': {}}]}


def test_secrets_are_in_no_reply_and_not_in_the_database(harness):
    """Account keys and passwords are of no use on one machine: they are forgotten at once."""
    harness.make_workspace()
    body = cluster_body(nodeSetup={'mountVolumes': {'azureFileShares': [SHARE]},
                                   'performanceCountersSettings': {'appInsightsReference': {
                                       'component': {'id': '/i'}, 'instrumentationKey': 'an-instrumentation-key'}}})
    assert harness.put(CLUSTER, body).status_code == 202
    harness.put(file_server_path('f'), file_server_body())
    harness.settle()
    secrets = ['a-very-secret-key', 'Passw0rd-of-the-cluster', 'Passw0rd-of-the-server', 'an-instrumentation-key']
    shown = ''.join(harness.get(path).text for path in (
        CLUSTER, f'{WORKSPACE}/clusters', file_server_path('f'), f'{WORKSPACE}/fileServers'))
    stored = b''.join(file.read_bytes() for file in harness.data_dir.glob('batchai.db*'))
    for secret in secrets:
        assert secret not in shown and secret.encode() not in stored, secret
    assert b'STANDARD_D1' in stored, 'the database was not looked at'


@pytest.mark.parametrize('body, target', [
    pytest.param(cluster_body(vmSize=None), 'properties.vmSize', id='no size'),
    pytest.param(cluster_body(vmSize='large'), 'properties.vmSize', id='no such size'),
    pytest.param(cluster_body(vmSize='Standard_A0'), 'properties.vmSize', id='the size that was never supported'),
    pytest.param(cluster_body(nodeSetup={'performanceCountersSettings': {'appInsightsReference': {
        'component': {'id': '/c'}}}}),
                 'properties.nodeSetup.performanceCountersSettings.appInsightsReference.instrumentationKey',
                 id='no key of Application Insights'),
    pytest.param(cluster_body(vmSize='Standard_DS2_v2'), 'properties.vmSize', id='a premium size'),
    pytest.param(cluster_body(vmSize='STANDARD_'), 'properties.vmSize', id='half a size'),
    pytest.param(cluster_body(userAccountSettings=None), 'properties.userAccountSettings', id='no account'),
    pytest.param(cluster_body(userAccountSettings={'adminUserName': 'a'}), 'properties.userAccountSettings',
                 id='neither password nor key'),
    pytest.param(cluster_body(userAccountSettings={'adminUserName': 'Admin', 'adminUserPassword': 'x'}),
                 'properties.userAccountSettings.adminUserName', id='admin'),
    pytest.param(cluster_body(scaleSettings={}), 'properties.scaleSettings', id='neither way of scaling'),
    pytest.param(cluster_body(scaleSettings={**manual(1), **auto(0, 1)}), 'properties.scaleSettings', id='both'),
    pytest.param(cluster_body(scaleSettings=auto(3, 2)), 'properties.scaleSettings.autoScale.minimumNodeCount',
                 id='minimum above maximum'),
    pytest.param(cluster_body(scaleSettings=auto(0, 2, initialNodeCount=3)),
                 'properties.scaleSettings.autoScale.initialNodeCount', id='initial above maximum'),
    pytest.param(cluster_body(scaleSettings=manual(-1)), 'properties.scaleSettings.manual.targetNodeCount',
                 id='less than no nodes'),
    pytest.param(cluster_body(scaleSettings={'autoScale': {'minimumNodeCount': 1}}),
                 'properties.scaleSettings.autoScale.maximumNodeCount', id='no maximum'),
    pytest.param(cluster_body(scaleSettings=manual(1, nodeDeallocationOption='unknown')),
                 'properties.scaleSettings.manual.nodeDeallocationOption', id='option of another version'),
    pytest.param(cluster_body(vmsize='x'), 'properties.vmsize', id='unknown key'),
    pytest.param(with_mounts(azureFileShares=[{**SHARE, 'accountName': '../../x'}]),
                 'properties.nodeSetup.mountVolumes', id='account that climbs'),
    pytest.param(with_mounts(azureFileShares=[{**SHARE, 'relativeMountPath': '../x'}]),
                 'properties.nodeSetup.mountVolumes.azureFileShares[0].relativeMountPath', id='path that climbs'),
    pytest.param(with_mounts(azureFileShares=[SHARE, {**SHARE, 'relativeMountPath': './afs/'}]),
                 'properties.nodeSetup.mountVolumes.azureFileShares[1].relativeMountPath', id='one place twice'),
    pytest.param(with_mounts(azureFileShares=[SHARE, {**SHARE, 'relativeMountPath': 'afs/inner'}]),
                 'properties.nodeSetup.mountVolumes.azureFileShares[1].relativeMountPath', id='one inside another'),
    pytest.param(with_mounts(fileServers=[{'fileServer': {'id': '/nowhere'}, 'relativeMountPath': 'nfs'}]),
                 'properties.nodeSetup.mountVolumes', id='file server that is not there'),
    pytest.param(with_mounts(fileServers=[{'fileServer': {'id': WORKSPACE}, 'relativeMountPath': 'nfs'}]),
                 'properties.nodeSetup.mountVolumes', id='file server that is something else'),
    pytest.param(cluster_body(nodeSetup={'setupTask': {
        'commandLine': 'true', 'stdOutErrPathPrefix': '/x', 'secrets': [{'name': 'S', 'valueSecretReference': {
            'sourceVault': {'id': '/v'}, 'secretUrl': 'https://v'}}]}}),
        'properties.nodeSetup.setupTask.secrets[0].valueSecretReference.sourceVault.id', id='no vault'),
])
def test_a_cluster_that_cannot_work_is_refused_with_its_target(workspace, body, target):
    response = workspace.put(CLUSTER, body)
    assert response.status_code == 400, response.text
    assert response.json()['error']['target'] == target
    assert workspace.get(CLUSTER).status_code == 404


@pytest.mark.parametrize('scale', [manual(2_000_000_000), auto(0, 2_000_000_000), auto(2_000_000, 2_000_000)])
def test_more_nodes_than_a_cluster_can_have_are_refused(workspace, scale):
    """At most 100 (semantics sheet, section 6.1). Without a limit a slip of the finger fills the disk with folders."""
    assert workspace.put(CLUSTER, cluster_body(scaleSettings=scale)).status_code == 400


@pytest.mark.parametrize('volumes', [
    {'azureFileShares': [{**SHARE, 'azureFileUrl': SHARE['azureFileUrl'] + '/a%00b'}]},
    {'unmanagedFileSystems': [{'mountCommand': 'mount --bind /a\x00b', 'relativeMountPath': 'm'}]},
])
def test_a_mount_no_file_system_can_name_does_not_stop_the_scheduler(workspace, volumes):
    """Refused at once, or an unusable node; never a turn that fails again and again."""
    response = workspace.put(CLUSTER, cluster_body(nodeSetup={'mountVolumes': volumes}, scaleSettings=manual(1)))
    if response.status_code == 202:
        workspace.settle()
        assert workspace.counts() == {'unusable': 1}
    else:
        assert response.status_code == 400


def test_a_cluster_needs_its_workspace(harness):
    response = harness.put(CLUSTER, cluster_body())
    assert (response.status_code, response.json()['error']['code']) == (404, 'WorkspaceNotFound')
