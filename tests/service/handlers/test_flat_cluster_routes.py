import pytest

from flat_kit import EAST, KEY, NEW, OLD, accept, flat_cluster, flat_job, flat_path, make_cluster, shown, submit
from harness import ROOT, SUBSCRIPTION, auto, cluster_body, manual

C = flat_path('clusters', 'c')
SHARE = {'accountName': 'a', 'azureFileUrl': 'https://a.file.core.windows.net/s', 'relativeMountPath': 'afs'}
SETUP = {'setupTask': {'commandLine': 'true', 'stdOutErrPathPrefix': '/tmp/logs'}}


def error_of(response):
    return response.json()['error']


def test_a_cluster_is_created_and_shown_as_2018_03_had_it(harness):
    accept(harness.put(C, flat_cluster('East US', {'team': 'vision'}, userAccountSettings={
        'adminUserName': 'alex', 'adminUserSshPublicKey': KEY}, nodeSetup=SETUP), version=NEW))
    view = shown(harness, 'clusters', 'c')
    assert list(view) == ['id', 'name', 'type', 'location', 'tags', 'properties']
    assert (view['id'], view['type']) == (C, 'Microsoft.BatchAI/Clusters')
    assert (view['location'], view['tags']) == ('eastus', {'team': 'vision'})
    assert view['properties']['userAccountSettings'] == {'adminUserName': 'alex', 'adminUserSSHPublicKey': KEY}
    task = view['properties']['nodeSetup']['setupTask']
    assert task['runElevated'] is False
    suffix = task['stdOutErrPathSuffix'].rpartition('/')
    assert suffix[0] == f'{SUBSCRIPTION}/rg/clusters/c' and len(suffix[2]) == 36


def test_the_same_cluster_is_in_a_workspace_made_on_the_way(harness):
    make_cluster(harness, nodeSetup=SETUP)
    workspace = harness.get(EAST).json()
    assert (workspace['name'], workspace['location']) == ('migrated-eastus', 'eastus')
    modern = harness.get(f'{EAST}/clusters/c').json()
    assert modern['type'] == 'Microsoft.BatchAI/workspaces/clusters' and 'location' not in modern
    task = modern['properties']['nodeSetup']['setupTask']
    assert 'runElevated' not in task
    assert task['stdOutErrPathSuffix'] == shown(harness, 'clusters', 'c')['properties']['nodeSetup']['setupTask'][
        'stdOutErrPathSuffix']


def test_a_cluster_of_a_migrated_workspace_is_seen_flat(harness):
    harness.put(f'{ROOT}/workspaces/migrated-westus', {'location': 'westus'})
    accept(harness.put(f'{ROOT}/workspaces/migrated-westus/clusters/modern', cluster_body(nodeSetup=SETUP)))
    view = shown(harness, 'clusters', 'modern')
    assert (view['id'], view['location'], 'tags' in view) == (flat_path('clusters', 'modern'), 'westus', False)
    assert view['properties']['nodeSetup']['setupTask']['stdOutErrPathSuffix'].startswith(
        f'{SUBSCRIPTION}/rg/workspaces/migrated-westus/clusters/modern/')


def test_a_cluster_of_another_workspace_is_not_seen_flat(harness):
    harness.make_cluster('hidden')
    response = harness.get(flat_path('clusters', 'hidden'), version=NEW)
    assert (response.status_code, error_of(response)) == (404, {
        'code': 'ClusterNotFound', 'message': 'The specified cluster hidden is not found'})


@pytest.mark.parametrize('version', [OLD, NEW])
def test_the_operation_has_the_version_of_the_request_and_a_flat_resource_id(harness, version):
    response = accept(harness.put(C, flat_cluster(), version=version))
    for header in ('azure-asyncoperation', 'location'):
        assert response.headers[header].endswith(f'?api-version={version}')
    operation = harness.get(response.headers['azure-asyncoperation']).json()
    assert (operation['status'], operation['properties']) == ('Succeeded', {'resourceId': f'{SUBSCRIPTION}$rg$c'})


def test_names_are_those_of_a_group_whatever_the_location(harness):
    make_cluster(harness)
    response = harness.put(flat_path('clusters', 'C'), flat_cluster('westus'), version=NEW)
    assert response.status_code == 409 and "location 'eastus'" in error_of(response)['message']
    assert harness.get(f'{ROOT}/workspaces/migrated-westus').status_code == 404


def test_a_name_may_have_dots_and_works_in_both_views(harness):
    make_cluster(harness, 'my.cluster')
    assert harness.get(f'{EAST}/clusters/my.cluster').json()['name'] == 'my.cluster'
    accept(harness.delete(f'{EAST}/clusters/my.cluster'))
    harness.settle()
    harness.later(60)
    harness.settle()
    assert harness.get(flat_path('clusters', 'my.cluster'), version=NEW).status_code == 404


