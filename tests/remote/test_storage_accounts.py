from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import FileOperationError, ResourceNotFoundError
from knack.config import CLIConfig

from azext_batchai.payloads.storage_account import StorageAccount
from azext_batchai.remote import redaction, storage_accounts
from azext_batchai.remote.storage_accounts import command_account, complete_keys

KEYS = {'one': 'key-of-one', 'two': 'key-of-two', 'empty': None}
AZURE = SimpleNamespace(connection=None)
OURS = SimpleNamespace(connection='here')


@pytest.fixture(autouse=True)
def clean(monkeypatch):
    for name in ('AZURE_BATCHAI_STORAGE_ACCOUNT', 'AZURE_BATCHAI_STORAGE_KEY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(redaction, '_KNOWN', set())


@pytest.fixture
def asked(monkeypatch):
    """The accounts whose keys were listed."""
    names = []

    def list_keys(group, name):
        names.append((group, name))
        return SimpleNamespace(as_dict=lambda: {'keys': [{'value': KEYS[name]}] if KEYS[name] else []})
    accounts = SimpleNamespace(list_keys=list_keys, list=lambda: [
        SimpleNamespace(name=name, id=f'/subscriptions/s/resourceGroups/g-{name}/providers/x/y/{name}')
        for name in KEYS])
    monkeypatch.setattr(storage_accounts, 'storage_client',
                        lambda cli_ctx, client: SimpleNamespace(storage_accounts=accounts))
    return names


def mounts(**credentials):
    """A cluster body that mounts one share from each account."""
    return {'properties': {'nodeSetup': {'mountVolumes': {'azureFileShares': [
        {'accountName': name, 'credentials': dict(given)} for name, given in credentials.items()]}}}}


def job(*accounts):
    return {'properties': {'mountVolumes': {'azureBlobFileSystems': [
        {'accountName': name, 'credentials': {}} for name in accounts]}}}


def test_azure_is_asked_for_each_key_that_is_missing(asked):
    reference = {'accountKeySecretReference': {}}
    body = complete_keys(None, AZURE, mounts(one={}, two={'accountKey': 'given'}, three=reference), StorageAccount())
    assert body == mounts(one={'accountKey': 'key-of-one'}, two={'accountKey': 'given'}, three=reference)
    assert asked == [('g-one', 'one')]


def test_azure_is_asked_for_one_account_once(asked):
    body = complete_keys(None, AZURE, job('ONE', 'ONE', 'two'), StorageAccount())
    assert [item['credentials']['accountKey'] for item in body['properties']['mountVolumes']['azureBlobFileSystems']
            ] == ['key-of-one', 'key-of-one', 'key-of-two']
    assert asked == [('g-one', 'one'), ('g-two', 'two')]


def test_the_own_service_is_not_asked_for_what_it_knows(asked):
    assert complete_keys(None, OURS, job('one'), StorageAccount('one')) == job('one')
    assert asked == []


@pytest.mark.parametrize('client', [AZURE, OURS])
def test_a_key_that_stands_elsewhere_is_looked_up_and_hidden(asked, client):
    body = {'properties': {'commandLine': 'run <AZURE_BATCHAI_STORAGE_KEY>'}}
    assert complete_keys(None, client, body, StorageAccount('two')) == {'properties': {'commandLine': 'run key-of-two'}}
    assert redaction.masked_text('run key-of-two') == 'run *****'


@pytest.mark.parametrize('name', ['lost', 'empty'])
def test_an_account_without_a_key_to_find_is_named(asked, name):
    with pytest.raises(ResourceNotFoundError, match=f"'{name}' .*--storage-account-key"):
        complete_keys(None, AZURE, job(name), StorageAccount())


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """The context of az with a config of the user and one of the folder it works in."""
    (tmp_path / 'work' / '.azure').mkdir(parents=True)
    (tmp_path / 'user' / '.azure').mkdir(parents=True)
    monkeypatch.chdir(tmp_path / 'work')
    monkeypatch.delenv('AZURE_CONFIG_DIR', raising=False)

    def context(user='', folder=''):
        (tmp_path / 'user' / '.azure' / 'config').write_text(user)
        (tmp_path / 'work' / '.azure' / 'config').write_text(folder)
        config = CLIConfig(str(tmp_path / 'user' / '.azure'), 'AZURE', use_local_config=True)
        return SimpleNamespace(config=config, cloud=SimpleNamespace(
            suffixes=SimpleNamespace(storage_endpoint='core.example')))
    return context


BOTH = '[batchai]\nstorage_account = mine\nstorage_key = cfg/key=\n'


@pytest.mark.parametrize('user, folder, name, expected', [
    (BOTH, '', None, ('mine', 'cfg/key=')),
    (BOTH, '', 'other', ('other', None)),
    (BOTH, '[batchai]\nstorage_account = local\n', None, ('local', None)),
    (BOTH, '[batchai]\nstorage_key = other-key\n', None, ('mine', 'other-key')),
    ('[defaults]\ngroup = g\n', '', None, (None, None)),
    ('', '', None, (None, None)),
])
def test_the_az_config_names_the_account(cli, user, folder, name, expected):
    account = command_account(cli(user, folder), name, None)
    assert (account.name, account.key, account.suffix) == (*expected, 'core.example')


def test_the_environment_wins_over_the_az_config(cli, monkeypatch):
    monkeypatch.setenv('AZURE_BATCHAI_STORAGE_ACCOUNT', 'env')
    account = command_account(cli(BOTH), None, None)
    assert (account.name, account.key) == ('env', None)
    monkeypatch.setenv('AZURE_BATCHAI_STORAGE_KEY', 'env-key')
    assert command_account(cli(BOTH), None, None).key == 'env-key'
    assert command_account(cli(BOTH), 'mine', None).key == 'cfg/key='
    assert redaction.masked_text('env-key other') == '***** other'


def test_a_key_that_was_given_is_hidden(cli):
    command_account(cli(), 'mine', 'given-key')
    assert redaction.masked_text('x given-key y') == 'x ***** y'


def test_a_config_that_cannot_be_read_is_said_without_its_content(cli):
    with pytest.raises(FileOperationError, match=r'section \[batchai\] .* az config set') as caught:
        command_account(cli('[batchai]\nstorage_key = secret%3D\n'), None, None)
    assert 'secret' not in str(caught.value)
