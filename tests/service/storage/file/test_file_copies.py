"""Copies and renames within the service."""
from __future__ import annotations

import os

import pytest
from file_client import ACCOUNT, ENDPOINT
from harness import BLOB_HOST, SUBSCRIPTION

from azext_batchai.service.store.accounts import Account


def copy(files, source, target='work/copy', **headers):
    given = {name.replace('_', '-'): value for name, value in headers.items()}
    return files.put(target, {'x-ms-copy-source': source, **given})


def test_a_copy_is_done_at_once_and_has_what_is_said_of_its_source(files):
    content = os.urandom(9 << 20)
    files.upload('work/f', content, x_ms_content_type='a/b', x_ms_meta_one='1')
    done = files.expect(202, copy(files, f'{ENDPOINT}/work/f')).headers
    assert done['x-ms-copy-status'] == 'success'
    shown = files.get('work/copy')
    assert shown.content == content
    said = shown.headers
    assert (said['content-type'], said['x-ms-meta-one'], said['x-ms-copy-id']) == ('a/b', '1', done['x-ms-copy-id'])
    assert (said['x-ms-copy-status'], said['x-ms-copy-progress']) == ('success', f'{9 << 20}/{9 << 20}')
    files.expect(202, copy(files, f'{ENDPOINT}/work/f', x_ms_meta_two='2'))
    said = files.head('work/copy').headers
    assert said['x-ms-meta-two'] == '2' and 'x-ms-meta-one' not in said
    files.refuse(409, 'NoPendingCopyOperation', files.put('work/copy', {'x-ms-copy-action': 'abort'}, comp='copy',
                                                          copyid=done['x-ms-copy-id']))


def test_a_blob_is_copied_to_a_file(files):
    folder = files.root.parent.parent / 'blob' / 'container'
    folder.mkdir(parents=True)
    (folder / 'a b').write_bytes(b'of a blob')
    files.expect(202, copy(files, f'https://{BLOB_HOST}/{ACCOUNT}/container/a%20b'))
    assert (files.root / 'copy').read_bytes() == b'of a blob'


def test_an_address_with_a_signature_is_noted_without_it(files):
    files.upload('work/f', b'abc')
    query = '&'.join(f"{key}={value.replace('+', '%2B').replace('=', '%3D')}" for key, value in files.link('r').items())
    files.expect(202, copy(files, f'{ENDPOINT}/work/f?{query}'))
    assert files.head('work/copy').headers['x-ms-copy-source'] == f'{ENDPOINT}/work/f'


def test_what_the_client_may_not_read_is_not_copied(files):
    files.harness.store.accounts.put(Account('other', SUBSCRIPTION, 'rg', 'eastus', 'Standard_LRS', 'StorageV2', {},
                                             files.harness.now, {'key1': 'a2V5', 'key2': 'a2V5'}))
    other = files.root.parents[2] / 'other' / 'file' / 'share'
    other.mkdir(parents=True)
    (other / 'f').write_text('of another')
    files.upload('work/f', b'old')
    before = files.head('work/f').headers['etag']
    for source, status in ((ENDPOINT.replace(ACCOUNT, 'other') + '/share/f', 403), (f'{ENDPOINT}/work/none', 404),
                           (f'{ENDPOINT}/none/none', 404), (f'{ENDPOINT}/work', 400),
                           ('https://example.org/work/f', 400),
                           ('http://127.0.0.1:8445/acct/work/f', 400), (f'{ENDPOINT}/work/f?sig=x&sv=2025-05-05', 403)):
        found = copy(files, source, 'work/f')
        assert found.status_code == status, (source, found.text)
    found = files.put('work/f', {'x-ms-copy-source': f'{ENDPOINT}/work/f'}, link=files.link('rw'))
    assert found.status_code == 403, 'a link says nothing of the source'
    assert files.head('work/f').headers['etag'] == before and files.get('work/f').content == b'old'


def test_a_copy_replaces_what_is_there_in_one_step(files):
    files.upload('work/f', b'new')
    files.upload('work/copy', b'old content')
    with open(files.root / 'copy', 'rb') as reader:
        files.expect(202, copy(files, f'{ENDPOINT}/work/f'))
        assert reader.read() == b'old content'
    assert files.get('work/copy').content == b'new'
    files.make_folder('work/d')
    files.refuse(409, 'ResourceTypeMismatch', copy(files, f'{ENDPOINT}/work/f', 'work/d'))
    files.refuse(404, 'ParentNotFound', copy(files, f'{ENDPOINT}/work/f', 'work/no/f'))
    assert [path for path in (files.root.parents[1] / '.uploads').rglob('*') if path.is_file()] == []


def rename(files, old, new, is_folder=False, **headers):
    given = {name.replace('_', '-'): value for name, value in headers.items()}
    query = {'comp': 'rename', **({'restype': 'directory'} if is_folder else {})}
    return files.put(new, {'x-ms-file-rename-source': f'{ENDPOINT}/{old}', **given}, **query)


def test_a_file_is_renamed_with_what_is_said_of_it(files):
    files.upload('work/f', b'abc', x_ms_meta_a='1')
    files.make_folder('work/d')
    files.expect(200, rename(files, 'work/f', 'work/d/g'))
    assert not (files.root / 'f').exists() and files.get('work/d/g').content == b'abc'
    assert files.head('work/d/g').headers['x-ms-meta-a'] == '1'


def test_a_directory_is_renamed_with_all_that_is_in_it(files):
    files.make_folder('work/d')
    files.make_folder('work/d/e')
    files.upload('work/d/e/f', b'abc', x_ms_meta_a='1')
    files.expect(200, rename(files, 'work/d', 'work/n', True))
    assert files.head('work/n/e/f').headers['x-ms-meta-a'] == '1' and files.names()[0] == ['n/']
    files.refuse(400, 'InvalidHeaderValue', rename(files, 'work/n', 'work/n/e/inner', True))
    files.refuse(404, 'ResourceNotFound', rename(files, 'work/n/e/f', 'work/m', True))


def test_what_is_there_gives_way_only_when_the_client_says_so(files):
    files.upload('work/f', b'new')
    files.upload('work/g', b'old', x_ms_meta_old='1')
    files.make_folder('work/d')
    files.refuse(409, 'ResourceAlreadyExists', rename(files, 'work/f', 'work/g'))
    replaces = {'x_ms_file_rename_replace_if_exists': 'true'}
    files.refuse(409, 'ResourceAlreadyExists', rename(files, 'work/f', 'work/d', **replaces))
    files.expect(200, rename(files, 'work/f', 'work/g', **replaces))
    assert files.get('work/g').content == b'new' and 'x-ms-meta-old' not in files.head('work/g').headers


@pytest.mark.parametrize('source', ['work/none', 'other/f', ''])
def test_a_rename_from_nowhere_is_refused(files, source):
    files.expect(201, files.put('other', restype='share'))
    files.upload('other/f', b'abc')
    assert rename(files, source, 'work/g').status_code in (400, 404)
    assert files.names()[0] == [] and files.names('other')[0] == ['f']
