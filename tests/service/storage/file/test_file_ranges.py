"""Ranges of a file: written, cleared, listed, by several clients at once."""
from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from xml.etree import ElementTree

import pytest
from file_client import ENDPOINT
from harness import FILE_HOST


def ranges(files, path, headers=None, **query):
    body = ElementTree.fromstring(files.expect(200, files.get(path, headers, comp='rangelist', **query)).content)
    return [(int(part.findtext('Start')), int(part.findtext('End'))) for part in body.findall('Range')], body


def test_ranges_are_written_where_they_belong(files):
    files.make('work/f', 10)
    written = files.expect(201, files.write('work/f', b'abc', 4)).headers
    assert files.get('work/f').content == b'\0\0\0\0abc\0\0\0'
    assert written['etag'] == files.head('work/f').headers['etag']


def test_a_range_past_the_end_is_refused_and_nothing_written(files):
    files.make('work/f', 4)
    files.refuse(416, 'InvalidRange', files.write('work/f', b'abc', 2))
    assert files.get('work/f').content == bytes(4)


@pytest.mark.parametrize('headers, status, code', [
    ({'x-ms-write': 'update'}, 400, 'MissingRequiredHeader'),
    ({'x-ms-write': 'update', 'x-ms-range': 'bytes=0-'}, 400, 'InvalidHeaderValue'),
    ({'x-ms-write': 'update', 'x-ms-range': 'bytes=3-1'}, 400, 'InvalidHeaderValue'),
    ({'x-ms-write': 'update', 'x-ms-range': 'bytes=0-7'}, 400, 'InvalidHeaderValue'),
    ({'x-ms-write': 'other', 'x-ms-range': 'bytes=0-2'}, 400, 'InvalidHeaderValue'),
    ({'x-ms-write': 'update', 'x-ms-range': f'bytes=0-{4 << 20}'}, 413, 'RequestBodyTooLarge'),
    ({'x-ms-write': 'update', 'x-ms-range': 'bytes=0-2', 'content-md5': base64.b64encode(bytes(16)).decode()},
     400, 'Md5Mismatch'),
    ({'x-ms-write': 'update', 'x-ms-range': 'bytes=0-2', 'x-ms-structured-body': 'XSM/1.0; properties=crc64'},
     400, 'FeatureNotSupported')])
def test_a_range_that_does_not_fit_its_body_is_refused_and_nothing_written(files, headers, status, code):
    files.make('work/f', 20)
    files.refuse(status, code, files.put('work/f', headers, content=b'abc', comp='range'))
    assert files.get('work/f').content == bytes(20)


def test_the_md5_of_a_range_is_checked(files):
    files.make('work/f', 3)
    md5 = base64.b64encode(hashlib.md5(b'abc').digest()).decode()
    assert files.expect(201, files.write('work/f', b'abc', content_md5=md5)).headers['content-md5'] == md5


def test_a_cleared_range_is_zeros_and_takes_no_room(files):
    files.upload('work/f', b'x' * (1 << 20))
    before = (files.root / 'f').stat()
    files.expect(201, files.put('work/f', {'x-ms-write': 'clear', 'x-ms-range': f'bytes={4096}-{(1 << 20) - 4097}'},
                                comp='range'))
    content = files.get('work/f').content
    assert content == b'x' * 4096 + bytes((1 << 20) - 8192) + b'x' * 4096
    assert (files.root / 'f').stat().st_blocks < before.st_blocks
    assert ranges(files, 'work/f')[0] == [(0, 4095), ((1 << 20) - 4096, (1 << 20) - 1)]
    files.refuse(416, 'InvalidRange', files.put('work/f', {'x-ms-write': 'clear',
                                                           'x-ms-range': f'bytes=0-{1 << 20}'}, comp='range'))


def test_ranges_that_hold_data_are_listed_in_part_and_in_pages(files):
    files.make('work/f', 1 << 20)
    assert ranges(files, 'work/f')[0] == []
    for start in (0, 65536, 131072):
        files.expect(201, files.write('work/f', b'x' * 4096, start))
    found, body = ranges(files, 'work/f')
    assert found == [(0, 4095), (65536, 69631), (131072, 135167)] and body.find('NextMarker') is None
    assert ranges(files, 'work/f', {'x-ms-range': 'bytes=100-66000'})[0] == [(100, 4095), (65536, 66000)]
    first, body = ranges(files, 'work/f', maxresults=2)
    rest, last = ranges(files, 'work/f', maxresults=2, marker=body.findtext('NextMarker'))
    assert first + rest == found and not last.findtext('NextMarker')
    assert files.get('work/f', comp='rangelist').headers['x-ms-content-length'] == str(1 << 20)
    files.make('work/empty')
    assert ranges(files, 'work/empty')[0] == []


def test_writers_of_different_ranges_do_not_disturb_each_other(files):
    parts = [os.urandom(10_000) for _ in range(40)]
    md5 = base64.b64encode(hashlib.md5(b''.join(parts)).digest()).decode()
    files.make('work/f', 400_000, x_ms_content_md5=md5)

    async def write(number):
        start = number * 10_000
        return await files.harness.send(
            'PUT', f'{ENDPOINT}/work/f?comp=range', host=FILE_HOST, version=None, content=parts[number],
            headers={'x-ms-write': 'update', 'x-ms-range': f'bytes={start}-{start + 9_999}'})

    async def write_all():
        return await asyncio.gather(*map(write, range(40)))

    assert {response.status_code for response in files.harness.run(write_all())} == {201}
    shown = files.get('work/f')
    assert shown.content == b''.join(parts) and shown.headers['content-md5'] == md5


def test_a_range_of_another_file_is_written_from_its_address(files):
    files.upload('work/from', b'0123456789')
    files.make('work/f', 10)
    headers = {'x-ms-write': 'update', 'x-ms-range': 'bytes=2-4', 'x-ms-copy-source': f'{ENDPOINT}/work/from',
               'x-ms-source-range': 'bytes=5-7'}
    files.expect(201, files.put('work/f', headers, comp='range'))
    assert files.get('work/f').content == b'\0\x00567\0\0\0\0\0'
    for change, status, code in (({'x-ms-source-range': 'bytes=5-8'}, 400, 'InvalidHeaderValue'),
                                 ({'x-ms-source-range': 'bytes=8-10'}, 416, 'InvalidRange'),
                                 ({'x-ms-copy-source': f'{ENDPOINT}/work/none'}, 404, 'CannotVerifyCopySource')):
        files.refuse(status, code, files.put('work/f', {**headers, **change}, comp='range'))
