import base64

import pytest
from harness import GROUP, SUBSCRIPTION

from azext_batchai.service.store.stored_files import FileKey, FileNotes

BASE = f'/subscriptions/{SUBSCRIPTION}'
ACCOUNTS = f'{BASE}/resourceGroups/{GROUP}/providers/Microsoft.Storage/storageAccounts'
ELSEWHERE = f'{BASE}/resourceGroups/other/providers/Microsoft.Storage/storageAccounts'
ACCOUNT = f'{ACCOUNTS}/demobatchaicli'
BODY = {'location': 'East US', 'sku': {'name': 'Standard_LRS'}, 'kind': 'Storage'}


@pytest.fixture
def groups(harness):
    for name in (GROUP, 'other'):
        harness.put(f'{BASE}/resourcegroups/{name}', {'location': 'eastus'})
    return harness


@pytest.fixture
def account(groups):
    assert groups.put(ACCOUNT, BODY).status_code == 200
    return groups


def keys(harness, account=ACCOUNT):
    reply = harness.post(f'{account}/listKeys')
    assert reply.status_code == 200, reply.text
    return {key['keyName']: key['value'] for key in reply.json()['keys']}


def availability(harness, name):
    return harness.request('POST', f'{BASE}/providers/Microsoft.Storage/checkNameAvailability',
                           {'name': name, 'type': 'Microsoft.Storage/storageAccounts'}).json()


def test_an_account_is_created_at_once(account):
    assert account.get(ACCOUNT).json() == {
        'sku': {'name': 'Standard_LRS', 'tier': 'Standard'}, 'kind': 'Storage', 'id': ACCOUNT,
        'name': 'demobatchaicli', 'type': 'Microsoft.Storage/storageAccounts', 'location': 'eastus', 'tags': {},
        'properties': {'provisioningState': 'Succeeded', 'creationTime': '2018-06-06T12:00:00Z',
                       'primaryEndpoints': {'blob': 'https://127.0.0.1:8444/demobatchaicli/',
                                            'file': 'https://127.0.0.1:8445/demobatchaicli/'},
                       'primaryLocation': 'eastus', 'statusOfPrimary': 'available', 'supportsHttpsTrafficOnly': True,
                       'allowBlobPublicAccess': False}}


def test_keys_are_random_and_survive_a_restart(account):
    account.put(f'{ACCOUNTS}/another', BODY)
    found = [*keys(account).values(), *keys(account, f'{ACCOUNTS}/another').values()]
    assert len(set(found)) == 4
    assert all(len(base64.b64decode(key, validate=True)) == 64 for key in found)
    account.restart()
    assert list(keys(account).values()) == found[:2]


def test_only_list_keys_shows_keys(account):
    secrets = keys(account).values()
    account.put(f'{ACCOUNT}/fileServices/default/shares/data', {})
    for path in (ACCOUNT, ACCOUNTS, f'{BASE}/providers/Microsoft.Storage/storageAccounts', f'{BASE}/resourcegroups',
                 f'{ACCOUNT}/fileServices/default/shares'):
        assert not any(secret in account.get(path).text for secret in secrets)


def test_one_key_is_changed_and_the_other_stays(account):
    before = keys(account)
    reply = account.request('POST', f'{ACCOUNT}/regenerateKey', {'keyName': 'key1'})
    after = keys(account)
    assert {key['keyName']: key['value'] for key in reply.json()['keys']} == after
    assert (after['key1'] != before['key1'], after['key2'] == before['key2']) == (True, True)


@pytest.mark.parametrize('name', ['key3', 'KEY1', 5])
def test_a_key_that_is_not_there_is_not_changed(account, name):
    refused = account.request('POST', f'{ACCOUNT}/regenerateKey', {'keyName': name})
    assert (refused.status_code, refused.json()['error']['target']) == (400, 'keyName')


