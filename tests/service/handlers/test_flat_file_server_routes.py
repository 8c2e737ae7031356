import pytest

from flat_kit import EAST, KEY, NEW, OLD, accept, flat_file_server, flat_path, shown
from harness import ROOT, file_server_body

F = flat_path('fileServers', 'f')


@pytest.mark.parametrize('version', [OLD, NEW])
def test_a_file_server_is_shown_as_the_flat_versions_had_it(harness, version):
    accept(harness.put(F, flat_file_server(tags={'a': 'b'}, sshConfiguration={
        'userAccountSettings': {'adminUserName': 'alex', 'adminUserSshPublicKey': KEY}}), version=version))
    view = shown(harness, 'fileServers', 'f', version)
    assert (view['id'], view['type']) == (flat_path('fileservers', 'f'), 'Microsoft.BatchAI/FileServers')
    assert (view['location'], view['tags']) == ('eastus', {'a': 'b'})
    properties = view['properties']
    assert properties['mountSettings'] == {'mountPoint': '/mnt/data', 'fileServerPublicIP': '127.0.0.1',
                                           'fileServerInternalIP': '127.0.0.1', 'fileServerType': 'nfs'}
    account = properties['sshConfiguration']['userAccountSettings']
    assert account == {'adminUserName': 'alex', 'adminUserSSHPublicKey': KEY}
    modern = harness.get(f'{EAST}/fileServers/f').json()['properties']
    assert modern['mountSettings'] == {'mountPoint': '/data', 'fileServerPublicIP': '127.0.0.1',
                                       'fileServerInternalIP': '127.0.0.1'}


def test_a_file_server_of_a_migrated_workspace_is_seen_flat(harness):
    harness.put(EAST, {'location': 'eastus'})
    accept(harness.put(f'{EAST}/fileServers/f', file_server_body()))
    assert shown(harness, 'fileServers', 'f')['location'] == 'eastus'
    listed = harness.get(f'{ROOT}/fileServers', version=NEW).json()['value']
    assert listed == [shown(harness, 'fileServers', 'f')]


def test_a_put_over_a_file_server_may_change_tags_alone(harness):
    account = {'userAccountSettings': {'adminUserName': 'alex', 'adminUserSshPublicKey': KEY}}
    accept(harness.put(F, flat_file_server(sshConfiguration=account), version=NEW))
    accept(harness.put(F, flat_file_server(tags={'a': 'b'}, sshConfiguration=account), version=NEW))
    assert shown(harness, 'fileServers', 'f')['tags'] == {'a': 'b'}
    response = harness.put(F, flat_file_server(vmSize='STANDARD_D2'), version=NEW)
    assert response.status_code == 409
    view = shown(harness, 'fileServers', 'f')
    assert harness.patch(F, {'tags': {'c': 'd'}}, version=NEW).json()['tags'] == {'c': 'd'}
    accept(harness.put(F, view, version=NEW))
    assert shown(harness, 'fileServers', 'f')['tags'] == {'a': 'b'}


def test_a_file_server_is_deleted_and_a_missing_one_is_204(harness):
    accept(harness.put(F, flat_file_server(), version=NEW))
    accept(harness.delete(F, version=NEW))
    assert harness.get(F, version=NEW).status_code == 404
    assert harness.get(f'{EAST}/fileServers/f').status_code == 404
    assert harness.delete(F, version=NEW).status_code == 204


def test_2017_ignores_a_caching_type_which_it_only_showed(harness):
    body = flat_file_server(dataDisks={'diskSizeInGB': 1, 'diskCount': 1, 'storageAccountType': 'Standard_GRS',
                                       'cachingType': 'readonly'})
    accept(harness.put(F, body, version=OLD))
    assert shown(harness, 'fileServers', 'f', OLD)['properties']['dataDisks']['cachingType'] == 'none'
    response = harness.put(flat_path('fileServers', 'g'), body, version=NEW)
    assert response.json()['error']['target'] == 'properties.dataDisks.storageAccountType'
