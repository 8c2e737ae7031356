"""A disk that is full: a clear error, nothing half done, what was there still there."""
from __future__ import annotations

import errno
import os
from types import SimpleNamespace

import pytest
from file_client import ENDPOINT

from azext_batchai.service.storage.rest import bodies


@pytest.fixture
def full(monkeypatch):
    """A function after which nothing more fits on the disk, as the calls of the system say it then."""
    def fill(*calls):
        def refuse(*_arguments, **_options):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        for name in calls:
            monkeypatch.setattr(os, name, refuse)
    return fill


def test_a_file_that_does_not_fit_is_refused_before_the_old_one_goes(files, monkeypatch):
    files.upload('work/f', b'old', x_ms_meta_a='1')
    monkeypatch.setattr(os, 'fstatvfs', lambda _descriptor: SimpleNamespace(f_bavail=2, f_frsize=4096))
    text = files.refuse(413, 'InsufficientStorage', files.put('work/f', {'x-ms-content-length': '1000000'}))
    assert 'full' in text
    shown = files.get('work/f')
    assert shown.content == b'old' and shown.headers['x-ms-meta-a'] == '1'
    files.refuse(413, 'InsufficientStorage', files.put('work/new', {'x-ms-content-length': '1000000'}))
    files.refuse(413, 'InsufficientStorage', files.put('work/f', {'x-ms-content-length': '1000000'}, comp='properties'))
    assert files.names()[0] == ['f'] and files.get('work/f').content == b'old'
    files.make('work/new', 8192)


def test_a_range_that_does_not_fit_leaves_the_content_as_it_is(files, full):
    files.upload('work/f', b'0123456789')
    full('posix_fallocate')
    files.refuse(413, 'InsufficientStorage', files.write('work/f', b'abc', 2))
    assert files.get('work/f').content == b'0123456789'


def test_a_copy_that_does_not_fit_leaves_the_old_file_and_no_rest(files, full):
    files.upload('work/f', os.urandom(100_000))
    files.upload('work/copy', b'old')
    full('copy_file_range', 'pwrite')
    files.refuse(413, 'InsufficientStorage', files.put('work/copy', {'x-ms-copy-source': f'{ENDPOINT}/work/f'}))
    assert files.get('work/copy').content == b'old'
    assert [path for path in (files.root.parents[1] / '.uploads').rglob('*') if path.is_file()] == []
    assert sorted(os.listdir(files.root)) == ['copy', 'f']


def test_a_folder_that_does_not_fit_is_refused(files, full):
    full('mkdir')
    files.refuse(413, 'InsufficientStorage', files.put('work/d', restype='directory'))


def test_every_error_of_a_full_disk_is_known():
    for number in (errno.ENOSPC, errno.EDQUOT):
        assert bodies.full_disk(OSError(number, '')).code == 'InsufficientStorage'
