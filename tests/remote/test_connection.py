import json
import time

import pytest
from azure.cli.core.azclierror import FileOperationError, ValidationError

from azext_batchai.remote.connection import Connection, connection_file, find_connection
from azext_batchai.service.tls import ensure_certificates

ENDPOINT = 'https://127.0.0.1:8443'


@pytest.fixture(scope='module')
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tls')
    ensure_certificates(folder / 'ca.pem', folder / 'server.pem', '127.0.0.1', time.time())
    return (folder / 'ca.pem').read_bytes()


@pytest.fixture
def profile(tmp_path, certificate):
    """A config dir with a token and a certificate in it; call it to note a connection."""
    (tmp_path / 'token').write_text('t0ken\n')
    (tmp_path / 'ca.pem').write_bytes(certificate)
    connection_file(str(tmp_path)).parent.mkdir()

    def note(**changes):
        entries = {'endpoint': ENDPOINT, 'tokenFile': str(tmp_path / 'token'), 'caFile': str(tmp_path / 'ca.pem')}
        connection_file(str(tmp_path)).write_text(json.dumps({**entries, **changes}))
        return str(tmp_path)
    note.path = tmp_path
    return note


def test_profile_without_a_service_is_not_connected(tmp_path):
    assert find_connection(str(tmp_path), {}) is None


def test_profile_knows_its_service(profile):
    connection = find_connection(profile(endpoint=ENDPOINT + '/'), {})
    assert connection == Connection(ENDPOINT, 't0ken', str(profile.path / 'ca.pem'))
    assert 't0ken' not in repr(connection)


def test_environment_overrides_the_profile(profile):
    environ = {'AZURE_BATCHAI_ENDPOINT': 'https://head:9', 'AZURE_BATCHAI_TOKEN': 'other'}
    assert find_connection(profile(), environ) == Connection('https://head:9', 'other')


def test_environment_may_name_files(profile):
    environ = {'AZURE_BATCHAI_ENDPOINT': 'https://head:9', 'AZURE_BATCHAI_TOKEN_FILE': str(profile.path / 'token'),
               'AZURE_BATCHAI_CA_FILE': str(profile.path / 'ca.pem')}
    assert find_connection('/nowhere', environ) == Connection('https://head:9', 't0ken', str(profile.path / 'ca.pem'))


@pytest.mark.parametrize('environ, said', [
    ({'AZURE_BATCHAI_ENDPOINT': ENDPOINT}, 'without a token; set AZURE_BATCHAI_TOKEN_FILE'),
    ({'AZURE_BATCHAI_ENDPOINT': 'http://head:9', 'AZURE_BATCHAI_TOKEN': 't'}, 'should be like https://'),
    ({'AZURE_BATCHAI_ENDPOINT': 'head', 'AZURE_BATCHAI_TOKEN': 't'}, 'should be like https://'),
    ({'AZURE_BATCHAI_ENDPOINT': 'https://[::1', 'AZURE_BATCHAI_TOKEN': 't'}, 'should be like https://'),
    ({'AZURE_BATCHAI_ENDPOINT': 'https://127.0.0.1:99999', 'AZURE_BATCHAI_TOKEN': 't'}, 'should be like https://'),
    ({'AZURE_BATCHAI_ENDPOINT': ENDPOINT, 'AZURE_BATCHAI_TOKEN': 't\nx'}, 'AZURE_BATCHAI_TOKEN should be one word'),
    ({'AZURE_BATCHAI_ENDPOINT': ENDPOINT, 'AZURE_BATCHAI_TOKEN': 'tök'}, 'AZURE_BATCHAI_TOKEN should be one word'),
])
def test_incomplete_environment_is_explained(environ, said):
    with pytest.raises(ValidationError, match=said):
        find_connection('/nowhere', environ)


def test_home_folder_in_a_variable_is_expanded(profile, monkeypatch):
    monkeypatch.setenv('HOME', str(profile.path))
    environ = {'AZURE_BATCHAI_ENDPOINT': ENDPOINT, 'AZURE_BATCHAI_TOKEN_FILE': '~/token',
               'AZURE_BATCHAI_CA_FILE': '~/ca.pem'}
    connection = find_connection('/nowhere', environ)
    assert connection == Connection(ENDPOINT, 't0ken', str(profile.path / 'ca.pem'))
    assert connection.is_of_environment


