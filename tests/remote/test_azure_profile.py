"""The profile folder of `az batchai service env`, as az reads it."""
from __future__ import annotations

import configparser
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from azext_batchai.remote.azure_profile import profile_folder, write_authorities, write_profile
from azure.cli.core.azclierror import FileOperationError

ENDPOINT = 'https://127.0.0.1:8443'
ONE, TWO = '00000000-0000-0000-0000-000000000000', '11111111-1111-1111-1111-111111111111'
LISTED = [{'subscriptionId': identity, 'displayName': identity[0]} for identity in (ONE, TWO)]


def ini(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read(path)
    return {name: dict(parser[name]) for name in parser.sections()}


def accounts(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / 'azureProfile.json').read_text())['subscriptions']
    return found


def write(folder: Path, outer: Path, default: str = ONE, endpoint: str = ENDPOINT) -> None:
    write_profile(folder, str(outer), endpoint, 'core.localhost:8444', LISTED, default)


def test_the_profile_is_in_the_batchai_folder_also_when_it_is_asked_for_again(tmp_path: Path) -> None:
    folder = profile_folder(str(tmp_path))
    assert folder == tmp_path / 'batchai' / 'azure'
    write(folder, tmp_path)
    assert profile_folder(str(folder)) == folder


def test_a_profile_of_the_user_that_has_such_a_name_is_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / 'batchai' / 'azure'
    theirs.mkdir(parents=True)
    (theirs / 'clouds.config').write_text('[AzureCloud]\nsubscription = mine\n')
    assert profile_folder(str(theirs)) == theirs / 'batchai' / 'azure'


def test_settings_are_taken_along_but_for_the_cloud_and_the_old_ones_stay(tmp_path: Path) -> None:
    (tmp_path / 'config').write_text('[cloud]\nname = AzureChinaCloud\n[core]\noutput = table\n[batchai]\nx = 100%\n')
    folder = tmp_path / 'new'
    write(folder, tmp_path)
    assert ini(folder / 'config') == {'cloud': {'name': 'BatchAI'}, 'core': {'output': 'table'},
                                      'batchai': {'x': '100%'}}
    assert 'AzureChinaCloud' in (tmp_path / 'config').read_text()
    assert ini(folder / 'clouds.config')['BatchAI']['endpoint_resource_manager'] == ENDPOINT


def test_what_was_changed_in_the_profile_stays_and_the_address_is_renewed(tmp_path: Path) -> None:
    folder = tmp_path / 'new'
    write(folder, tmp_path)
    (folder / 'config').write_text('[core]\noutput = tsv\n')
    (folder / 'clouds.config').write_text('[Mine]\nprofile = latest\n[BatchAI]\nendpoint_resource_manager = old\n')
    profile = json.loads((folder / 'azureProfile.json').read_text())
    for account in profile['subscriptions']:
        account['isDefault'] = account['id'] == TWO
    (folder / 'azureProfile.json').write_text('\ufeff' + json.dumps(profile), 'utf-8')  # az writes such a mark
    write(folder, tmp_path, endpoint='https://127.0.0.1:9')
    assert ini(folder / 'config') == {'core': {'output': 'tsv'}, 'cloud': {'name': 'BatchAI'}}
    clouds = ini(folder / 'clouds.config')
    assert set(clouds) == {'Mine', 'BatchAI'} and clouds['BatchAI']['endpoint_management'] == 'https://127.0.0.1:9'
    assert [account['id'] for account in accounts(folder) if account['isDefault']] == [TWO]
    assert json.loads((folder / 'azureProfile.json').read_text())['installationId'] == profile['installationId']


def test_the_default_subscription_is_there_even_when_nothing_is_in_it(tmp_path: Path) -> None:
    empty = ONE.replace('0', '9')
    write(tmp_path / 'new', tmp_path, default=empty)
    assert [(account['id'], account['isDefault']) for account in accounts(tmp_path / 'new')] == [
        (ONE, False), (TWO, False), (empty, True)]


@pytest.mark.parametrize('content', [b'', b'[]', b'{"subscriptions": 1}', b'{"subscriptions": [1]}', b'\xff'])
def test_damaged_files_are_written_anew(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / 'new'
    folder.mkdir()
    for name in ('config', 'clouds.config', 'azureProfile.json'):
        (folder / name).write_bytes(content)
    write(folder, tmp_path)
    assert ini(folder / 'config')['cloud'] == {'name': 'BatchAI'} and len(accounts(folder)) == 2


@pytest.mark.skipif(sys.platform == 'win32', reason='Windows has no such modes')
def test_nobody_else_can_read_the_profile(tmp_path: Path) -> None:
    folder = tmp_path / 'batchai' / 'azure'
    write(folder, tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    with pytest.raises(FileOperationError, match='Cannot write into .*file'):
        write(tmp_path / 'file' / 'azure', tmp_path)


def test_the_authority_of_the_service_joins_those_trusted_before(tmp_path: Path) -> None:
    import certifi
    (tmp_path / 'ca.pem').write_text('OURS\n')
    (tmp_path / 'company.pem').write_text('COMPANY\n')
    first = write_authorities(tmp_path, str(tmp_path / 'ca.pem'), str(tmp_path / 'company.pem'))
    assert first.read_text().split('\n')[0::2] == ['COMPANY', 'OURS']
    (tmp_path / 'ca.pem').write_text('RENEWED\n')
    again = write_authorities(tmp_path, str(tmp_path / 'ca.pem'), str(first))  # in a shell that is set up already
    assert again == first and again.read_text().split('\n')[0::2] == ['COMPANY', 'RENEWED']
    usual = write_authorities(tmp_path, str(tmp_path / 'ca.pem'), None).read_text()
    assert usual.startswith(certifi.contents()[:200].rstrip()) and usual.endswith('RENEWED\n')


def test_an_authority_that_is_gone_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match='Cannot put the certificate authorities together'):
        write_authorities(tmp_path, str(tmp_path / 'missing.pem'), None)
