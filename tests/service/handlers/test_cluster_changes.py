"""A cluster over REST after its creation: put again, patched, listed, deleted, and its nodes to log in to."""
import asyncio
import re

import pytest
from harness import WORKSPACE, auto, cluster_body, cluster_path, manual

CLUSTER = cluster_path('c')
SHARE = {'accountName': 'acct', 'azureFileUrl': 'https://acct.file.core.windows.net/share',
         'relativeMountPath': 'afs', 'credentials': {'accountKey': 'a-very-secret-key=='}}


# put again

def test_the_same_put_again_changes_nothing(workspace):
    workspace.put(CLUSTER, cluster_body())
    before = workspace.get(CLUSTER)
    workspace.now += 60
    assert workspace.put(CLUSTER, cluster_body()).status_code == 202
    after = workspace.get(CLUSTER)
    assert after.json() == before.json() and after.headers['etag'] == before.headers['etag']


def test_a_put_with_other_scale_settings_scales(workspace):
    workspace.put(CLUSTER, cluster_body(scaleSettings=manual(0)))
    workspace.now += 60
    assert workspace.put(CLUSTER, cluster_body(scaleSettings=manual(2))).status_code == 202
    assert workspace.cluster()['scaleSettings'] == manual(2, nodeDeallocationOption='requeue')
    assert workspace.cluster()['creationTime'] == '2018-06-06T12:00:00Z'


@pytest.mark.parametrize('change, named', [
    ({'vmSize': 'STANDARD_D2'}, 'vmSize'), ({'vmPriority': 'lowpriority'}, 'vmPriority'),
    ({'nodeSetup': {'mountVolumes': {'azureFileShares': [SHARE]}}}, 'nodeSetup'),
    ({'subnet': {'id': '/s'}, 'vmSize': 'STANDARD_D2'}, 'subnet, vmSize'),
])
def test_a_put_that_would_change_more_is_refused(workspace, change, named):
    workspace.put(CLUSTER, cluster_body())
    response = workspace.put(CLUSTER, cluster_body(**change))
    assert (response.status_code, response.json()['error']['code']) == (409, 'PropertyChangeNotAllowed')
    assert f'{named} cannot be changed' in response.json()['error']['message']


def test_a_setup_task_does_not_make_two_equal_puts_different(workspace):
    body = cluster_body(nodeSetup={'setupTask': {'commandLine': 'true', 'stdOutErrPathPrefix': '/x'}})
    assert [workspace.put(CLUSTER, body).status_code for _ in range(2)] == [202, 202]


def test_a_client_that_wants_a_new_one_is_told_there_is_one(workspace):
    only_new = {'if-none-match': '*'}
    assert workspace.put(CLUSTER, cluster_body(), headers=only_new).status_code == 202
    response = workspace.put(CLUSTER, cluster_body(), headers=only_new)
    assert (response.status_code, response.json()['error']['code']) == (412, 'ClusterAlreadyExists')


# patch

def test_a_patch_shows_new_settings_and_the_old_allocation(workspace):
    workspace.make_cluster()
    before = workspace.get(CLUSTER)
    workspace.now += 60
    response = workspace.patch(CLUSTER, {'properties': {'scaleSettings': manual(2)}})
    assert response.status_code == 200
    assert response.json()['properties'] == {**before.json()['properties'],
                                             'scaleSettings': manual(2, nodeDeallocationOption='requeue')}
    assert response.headers['etag'] != before.headers['etag']
    workspace.turn()
    shown = workspace.cluster()
    assert shown['allocationStateTransitionTime'] == '2018-06-06T12:01:00Z'
    assert shown['currentNodeCount'] == 2


@pytest.mark.parametrize('scale', [auto(0, 3), manual(1)])
def test_a_patch_may_change_the_way_of_scaling(workspace, scale):
    workspace.make_cluster(scaleSettings=manual(2) if 'autoScale' in scale else auto(0, 1))
    workspace.patch(CLUSTER, {'properties': {'scaleSettings': scale}})
    assert list(workspace.cluster()['scaleSettings']) == list(scale)


def test_a_patch_of_nothing_changes_nothing(workspace):
    workspace.make_cluster()
    before = workspace.get(CLUSTER)
    for nothing in ({}, {'properties': {}}, {'properties': None}):
        response = workspace.patch(CLUSTER, nothing)
        assert (response.status_code, response.json()) == (200, before.json())
        assert response.headers['etag'] == before.headers['etag']


@pytest.mark.parametrize('body, target', [
    ({'properties': {'vmSize': 'STANDARD_D2'}}, 'properties.vmSize'),
    ({'properties': {'scaleSettings': auto(3, 2)}}, 'properties.scaleSettings.autoScale.minimumNodeCount'),
    ({'tags': {}}, 'tags'), ({'properties': {'scaleSettings': {}}}, 'properties.scaleSettings'),
])
def test_a_patch_of_anything_else_is_refused(workspace, body, target):
    workspace.make_cluster()
    response = workspace.patch(CLUSTER, body)
    assert (response.status_code, response.json()['error']['target']) == (400, target)