@pytest.mark.parametrize('content', [b'', b'nonsense', b'\0\xff', b'-----BEGIN CERTIFICATE-----\nMIIB'])
def test_file_that_is_no_certificate_is_named_with_its_variable(profile, content):
    (profile.path / 'ca.pem').write_bytes(content)
    environ = {'AZURE_BATCHAI_ENDPOINT': ENDPOINT, 'AZURE_BATCHAI_TOKEN': 't',
               'AZURE_BATCHAI_CA_FILE': str(profile.path / 'ca.pem')}
    with pytest.raises(FileOperationError, match='ca.pem\', which AZURE_BATCHAI_CA_FILE names, holds no PEM'):
        find_connection('/nowhere', environ)


def test_files_that_variables_name_are_blamed_on_them():
    environ = {'AZURE_BATCHAI_ENDPOINT': ENDPOINT, 'AZURE_BATCHAI_TOKEN_FILE': '/nowhere/token'}
    with pytest.raises(FileOperationError, match="token file '/nowhere/token', which AZURE_BATCHAI_TOKEN_FILE names"):
        find_connection('/nowhere', environ)


@pytest.mark.parametrize('changes, error, said', [
    ({'tokenFile': '/nowhere/token'}, FileOperationError,
     "token file '/nowhere/token', which 'az batchai service start' writes: No such file"),
    ({'caFile': '/nowhere/ca.pem'}, FileOperationError,
     "'/nowhere/ca.pem', which 'az batchai service start' writes, does not exist"),
    ({'endpoint': 'nonsense'}, ValidationError, 'should be like https://'),
])
def test_files_that_are_gone_are_named(profile, changes, error, said):
    with pytest.raises(error, match=said):
        find_connection(profile(**changes), {})


@pytest.mark.parametrize('text', [
    b'', b'[]', b'{"endpoint": "https://x"}', b'3', b'\xff\xfe', b'{"endpoint": null, "tokenFile": null}',
    b'{"endpoint": "https://x:1", "tokenFile": null, "caFile": null}',
    b'{"endpoint": "https://x:1", "tokenFile": "/t", "caFile": 3}'])
def test_damaged_note_is_explained(profile, text):
    config_dir = profile()
    connection_file(config_dir).write_bytes(text)
    with pytest.raises(ValidationError, match="is damaged; 'az batchai service start'"):
        find_connection(config_dir, {})


@pytest.mark.parametrize('url, reached', [
    (ENDPOINT + '/storage/x?sig=1', True),
    ('https://127.0.0.1:8444/storage', False),
    ('http://127.0.0.1:8443/storage', False),
    ('https://acc.file.core.windows.net/s', False),
])
def test_links_to_other_hosts_are_told_apart(url, reached):
    assert Connection(ENDPOINT, 't').reaches(url) is reached


@pytest.mark.parametrize('endpoint, loopback', [
    (ENDPOINT, True), ('https://localhost:1', True), ('https://[::1]:1', True), ('https://head:1', False)])
def test_loopback_is_recognised(endpoint, loopback):
    assert Connection(endpoint, 't').is_loopback is loopback


@pytest.mark.parametrize('endpoint', [
    'http://h:1', 'https://', 'https://[::1', 'https://h:0', 'https://h:99999', 'https://a..b', f'https://{"a" * 64}.b',
    'https://h:1/path', 'https://h:1?a=b', 'https://h:1#a', 'https://me:secret@h:1', 'http://me:secret@h:1'])
def test_an_endpoint_is_a_host_and_perhaps_a_port(endpoint):
    with pytest.raises(ValidationError, match='should be like https://127.0.0.1:8443') as refused:
        find_connection('', {'AZURE_BATCHAI_ENDPOINT': endpoint, 'AZURE_BATCHAI_TOKEN': 't'})
    assert 'secret' not in str(refused.value)


@pytest.mark.parametrize('endpoint', ['https://h', 'https://h:1/', 'https://[::1]:1', 'https://my_node:8443'])
def test_hosts_are_taken_as_they_are_named(endpoint):
    found = find_connection('', {'AZURE_BATCHAI_ENDPOINT': endpoint, 'AZURE_BATCHAI_TOKEN': 't'})
    assert found.endpoint == endpoint.rstrip('/')
