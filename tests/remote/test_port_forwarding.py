"""`-L`: what it takes, and that bytes arrive."""
import socket
import threading

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError, ValidationError

from azext_batchai.remote.port_forwarding import PortForwarding, parse_forward

LOOPBACK = ('127.0.0.1', '::1')
EVERYWHERE = ('0.0.0.0', '::')


@pytest.mark.parametrize('text, addresses, port, host, host_port', [
    ('9000:localhost:9001', LOOPBACK, 9000, 'localhost', 9001),
    ('localhost:9000:localhost:9001', LOOPBACK, 9000, 'localhost', 9001),
    ('*:9000:localhost:9001', EVERYWHERE, 9000, 'localhost', 9001),
    (':9000:localhost:9001', EVERYWHERE, 9000, 'localhost', 9001),
    ('10.0.0.7:9000:db.example.com:65535', ('10.0.0.7',), 9000, 'db.example.com', 65535),
    ('[::1]:9000:[fe80::1%eth0]:1', ('::1',), 9000, 'fe80::1%eth0', 1),
    ('1:2:3', LOOPBACK, 1, '2', 3),
])
def test_the_forms_of_ssh_are_understood(text, addresses, port, host, host_port):
    forward = parse_forward(text)
    assert (forward.addresses, forward.port, forward.host, forward.host_port) == (addresses, port, host, host_port)


@pytest.mark.parametrize('text', [
    '', '9000', '9000:9001', '9000:localhost', 'localhost:9001', '9000:localhost:', ':localhost:9001',
    '9000::9001', 'a:b:c', '9000:local host:9001', '/tmp/a:/tmp/b', '9000:/tmp/b', '::1:9000:localhost:9001',
    '9000:localhost:9001:extra:5', '-1:localhost:9001', '9000:localhost:9001\n', '9000:localhost:900001'])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(InvalidArgumentValueError, match='9000:localhost:9001'):
        parse_forward(text)


@pytest.mark.parametrize('text, number', [('0:localhost:9001', 0), ('70000:localhost:9001', 70000),
                                          ('9000:localhost:0', 0), ('9000:localhost:65536', 65536)])
def test_a_number_that_is_no_port_is_named(text, number):
    with pytest.raises(InvalidArgumentValueError, match=f'{number} is not a port'):
        parse_forward(text)


@pytest.mark.parametrize('text, direct', [
    ('9000:localhost:9000', True), ('127.0.0.1:9000:[::1]:9000', True), ('9000:localhost:9001', False),
    ('9000:example.com:9000', False)])
def test_a_port_of_this_machine_needs_no_help_to_be_that_port(text, direct):
    assert parse_forward(text).is_direct is direct


@pytest.mark.parametrize('text, instead', [('*:9000:localhost:9000', r'\*:19000:localhost:9000'),
                                           ('0.0.0.0:60000:127.0.0.1:60000', '0.0.0.0:50000:127.0.0.1:60000')])
def test_a_forward_into_itself_is_refused_with_another_port(text, instead):
    with pytest.raises(InvalidArgumentValueError, match=f'lead back to itself.*{instead}'):
        parse_forward(text)


# bytes

@pytest.fixture
def upside_down():
    """A server that answers all it is sent, to the end, with the same in upper case. Its port."""
    server = socket.create_server(('127.0.0.1', 0))

    def answer(connection):
        with connection:
            content = b''.join(iter(lambda: connection.recv(65536), b''))
            connection.sendall(content.upper())

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as listener:
        return listener.getsockname()[1]


def connect(port):
    return socket.create_connection(('127.0.0.1', port), timeout=20)


def exchange(port, content):
    with connect(port) as connection:
        sender = threading.Thread(target=lambda: (connection.sendall(content), connection.shutdown(socket.SHUT_WR)))
        sender.start()
        answer = b''.join(iter(lambda: connection.recv(65536), b''))
        sender.join()
        return answer


def test_bytes_go_both_ways_and_each_direction_ends_by_itself(upside_down):
    port = free_port()
    with PortForwarding([parse_forward(f'{port}:localhost:{upside_down}')], pytest.fail):
        assert exchange(port, b'hello') == b'HELLO'
        assert exchange(port, b'x' * 5_000_000) == b'X' * 5_000_000


def test_several_connections_and_several_forwards_go_on_at_a_time(upside_down):
    ports = [free_port(), free_port()]
    with PortForwarding([parse_forward(f'{port}:localhost:{upside_down}') for port in ports], pytest.fail):
        connections = [connect(port) for port in ports * 3]
        for number, connection in enumerate(connections):
            connection.sendall(f'n{number}'.encode())
            connection.shutdown(socket.SHUT_WR)
        assert [connection.recv(100) for connection in reversed(connections)] == [b'N5', b'N4', b'N3', b'N2', b'N1',
                                                                                  b'N0']
        for connection in connections:
            connection.close()


def ends(connection):
    """Whether the other side has closed the connection, in order or not."""
    try:
        return connection.recv(100) == b''
    except ConnectionResetError:
        return True


def test_afterwards_open_connections_end_and_the_port_is_free_again(upside_down):
    port = free_port()
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(20)
        with PortForwarding([parse_forward(f'{port}:localhost:{server.getsockname()[1]}')], pytest.fail):
            near = connect(port)
            far, _ = server.accept()
        far.settimeout(20)
        with near, far:
            assert ends(near) and ends(far)
    with pytest.raises(ConnectionRefusedError):
        connect(port)
    with PortForwarding([parse_forward(f'{port}:localhost:{upside_down}')], pytest.fail):
        assert exchange(port, b'again') == b'AGAIN'


def test_a_connection_that_leads_nowhere_is_reported_and_the_others_go_on(upside_down):
    nowhere, port, reports = free_port(), free_port(), []
    with PortForwarding([parse_forward(f'{port}:localhost:{nowhere}')], reports.append):
        assert exchange(port, b'') == b''
        assert reports and f'No connection to localhost:{nowhere}' in reports[0]
    assert len(reports) == 1


def test_a_port_in_use_is_named_and_nothing_is_left_listening(upside_down):
    port = free_port()
    forwards = [parse_forward(f'{port}:localhost:1'), parse_forward(f'{upside_down}:localhost:1')]
    with pytest.raises(ValidationError, match=f'Port {upside_down} of this machine is in use.*-L'):
        PortForwarding(forwards, pytest.fail).__enter__()
    with pytest.raises(ConnectionRefusedError):
        connect(port)


@pytest.mark.parametrize('address', ['192.0.2.1', 'no-such-host.invalid'])
def test_an_address_that_this_machine_has_not_is_named(address):
    with pytest.raises(ValidationError, match=f"'{address}' is not an address of this machine"):
        PortForwarding([parse_forward(f'{address}:{free_port()}:localhost:1')], pytest.fail).__enter__()


def test_what_is_direct_takes_no_port(upside_down):
    with PortForwarding([parse_forward(f'{upside_down}:localhost:{upside_down}')], pytest.fail):
        assert exchange(upside_down, b'hello') == b'HELLO'