def test_a_patch_needs_the_cluster(workspace):
    response = workspace.patch(CLUSTER, {'properties': {'scaleSettings': manual(1)}})
    assert (response.status_code, response.json()['error']) == (404, {
        'code': 'ClusterNotFound', 'message': 'The specified cluster c is not found'})


# list and delete

def test_clusters_are_listed_as_get_shows_them(workspace):
    assert workspace.get(f'{WORKSPACE}/clusters').json() == {'value': []}
    for name in ('b', 'a'):
        workspace.make_cluster(name)
    listed = workspace.get(f'{WORKSPACE}/clusters').json()['value']
    assert listed == [workspace.get(cluster_path(name)).json() for name in ('b', 'a')]


def test_deleting_takes_until_the_nodes_are_gone(workspace):
    workspace.make_cluster(scaleSettings=manual(1))
    nodes = workspace.folders.cluster(workspace.store.clusters.find(CLUSTER.lower()).resource.guid)
    assert len(workspace.engine.nodes(nodes)) == 1
    response = workspace.delete(CLUSTER)
    assert (response.status_code, response.content) == (202, b'')
    assert workspace.cluster()['provisioningState'] == 'deleting'
    running = workspace.get(response.headers['location'])
    assert (running.status_code, running.json()['status']) == (202, 'InProgress')
    assert set(running.json()) == {'id', 'name', 'status', 'startTime'}
    workspace.settle()
    assert workspace.get(CLUSTER).json()['error']['code'] == 'ClusterNotFound'
    assert workspace.get(response.headers['azure-asyncoperation']).json()['status'] == 'Succeeded'
    assert workspace.engine.nodes(nodes) == []


def test_asking_for_a_running_operation_is_answered_as_soon_as_it_ends(workspace):
    workspace.make_cluster(scaleSettings=manual(1))
    url = workspace.delete(CLUSTER).headers['azure-asyncoperation']

    async def story():
        asked = asyncio.create_task(workspace.send('GET', url))
        while not workspace.service.turned._waiting:
            await asyncio.sleep(0)
            assert not asked.done(), asked.result().text
        workspace.settle()
        workspace.service.turned.beat()
        return await asked
    assert workspace.run(story()).json()['status'] == 'Succeeded'


def test_deleting_what_is_not_there_is_204(workspace):
    response = workspace.delete(CLUSTER)
    assert (response.status_code, response.content) == (204, b'')


def test_deleting_twice_is_accepted_twice(workspace):
    workspace.make_cluster(scaleSettings=manual(1))
    urls = [workspace.delete(CLUSTER).headers['azure-asyncoperation'] for _ in range(2)]
    workspace.settle()
    assert [workspace.get(url).json()['status'] for url in urls] == ['Succeeded', 'Succeeded']


@pytest.mark.parametrize('change', [
    lambda harness: harness.put(CLUSTER, cluster_body(scaleSettings=manual(1))),
    lambda harness: harness.patch(CLUSTER, {'properties': {'scaleSettings': manual(3)}}),
])
def test_a_cluster_on_its_way_out_cannot_be_changed(workspace, change):
    workspace.make_cluster(scaleSettings=manual(1))
    workspace.delete(CLUSTER)
    response = change(workspace)
    assert (response.status_code, response.json()['error']['code']) == (409, 'ClusterBeingDeleted')


def test_a_name_can_be_used_again_after_the_deletion(workspace):
    workspace.make_cluster(scaleSettings=manual(1))
    workspace.delete(CLUSTER)
    workspace.settle()
    workspace.now += 60
    workspace.make_cluster(vmSize='STANDARD_D2', scaleSettings=manual(1))
    assert workspace.cluster()['creationTime'] == '2018-06-06T12:01:00Z'
    assert workspace.counts() == {'idle': 1}


# remote login

def test_nodes_to_log_in_to(workspace):
    workspace.make_cluster(scaleSettings=manual(2))
    response = workspace.post(f'{CLUSTER}/listRemoteLoginInformation')
    assert response.status_code == 200
    nodes = response.json()['value']
    assert [node['port'] for node in nodes] == [50000, 50001]
    assert [list(node) for node in nodes] == [['nodeId', 'ipAddress', 'port']] * 2
    assert all(re.fullmatch(r'tvm-\d+_\d-\d{8}t\d{6}z', node['nodeId']) for node in nodes)


def test_a_cluster_without_nodes_has_none_to_log_in_to(workspace):
    workspace.make_cluster()
    assert workspace.post(f'{CLUSTER}/listRemoteLoginInformation').json() == {'value': []}
    missing = workspace.post(f'{cluster_path("x")}/listRemoteLoginInformation')
    assert missing.json()['error']['code'] == 'ClusterNotFound'