@pytest.mark.parametrize('path, body, version', [
    (flat_path('clusters', '...'), flat_cluster(), NEW), (flat_path('clusters', 'a%20b'), flat_cluster(), NEW),
    (flat_path('clusters', 'x' * 65), flat_cluster(), OLD), (f'{EAST}/clusters/a.b', cluster_body(), '2018-05-01')])
def test_other_names_are_refused(harness, path, body, version):
    harness.put(EAST, {'location': 'eastus'})
    response = harness.put(path, body, version=version)
    assert (response.status_code, error_of(response)['code']) == (400, 'InvalidResourceName')


@pytest.mark.parametrize('body, target', [
    ({**flat_cluster(), 'location': None}, 'location'), (flat_cluster('nowhere!'), 'location'),
    (flat_cluster('ä'), 'location'), (flat_cluster(tags={'a': 1}), 'tags.a'), ({**flat_cluster(), 'sku': {}}, 'sku'),
    (flat_cluster(vmSice='x'), 'properties.vmSice'),
    (flat_cluster(nodeSetup={'setupTask': {**SETUP['setupTask'], 'runElevated': 'no'}}),
     'properties.nodeSetup.setupTask.runElevated'),
    (flat_cluster(nodeSetup={'mountVolumes': {'fileServers': [
        {'fileServer': {'id': 'f'}, 'relativeMountPath': 'nfs'}]}}),
     'properties.nodeSetup.mountVolumes.fileServers[0].fileServer.id'),
    (flat_cluster(scaleSettings={}), 'properties.scaleSettings'),
])
def test_a_wrong_body_is_refused_with_its_path_and_nothing_is_made(harness, body, target):
    response = harness.put(C, body, version=NEW)
    assert (response.status_code, error_of(response).get('target')) == (400, target), response.text
    assert harness.get(EAST).status_code == 404


def test_a_2017_body_with_its_own_spellings_is_taken(harness):
    accept(harness.put(C, flat_cluster(nodeSetup={'mountVolumes': {'azureFileShares': [
        {**SHARE, 'credentialsInfo': {'accountKey': 'c2VjcmV0'}}]}}), version=OLD))
    share = shown(harness, 'clusters', 'c', OLD)['properties']['nodeSetup']['mountVolumes']['azureFileShares'][0]
    assert share == {**SHARE, 'credentials': {}, 'fileMode': '0777', 'directoryMode': '0777'}
    refused = harness.put(C, flat_cluster(nodeSetup={'mountVolumes': {'azureFileShares': [
        {**SHARE, 'credentialsInfo': {'accountKey': 'c2VjcmV0'}}]}}), version=NEW)
    assert error_of(refused)['target'].endswith('azureFileShares[0].credentialsInfo')


def test_2017_has_no_suffix_for_the_output_of_set_up_tasks(harness):
    make_cluster(harness, nodeSetup=SETUP)
    assert 'stdOutErrPathSuffix' not in shown(harness, 'clusters', 'c', OLD)['properties']['nodeSetup']['setupTask']


def test_a_deallocation_option_that_is_unknown_is_shown_until_the_scale_is_set_anew(harness):
    make_cluster(harness, 'c')
    body = flat_cluster(scaleSettings=manual(1, nodeDeallocationOption='Unknown'))
    accept(harness.put(C, body, version=NEW))

    def option():
        return shown(harness, 'clusters', 'c')['properties']['scaleSettings'].get('manual', {}).get(
            'nodeDeallocationOption')
    assert option() == 'unknown'
    assert harness.get(f'{EAST}/clusters/c').json()['properties']['scaleSettings'] == manual(
        1, nodeDeallocationOption='requeue')
    for scale, seen in ((manual(1, nodeDeallocationOption='terminate'), 'terminate'), (auto(0, 1), None)):
        harness.patch(f'{EAST}/clusters/c', {'properties': {'scaleSettings': scale}})
        assert option() == seen


def test_patch_takes_scale_settings_and_tags(harness):
    accept(harness.put(C, flat_cluster(tags={'old': '1'}), version=NEW))
    both = harness.patch(C, {'tags': {'new': '2'}, 'properties': {'scaleSettings': auto(0, 2)}}, version=NEW)
    assert (both.status_code, both.json()['tags']) == (200, {'new': '2'})
    assert both.json()['properties']['scaleSettings'] == auto(0, 2, initialNodeCount=0)
    only_tags = harness.patch(C, {'tags': {}}, version=OLD).json()
    assert 'tags' not in only_tags
    assert only_tags['properties']['scaleSettings'] == auto(0, 2, initialNodeCount=0)
    assert harness.patch(C, {}, version=NEW).json()['properties']['scaleSettings'] == auto(0, 2, initialNodeCount=0)


