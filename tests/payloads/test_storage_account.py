import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads.storage_account import (
    StorageAccount, has_placeholder, needs_key, replace_placeholders, storage_account, with_key)

ENVIRON = {'AZURE_BATCHAI_STORAGE_ACCOUNT': 'env', 'AZURE_BATCHAI_STORAGE_KEY': 'envkey'}
FILE = {'accountName': '<AZURE_BATCHAI_STORAGE_ACCOUNT>',
        'azureFileUrl': 'https://<AZURE_BATCHAI_STORAGE_ACCOUNT>.file.core.windows.net/s',
        'credentials': {'accountKey': '<AZURE_BATCHAI_STORAGE_KEY>'}}


@pytest.mark.parametrize('name, key, environ, expected', [
    ('opt', 'optkey', ENVIRON, ('opt', 'optkey')),
    (None, None, ENVIRON, ('env', 'envkey')),
    ('ENV', None, ENVIRON, ('ENV', 'envkey')),
    ('opt', None, ENVIRON, ('opt', None)),
    ('opt', None, {'AZURE_BATCHAI_STORAGE_KEY': 'k'}, ('opt', 'k')),
    (None, None, {}, (None, None)),
], ids=['options', 'environment', 'same account', 'other account', 'key only', 'nothing'])
def test_options_win_over_the_environment(name, key, environ, expected):
    account = storage_account(name, key, 'core.windows.net', environ)
    assert (account.name, account.key) == expected


def test_placeholders_are_replaced_at_any_depth():
    assert replace_placeholders([FILE], StorageAccount('acc', 'key'), 'f') == [{
        'accountName': 'acc', 'azureFileUrl': 'https://acc.file.core.windows.net/s',
        'credentials': {'accountKey': 'key'}}]


def test_unknown_key_is_left_out():
    assert replace_placeholders(FILE, StorageAccount('acc'), 'f')['credentials'] == {}


def test_unknown_account_is_asked_for():
    with pytest.raises(RequiredArgumentMissingError, match='cluster.json.*--storage-account-name'):
        replace_placeholders(FILE, StorageAccount(), 'cluster.json')


ELSEWHERE = [{'secrets': [{'name': 'K', 'value': '<AZURE_BATCHAI_STORAGE_KEY>'}]},
             {'commandLine': 'echo <AZURE_BATCHAI_STORAGE_KEY>'}, ['<AZURE_BATCHAI_STORAGE_KEY>']]


@pytest.mark.parametrize('value', ELSEWHERE)
def test_unknown_key_anywhere_else_is_kept_to_be_looked_up(value):
    kept = replace_placeholders(value, StorageAccount('acc'), 'job.json')
    assert (kept, needs_key(kept), has_placeholder(kept)) == (value, True, True)
    assert not needs_key(with_key(kept, 'k'))
    assert with_key(kept, 'k') == replace_placeholders(value, StorageAccount('acc', 'k'), 'job.json')


@pytest.mark.parametrize('value', ELSEWHERE)
def test_unknown_key_of_an_unknown_account_is_asked_for(value):
    with pytest.raises(RequiredArgumentMissingError, match='job.json.*--storage-account-key.*_STORAGE_KEY'):
        replace_placeholders(value, StorageAccount(), 'job.json')


MOUNT = {**FILE, 'accountName': 'other', 'azureFileUrl': 'https://other.file.core.windows.net/s'}


def test_key_of_one_account_is_not_put_into_a_mount_of_another():
    with pytest.raises(InvalidArgumentValueError, match="'c.json' mounts from storage account 'other'.*that of 'acc'"):
        replace_placeholders([MOUNT], StorageAccount('acc', 'key'), 'c.json')


@pytest.mark.parametrize('account, credentials', [
    (StorageAccount('Other', 'key'), {'accountKey': 'key'}),
    (StorageAccount(None, 'key'), {'accountKey': 'key'}),
    (StorageAccount('acc'), {}),
], ids=['same account', 'key without account', 'unknown key'])
def test_mount_that_names_its_account_may_leave_the_key_open(account, credentials):
    assert replace_placeholders(MOUNT, account, 'f') == {**MOUNT, 'credentials': credentials}


GLOBAL = {'storage_account': 'cfg', 'storage_key': 'cfgkey'}


@pytest.mark.parametrize('name, environ, files, expected', [
    (None, {}, [GLOBAL], ('cfg', 'cfgkey')),
    (None, ENVIRON, [GLOBAL], ('env', 'envkey')),
    ('CFG', ENVIRON, [GLOBAL], ('CFG', 'cfgkey')),
    ('opt', ENVIRON, [GLOBAL], ('opt', None)),
    (None, {'AZURE_BATCHAI_STORAGE_ACCOUNT': 'env'}, [GLOBAL], ('env', None)),
    (None, {'AZURE_BATCHAI_STORAGE_KEY': 'k'}, [{'storage_account': 'cfg'}], ('cfg', 'k')),
    (None, {}, [{'storage_account': 'local'}, GLOBAL], ('local', None)),
    (None, {}, [{'storage_key': 'k'}, GLOBAL], ('cfg', 'k')),
    (None, {'AZURE_BATCHAI_STORAGE_ACCOUNT': ''}, [GLOBAL], ('cfg', 'cfgkey')),
])
def test_az_config_comes_last_and_a_key_stays_with_its_account(name, environ, files, expected):
    account = storage_account(name, None, 'core.windows.net', environ, *files)
    assert (account.name, account.key) == expected


def test_key_is_not_shown():
    assert 'key!' not in repr(StorageAccount('acc', 'key!'))
