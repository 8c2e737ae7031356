"""Accounts, shares and containers that something mounts are not deleted; and what a job plants among them."""
import asyncio
import json
import os

import pytest
from harness import GROUP, HOST, SUBSCRIPTION, TOKEN, VERSION, WORKSPACE, cluster_path, job_path, manual

GROUPS = f'/subscriptions/{SUBSCRIPTION}/resourceGroups'
ACCOUNT = f'{GROUPS}/store/providers/Microsoft.Storage/storageAccounts/acct'
SHARE = f'{ACCOUNT}/fileServices/default/shares/data'
CONTAINER = f'{ACCOUNT}/blobServices/default/containers/data'
ACCOUNT_BODY = {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'Storage'}
FILES = {'azureFileShares': [{'accountName': 'ACCT', 'azureFileUrl': 'https://acct.file.core.windows.net/Data/sub',
                              'relativeMountPath': 'afs', 'credentials': {}}]}
BLOBS = {'azureBlobFileSystems': [{'accountName': 'acct', 'containerName': 'data', 'relativeMountPath': 'bfs',
                                   'credentials': {}}]}


@pytest.fixture
def stored(harness):
    """An account with a share and a container, in a group of its own."""
    for path, body in ((f'{GROUPS}/store', {'location': 'eastus'}), (ACCOUNT, ACCOUNT_BODY), (SHARE, {}),
                       (CONTAINER, {})):
        assert harness.put(path, body).status_code in (200, 201)
    harness.root = harness.data_dir / 'storage' / 'acct'
    return harness


def refusal(harness, path):
    response = harness.delete(path)
    return response.status_code, response.json()['error']['code'] if response.content else ''


@pytest.mark.parametrize('volumes, used, spared, code', [(FILES, SHARE, CONTAINER, 'ShareInUse'),
                                                         (BLOBS, CONTAINER, SHARE, 'ContainerInUse')])
def test_what_a_cluster_mounts_stays_until_the_cluster_is_deleted(stored, volumes, used, spared, code):
    stored.make_cluster(nodeSetup={'mountVolumes': volumes})
    assert refusal(stored, used) == (409, code)
    assert refusal(stored, ACCOUNT) == refusal(stored, f'{GROUPS}/store') == (409, 'StorageAccountInUse')
    assert cluster_path('c') in stored.delete(ACCOUNT).json()['error']['message']
    assert stored.delete(spared).status_code == 200 and stored.get(used).status_code == 200
    stored.delete(cluster_path('c'))
    assert stored.delete(used).status_code == stored.delete(ACCOUNT).status_code == 200


def test_what_a_job_mounts_stays_until_the_job_ends(stored):
    stored.make_cluster(scaleSettings=manual(1))
    stored.submit('j', mountVolumes=FILES)
    assert refusal(stored, SHARE) == (409, 'ShareInUse')
    stored.settle()
    assert refusal(stored, ACCOUNT) == (409, 'StorageAccountInUse')
    assert job_path('j') in stored.delete(ACCOUNT).json()['error']['message']
    stored.end('j')
    assert stored.delete(ACCOUNT).status_code == 200


def test_accounts_go_with_their_group_when_only_the_group_mounts_them(stored):
    assert stored.put(ACCOUNT.replace('/store/', f'/{GROUP}/').replace('acct', 'mine'), ACCOUNT_BODY).status_code == 404
    stored.make_cluster(nodeSetup={'mountVolumes': json.loads(json.dumps(FILES).replace('acct', 'mine')
                                                              .replace('ACCT', 'mine'))})
    mine = ACCOUNT.replace('/store/', f'/{GROUP}/').replace('acct', 'mine')
    assert stored.put(mine, ACCOUNT_BODY).status_code == 200
    assert refusal(stored, mine) == (409, 'StorageAccountInUse')
    assert stored.delete(f'{GROUPS}/{GROUP}').status_code == 202
    stored.settle()
    assert stored.get(WORKSPACE).status_code == stored.get(mine).status_code == 404


# what a job plants: it reaches the folders of all shares through the one that it mounts

def test_folders_that_are_no_shares_are_not_listed(stored):
    (stored.root / 'file' / 'No Share').mkdir()
    os.mkdir(os.fsencode(stored.root / 'file') + b'/\xff')
    (stored.root / 'file' / 'dangling').symlink_to('/nowhere')
    listed = stored.get(SHARE.rpartition('/')[0])
    assert [share['name'] for share in listed.json()['value']] == ['data']


@pytest.mark.parametrize('plant', [lambda place: place.write_text('x'), lambda place: place.symlink_to('/nowhere'),
                                   os.mkfifo], ids=['file', 'dangling link', 'pipe'])
@pytest.mark.parametrize('path, place, body', [(f'{SHARE}2', 'acct/file/data2', {}),
                                               (ACCOUNT.replace('acct', 'second'), 'second', ACCOUNT_BODY)])
def test_something_in_the_place_of_a_folder_is_a_conflict(stored, plant, path, place, body):
    plant(stored.root.parent / place)
    response = stored.put(path, body)
    assert (response.status_code, response.json()['error']['code']) == (409, 'StorageFolderUnusable')
    assert stored.get(path).status_code == 404


def test_an_account_deleted_while_the_body_of_a_share_arrives_gets_no_share(stored):
    async def story():
        arriving, statuses = asyncio.Event(), []

        async def receive():
            await arriving.wait()
            return {'type': 'http.request', 'body': b'{}', 'more_body': False}

        async def send(message):
            statuses.append(message.get('status'))
        put = asyncio.ensure_future(stored.app({
            'type': 'http', 'method': 'PUT', 'path': f'{SHARE}3', 'query_string': f'api-version={VERSION}'.encode(),
            'headers': [(b'host', HOST.encode()), (b'authorization', f'Bearer {TOKEN}'.encode())]}, receive, send))
        await asyncio.sleep(0)
        assert (await stored.send('DELETE', ACCOUNT)).status_code == 200
        arriving.set()
        await put
        return statuses[0]
    assert stored.run(story()) == 404
    assert not stored.root.exists()


def test_keys_that_open_nothing_any_more_are_in_no_file(stored):
    def is_kept(key):
        return any(key.encode() in path.read_bytes() for path in stored.data_dir.glob('batchai.db*'))
    first, second = (key['value'] for key in stored.post(f'{ACCOUNT}/listKeys').json()['keys'])
    assert is_kept(first) and is_kept(second)
    stored.request('POST', f'{ACCOUNT}/regenerateKey', {'keyName': 'key1'})
    assert not is_kept(first) and is_kept(second)
    stored.delete(ACCOUNT)
    assert not is_kept(second)