@pytest.mark.parametrize('body, status, said', [
    ({'properties': {'vmSize': 'STANDARD_D2'}}, 400, 'properties.vmSize'), ({'tags': 'x'}, 400, 'tags'),
    ({'properties': {'scaleSettings': {**manual(1), **auto(0, 1)}}}, 400, 'properties.scaleSettings'), ([], 400, '')])
def test_a_patch_of_anything_else_is_refused(harness, body, status, said):
    make_cluster(harness)
    before = shown(harness, 'clusters', 'c')
    response = harness.patch(C, body, version=NEW)
    assert response.status_code == status and said in error_of(response)['message']
    assert shown(harness, 'clusters', 'c') == before


def test_a_put_over_a_cluster_may_change_scale_and_tags_alone(harness):
    accept(harness.put(C, flat_cluster(tags={'a': '1'}, nodeSetup=SETUP), version=NEW))
    accept(harness.put(C, flat_cluster(tags={'a': '2'}, nodeSetup=SETUP, scaleSettings=manual(2)), version=NEW))
    view = shown(harness, 'clusters', 'c')
    assert (view['tags'], view['properties']['scaleSettings']['manual']['targetNodeCount']) == ({'a': '2'}, 2)
    elevated = {'setupTask': {**SETUP['setupTask'], 'runElevated': True}}
    response = harness.put(C, flat_cluster(nodeSetup=elevated), version=NEW)
    assert response.status_code == 409 and 'nodeSetup cannot be changed' in error_of(response)['message']
    assert shown(harness, 'clusters', 'c') == view


def test_what_was_shown_can_be_sent_back(harness):
    make_cluster(harness, nodeSetup={'setupTask': {**SETUP['setupTask'], 'runElevated': True}},
                 userAccountSettings={'adminUserName': 'alex', 'adminUserSshPublicKey': KEY})
    view = shown(harness, 'clusters', 'c')
    accept(harness.put(C, view, version=NEW))
    assert shown(harness, 'clusters', 'c') == view


def test_a_flat_cluster_is_deleted_and_a_missing_one_is_204(harness):
    make_cluster(harness)
    response = accept(harness.delete(C, version=NEW))
    harness.settle()
    operation = harness.get(response.headers['azure-asyncoperation']).json()
    assert (operation['status'], operation['properties']['resourceId']) == ('Succeeded', f'{SUBSCRIPTION}$rg$c')
    assert harness.get(C, version=NEW).status_code == 404
    assert harness.delete(C, version=NEW).status_code == 204


def test_conditions_hold_for_flat_requests_too(harness):
    created = harness.put(C, flat_cluster(), version=NEW, headers={'if-none-match': '*'})
    assert created.status_code == 202
    assert harness.put(C, flat_cluster(), version=NEW, headers={'if-none-match': '*'}).status_code == 412
    assert harness.patch(C, {'tags': {}}, version=NEW, headers={'if-match': '"x"'}).status_code == 412
    assert harness.delete(C, version=NEW, headers={'if-match': '"x"'}).status_code == 412
    assert harness.delete(flat_path('clusters', 'none'), version=NEW, headers={'if-match': '*'}).status_code == 412


def test_a_workspace_that_is_being_deleted_takes_nothing_flat_and_changes_nothing(harness):
    make_cluster(harness)
    submit(harness, 'j')
    accept(harness.delete(EAST))
    for path, body in ((flat_path('clusters', 'd'), flat_cluster()), (C, flat_cluster(scaleSettings=manual(3))),
                       (flat_path('jobs', 'j'), flat_job())):
        response = harness.put(path, body, version=NEW)
        assert (response.status_code, error_of(response)['code']) == (409, 'WorkspaceBeingDeleted')


def test_a_migrated_workspace_in_another_location_is_not_used(harness):
    harness.put(EAST, {'location': 'westus'})
    response = harness.put(C, flat_cluster(), version=NEW)
    assert response.status_code == 409 and "location 'westus'" in error_of(response)['message']


def test_nodes_of_a_cluster_can_be_logged_in_to(harness):
    make_cluster(harness, nodes=2)
    for version in (OLD, NEW):
        nodes = harness.post(f'{C}/listRemoteLoginInformation', version=version).json()['value']
        assert [node['port'] for node in nodes] == [50000, 50001]
    missing = harness.post(flat_path('clusters', 'x') + '/listRemoteLoginInformation', version=NEW)
    assert missing.status_code == 404
