"""Folders of the user's own as shares and containers."""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from harness import BLOB_HOST, FILE_HOST, SUBSCRIPTION, manual

from azext_batchai.service.recovery import put_away
from azext_batchai.service.storage.uploads import HIDDEN_PREFIX

ACCOUNT = 'demobatchaicli'
ARM = (f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}')
GROUP = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg'


@pytest.fixture
def own(tmp_path):
    folder = tmp_path / 'own'
    folder.mkdir()
    (folder / 'data.txt').write_text('of my own')
    return folder


def path_of(name, collection='shares'):
    return f'/batchai/storage/{ACCOUNT}/{collection}/{name}'


def mount(harness, folder, name='work', collection='shares'):
    return harness.put(path_of(name, collection), {'path': str(folder)})


def place(harness, name='work', kind='file'):
    return harness.data_dir / 'storage' / ACCOUNT / kind / name


def make_account(harness):
    assert harness.put(GROUP, {'location': 'eastus'}).status_code == 201
    made = harness.put(ARM, {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'})
    assert made.status_code == 200


def file_request(harness, method, path, **more):
    return harness.request(method, f'https://{FILE_HOST}/{ACCOUNT}/{path}', host=FILE_HOST, version=None, **more)


def refused(status, code, response):
    assert (response.status_code, response.json()['error']['code']) == (status, code), response.text
    return response.json()['error']['message']


@pytest.mark.parametrize('collection, kind', [('shares', 'file'), ('containers', 'blob')])
def test_a_folder_is_served_where_mounts_look_for_it(harness, own, collection, kind):
    made = mount(harness, own, collection=collection)
    assert made.status_code == 201 and mount(harness, own, collection=collection).status_code == 200
    assert os.readlink(place(harness, kind=kind)) == str(own)
    assert made.json() == {'storageAccount': ACCOUNT, 'share': 'work' if kind == 'file' else None,
                           'container': 'work' if kind == 'blob' else None, 'path': str(own)}
    assert harness.get('/batchai/service').json()['mounts'] == [made.json()]
    assert harness.delete(path_of('work', collection)).status_code == 200
    assert not os.path.lexists(place(harness, kind=kind)) and (own / 'data.txt').read_text() == 'of my own'
    assert harness.get('/batchai/service').json()['mounts'] == []
    refused(404, 'FolderNotMounted', harness.delete(path_of('work', collection)))


def test_clients_of_the_share_read_and_write_the_folder_itself(harness, own):
    make_account(harness)
    mount(harness, own)
    assert file_request(harness, 'GET', 'work/data.txt').text == 'of my own'
    assert file_request(harness, 'PUT', 'work/new', headers={'x-ms-content-length': '3'}).status_code == 201
    assert (own / 'new').read_bytes() == bytes(3)
    shown = harness.get(f'{ARM}/fileServices/default/shares', version='2023-01-01').json()['value']
    assert [share['name'] for share in shown] == ['work']


def test_nothing_outside_the_folder_is_reached(harness, own, tmp_path):
    make_account(harness)
    (tmp_path / 'secret').write_text('x')
    (own / 'out').symlink_to(tmp_path / 'secret')
    (own / 'up').symlink_to('..')
    mount(harness, own)
    for path in ('work/out', 'work/up/secret', 'work/%2E%2E/secret', 'work/..%2Fsecret', 'work/%2Fetc%2Fpasswd'):
        assert file_request(harness, 'GET', path).status_code in (400, 403, 404), path


def test_neither_side_deletes_the_folder(harness, own):
    make_account(harness)
    mount(harness, own)
    text = refused(409, 'ShareInUse', harness.delete(f'{ARM}/fileServices/default/shares/work'))
    assert str(own) in text and 'az batchai service unmount' in text
    assert file_request(harness, 'DELETE', 'work?restype=share').status_code == 409
    assert harness.delete(ARM).status_code == 200
    assert (own / 'data.txt').exists() and harness.get('/batchai/service').json()['mounts'] == []
    assert not os.path.lexists(place(harness))


def test_a_share_that_has_files_or_is_another_folder_is_not_replaced(harness, own, tmp_path):
    place(harness).mkdir(parents=True)
    assert mount(harness, own).status_code == 201, 'an empty one may go'
    other = tmp_path / 'other'
    other.mkdir()
    assert str(own) in refused(409, 'FolderAlreadyMounted', mount(harness, other))
    place(harness, 'full').mkdir()
    (place(harness, 'full') / 'f').touch()
    refused(409, 'ShareNotEmpty', mount(harness, own, 'full'))
    assert (place(harness, 'full') / 'f').exists()
    assert [found['share'] for found in harness.get('/batchai/service').json()['mounts']] == ['work']


def test_the_services_own_data_is_not_given_away(harness):
    for folder in (harness.data_dir, harness.data_dir / 'storage', harness.data_dir.parent, '/'):
        (harness.data_dir / 'storage').mkdir(exist_ok=True)
        assert "service's own data" in refused(400, 'InvalidPropertyValue', mount(harness, folder))
    link = harness.data_dir.parent / 'link'
    link.symlink_to(harness.data_dir)
    refused(400, 'InvalidPropertyValue', mount(harness, link))
    assert harness.get('/batchai/service').json()['mounts'] == []


@pytest.mark.parametrize('path', ['relative', '', '/none', 'file', None, 5])
def test_what_is_no_folder_is_refused(harness, own, path):
    path = str(own / 'data.txt') if path == 'file' else path
    refused(400, 'InvalidPropertyValue', harness.put(path_of('work'), {'path': path}))
    assert not os.path.lexists(place(harness))


@pytest.mark.parametrize('account, collection, name', [
    ('Bad_Account', 'shares', 'work'), (ACCOUNT, 'queues', 'work'), (ACCOUNT, 'shares', 'A'), (ACCOUNT, 'shares', '..'),
    (ACCOUNT, 'containers', 'a--b')])
def test_names_that_cannot_be_are_refused(harness, own, account, collection, name):
    found = harness.put(f'/batchai/storage/{account}/{collection}/{name}'.replace('..', '%2E%2E'), {'path': str(own)})
    assert found.status_code == 400


def test_a_folder_that_a_cluster_mounts_stays_mounted(harness, own):
    mount(harness, own)
    harness.make_cluster(scaleSettings=manual(1), nodeSetup={'mountVolumes': {'azureFileShares': [{
        'accountName': ACCOUNT, 'azureFileUrl': f'https://{ACCOUNT}.file.core.windows.net/work',
        'relativeMountPath': 'afs', 'credentials': {'accountKey': 'key'}}]}})
    assert 'clusters/c' in refused(409, 'ShareInUse', harness.delete(path_of('work')))
    assert os.path.lexists(place(harness))


def test_after_a_restart_the_folder_is_still_served_and_a_planted_link_is_not(harness, own, tmp_path):
    make_account(harness)
    mount(harness, own)
    place(harness, 'planted').symlink_to(tmp_path)
    harness.restart()
    assert file_request(harness, 'GET', 'work/data.txt').text == 'of my own'
    assert file_request(harness, 'GET', 'planted/own/data.txt').status_code == 404
    own.rename(tmp_path / 'moved')
    assert file_request(harness, 'GET', 'work/data.txt').status_code == 404


@pytest.mark.parametrize('change', ['gone', 'link', 'link above', 'file'])
def test_a_folder_that_vanishes_or_becomes_a_link_is_served_no_longer(harness, tmp_path, change):
    """Also when a job does it: what the link leads to was never given to be served."""
    make_account(harness)
    above = tmp_path / 'above'
    (above / 'own').mkdir(parents=True)
    assert mount(harness, above / 'own').status_code == 201
    secret = tmp_path / 'elsewhere/own'
    secret.mkdir(parents=True)
    (secret / 'data.txt').write_text('secret')
    swapped = above if change == 'link above' else above / 'own'
    swapped.rename(tmp_path / 'before')
    if change == 'file':
        swapped.write_text('x')
    elif change != 'gone':
        swapped.symlink_to(secret.parent if change == 'link above' else secret)
    for method, path in (('GET', 'work/data.txt'), ('DELETE', 'work/data.txt'),
                         ('GET', 'work?restype=directory&comp=list')):
        reply = file_request(harness, method, path)
        assert reply.status_code in (403, 404) and 'secret' not in reply.text, reply.text
    assert (secret / 'data.txt').exists()
    assert harness.delete(path_of('work')).status_code == 200


def test_a_folder_on_another_disk_is_written_in_one_step_and_left_clean(harness):
    """Half an upload that a crash left there goes at the next start."""
    if not os.path.isdir('/dev/shm') or os.stat('/dev/shm').st_dev == harness.data_dir.stat().st_dev:
        pytest.skip('there is no other disk')
    make_account(harness)
    with tempfile.TemporaryDirectory(dir='/dev/shm') as name:
        folder = Path(name).resolve()
        assert mount(harness, folder, collection='containers').status_code == 201
        reply = harness.request('PUT', f'https://{BLOB_HOST}/{ACCOUNT}/work/a/b', host=BLOB_HOST, version=None,
                                content=b'x', headers={'x-ms-blob-type': 'BlockBlob'})
        assert reply.status_code == 201 and (folder / 'a/b').read_bytes() == b'x'
        (folder / f'{HIDDEN_PREFIX}1').write_text('half')
        put_away(harness.store, harness.engine, harness.folders)
        assert [path.name for path in folder.iterdir()] == ['a']
