import pytest
from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads.mounts import DEFAULT_BLOB_OPTIONS, MountOptions, mount_volumes
from azext_batchai.payloads.storage_account import StorageAccount

ACCOUNT = StorageAccount('acc', 'key')
SHARE = {'accountName': 'acc', 'azureFileUrl': 'https://acc.file.core.windows.net/share',
         'credentials': {'accountKey': 'key'}, 'relativeMountPath': 'afs'}
CONTAINER = {'accountName': 'acc', 'containerName': 'box', 'credentials': {'accountKey': 'key'},
             'relativeMountPath': 'bfs', 'mountOptions': DEFAULT_BLOB_OPTIONS}
SERVER = {'fileServer': {'id': '/nfs'}, 'relativeMountPath': 'nfs'}


@pytest.mark.parametrize('options, expected', [
    (MountOptions(), None),
    (MountOptions(afs_name='share'), {'azureFileShares': [SHARE]}),
    (MountOptions(bfs_name='box'), {'azureBlobFileSystems': [CONTAINER]}),
    (MountOptions(nfs_id='/nfs'), {'fileServers': [SERVER]}),
    (MountOptions(afs_name='share', afs_path='data/one'),
     {'azureFileShares': [{**SHARE, 'relativeMountPath': 'data/one'}]}),
], ids=['nothing', 'share', 'container', 'file server', 'path'])
def test_options_become_mounts(options, expected):
    assert mount_volumes(options, ACCOUNT) == expected


def test_mounts_of_the_file_come_first():
    configured = {'azureFileShares': [{**SHARE, 'relativeMountPath': 'one'}]}
    paths = [item['relativeMountPath'] for item in
             mount_volumes(MountOptions(afs_name='share'), ACCOUNT, configured)['azureFileShares']]
    assert paths == ['one', 'afs']
    assert len(configured['azureFileShares']) == 1


@pytest.mark.parametrize('given, used', [('', DEFAULT_BLOB_OPTIONS), (None, DEFAULT_BLOB_OPTIONS), ('-o ro', '-o ro')])
def test_containers_of_the_file_get_default_options(given, used):
    configured = {'azureBlobFileSystems': [{**CONTAINER, 'mountOptions': given}]}
    assert mount_volumes(MountOptions(), ACCOUNT, configured)['azureBlobFileSystems'][0]['mountOptions'] == used


def test_missing_key_leaves_empty_credentials():
    volumes = mount_volumes(MountOptions(afs_name='share'), StorageAccount('acc'))
    assert volumes['azureFileShares'][0]['credentials'] == {}


def test_other_cloud_has_another_suffix():
    volumes = mount_volumes(MountOptions(afs_name='s'), StorageAccount('acc', 'k', 'core.chinacloudapi.cn'))
    assert volumes['azureFileShares'][0]['azureFileUrl'] == 'https://acc.file.core.chinacloudapi.cn/s'


@pytest.mark.parametrize('options, account, error, said', [
    (MountOptions(afs_name='s'), StorageAccount(), RequiredArgumentMissingError, '--storage-account-name'),
    (MountOptions(bfs_name='s'), StorageAccount(), RequiredArgumentMissingError, '--storage-account-name'),
    (MountOptions(afs_path='p'), ACCOUNT, ArgumentUsageError, '--afs-mount-path p needs --afs-name'),
    (MountOptions(afs_name='s', afs_path='/p'), ACCOUNT, InvalidArgumentValueError, "--afs-mount-path '/p'"),
    (MountOptions(afs_name='s', afs_path='a/../b'), ACCOUNT, InvalidArgumentValueError, r'without \.\.'),
    (MountOptions(afs_name='s', afs_path='x', nfs_id='/n', nfs_path='x/'), ACCOUNT, InvalidArgumentValueError,
     "mounted at 'x'"),
])
def test_incomplete_or_clashing_mounts_are_refused(options, account, error, said):
    with pytest.raises(error, match=said):
        mount_volumes(options, account)
