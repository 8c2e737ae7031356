import pytest
from harness import GROUP, ROOT, SUBSCRIPTION, WORKSPACE, cluster_body, file_server_body, file_server_path

GROUPS = f'/subscriptions/{SUBSCRIPTION}/resourcegroups'
DEMO = f'{GROUPS}/demoGroup'
VERSION = '2021-04-01'
OTHER = f'/subscriptions/{SUBSCRIPTION[:-2]}bb/resourcegroups'
ACCOUNT = {'location': 'westus2', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'}


def names(harness, groups=GROUPS):
    return [group['name'] for group in harness.get(groups, version=VERSION).json()['value']]


def test_a_group_is_recorded_as_it_was_spelled(harness):
    made = harness.put(DEMO, {'location': 'East US', 'tags': {'team': 'a'}}, version=VERSION)
    assert made.status_code == 201
    assert made.json() == {'id': f'/subscriptions/{SUBSCRIPTION}/resourceGroups/demoGroup', 'name': 'demoGroup',
                           'type': 'Microsoft.Resources/resourceGroups', 'location': 'eastus', 'tags': {'team': 'a'},
                           'properties': {'provisioningState': 'Succeeded'}}
    assert harness.get(f'{GROUPS}/DEMOGROUP', version=VERSION).json() == made.json()
    harness.restart()
    assert harness.get(DEMO, version=VERSION).json() == made.json()


def test_a_group_may_be_made_again_with_other_tags(harness):
    harness.put(DEMO, {'location': 'eastus', 'tags': {'team': 'a'}})
    again = harness.put(DEMO, {'location': 'eastus', 'tags': {}})
    assert (again.status_code, again.json().get('tags')) == (200, None)


def test_a_group_does_not_move(harness):
    harness.put(DEMO, {'location': 'eastus'})
    refused = harness.put(DEMO, {'location': 'westus'})
    assert (refused.status_code, refused.json()['error']['code']) == (409, 'InvalidResourceGroupLocation')
    assert harness.get(DEMO).json()['location'] == 'eastus'


def test_a_group_that_nobody_made_is_where_its_first_workspace_is(harness):
    missing = harness.get(f'{GROUPS}/{GROUP}')
    assert (missing.status_code, missing.json()['error']['code']) == (404, 'ResourceGroupNotFound')
    assert harness.request('HEAD', f'{GROUPS}/{GROUP}').status_code == 404
    harness.put(WORKSPACE, {'location': 'northeurope'})
    harness.put(f'{ROOT}/workspaces/later', {'location': 'eastus'})
    assert harness.get(f'{GROUPS}/{GROUP}').json()['location'] == 'northeurope'
    assert harness.request('HEAD', f'{GROUPS}/{GROUP}').status_code == 204
    made = harness.put(f'{GROUPS}/{GROUP}', {'location': 'westus'})
    assert (made.status_code, made.json()['location']) == (201, 'westus')


def test_the_list_has_groups_that_were_made_and_groups_that_hold_something(harness):
    harness.put(f'{GROUPS}/zebra', {'location': 'eastus'})
    harness.put(f'{OTHER}/elsewhere', {'location': 'eastus'})
    harness.put(WORKSPACE, {'location': 'eastus'})
    assert names(harness) == [GROUP, 'zebra']
    assert names(harness, OTHER) == ['elsewhere']


def test_deleting_a_group_deletes_what_is_in_it(harness):
    harness.make_cluster()
    job = harness.submit('j')
    harness.put(f'{GROUPS}/{GROUP}', {'location': 'eastus'})
    account = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/acct1'
    assert harness.put(account, ACCOUNT).status_code == 200
    deleted = harness.delete(f'{GROUPS}/{GROUP}')
    assert deleted.status_code == 202
    going = harness.get(deleted.headers['location'])
    assert (going.status_code, going.headers['location']) == (202, deleted.headers['location'])
    harness.restart()
    harness.settle()
    harness.later(60)
    harness.settle()
    assert harness.get(deleted.headers['location']).status_code == 200
    for path in (f'{GROUPS}/{GROUP}', WORKSPACE, account, job):
        assert harness.get(path).status_code == 404


def test_deleting_an_empty_group_is_over_at_once(harness):
    harness.put(DEMO, {'location': 'eastus'})
    deleted = harness.delete(DEMO)
    assert harness.get(deleted.headers['location']).status_code == 200
    assert harness.delete(DEMO).status_code == 404


@pytest.mark.parametrize('body, target', [
    ({}, 'location'), ({'location': 5}, 'location'), ({'location': '../x'}, 'location'),
    ({'location': 'eastus', 'tags': {'a': 1}}, 'tags'), ({'location': 'eastus', 'tags': ['a']}, 'tags')])
def test_a_bad_group_is_refused_with_its_target(harness, body, target):
    refused = harness.put(DEMO, body)
    assert (refused.status_code, refused.json()['error']['target']) == (400, target)
    assert harness.get(DEMO).status_code == 404


@pytest.mark.parametrize('version, status', [
    ('2021-04-01', 200), ('2019-10-01-preview', 200), ('latest', 400), ('2021-04-01;x', 400), (None, 400)])
def test_any_version_that_looks_like_one_is_served(harness, version, status):
    assert harness.get(GROUPS, version=version).status_code == status


def test_batch_ai_itself_keeps_to_its_versions(harness):
    assert harness.get(WORKSPACE, version='2021-04-01').json()['error']['code'] == 'NoRegisteredProviderFound'


def test_a_filter_is_refused_rather_than_ignored(harness):
    assert harness.get(GROUPS, params={'$filter': "tagname eq 'a'"}).json()['error']['code'] == 'NotSupported'


def test_groups_need_the_token(harness):
    assert harness.get(GROUPS, token='wrong').status_code == 401


def test_a_group_whose_file_server_is_mounted_from_outside_stays(harness):
    harness.make_workspace()
    harness.put(file_server_path('nfs'), file_server_body())
    outside = f'{ROOT}/workspaces/w'.replace(f'/{GROUP}/', '/outside/')
    harness.put(outside, {'location': 'eastus'})
    harness.put(f'{outside}/clusters/c', cluster_body(nodeSetup={'mountVolumes': {'fileServers': [
        {'fileServer': {'id': file_server_path('nfs')}, 'relativeMountPath': 'nfs'}]}}))
    refused = harness.delete(f'{GROUPS}/{GROUP}')
    assert (refused.status_code, refused.json()['error']['code']) == (409, 'FileServerInUse')
    assert 'nfs of the resource group rg' in refused.json()['error']['message']
    assert harness.get(WORKSPACE).json()['properties']['provisioningState'] == 'succeeded'
    assert harness.delete(f'{GROUPS}/outside').status_code == 202
