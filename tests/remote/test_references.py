import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.remote.references import referred_cluster
from fakes import SUBSCRIPTION, FakeClient

BASE = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/demo/providers/Microsoft.BatchAI'
TREE = {'migrated-eastus': {'clusters': ['c']}, 'own': {'clusters': ['c']}}


@pytest.mark.parametrize('reference, workspace, found', [
    ('c', None, 'migrated-eastus'),
    ('c', 'own', 'own'),
    (f'{BASE}/workspaces/own/clusters/c', None, 'own'),
    (f'{BASE}/clusters/c', None, 'migrated-eastus'),
    (f'{BASE.lower()}/Clusters/c', None, 'migrated-eastus'),
    (f'{BASE}/workspaces/own/clusters/c'.replace('/resource', '/\\ resource'), None, 'own'),
], ids=['name', 'name in a workspace', 'id', 'flat id', 'flat id in other case',
        'id with line breaks as published'])
def test_cluster_is_found(reference, workspace, found):
    match, group = referred_cluster(FakeClient(TREE), reference, 'demo', workspace)
    assert (match.workspace, group) == (found, 'demo')


@pytest.mark.parametrize('reference, said', [
    ('..', 'neither a name nor a resource id'),
    ('x/y', 'is not the id of a Batch AI resource'),
    (f'{BASE}/workspaces/own', 'should be the id of one of the clusters'),
    (f'{BASE}/workspaces/own/fileServers/f', "The cluster '.*' should be the id of one of the clusters"),
    (f'{BASE}/fileServers/f', 'The cluster .* should be the id of one of the clusters, .*/clusters/<name>, or a name'),
    (f'{BASE}/clusters/c'.replace('00000000-', '11111111-'), 'add --subscription 11111111-'),
    (f'{BASE}/workspaces/own/clusters/c'.replace('00000000-', '11111111-'), 'add --subscription 11111111-'),
])
def test_other_texts_are_refused(reference, said):
    with pytest.raises(InvalidArgumentValueError, match=said):
        referred_cluster(FakeClient(TREE), reference, 'demo', None)
