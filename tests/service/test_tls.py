import os
import ssl
import stat
import threading
import time

import pytest

from azext_batchai.service.tls import ensure_certificates


@pytest.fixture
def files(tmp_path):
    """Certificates for the address 127.0.0.1: (CA, key and certificate of the server)."""
    before = os.umask(0o022)
    made = tmp_path / 'ca.pem', tmp_path / 'server.pem'
    ensure_certificates(*made, '127.0.0.1', time.time())
    os.umask(before)
    return made


def shake_hands(server_file, ca_file, host):
    """A TLS handshake in memory. Returns what the client learns of the server; raises what the client raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(server_file)
    client_context = ssl.create_default_context(cafile=ca_file)
    if hasattr(ssl, 'VERIFY_X509_STRICT'):
        client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = server_context.wrap_bio(to_server, to_client, server_side=True)
    client = client_context.wrap_bio(to_client, to_server, server_hostname=host)
    sides = [client, server]
    for _ in range(10):
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                continue
        if not sides:
            return client.getpeercert()
    raise AssertionError('the handshake does not come to an end')


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost', '::1'])
def test_the_server_is_verified_with_its_own_authority(files, host):
    ca_file, server_file = files
    shown = shake_hands(server_file, ca_file, host)
    assert shown['issuer'] == (((('commonName', 'batchai service authority')),),)


@pytest.mark.parametrize('host', ['example.com', '127.0.0.2', '10.0.0.1'])
def test_another_host_is_not_verified(files, host):
    ca_file, server_file = files
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(server_file, ca_file, host)


def test_another_authority_does_not_verify_the_server(files, tmp_path):
    other = tmp_path / 'other-ca.pem', tmp_path / 'other-server.pem'
    ensure_certificates(*other, '127.0.0.1', time.time())
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(files[1], other[0], '127.0.0.1')


def test_the_host_the_service_listens_on_is_among_the_names(tmp_path):
    made = tmp_path / 'ca.pem', tmp_path / 'server.pem'
    ensure_certificates(*made, 'head.example.org', time.time())
    assert shake_hands(made[1], made[0], 'head.example.org')
    assert shake_hands(made[1], made[0], 'localhost')


def test_the_key_is_private_and_the_authority_is_not(files):
    ca_file, server_file = files
    assert stat.S_IMODE(server_file.stat().st_mode) == 0o600
    assert stat.S_IMODE(ca_file.stat().st_mode) == 0o644
    assert 'PRIVATE KEY' in server_file.read_text()
    assert 'PRIVATE KEY' not in ca_file.read_text()


def test_nothing_half_written_is_left_behind(files):
    assert sorted(file.name for file in files[0].parent.iterdir()) == ['ca.pem', 'server.pem']


def again(files, **changes):
    """Whether the certificates are made anew."""
    before = [file.read_bytes() for file in files if file.exists()]
    ensure_certificates(*files, changes.get('host', '127.0.0.1'), changes.get('now', time.time()))
    return [file.read_bytes() for file in files] != before


@pytest.mark.parametrize('change, anew', [
    ({}, False),
    ({'now': time.time() + 700 * 86400}, False),
    ({'now': time.time() + 800 * 86400}, True),
    ({'host': 'head.example.org'}, True),
], ids=['as before', 'later', 'shortly before the end', 'another host'])
def test_certificates_are_made_once_and_again_only_when_they_are_of_no_use(files, change, anew):
    assert again(files, **change) is anew


@pytest.mark.parametrize('lost', [0, 1], ids=['the authority', 'the server'])
def test_a_lost_file_is_made_again_and_fits_the_other(files, lost):
    files[lost].unlink()
    assert again(files)
    assert shake_hands(files[1], files[0], '127.0.0.1')


def test_a_pair_that_does_not_fit_together_is_made_again(files, tmp_path):
    """As after a crash between writing the one and the other."""
    other = tmp_path / 'other-ca.pem', tmp_path / 'other-server.pem'
    ensure_certificates(*other, '127.0.0.1', time.time())
    files[0].write_bytes(other[0].read_bytes())
    ensure_certificates(*files, '127.0.0.1', time.time())
    assert shake_hands(files[1], files[0], '127.0.0.1')


def test_the_handshake_works_over_a_socket_too(files):
    """What the in-memory handshake stands for: a real client on loopback."""
    import socket
    ca_file, server_file = files
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    listener = socket.create_server(('127.0.0.1', 0))
    listener.settimeout(10)

    def answer():
        connection, _ = listener.accept()
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.sendall(b'hello')

    answering = threading.Thread(target=answer)
    answering.start()
    with socket.create_connection(listener.getsockname(), timeout=10) as plain:
        with ssl.create_default_context(cafile=ca_file).wrap_socket(plain, server_hostname='127.0.0.1') as secured:
            assert secured.recv(5) == b'hello'
    answering.join(timeout=10)
    listener.close()
    assert not answering.is_alive()
