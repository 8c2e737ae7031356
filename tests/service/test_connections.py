"""Connections that bring no request, over real sockets."""
import asyncio
import socket
import ssl
import time

import pytest
import uvicorn

from azext_batchai.service import connections
from azext_batchai.service.connections import bounded_protocol, raise_descriptor_limit
from azext_batchai.service.tls import ensure_certificates


async def app(scope, receive, send):
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'2')]})
    await asyncio.sleep(0.5 if scope['path'] == '/slow' else 0)
    await send({'type': 'http.response.body', 'body': b'ok'})


def story(talk, seconds=0.2, most=100):
    """Serve while `talk`, which is given the port, runs; returns what it returns."""
    async def serve():
        listener = socket.create_server(('127.0.0.1', 0))
        server = uvicorn.Server(uvicorn.Config(app, http=bounded_protocol(seconds, most), log_config=None,
                                               lifespan='off'))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            return await asyncio.wait_for(talk(listener.getsockname()[1]), 20)
        finally:
            server.should_exit = True
            await serving
    return asyncio.run(serve())


@pytest.mark.parametrize('count, gives_back', [(30, True), (20, False)])
def test_what_many_connections_had_is_given_back_when_they_are_gone(monkeypatch, count, gives_back):
    given, over = [], asyncio.Event()
    monkeypatch.setattr(connections, '_MANY', 25)
    monkeypatch.setattr(connections, '_SETTLED_SECONDS', 0.0)
    monkeypatch.setattr(connections, 'give_back_memory', lambda: (given.append(1), over.set()))

    async def talk(port):
        opened = [await asyncio.open_connection('127.0.0.1', port) for _ in range(count)]
        for _, writer in opened:
            writer.close()
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(b'GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
        await reader.read()
        if gives_back:
            await over.wait()
    story(talk, seconds=5)
    assert given == ([1] if gives_back else [])


def test_giving_memory_back_is_always_possible():
    connections.give_back_memory()


@pytest.mark.parametrize('begun', [b'', b'GET / HT', b'GET / HTTP/1.1\r\nHost: x\r\n'])
def test_a_connection_without_a_complete_request_is_closed(begun):
    async def talk(port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(begun)
        try:
            return await reader.read()
        except ConnectionResetError:
            return b''
    assert story(talk) == b''


def test_bytes_that_trickle_in_do_not_prolong_it():
    async def talk(port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        began = asyncio.get_running_loop().time()
        try:
            while asyncio.get_running_loop().time() - began < 10:
                writer.write(b'G')
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        return asyncio.get_running_loop().time() - began
    assert story(talk) < 5


def test_an_answer_may_take_longer_than_a_request():
    async def talk(port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        writer.write(b'GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
        return await reader.read()
    assert story(talk).endswith(b'ok')


_ASK = b'GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'


async def _read(reader):
    """What the service sends until it closes the connection, also when it does so at once."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b''


def test_above_the_most_the_connection_that_waits_longest_goes_and_the_new_one_is_served():
    async def talk(port):
        held = [await asyncio.open_connection('127.0.0.1', port) for _ in range(3)]
        reader, writer = await asyncio.open_connection('127.0.0.1', port)
        gone = await _read(held[0][0])
        writer.write(_ASK % b'/')
        held[1][1].write(_ASK % b'/')
        return gone, await _read(reader), await _read(held[1][0])
    gone, new, kept = story(talk, seconds=10, most=3)
    assert gone == b'' and new.endswith(b'ok') and kept.endswith(b'ok')


def test_requests_under_way_are_never_given_up_for_a_new_connection():
    async def talk(port):
        busy = [await asyncio.open_connection('127.0.0.1', port) for _ in range(3)]
        for reader, writer in busy:
            writer.write(_ASK % b'/slow')
            await reader.readuntil(b'\r\n')
        refused = await _read((await asyncio.open_connection('127.0.0.1', port))[0])
        return refused, [await _read(reader) for reader, _ in busy]
    refused, answers = story(talk, seconds=10, most=3)
    assert refused == b'' and all(answer.endswith(b'ok') for answer in answers)


def test_the_limit_of_descriptors_leaves_room_for_work():
    assert 16 <= raise_descriptor_limit() <= 1000


def test_a_service_that_ends_does_not_wait_for_a_client_that_does_not_answer_the_goodbye_of_tls(tmp_path):
    ca, server_pem = tmp_path / 'ca.pem', tmp_path / 'server.pem'
    ensure_certificates(ca, server_pem, '127.0.0.1', time.time())

    def connect(port):
        plain = socket.create_connection(('127.0.0.1', port), timeout=20)
        client = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname='127.0.0.1')
        client.sendall(b'GET / HTTP/1.1\r\nhost: x\r\n\r\n')
        while not client.recv(100).endswith(b'ok'):
            pass
        return client

    async def serve():
        listener = socket.create_server(('127.0.0.1', 0))
        server = uvicorn.Server(uvicorn.Config(app, http=bounded_protocol(20, 100), log_config=None, lifespan='off',
                                               timeout_keep_alive=0.05, ssl_certfile=server_pem))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        client = await asyncio.to_thread(connect, listener.getsockname()[1])
        deadline = time.monotonic() + 10
        while not all(connection.transport.is_closing() for connection in server.server_state.connections):
            assert time.monotonic() < deadline, 'the idle connection is not closed'
            await asyncio.sleep(0.01)
        assert len(server.server_state.connections) == 1
        server.should_exit = True
        await asyncio.wait_for(serving, 10)
        client.close()
    asyncio.run(serve())
