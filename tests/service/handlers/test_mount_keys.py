import pytest
from harness import EXPERIMENT, GROUP, SUBSCRIPTION, cluster_body, cluster_path, job_body, job_path, manual

BASE = f'/subscriptions/{SUBSCRIPTION}'
ACCOUNT = f'{BASE}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts/acct'


@pytest.fixture
def key(harness):
    """A key of the account acct."""
    harness.make_workspace()
    made = harness.put(ACCOUNT, {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'Storage'})
    assert made.status_code == 200
    return harness.post(f'{ACCOUNT}/listKeys').json()['keys'][1]['value']


def share(credentials, account='acct'):
    return {'azureFileShares': [{'accountName': account, 'azureFileUrl': f'https://{account}.file.core.windows.net/s',
                                 'credentials': credentials, 'relativeMountPath': 'afs'}]}


def container(credentials, account='acct'):
    return {'azureBlobFileSystems': [{'accountName': account, 'containerName': 'box', 'credentials': credentials,
                                      'relativeMountPath': 'bfs'}]}


def put_cluster(harness, volumes):
    return harness.put(cluster_path('c'), cluster_body(nodeSetup={'mountVolumes': volumes}, scaleSettings=manual(1)))


@pytest.mark.parametrize('mount', [share, container])
def test_a_known_account_is_mounted_with_its_key_or_with_none(harness, key, mount):
    assert put_cluster(harness, mount({'accountKey': key})).status_code == 202
    assert harness.delete(cluster_path('c')).status_code == 202
    harness.settle()
    assert put_cluster(harness, mount({})).status_code == 202
    harness.settle()
    assert harness.get(cluster_path('c')).json()['properties']['nodeStateCounts']['idleNodeCount'] == 1


@pytest.mark.parametrize('mount, kind', [(share, 'azureFileShares'), (container, 'azureBlobFileSystems')])
def test_a_wrong_key_is_refused_and_not_repeated(harness, key, mount, kind):
    refused = put_cluster(harness, mount({'accountKey': 'wrong-key'}))
    assert refused.status_code == 400
    assert refused.json()['error']['target'] == f'properties.nodeSetup.mountVolumes.{kind}[0].credentials.accountKey'
    assert 'wrong-key' not in refused.text
    assert harness.get(cluster_path('c')).status_code == 404


def test_a_key_that_was_changed_is_wrong_from_then_on(harness, key):
    harness.request('POST', f'{ACCOUNT}/regenerateKey', {'keyName': 'key2'})
    assert put_cluster(harness, share({'accountKey': key})).status_code == 400


def test_a_job_with_a_wrong_key_is_refused(harness, key):
    harness.make_cluster(scaleSettings=manual(1))
    refused = harness.put(job_path('j'), job_body(mountVolumes=container({'accountKey': 'wrong'})))
    assert (refused.status_code, refused.json()['error']['target']) == (
        400, 'properties.mountVolumes.azureBlobFileSystems[0].credentials.accountKey')
    assert harness.get(f'{EXPERIMENT}/jobs').json() == {'value': []}
    assert harness.put(job_path('j'), job_body(mountVolumes=container({'accountKey': key}))).status_code == 202


@pytest.mark.parametrize('credentials', [{}, {'accountKey': 'whatever'}])
def test_an_account_that_only_mounts_name_takes_any_key(harness, key, credentials):
    assert put_cluster(harness, share(credentials, 'unknown')).status_code == 202
