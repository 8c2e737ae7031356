"""Small files as a loss of power may leave them, and as a clock that was wrong dated them."""
import os
import ssl
import stat
import time

import pytest

from azext_batchai.service.auth import ensure_token
from azext_batchai.service.durable_files import replace_file
from azext_batchai.service.tls import ensure_certificates

TORN = [pytest.param(b'', id='empty'), pytest.param(b'\0' * 44, id='zeros'), pytest.param(b'\xff\xfe', id='garbage'),
        pytest.param(b'half of\na token', id='lines')]


@pytest.mark.parametrize('content', TORN)
def test_a_torn_token_is_made_anew_and_can_be_sent_in_a_header(tmp_path, content):
    file = tmp_path / 'token'
    file.write_bytes(content)
    token = ensure_token(file)
    assert len(token) >= 43 and token.isascii() and token.isprintable()
    assert ensure_token(file) == token and stat.S_IMODE(file.stat().st_mode) == 0o600


def certificates(folder, now=None):
    files = folder / 'ca.pem', folder / 'server.pem'
    ensure_certificates(*files, '127.0.0.1', time.time() if now is None else now)
    return files


@pytest.mark.parametrize('which', [0, 1], ids=['authority', 'server'])
@pytest.mark.parametrize('content', TORN)
def test_a_torn_certificate_is_made_anew_and_fits_the_other(tmp_path, which, content):
    certificates(tmp_path)[which].write_bytes(content)
    authority, server = certificates(tmp_path)
    ssl.create_default_context(cafile=authority)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server)
    assert server.read_bytes().endswith(authority.read_bytes()) and authority.stat().st_size > 0


def test_certificates_made_while_the_clock_was_ahead_are_made_anew(tmp_path):
    authority, server = certificates(tmp_path)
    before, ahead = server.read_bytes(), time.time() + 86400
    os.utime(server, (ahead, ahead))
    certificates(tmp_path)
    assert server.read_bytes() != before


def test_certificates_stay_when_the_clock_went_back_a_little(tmp_path):
    _, server = certificates(tmp_path)
    before = server.read_bytes()
    certificates(tmp_path, time.time() - 1800)
    assert server.read_bytes() == before


def test_what_replaces_a_file_is_private_from_the_start_and_leaves_nothing_beside(tmp_path):
    (tmp_path / 'f.new').write_text('left by a crash')
    (tmp_path / 'f.new').chmod(0o644)
    replace_file(tmp_path / 'f', b'content')
    assert [path.name for path in tmp_path.iterdir()] == ['f']
    assert (tmp_path / 'f').read_bytes() == b'content'
    assert stat.S_IMODE((tmp_path / 'f').stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    (tmp_path / 'f').write_bytes(b'old')

    def full(descriptor):
        raise OSError(28, 'No space left on device')
    monkeypatch.setattr('azext_batchai.service.durable_files.os.fsync', full)
    with pytest.raises(OSError, match='No space'):
        replace_file(tmp_path / 'f', b'new')
    assert (tmp_path / 'f').read_bytes() == b'old'
