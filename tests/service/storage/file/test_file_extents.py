"""Which parts of a file hold data, on file systems that know holes and on those that do not."""
from __future__ import annotations

import os

import pytest

from azext_batchai.service.storage.rest.file import extents
from azext_batchai.service.storage.rest.ranges import ByteRange

WHOLE = ByteRange(0, 1 << 20)


@pytest.fixture
def descriptor(tmp_path):
    opened = os.open(tmp_path / 'f', os.O_RDWR | os.O_CREAT)
    os.ftruncate(opened, 1 << 20)
    yield opened
    os.close(opened)


def spans(descriptor, within=WHOLE):
    return [(part.start, part.end) for part in extents.data_ranges(descriptor, within)]


def test_holes_are_no_data(descriptor):
    assert spans(descriptor) == []
    os.pwrite(descriptor, b'x' * 4096, 65536)
    assert spans(descriptor) == [(65536, 69632)]
    assert spans(descriptor, ByteRange(66000, 100)) == [(66000, 66100)]
    assert spans(descriptor, ByteRange(0, 10)) == [] == spans(descriptor, ByteRange(0, 0))


def test_without_knowledge_of_holes_everything_is_data(descriptor, monkeypatch):
    monkeypatch.delattr(os, 'SEEK_DATA')
    assert spans(descriptor) == [(0, 1 << 20)]


@pytest.mark.parametrize('punches', [True, False], ids=['with holes', 'with zeros'])
def test_cleared_is_zeros(descriptor, monkeypatch, punches):
    os.pwrite(descriptor, b'x' * (1 << 20), 0)
    if not punches:
        monkeypatch.setattr(extents, '_fallocate', lambda: None)
    extents.clear(descriptor, ByteRange(100, 500_000))
    assert os.pread(descriptor, 1 << 20, 0) == b'x' * 100 + bytes(500_000) + b'x' * ((1 << 20) - 500_100)


def test_reserving_changes_nothing(descriptor):
    os.pwrite(descriptor, b'abc', 0)
    extents.reserve(descriptor, ByteRange(0, 65536))
    assert os.pread(descriptor, 4, 0) == b'abc\0' and os.fstat(descriptor).st_size == 1 << 20
