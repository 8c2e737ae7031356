"""Storage accounts and resource groups as the SDKs of az see them, and what --use-auto-storage makes of them."""
from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any, Iterator

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, ServiceRequestError)
from installed_az import Az
from rest import SUBSCRIPTION, Rest

from azext_batchai.remote import auto_storage, storage_accounts
from azext_batchai.remote.connection import find_connection
from azext_batchai.remote.management_client import BatchAIClient, TokenCredential, other_client
from azext_batchai.remote.resource_groups import resource_group_location

GROUP = 'sdkGroup'
WANTED = {'location': 'East US', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2', 'tags': {'team': 'a'}}


@pytest.fixture
def cli(shared: Az, monkeypatch: pytest.MonkeyPatch) -> Any:
    """az in this process, connected to the service."""
    from azure.cli.core.mock import DummyCli
    monkeypatch.setenv('AZURE_CONFIG_DIR', str(shared.config_dir))
    return DummyCli()


@pytest.fixture
def client(cli: Any) -> BatchAIClient:
    connection = find_connection(cli.config.config_dir, {})
    assert connection
    return BatchAIClient(TokenCredential(connection.token), SUBSCRIPTION, connection.endpoint, connection)


@pytest.fixture
def storage(cli: Any, client: BatchAIClient) -> Iterator[Any]:
    """The storage client of az; the group is there."""
    groups(cli, client).create_or_update(GROUP, {'location': 'eastus'})
    yield storage_accounts.storage_client(cli, client)


@pytest.fixture
def rest(shared: Az) -> Rest:
    return shared.rest()


def groups(cli: Any, client: BatchAIClient) -> Any:
    from azure.cli.core.profiles import ResourceType
    return other_client(cli, client, ResourceType.MGMT_RESOURCE_RESOURCES).resource_groups


def test_resource_groups_are_made_found_listed_and_deleted(cli: Any, client: BatchAIClient) -> None:
    found = groups(cli, client)
    assert not found.check_existence('sdkOther')
    assert found.create_or_update('sdkOther', {'location': 'West US 2', 'tags': {'a': 'b'}}).location == 'westus2'
    assert found.check_existence('SDKother')
    assert (found.get('sdkother').name, found.get('sdkother').tags) == ('sdkOther', {'a': 'b'})
    assert 'sdkOther' in [group.name for group in found.list()]
    assert resource_group_location(client, 'sdkOther') == 'westus2'
    found.begin_delete('sdkOther').result()
    assert not found.check_existence('sdkOther')
    assert resource_group_location(client, 'sdkOther') == 'local'


def test_a_group_is_deleted_with_its_workspaces(cli: Any, client: BatchAIClient, rest: Rest) -> None:
    made = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/sdkFull/providers/Microsoft.BatchAI/workspaces/w'
    rest.call('PUT', made, {'location': 'eastus'})
    groups(cli, client).begin_delete('sdkFull', polling_interval=0.05).result()
    assert rest.call('GET', made)[0] == 404


def test_an_account_lives_as_the_sdk_expects(storage: Any) -> None:
    accounts = storage.storage_accounts
    made = accounts.begin_create(GROUP, 'sdkaccount', WANTED).result()
    assert (made.name, made.location, made.primary_location, made.sku.name) == (
        'sdkaccount', 'eastus', 'eastus', 'Standard_LRS')
    assert accounts.get_properties(GROUP, 'sdkaccount').tags == {'team': 'a'}
    assert 'sdkaccount' in [account.name for account in accounts.list()]
    assert [account.name for account in accounts.list_by_resource_group(GROUP)] == ['sdkaccount']
    taken = accounts.check_name_availability({'name': 'sdkaccount', 'type': 'Microsoft.Storage/storageAccounts'})
    assert (taken.name_available, taken.reason) == (False, 'AlreadyExists')
    before = [key['value'] for key in accounts.list_keys(GROUP, 'sdkaccount').as_dict()['keys']]
    after = accounts.regenerate_key(GROUP, 'sdkaccount', {'keyName': 'key2'}).as_dict()['keys']
    assert (after[0]['value'] == before[0], after[1]['value'] == before[1]) == (True, False)
    accounts.delete(GROUP, 'sdkaccount')
    with pytest.raises(ResourceNotFoundError):
        accounts.get_properties(GROUP, 'sdkaccount')


def test_shares_and_containers_live_as_the_sdk_expects(storage: Any, shared: Az) -> None:
    storage.storage_accounts.begin_create(GROUP, 'sdkshares', WANTED).result()
    for collection, folder in ((storage.file_shares, 'file'), (storage.blob_containers, 'blob')):
        collection.create(GROUP, 'sdkshares', 'data', {})
        assert (shared.data_dir / 'storage' / 'sdkshares' / folder / 'data').is_dir()
        assert collection.get(GROUP, 'sdkshares', 'data').name == 'data'
        assert [item.name for item in collection.list(GROUP, 'sdkshares')] == ['data']
        collection.delete(GROUP, 'sdkshares', 'data')
        assert list(collection.list(GROUP, 'sdkshares')) == []


def test_refusals_reach_the_sdk_with_their_codes(storage: Any) -> None:
    with pytest.raises(HttpResponseError) as caught:
        storage.storage_accounts.begin_create(GROUP, 'Not-A-Name', WANTED).result()
    assert caught.value.error.code == 'AccountNameInvalid'
    with pytest.raises(ResourceNotFoundError) as missing:
        list(storage.storage_accounts.list_by_resource_group('sdkNowhere'))
    assert missing.value.error.code == 'ResourceGroupNotFound'


def test_nobody_reads_keys_without_the_token(storage: Any, client: BatchAIClient) -> None:
    from azure.mgmt.storage import StorageManagementClient
    connection = client.connection
    assert connection
    storage.storage_accounts.begin_create(GROUP, 'sdksecret', WANTED).result()
    stranger = StorageManagementClient(TokenCredential('wrong'), SUBSCRIPTION, base_url=connection.endpoint,
                                       connection_verify=connection.ca_file)
    with pytest.raises(ClientAuthenticationError):
        stranger.storage_accounts.list_keys(GROUP, 'sdksecret')


def test_auto_storage_is_made_once_for_each_region(cli: Any, client: BatchAIClient, shared: Az) -> None:
    assert auto_storage.planned_auto_storage(cli, client, 'eastus').name == '<new-account>'
    first = auto_storage.auto_storage(cli, client, 'eastus')
    assert auto_storage.auto_storage(cli, client, 'East US').name == first.name
    assert auto_storage.planned_auto_storage(cli, client, 'eastus').name == first.name
    assert auto_storage.auto_storage(cli, client, 'westus2').name != first.name
    folder = shared.data_dir / 'storage' / str(first.name)
    assert sorted(str(path.relative_to(folder)) for path in folder.glob('*/*')) == [
        'blob/batchaicontainer', 'file/batchaishare']
    assert (first.key, first.suffix) == (None, 'core.windows.net')


@pytest.mark.parametrize('hurry', [False, True], ids=['asked', 'somebody was faster'])
def test_auto_storage_tries_another_name_when_the_first_ones_are_taken(
        cli: Any, client: BatchAIClient, rest: Rest, monkeypatch: pytest.MonkeyPatch, hurry: bool) -> None:
    for name in ('baitakenone', 'baitakentwo'):
        rest.make_storage_account(name, 'somebodyElse')
    monkeypatch.setattr(auto_storage, '_new_name', itertools.chain(
        ['baitakenone', 'baitakentwo'], (f'baifree{n}' for n in itertools.count())).__next__)
    if hurry:
        # The name is free when it is asked for, and taken a moment later.
        operations = type(storage_accounts.storage_client(cli, client).storage_accounts)
        monkeypatch.setattr(operations, 'check_name_availability',
                            lambda *arguments: SimpleNamespace(name_available=True))
    assert auto_storage.auto_storage(cli, client, 'northeurope').name == 'baifree0'


def test_auto_storage_gives_up_when_no_name_is_free(cli: Any, client: BatchAIClient, rest: Rest,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    rest.make_storage_account('baitakenone', 'somebodyElse')
    monkeypatch.setattr(auto_storage, '_new_name', lambda: 'baitakenone')
    with pytest.raises(Exception, match='None of 20 names .* --storage-account-name'):
        auto_storage.auto_storage(cli, client, 'southcentralus')


def test_the_key_of_an_account_is_looked_up_by_name(cli: Any, client: BatchAIClient, rest: Rest) -> None:
    key = rest.make_storage_account('lookedup')
    assert storage_accounts.account_key(cli, client, 'LookedUp') == key
    with pytest.raises(Exception, match="no storage account 'lost' .*--storage-account-key"):
        storage_accounts.account_key(cli, client, 'lost')


def test_without_a_connection_the_clients_lead_to_azure(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.cli.core._profile import Profile
    monkeypatch.setattr(Profile, 'get_login_credentials', lambda self, **chosen: (
        TokenCredential('of-azure'), chosen['subscription_id'], 'tenant'))
    asked = []

    def send(self: Any, request: Any, **options: Any) -> None:
        asked.append(request.url.partition('?')[0])
        raise ServiceRequestError('no way out')
    monkeypatch.setattr('azure.core.pipeline.transport.RequestsTransport.send', send)
    azure = BatchAIClient(TokenCredential('of-azure'), SUBSCRIPTION)
    with pytest.raises(ServiceRequestError):
        storage_accounts.account_key(cli, azure, 'any')
    assert set(asked) == {f'https://management.azure.com/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Storage/'
                          'storageAccounts'}
