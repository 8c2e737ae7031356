from pathlib import Path

import pytest

from azext_batchai.service.secrets.references import parse_secret_url
from azext_batchai.service.secrets.vault_command import az_environment, find_az, is_known_vault

IDENTITY = {'IDENTITY_ENDPOINT': 'https://127.0.0.1:1/msi/token', 'IDENTITY_HEADER': 'h'}


def profile(folder, clouds=''):
    folder.mkdir(parents=True)
    (folder / 'clouds.config').write_text(clouds)
    return folder


def test_the_profile_of_service_env_is_left_for_the_users_own(tmp_path):
    """It is logged in to the service itself, whose tokens no key vault takes."""
    inner = profile(tmp_path / 'mine' / 'batchai' / 'azure', '[BatchAI]\nendpoint_management = https://127.0.0.1:1\n')
    given = az_environment({'AZURE_CONFIG_DIR': str(inner), 'AZURE_CLOUD_NAME': 'BatchAI', **IDENTITY, 'HOME': '/h'})
    assert given['AZURE_CONFIG_DIR'] == str(tmp_path / 'mine') and given['HOME'] == '/h'
    assert not {'AZURE_CLOUD_NAME', *IDENTITY} & given.keys()


@pytest.mark.parametrize('folder, clouds', [('batchai/azure', ''), ('batchai/azure', '[Other]\n'),
                                            ('azure', '[BatchAI]\n'), ('batchai/azure', 'damaged')])
def test_any_other_profile_is_the_users_and_stays(tmp_path, folder, clouds):
    given = {'AZURE_CONFIG_DIR': str(profile(tmp_path / folder, clouds)), 'AZURE_CLOUD_NAME': 'AzureChinaCloud',
             **IDENTITY}
    assert given.items() <= az_environment(given).items()


def test_without_a_variable_the_profile_is_the_usual_one(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert 'AZURE_CONFIG_DIR' not in az_environment({'HOME': str(tmp_path)})
    profile(tmp_path / '.azure', '[Ours]\nsuffix_keyvault_dns = .vault.example.org\n')
    assert is_known_vault(parse_secret_url('https://v.vault.example.org/secrets/a'), {})


@pytest.mark.parametrize('host, is_known', [
    ('v.vault.azure.net', True), ('V.VAULT.AZURE.CN', True), ('v.vault.usgovcloudapi.net', True),
    ('v.w.vault.azure.net', False), ('v.vault.azure.net.example.org', False), ('v.example.org', False)])
def test_only_key_vaults_of_the_clouds_are_asked(tmp_path, host, is_known):
    address = parse_secret_url(f'https://{host}/secrets/a')
    assert is_known_vault(address, {'AZURE_CONFIG_DIR': str(profile(tmp_path / 'azure', '[Empty]\n'))}) is is_known


def test_an_az_in_a_relative_place_of_the_path_is_found_wherever_it_is_started(tmp_path, monkeypatch):
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'az').write_text('#!/bin/sh\n')
    (tmp_path / 'bin' / 'az').chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert find_az({'PATH': 'bin'}) == str(Path('bin/az').absolute())
