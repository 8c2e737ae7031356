import pytest
from harness import SUBSCRIPTION, WORKSPACE, cluster_body, file_server_body, file_server_path, manual

SERVER = file_server_path('f')
ID = SERVER.replace('/fileServers/', '/fileservers/')


def mounted(server_id):
    return cluster_body(scaleSettings=manual(1), nodeSetup={'mountVolumes': {'fileServers': [
        {'fileServer': {'id': server_id}, 'relativeMountPath': 'nfs'}]}})


def folder_of(harness):
    folders = list((harness.data_dir / 'fileservers').iterdir())
    assert len(folders) == 1
    return folders[0]


def test_a_file_server_as_it_is_shown(workspace):
    response = workspace.put(SERVER, file_server_body())
    assert (response.status_code, response.content) == (202, b'')
    operation = workspace.get(response.headers['azure-asyncoperation']).json()
    assert (operation['status'], operation['properties']) == ('Succeeded', {'resourceId': f'{SUBSCRIPTION}$rg$w$f'})
    shown = workspace.get(SERVER).json()
    assert (shown['id'], shown['name'], shown['type']) == (ID, 'f', 'Microsoft.BatchAI/workspaces/fileservers')
    assert list(shown) == ['id', 'name', 'type', 'properties']
    noon = '2018-06-06T12:00:00Z'
    address = shown['properties']['mountSettings'].pop('fileServerPublicIP')
    assert shown['properties'] == {
        'provisioningState': 'succeeded', 'creationTime': noon, 'provisioningStateTransitionTime': noon,
        'vmSize': 'STANDARD_D1', 'sshConfiguration': {'userAccountSettings': {'adminUserName': 'alex'}},
        'dataDisks': {'diskSizeInGB': 10, 'cachingType': 'none', 'diskCount': 2, 'storageAccountType': 'Standard_LRS'},
        'mountSettings': {'mountPoint': '/data', 'fileServerInternalIP': address}}


@pytest.mark.parametrize('order', [1, -1])
def test_the_keys_come_in_the_order_of_old_whatever_the_order_sent(workspace, order):
    sent = file_server_body(subnet={'id': '/s'})['properties']
    workspace.put(SERVER, {'properties': dict(list(sent.items())[::order])})
    assert list(workspace.get(SERVER).json()['properties']) == [
        'provisioningState', 'creationTime', 'provisioningStateTransitionTime', 'vmSize', 'sshConfiguration',
        'dataDisks', 'subnet', 'mountSettings']


def test_the_id_shown_finds_the_file_server(workspace):
    workspace.put(SERVER, file_server_body())
    assert workspace.get(ID).json() == workspace.get(SERVER).json()
    assert workspace.put('/'.join((WORKSPACE, 'clusters', 'c')), mounted(ID)).status_code == 202


@pytest.mark.parametrize('change, target', [
    ({'vmSize': 'x'}, 'properties.vmSize'),
    ({'sshConfiguration': {'userAccountSettings': {'adminUserName': 'a'}}},
     'properties.sshConfiguration.userAccountSettings'),
    ({'sshConfiguration': {'userAccountSettings': {'adminUserName': 'a', 'adminUserPassword': 'p'},
                           'publicIPsToAllow': ['10.0.0.1'] * 401}}, 'properties.sshConfiguration.publicIPsToAllow'),
    ({'dataDisks': {'diskSizeInGB': 0, 'diskCount': 1, 'storageAccountType': 'Standard_LRS'}},
     'properties.dataDisks.diskSizeInGB'),
    ({'dataDisks': {'diskSizeInGB': 1, 'diskCount': 1, 'storageAccountType': 'Floppy'}},
     'properties.dataDisks.storageAccountType'),
    ({'dataDisks': {'diskSizeInGB': 1, 'storageAccountType': 'Standard_LRS'}}, 'properties.dataDisks.diskCount'),
])
def test_a_file_server_that_cannot_be_is_refused_with_its_target(workspace, change, target):
    response = workspace.put(SERVER, file_server_body(**change))
    assert (response.status_code, response.json()['error']['target']) == (400, target)
    assert workspace.get(SERVER).json()['error']['code'] == 'FileServerNotFound'


def test_put_again(workspace):
    workspace.put(SERVER, file_server_body())
    assert workspace.put(SERVER, file_server_body()).status_code == 202
    other = workspace.put(SERVER, file_server_body(vmSize='STANDARD_D2'))
    assert (other.status_code, other.json()['error']['code']) == (409, 'PropertyChangeNotAllowed')
    new = workspace.put(SERVER, file_server_body(), headers={'if-none-match': '*'})
    assert (new.status_code, new.json()['error']['code']) == (412, 'FileServerAlreadyExists')


def test_file_servers_are_listed_as_get_shows_them(workspace):
    assert workspace.get(f'{WORKSPACE}/fileServers').json() == {'value': []}
    for name in ('b', 'a'):
        workspace.put(file_server_path(name), file_server_body())
    assert workspace.get(f'{WORKSPACE}/fileServers').json()['value'] == [
        workspace.get(file_server_path(name)).json() for name in ('b', 'a')]


def test_a_cluster_sees_what_is_on_the_file_server(workspace):
    workspace.put(SERVER, file_server_body())
    (folder_of(workspace) / 'hello').write_text('x')
    workspace.put('/'.join((WORKSPACE, 'clusters', 'c')), mounted(ID))
    workspace.settle()
    node, = workspace.engine.nodes(workspace.folders.cluster(workspace.store.clusters.all()[0].resource.guid))
    assert (node.folder / 'mounts' / 'nfs' / 'hello').read_text() == 'x'


def test_deleting_takes_the_files_along(workspace):
    workspace.put(SERVER, file_server_body())
    folder = folder_of(workspace)
    response = workspace.delete(SERVER)
    assert response.status_code == 202
    assert workspace.get(response.headers['azure-asyncoperation']).json()['status'] == 'Succeeded'
    assert workspace.get(SERVER).status_code == 404 and not folder.exists()
    assert workspace.delete(SERVER).status_code == 204


@pytest.mark.parametrize('spell', [str, str.upper, lambda text: text + '/'])
def test_a_file_server_that_a_cluster_mounts_is_not_deleted(workspace, spell):
    workspace.put(SERVER, file_server_body())
    assert workspace.put('/'.join((WORKSPACE, 'clusters', 'c')), mounted(spell(ID))).status_code == 202
    response = workspace.delete(SERVER)
    assert (response.status_code, response.json()['error']['code']) == (409, 'FileServerInUse')
    assert 'clusters/c;' in response.json()['error']['message'] and folder_of(workspace).exists()
