import pytest
from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads.mounts import DEFAULT_BLOB_OPTIONS, MountOptions, complete_storage, mount_volumes
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
    (MountOptions(auto=StorageAccount('auto')), {
        'azureFileShares': [{'accountName': 'auto', 'azureFileUrl': 'https://auto.file.core.windows.net/batchaishare',
                             'credentials': {}, 'relativeMountPath': 'autoafs'}],
        'azureBlobFileSystems': [{'accountName': 'auto', 'containerName': 'batchaicontainer', 'credentials': {},
                                  'relativeMountPath': 'autobfs', 'mountOptions': DEFAULT_BLOB_OPTIONS}]}),
    (MountOptions(afs_name='share', afs_path='data/one'),
     {'azureFileShares': [{**SHARE, 'relativeMountPath': 'data/one'}]}),
], ids=['nothing', 'share', 'container', 'file server', 'auto', 'path'])
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


def test_auto_storage_joins_what_is_mounted_from_another_account():
    volumes = mount_volumes(MountOptions(afs_name='share', auto=StorageAccount('auto')), ACCOUNT)
    assert [(item['accountName'], item['relativeMountPath']) for item in volumes['azureFileShares']] == [
        ('acc', 'afs'), ('auto', 'autoafs')]


@pytest.mark.parametrize('account, given, used', [
    (ACCOUNT, {}, {'accountKey': 'key'}),
    (StorageAccount('ACC', 'key'), {}, {'accountKey': 'key'}),
    (ACCOUNT, {'accountKey': 'own'}, {'accountKey': 'own'}),
    (StorageAccount('other', 'key'), {}, {}),
    (StorageAccount('acc'), {}, {}),
], ids=['key of the command', 'other case', 'own key', 'other account', 'unknown key'])
def test_mount_of_the_file_that_leaves_the_key_out_gets_that_of_its_account(account, given, used):
    volumes = mount_volumes(MountOptions(), account, {'azureFileShares': [{**SHARE, 'credentials': given}],
                                                      'azureBlobFileSystems': [{**CONTAINER, 'credentials': given}]})
    assert [item['credentials'] for items in volumes.values() for item in items] == [used, used]


def test_share_with_two_accounts_is_refused():
    share = {**SHARE, 'azureFileUrl': 'https://other.file.core.windows.net/share'}
    with pytest.raises(InvalidArgumentValueError, match="azureFileShares\\[1\\] has two .*'acc' and 'other'"):
        mount_volumes(MountOptions(), ACCOUNT, {'azureFileShares': [SHARE, share]})


@pytest.mark.parametrize('url', ['https://ACC.file.core.windows.net/s', 'https://10.0.0.1/s', 'https://files.acme/s'])
def test_address_of_another_form_says_nothing_about_the_account(url):
    share = {**SHARE, 'azureFileUrl': url}
    assert mount_volumes(MountOptions(), ACCOUNT, {'azureFileShares': [share]}) == {'azureFileShares': [share]}


@pytest.mark.parametrize('mount, complete', [
    ({'azureFileUrl': 'https://acc.file.core.windows.net/s'},
     {'azureFileUrl': 'https://acc.file.core.windows.net/s', 'accountName': 'acc', 'credentials': {}}),
    ({'accountName': 'acc', 'credentialsInfo': {'accountKey': 'k'}},
     {'accountName': 'acc', 'credentials': {'accountKey': 'k'}}),
    ({'accountName': 'acc', 'credentials': None}, {'accountName': 'acc', 'credentials': {}}),
    ({'azureFileUrl': 5}, {'azureFileUrl': 5, 'credentials': {}}),
    ('wrong', 'wrong'),
], ids=['account of the address', '2017', 'null', 'wrong type', 'no object'])
def test_mounts_of_older_files_are_completed(mount, complete):
    assert complete_storage({'azureFileShares': [mount], 'fileServers': [1]}) == {
        'azureFileShares': [complete], 'fileServers': [1]}