def test_the_same_account_again_changes_its_sku_and_keeps_its_keys(account):
    before = keys(account)
    again = account.put(ACCOUNT, {**BODY, 'sku': {'name': 'Premium_LRS'}, 'tags': {'a': 'b'}})
    assert (again.json()['sku'], again.json()['tags']) == ({'name': 'Premium_LRS', 'tier': 'Premium'}, {'a': 'b'})
    assert keys(account) == before


@pytest.mark.parametrize('path, body, code', [
    (f'{ELSEWHERE}/demobatchaicli', BODY, 'StorageAccountAlreadyTaken'),
    (ACCOUNT, {**BODY, 'location': 'westus'}, 'InvalidResourceLocation')])
def test_a_name_is_taken_once_in_the_service(account, path, body, code):
    refused = account.put(path, body)
    assert (refused.status_code, refused.json()['error']['code']) == (409, code)
    assert account.get(ACCOUNT).json()['location'] == 'eastus'


def test_a_name_can_be_asked_for(account):
    assert availability(account, 'isfree') == {'nameAvailable': True}
    taken = availability(account, 'demobatchaicli')
    assert (taken['nameAvailable'], taken['reason']) == (False, 'AlreadyExists')
    assert 'The storage account named demobatchaicli is already taken.' == taken['message']
    assert availability(account, 'Demo')['reason'] == 'AccountNameInvalid'


@pytest.mark.parametrize('name', ['ab', 'a' * 25, 'Demo', 'with-hyphen', 'ä12'])
def test_a_name_that_no_account_can_have_is_refused(groups, name):
    refused = groups.put(f'{ACCOUNTS}/{name}', BODY)
    assert (refused.status_code, refused.json()['error']['code']) == (400, 'AccountNameInvalid')


@pytest.mark.parametrize('change, target', [
    ({'location': None}, 'location'), ({'sku': None}, 'sku.name'), ({'sku': {}}, 'sku.name'),
    ({'sku': 'x'}, 'sku.name'), ({'kind': None}, 'kind'), ({'tags': {'a': None}}, 'tags')])
def test_an_incomplete_account_is_refused_with_its_target(groups, change, target):
    refused = groups.put(ACCOUNT, {**BODY, **change})
    assert (refused.status_code, refused.json()['error']['target']) == (400, target)
    assert groups.get(ACCOUNT).status_code == 404


def test_an_account_needs_a_group(harness):
    refused = harness.put(ACCOUNT, BODY)
    assert (refused.status_code, refused.json()['error']['code']) == (404, 'ResourceGroupNotFound')


def test_accounts_are_listed_by_group_and_by_subscription(account):
    account.put(f'{ELSEWHERE}/another', BODY)
    assert [item['name'] for item in account.get(ACCOUNTS).json()['value']] == ['demobatchaicli']
    everywhere = account.get(f'{BASE}/providers/Microsoft.Storage/storageAccounts').json()['value']
    assert [item['name'] for item in everywhere] == ['another', 'demobatchaicli']


def test_an_account_of_another_group_is_not_found_here(account):
    assert account.get(f'{ELSEWHERE}/demobatchaicli').json()['error']['code'] == 'ResourceNotFound'
    assert account.post(f'{ELSEWHERE}/demobatchaicli/listKeys').status_code == 404
    assert account.delete(f'{ELSEWHERE}/demobatchaicli').status_code == 204
    assert account.get(ACCOUNT).status_code == 200


def test_deleting_an_account_deletes_what_it_stores(account):
    folder = account.data_dir / 'storage' / 'demobatchaicli'
    (folder / 'file' / 'data').mkdir(parents=True)
    (folder / 'file' / 'data' / 'model').write_text('weights')
    assert account.delete(ACCOUNT).status_code == 200
    assert (account.get(ACCOUNT).status_code, folder.exists()) == (404, False)
    assert account.delete(ACCOUNT).status_code == 204
    account.put(ACCOUNT, BODY)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize('path, left', [('', []), ('/fileServices/default/shares/data', ['blob', 'file'])])
