import base64
import os
import stat
import sys

import pytest
from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

from azext_batchai.payloads import ssh_keys
from azext_batchai.payloads.ssh_keys import is_public_key, public_key


def key_of(kind, body=b'\0\0\0\x03abc'):
    return f'{kind} {base64.b64encode(len(kind).to_bytes(4, "big") + kind.encode() + body).decode()}'


KEY = key_of('ssh-ed25519') + ' me@here'


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    for name in ('HOME', 'USERPROFILE'):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
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


@pytest.mark.parametrize('given, private, public', [
    (None, '.ssh/id_rsa', '.ssh/id_rsa.pub'),
    ('~/keys/demo.pub', 'keys/demo', 'keys/demo.pub'),
    ('demo.pub', 'demo', 'demo.pub'),
    ('~/demo', 'demo.private', 'demo'),
], ids=['default', 'folder', 'relative', 'no suffix'])
def test_missing_key_is_made_once_and_used(home, given, private, public):
    assert ssh_keys.key_or_plan(given).startswith('<a new key in ')
    assert not (home / public).exists()
    ssh_keys.make_missing(given)
    made = ssh_keys.key_or_plan(given)
    assert is_public_key(made) and made == (home / public).read_text().strip()
    assert 'PRIVATE KEY' in (home / private).read_text()
    if sys.platform != 'win32':
        assert stat.S_IMODE(os.stat(home / private).st_mode) == 0o600
    before = (home / private).read_text()
    ssh_keys.make_missing(given)
    assert (home / private).read_text() == before and ssh_keys.key_or_plan(given) == made


def test_public_key_is_derived_from_a_private_one_that_is_there(home):
    ssh_keys.make_missing(None)
    private, public = home / '.ssh/id_rsa', home / '.ssh/id_rsa.pub'
    key, content = public.read_text(), private.read_text()
    public.unlink()
    ssh_keys.make_missing(None)
    assert (public.read_text().split()[:2], private.read_text()) == (key.split()[:2], content)


def test_private_key_that_cannot_be_used_is_left_alone(home):
    (home / '.ssh').mkdir()
    (home / '.ssh/id_rsa').write_text('-----BEGIN RSA PRIVATE KEY-----\nnonsense\n-----END RSA PRIVATE KEY-----\n')
    with pytest.raises(FileOperationError, match='id_rsa.*another public key with --ssh-key/-k'):
        ssh_keys.make_missing(None)
    assert not (home / '.ssh/id_rsa.pub').exists()
    assert 'nonsense' in (home / '.ssh/id_rsa').read_text()


def test_folder_that_cannot_be_written_is_named(home):
    (home / 'file').write_text('')
    with pytest.raises(FileOperationError, match='Cannot make the SSH key .*file'):
        ssh_keys.make_missing('~/file/demo.pub')


@pytest.mark.parametrize('value', [KEY, 'ssh-rsa broken'])
def test_key_given_by_value_makes_no_file(home, value):
    ssh_keys.make_missing(value)
    assert list(home.iterdir()) == []


@pytest.mark.parametrize('name', ['k', 'k.pub'])
def test_private_key_given_is_refused_even_when_keys_may_be_made(home, name):
    (home / name).write_text('-----BEGIN OPENSSH PRIVATE KEY-----')
    ssh_keys.make_missing(str(home / name))
    with pytest.raises(InvalidArgumentValueError, match='is a private key'):
        ssh_keys.key_or_plan(str(home / name))
