import base64

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

from azext_batchai.payloads import accounts
from azext_batchai.payloads.accounts import AccountOptions, is_public_key, public_key, user_account


def key_of(kind, body=b'\0\0\0\x03abc'):
    return f'{kind} {base64.b64encode(len(kind).to_bytes(4, "big") + kind.encode() + body).decode()}'


KEY = key_of('ssh-ed25519') + ' me@here'


def account(name='c', **others):
    return {'adminUserName': name, **others}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setattr(accounts.getpass, 'getuser', lambda: 'me')
    return tmp_path


@pytest.mark.parametrize('text, good', [
    (KEY, True),
    (key_of('ssh-rsa'), True),
    (key_of('ecdsa-sha2-nistp256'), True),
    ('ssh-rsa AAAA', False),
    ('ssh-rsa ' + key_of('ssh-ed25519').split()[1], False),
    ('ssh-rsa not/base64!', False),
    (key_of('ssh-nonsense'), False),
    (key_of('ssh-rsa', b''), False),
    (KEY + '\n' + KEY, False),
    ('', False),
])
def test_public_key_is_recognised(text, good):
    assert is_public_key(text) is good


def test_key_may_be_a_file(home):
    (home / 'k.pub').write_text(KEY + '\n')
    assert public_key('~/k.pub') == KEY


@pytest.mark.parametrize('value, said', [
    ('~/.ssh/nope.pub', "The SSH key file '~/.ssh/nope.pub' does not exist"), ('nope.pub', "'nope.pub' does not exist"),
    ('./nope', "'./nope' does not exist"), ('ssh-rsa nonsense me@host.pub', 'neither an OpenSSH public key'),
    ('hello', 'neither an OpenSSH public key')])
def test_value_that_looks_like_a_path_is_called_a_file_that_does_not_exist(home, value, said):
    with pytest.raises(InvalidArgumentValueError, match=said):
        public_key(value)


@pytest.mark.parametrize('content, said', [
    ('-----BEGIN OPENSSH PRIVATE KEY-----', 'is a private key'),
    ('hello', 'neither an OpenSSH public key'),
])
def test_file_without_a_public_key_is_refused(home, content, said):
    (home / 'k').write_text(content)
    with pytest.raises(InvalidArgumentValueError, match=said):
        public_key('~/k')


def test_refused_value_is_not_repeated():
    with pytest.raises(InvalidArgumentValueError) as caught:
        public_key('my secret')
    assert 'secret' not in str(caught.value)


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
