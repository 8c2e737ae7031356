from pathlib import Path

import pytest

from azext_batchai.service.storage.folders import (
    container_folder, file_server_folder, share_folder, split_file_url)

DATA = Path('/data')


def test_accounts_shares_and_containers_are_folders():
    assert share_folder(DATA, 'acct', 'share') == Path('/data/storage/acct/file/share')
    assert container_folder(DATA, 'acct', 'models') == Path('/data/storage/acct/blob/models')
    assert container_folder(DATA, 'acct', '$root') == Path('/data/storage/acct/blob/$root')
    assert file_server_folder(DATA, 'guid') == Path('/data/fileservers/guid')


def test_names_have_no_case():
    assert share_folder(DATA, 'ACCT', 'Share') == share_folder(DATA, 'acct', 'share')


@pytest.mark.parametrize('name', ['', '.', '..', '../x', 'a/b', '/etc', 'a.b', 'a b', 'a\x00b', 'a\n', 'ä', 'x' * 64,
                                  '..%2f', '~', '*'])
@pytest.mark.parametrize('folder', [
    pytest.param(lambda name: share_folder(DATA, name, 'share'), id='account of a share'),
    pytest.param(lambda name: share_folder(DATA, 'acct', name), id='share'),
    pytest.param(lambda name: container_folder(DATA, name, 'c'), id='account of a container'),
    pytest.param(lambda name: container_folder(DATA, 'acct', name), id='container'),
])
def test_a_name_that_is_none_cannot_lead_elsewhere(folder, name):
    with pytest.raises(ValueError, match='letters, digits and - only'):
        folder(name)


@pytest.mark.parametrize('url, parts', [
    ('https://a.file.core.windows.net/share', ('share', '')),
    ('https://a.file.core.windows.net/share/', ('share', '')),
    ('https://a.file.core.windows.net/share/sub/dir', ('share', 'sub/dir')),
    ('https://a.file.core.windows.net/share/a%20b', ('share', 'a b')),
    ('https://127.0.0.1:8443/share', ('share', '')),
])
def test_the_address_of_a_share_is_taken_apart(url, parts):
    assert split_file_url(url) == parts


@pytest.mark.parametrize('url', [
    '', 'share', 'http://a.file.core.windows.net/share', 'https://a.file.core.windows.net', 'https:///share',
    'https://a.file.core.windows.net//', 'ftp://a/share',
    'https://a.file.core.windows.net/share/..', 'https://a.file.core.windows.net/share/a/../../b',
    'https://a.file.core.windows.net/share/%2e%2e/x', 'https://a.file.core.windows.net/share/a%2f..%2f..',
    'https://a.file.core.windows.net/share/a%00b',
])
def test_an_address_that_is_none_or_climbs_is_refused(url):
    with pytest.raises(ValueError):
        split_file_url(url)