def test_what_was_said_of_files_goes_with_them(account, path, left):
    account.put(f'{ACCOUNT}/fileServices/default/shares/data', {})
    for kind, container in (('file', 'data'), ('file', 'other'), ('blob', 'data')):
        account.store.stored_files.put(FileKey('demobatchaicli', kind, container, 'a'), FileNotes(metadata={'b': 'c'}))
    assert account.delete(f'{ACCOUNT}{path}').status_code == 200
    rows = account.store.database.all('SELECT kind, container FROM stored_files ORDER BY kind')
    assert [row['kind'] for row in rows] == left and ('file', 'data') not in [tuple(row) for row in rows]


def test_an_account_takes_over_the_folder_that_mounts_made(groups):
    share = groups.data_dir / 'storage' / 'demobatchaicli' / 'file' / 'old'
    share.mkdir(parents=True)
    (share / 'data').write_text('kept')
    groups.put(ACCOUNT, BODY)
    assert groups.get(f'{ACCOUNT}/fileServices/default/shares/old').status_code == 200
    assert (share / 'data').read_text() == 'kept'


SHARES = f'{ACCOUNT}/fileServices/default/shares'
CONTAINERS = f'{ACCOUNT}/blobServices/default/containers'


@pytest.mark.parametrize('collection, folder', [(SHARES, 'file'), (CONTAINERS, 'blob')], ids=['share', 'container'])
def test_shares_and_containers_are_folders(account, collection, folder):
    made = account.put(f'{collection}/data1', {'properties': {}})
    assert (made.status_code, made.json()['name']) == (201, 'data1')
    assert made.json()['id'] == f'{collection}/data1'
    place = account.data_dir / 'storage' / 'demobatchaicli' / folder / 'data1'
    assert place.is_dir()
    (place / 'file').write_text('x')
    assert account.put(f'{collection}/data1', {}).status_code == 200
    assert (place / 'file').exists()
    assert [item['name'] for item in account.get(collection).json()['value']] == ['data1']
    assert account.get(f'{collection}/data1').json()['id'] == made.json()['id']
    assert account.delete(f'{collection}/data1').status_code == 200
    assert not place.exists()
    assert account.delete(f'{collection}/data1').status_code == 204
    assert account.get(f'{collection}/data1').status_code == 404


@pytest.mark.parametrize('name, status', [
    ('ab', 400), ('Data', 400), ('a--b', 400), ('-ab', 400), ('ab-', 400), ('a' * 64, 400), ('%2E%2E', 400),
    ('$web', 400), ('a-b', 201), ('a' * 63, 201)])
def test_names_of_shares_follow_the_rule(account, name, status):
    assert account.put(f'{SHARES}/{name}', {}).status_code == status


def test_containers_have_three_special_names(account):
    assert account.put(f'{CONTAINERS}/$root', {}).status_code == 201
    assert account.put(f'{CONTAINERS}/$other', {}).status_code == 400


@pytest.mark.parametrize('path, properties', [
    (f'{SHARES}/data1', {'enabledProtocols': 'NFS'}), (f'{CONTAINERS}/data1', {'publicAccess': 'Blob'})])
def test_what_would_make_a_difference_is_refused(account, path, properties):
    refused = account.put(path, {'properties': properties})
    assert (refused.status_code, refused.json()['error']['code']) == (400, 'NotSupported')
    assert account.get(path).status_code == 404


def test_shares_of_no_account_are_not_found(groups):
    for call in (groups.put(f'{SHARES}/data1', {}), groups.get(SHARES), groups.delete(f'{SHARES}/data1')):
        assert (call.status_code, call.json()['error']['code']) == (404, 'ResourceNotFound')


@pytest.mark.parametrize('body', ['[]', '"x"', 'nonsense', ''])
def test_bodies_that_are_no_object_are_refused(groups, body):
    refused = groups.request('PUT', ACCOUNT, content=body)
    assert (refused.status_code, refused.json()['error']['code']) == (400, 'InvalidRequestContent')
