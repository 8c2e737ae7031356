import pytest
from azure.cli.core.azclierror import RequiredArgumentMissingError

from azext_batchai.payloads.storage_account import StorageAccount, replace_placeholders, storage_account

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


def test_unknown_key_anywhere_else_is_asked_for():
    for value in ({'secrets': [{'name': 'K', 'value': '<AZURE_BATCHAI_STORAGE_KEY>'}]},
                  {'commandLine': 'echo <AZURE_BATCHAI_STORAGE_KEY>'}, ['<AZURE_BATCHAI_STORAGE_KEY>']):
        with pytest.raises(RequiredArgumentMissingError, match='job.json.*--storage-account-key.*_STORAGE_KEY'):
            replace_placeholders(value, StorageAccount('acc'), 'job.json')


def test_key_is_not_shown():
    assert 'key!' not in repr(StorageAccount('acc', 'key!'))
