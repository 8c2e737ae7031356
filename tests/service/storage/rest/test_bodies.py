"""Bodies into files and files into bodies, through the whole service."""
import base64
import errno
import hashlib
import os

import pytest
from signing import signed

from azext_batchai.service.storage.rest import bodies
from azext_batchai.service.storage.rest.ranges import asked_range

CONTENT = os.urandom(2_500_000)


@pytest.fixture
def file(tmp_path, probe):
    """PUT writes it at an offset, GET and HEAD read it."""
    path = tmp_path / 'file'
    path.touch()

    async def work(request):
        from starlette.responses import Response
        if request.method != 'PUT':
            descriptor = os.open(path, os.O_RDONLY)
            part = asked_range(request.headers, os.fstat(descriptor).st_size)
            return bodies.send_file(request, descriptor, part, {'content-type': 'x/y'})
        descriptor = os.open(path, os.O_WRONLY)
        try:
            md5 = await bodies.receive(request, descriptor, request.number_query('at', 0, 0, 100), limit=len(CONTENT))
        finally:
            os.close(descriptor)
        return Response(status_code=201, headers={'content-md5': md5})
    probe.work = work
    return path


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


@pytest.mark.parametrize('size', [0, 1, bodies.PIECE_BYTES - 1, bodies.PIECE_BYTES, bodies.PIECE_BYTES + 1, 2_500_000])
def test_a_body_is_the_file(storage, file, size):
    reply = signed(storage, 'PUT', 'data/x', content=CONTENT[:size])
    assert (reply.status_code, reply.headers['content-md5']) == (201, md5(CONTENT[:size]))
    assert file.read_bytes() == CONTENT[:size]
    back = signed(storage, 'GET', 'data/x')
    assert (back.status_code, back.content) == (200, CONTENT[:size])
    head = signed(storage, 'HEAD', 'data/x')
    assert (head.headers['content-length'], head.content) == (str(size), b'')


def test_a_body_goes_to_its_offset(storage, file):
    file.write_bytes(b'a' * 30)
    signed(storage, 'PUT', 'data/x?at=10', content=b'bbb')
    assert file.read_bytes() == b'a' * 10 + b'bbb' + b'a' * 17


@pytest.mark.parametrize('given, status', [('', 201), (md5(b'abc'), 201), (md5(b'abd'), 400), ('x', 400),
                                           ('AAAA', 400)])
def test_an_md5_is_checked(storage, file, given, status):
    headers = {'content_md5': given} if given else {}
    assert signed(storage, 'PUT', 'data/x', content=b'abc', **headers).status_code == status


def test_a_body_above_the_limit_is_refused_before_it_is_written(storage, file):
    assert signed(storage, 'PUT', 'data/x', content=CONTENT + b'1').status_code == 413
    assert file.read_bytes() == b''


@pytest.mark.parametrize('asked, start, end', [('bytes=0-0', 0, 1), ('bytes=2000000-', 2000000, 2500000),
                                               ('bytes=1048575-1048577', 1048575, 1048578)])
def test_a_part_is_sent(storage, file, asked, start, end):
    file.write_bytes(CONTENT)
    reply = signed(storage, 'GET', 'data/x', x_ms_range=asked)
    assert (reply.status_code, reply.content) == (206, CONTENT[start:end])
    assert reply.headers['content-range'] == f'bytes {start}-{end - 1}/2500000'


def test_a_full_disk_is_said(storage, file, monkeypatch):
    def write(*_):
        raise OSError(errno.ENOSPC, 'no space')
    monkeypatch.setattr(os, 'pwrite', write)
    reply = signed(storage, 'PUT', 'data/x', content=b'abc')
    assert (reply.status_code, reply.headers['x-ms-error-code']) == (413, 'InsufficientStorage')
    assert 'full' in reply.text


def test_a_write_that_takes_only_a_part_goes_on(storage, file, monkeypatch):
    real = os.pwrite
    monkeypatch.setattr(os, 'pwrite', lambda descriptor, content, at: real(descriptor, content[:1000], at))
    signed(storage, 'PUT', 'data/x', content=CONTENT[:10_000])
    assert file.read_bytes() == CONTENT[:10_000]


def test_no_descriptor_is_left_open(storage, file):
    file.write_bytes(CONTENT)
    before = len(os.listdir('/dev/fd'))
    for method in ('GET', 'HEAD', 'PUT'):
        for _ in range(20):
            signed(storage, method, 'data/x', content=b'abc' if method == 'PUT' else b'')
    assert len(os.listdir('/dev/fd')) <= before
