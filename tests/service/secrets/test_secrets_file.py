import json
import os

import pytest

from azext_batchai.service.reset import reset
from azext_batchai.service.secrets.local_file import BadSecretsFile, find_secret, read_secrets_file
from azext_batchai.service.secrets.references import parse_secret_url
from azext_batchai.service.server import make_data_dir
from azext_batchai.service.settings import Settings

URL = 'https://v.vault.azure.net/secrets/db'


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'secrets.json'


def write(path, content, mode=0o600):
    path.write_bytes(content if isinstance(content, bytes) else
                     (content if isinstance(content, str) else json.dumps(content)).encode())
    path.chmod(mode)


def found(path, url):
    return find_secret(read_secrets_file(path), parse_secret_url(url))


def test_without_a_file_there_is_nothing(path):
    assert read_secrets_file(path) == {}


def test_an_entry_without_a_version_stands_for_all_of_them(path):
    write(path, {URL: 'any', f'{URL}/1': 'first'})
    assert [found(path, url) for url in (URL, f'{URL}/1', f'{URL}/2', f'{URL}/')] == ['any', 'first', 'any', 'any']


def test_an_entry_with_a_version_stands_for_that_one_only(path):
    write(path, {f'{URL}/1': 'first'})
    assert [found(path, url) for url in (URL, f'{URL}/1', f'{URL}/2')] == [None, 'first', None]


def test_case_does_not_count_as_in_a_key_vault(path):
    write(path, {'https://V.vault.azure.net/secrets/DB/AB': 'x'})
    assert found(path, f'{URL}/ab') == 'x'


@pytest.mark.parametrize('mode', [0o400, 0o600, 0o700])
def test_the_owner_may_have_it_as_he_likes(path, mode):
    write(path, {URL: 'x'}, mode)
    assert found(path, URL) == 'x'


@pytest.mark.parametrize('mode', [0o640, 0o604, 0o660, 0o620, 0o644])
def test_a_file_that_others_can_use_is_refused_with_the_command_that_helps(path, mode):
    write(path, {URL: 'x'}, mode)
    with pytest.raises(BadSecretsFile, match=f'can be used by others than its owner; run: chmod 600 {path}$'):
        read_secrets_file(path)


@pytest.mark.parametrize('content, said', [
    pytest.param('{"hush', 'is not JSON: Unterminated string', id='half'),
    pytest.param('["hush"]', 'should be a JSON object', id='list'),
    pytest.param({URL: 'x', 'hush': URL}, 'entry 2 of the secrets file', id='value and URL exchanged'),
    pytest.param({URL: ['hush']}, 'entry 1 of the secrets file', id='list as value'),
    pytest.param({URL: None}, 'entry 1 of the secrets file', id='null'),
    pytest.param(b'{"hush": "\xff\xfe"}', 'is not JSON', id='not UTF-8'),
    pytest.param('[' * 100_000 + '"hush"', 'is not JSON', id='deep')])
def test_a_damaged_file_is_named_and_not_quoted(path, content, said):
    write(path, content)
    with pytest.raises(BadSecretsFile) as refusal:
        read_secrets_file(path)
    assert said in str(refusal.value) and str(path) in str(refusal.value) and 'hush' not in str(refusal.value)


def test_what_is_no_file_is_refused_and_not_waited_for(path):
    os.mkfifo(path, 0o600)
    with pytest.raises(BadSecretsFile, match='is not a regular file'):
        read_secrets_file(path)
    path.unlink()
    path.mkdir(0o700)
    with pytest.raises(BadSecretsFile, match='is not a regular file'):
        read_secrets_file(path)


def test_a_file_of_somebody_else_is_refused(path, monkeypatch):
    write(path, {URL: 'x'})
    monkeypatch.setattr(os, 'geteuid', lambda: path.stat().st_uid + 1)
    if path.stat().st_uid == 0:  # what root wrote is trusted
        assert found(path, URL) == 'x'
        os.chown(path, 4711, -1)
    with pytest.raises(BadSecretsFile, match='belongs to another user'):
        read_secrets_file(path)


def test_a_file_that_cannot_be_reached_is_a_failure(path):
    path.write_text('')
    with pytest.raises(BadSecretsFile, match='cannot be read: Not a directory'):
        read_secrets_file(path / 'secrets.json')


def test_the_file_may_be_there_before_the_first_service_and_outlives_a_reset(path):
    write(path, {URL: 'x'})
    settings = Settings(data_dir=path.parent)
    make_data_dir(settings.data_dir)
    settings.database_file.touch()
    settings.lock_file.touch()
    reset(settings)
    assert not settings.database_file.exists() and found(settings.secrets_path, URL) == 'x'
