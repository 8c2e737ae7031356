import pytest

from azext_batchai.service.store.accounts import Account, Accounts
from azext_batchai.service.store.database import Database
from azext_batchai.service.store.groups import Groups

SUBSCRIPTION = '00000000-0000-0000-0000-0000000000aa'
ACCOUNT = Account('acct', SUBSCRIPTION, 'MyGroup', 'eastus', 'Standard_LRS', 'StorageV2', {'a': 'b'}, 5.0,
                  {'key1': 'hush', 'key2': 'hush!'})


@pytest.fixture
def database(tmp_path):
    opened = Database(tmp_path / 'batchai.db')
    yield opened
    opened.close()


def test_an_account_is_found_as_it_was_put(database):
    Accounts(database).put(ACCOUNT)
    assert Accounts(database).find('ACCT') == ACCOUNT
    assert Accounts(database).list_group(ACCOUNT.parent) == [ACCOUNT]
    Accounts(database).remove('acct')
    assert Accounts(database).find('acct') is None


def test_keys_do_not_get_into_a_log_with_the_account():
    assert 'hush' not in repr(ACCOUNT)


def test_a_group_is_implied_by_an_account(database):
    assert Groups(database).find(SUBSCRIPTION, 'MyGroup') is None
    Accounts(database).put(ACCOUNT)
    implied = Groups(database).find(SUBSCRIPTION, 'MYGROUP')
    assert implied and (implied.name, implied.location, implied.recorded) == ('mygroup', 'eastus', False)
    Groups(database).put(SUBSCRIPTION, 'MyGroup', 'westus', {})
    assert [(group.name, group.location) for group in Groups(database).list_subscription(SUBSCRIPTION)] == [
        ('MyGroup', 'westus')]
    Groups(database).remove(implied.key)
    assert Groups(database).find(SUBSCRIPTION, 'mygroup') == implied
