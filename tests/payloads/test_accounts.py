import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads import accounts
from azext_batchai.payloads.accounts import AccountOptions, user_account


KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAA2FiYw== me@here'


def account(name='c', **others):
    return {'adminUserName': name, **others}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setattr(accounts.getpass, 'getuser', lambda: 'me')
    return tmp_path


@pytest.mark.parametrize('options, configured, expected', [
    (AccountOptions('u', 'p'), None, {'adminUserName': 'u', 'adminUserPassword': 'p'}),
    (AccountOptions(None, 'p'), None, {'adminUserName': 'me', 'adminUserPassword': 'p'}),
    (AccountOptions(None, None, KEY), None, {'adminUserName': 'me', 'adminUserSshPublicKey': KEY}),
    (AccountOptions('u'), account(adminUserPassword='x'), account('u', adminUserPassword='x')),
    (AccountOptions(), account(adminUserSshPublicKey=KEY), account(adminUserSshPublicKey=KEY)),
    (AccountOptions(None, 'new'), account(adminUserPassword='x'), account(adminUserPassword='new')),
], ids=['both', 'name of this user', 'key', 'file password', 'file key', 'password wins'])
def test_options_win_over_the_file(options, configured, expected):
    assert user_account(options, configured) == expected


def test_own_key_is_the_default(home):
    (home / '.ssh').mkdir()
    (home / '.ssh/id_rsa.pub').write_text(KEY)
    assert user_account(AccountOptions())['adminUserSshPublicKey'] == KEY


def test_nothing_to_log_in_with_is_refused():
    with pytest.raises(RequiredArgumentMissingError, match='--password/-p .* --ssh-key/-k'):
        user_account(AccountOptions('u'))


@pytest.mark.parametrize('name', ['admin', 'Admin'])
def test_admin_is_not_a_name(name):
    with pytest.raises(InvalidArgumentValueError, match='--user-name/-u'):
        user_account(AccountOptions(name, 'p'))


def test_generated_key_wins_over_the_file(home):
    planned = user_account(AccountOptions('u', generate_ssh_keys=True), account(adminUserSshPublicKey=KEY))
    assert planned['adminUserSshPublicKey'] == f'<a new key in {home}/.ssh/id_rsa.pub>'
    (home / '.ssh').mkdir()
    (home / '.ssh/id_rsa.pub').write_text(KEY)
    assert user_account(AccountOptions('u', 'p', generate_ssh_keys=True)) == account(
        'u', adminUserPassword='p', adminUserSshPublicKey=KEY)


def test_key_of_the_file_is_checked():
    with pytest.raises(InvalidArgumentValueError, match='adminUserSshPublicKey is neither'):
        user_account(AccountOptions(), account(adminUserSshPublicKey='nonsense'))
