"""Directories: made, shown, changed, deleted."""
from __future__ import annotations

import os

import pytest


def test_a_directory_is_a_folder_at_once_and_a_folder_of_a_job_is_a_directory(files):
    made = files.make_folder('work/one').headers
    assert (files.root / 'one').is_dir()
    (files.root / 'two').mkdir()
    shown = files.expect(200, files.get('work/two', restype='directory')).headers
    for name in ('etag', 'last-modified', 'x-ms-file-attributes', 'x-ms-file-creation-time', 'x-ms-file-change-time',
                 'x-ms-file-last-write-time', 'x-ms-file-permission-key', 'x-ms-file-id', 'x-ms-file-parent-id'):
        assert made[name] and shown[name], name
    assert shown['x-ms-file-attributes'] == 'Directory'
    assert shown['x-ms-file-parent-id'] == str(files.root.stat().st_ino) == made['x-ms-file-parent-id']


def test_what_is_in_the_way_is_named(files):
    files.make_folder('work/d')
    files.make('work/f')
    files.refuse(409, 'ResourceAlreadyExists', files.put('work/d', restype='directory'))
    files.refuse(409, 'ResourceTypeMismatch', files.put('work/f', restype='directory'))
    files.refuse(404, 'ParentNotFound', files.put('work/no/d', restype='directory'))
    files.refuse(404, 'ParentNotFound', files.put('work/f/d', restype='directory'))
    files.refuse(404, 'ResourceNotFound', files.get('work/f', restype='directory'))
    files.refuse(404, 'ResourceNotFound', files.get('work/none', restype='directory'))
    files.refuse(404, 'ParentNotFound', files.get('work/no/none', restype='directory'))
    files.refuse(404, 'ShareNotFound', files.put('nowhere/d', restype='directory'))


def test_only_an_empty_directory_is_deleted(files):
    files.make_folder('work/d')
    files.make_folder('work/d/e')
    files.refuse(409, 'DirectoryNotEmpty', files.delete('work/d', restype='directory'))
    files.expect(202, files.delete('work/d/e', restype='directory'))
    files.expect(202, files.delete('work/d', restype='directory'))
    files.refuse(404, 'ResourceNotFound', files.delete('work/d', restype='directory'))
    files.refuse(409, 'CannotDeleteFileOrDirectory', files.delete('work', restype='directory'))
    assert files.root.is_dir()


def test_a_link_to_a_directory_goes_itself(files):
    files.make_folder('work/d')
    files.make('work/d/f')
    (files.root / 'link').symlink_to('d')
    files.expect(202, files.delete('work/link', restype='directory'))
    assert not os.path.lexists(files.root / 'link') and (files.root / 'd' / 'f').exists()


def test_metadata_attributes_and_times_are_kept(files):
    files.expect(201, files.put('work/d', {'x-ms-meta-a': '1', 'x-ms-file-attributes': 'Hidden',
                                           'x-ms-file-creation-time': '2001-02-03T04:05:06.7000000Z'},
                                restype='directory'))
    files.expect(200, files.put('work/d', {'x-ms-meta-b': '2'}, restype='directory', comp='metadata'))
    files.expect(200, files.put('work/d', {'x-ms-file-last-write-time': '2002-02-03T04:05:06.0000000Z',
                                           'x-ms-file-attributes': 'preserve'}, restype='directory', comp='properties'))
    shown = files.expect(200, files.get('work/d', restype='directory', comp='metadata')).headers
    assert shown['x-ms-meta-b'] == '2' and 'x-ms-meta-a' not in shown
    assert shown['x-ms-file-attributes'] == 'Directory | Hidden'
    assert shown['x-ms-file-creation-time'] == '2001-02-03T04:05:06.7000000Z'
    assert shown['x-ms-file-last-write-time'] == '2002-02-03T04:05:06.0000000Z'
    files.expect(202, files.delete('work/d', restype='directory'))
    files.make_folder('work/d')
    assert 'x-ms-meta-b' not in files.get('work/d', restype='directory').headers


@pytest.mark.parametrize('name', ['.', '..', 'a\\b', 'a\x01', 'a\x7f', 'x' * 256, 'ä' * 128])
def test_a_name_that_no_file_can_have_is_refused(files, name):
    before = files.names()
    for path in (f'work/{name}', f'work/{name}/x'):
        found = files.put(path, restype='directory')
        assert found.status_code == 400, found.text
    assert files.names() == before


@pytest.mark.parametrize('name', ['a b', 'ä→日', '100%', '%41', 'a+b', "it's", 'a&b<c>"d"', 'a;b=c', '~', '#1?',
                                  'x' * 255])
def test_odd_names_are_names_of_folders_and_files_as_they_are(files, name):
    files.make_folder(f'work/{name}')
    files.upload(f'work/{name}/{name}', b'content')
    assert os.listdir(files.root) == [name] and (files.root / name / name).read_bytes() == b'content'
    assert files.names()[0] == [f'{name}/'] and files.names(f'work/{name}')[0] == [name]
    assert files.get(f'work/{name}/{name}').content == b'content'
