import asyncio
import json
import stat

import pytest
from starlette.requests import Request

from azext_batchai.service import auth
from azext_batchai.service.errors import ArmError
from azext_batchai.service.settings import Settings

SETTINGS = Settings(data_dir='/nowhere', request_limit_bytes=1000, request_timeout_seconds=0.05)


def read(*chunks, headers=(), then='end'):
    """Read a body that arrives in `chunks`; `then` it ends, the client goes away, or nothing comes any more."""
    messages = [{'type': 'http.request', 'body': chunk, 'more_body': True} for chunk in chunks]

    async def receive():
        if messages:
            return messages.pop(0)
        if then == 'silence':
            await asyncio.Event().wait()
        return {'type': 'http.disconnect'} if then == 'leave' else {'type': 'http.request', 'body': b''}

    scope = {'type': 'http', 'method': 'PUT', 'path': '/', 'query_string': b'', 'headers': list(headers)}

    async def work():
        return await auth.read_json(Request(scope, receive), SETTINGS)
    return asyncio.run(work())


def nested(levels):
    return b'[' * levels + b']' * levels


@pytest.mark.parametrize('chunks, body', [
    ([b'{"a": 1}'], {'a': 1}),
    ([b'{"a', b'": "\xc3', b'\xbc"}'], {'a': 'ü'}),
    ([json.dumps('x' * 998).encode()], 'x' * 998),
    ([nested(64)], json.loads(nested(64))),
    ([b' null '], None),
])
def test_a_body_is_read_whole_however_it_arrives(chunks, body):
    assert read(*chunks) == body


@pytest.mark.parametrize('chunks, options, status, code, said', [
    pytest.param([], {}, 400, 'InvalidRequestContent', 'it is empty', id='empty'),
    pytest.param([b' \n'], {}, 400, 'InvalidRequestContent', 'it is empty', id='blank'),
    pytest.param([b'{"a": }'], {}, 400, 'InvalidRequestContent', 'line 1 column 7', id='malformed'),
    pytest.param([b'\xff\xfe\x00{'], {}, 400, 'InvalidRequestContent', 'it is not JSON', id='not UTF-8'),
    pytest.param([b'x' * 1001], {}, 413, 'RequestEntityTooLarge', '1000 bytes', id='too large'),
    pytest.param([b'x' * 600, b'x' * 600], {}, 413, 'RequestEntityTooLarge', '1000 bytes', id='too large in parts'),
    pytest.param([nested(66)], {}, 400, 'InvalidRequestContent', 'nested more than 64', id='deep'),
    pytest.param([nested(500)], {}, 400, 'InvalidRequestContent', 'nested more than 64', id='very deep'),
    pytest.param([b'{"a":'], {'then': 'leave'}, 400, 'InvalidRequestContent', 'the connection ended', id='broken off'),
    pytest.param([b'{'], {'then': 'silence'}, 408, 'RequestTimeout', '0.05 seconds', id='slow'),
    pytest.param([b'{}'], {'headers': [(b'content-encoding', b'gzip')]}, 400, 'InvalidRequestContent',
                 'Content-Encoding', id='compressed'),
])
def test_a_body_beyond_the_bounds_is_refused(chunks, options, status, code, said):
    with pytest.raises(ArmError) as caught:
        read(*chunks, **options)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert said in caught.value.message


@pytest.mark.parametrize('text', [rb'"\ud800"', rb'{"\udc80": 1}', rb'{"a": ["\udfff"]}'])
def test_text_that_is_no_unicode_is_refused(text):
    """Half a surrogate pair can be neither sent back nor part of a path."""
    with pytest.raises(ArmError) as caught:
        read(text)
    assert caught.value.status == 400


def test_json_too_deep_for_the_parser_is_refused_like_any_deep_json():
    many = Settings(data_dir='/nowhere', request_limit_bytes=1 << 20)

    async def receive():
        return {'type': 'http.request', 'body': nested(200_000)}

    async def work():
        scope = {'type': 'http', 'method': 'PUT', 'path': '/', 'query_string': b'', 'headers': []}
        return await auth.read_json(Request(scope, receive), many)
    with pytest.raises(ArmError) as caught:
        asyncio.run(work())
    assert (caught.value.status, caught.value.code) == (400, 'InvalidRequestContent')


# the token

def test_the_token_is_made_once_long_and_for_its_owner_only(tmp_path):
    file = tmp_path / 'token'
    token = auth.ensure_token(file)
    assert len(token) >= 43
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert auth.ensure_token(file) == token
    assert auth.ensure_token(tmp_path / 'other') != token


@pytest.mark.parametrize('content', ['', '\n', ' '])
def test_a_token_file_left_empty_by_a_crash_does_not_become_an_empty_token(tmp_path, content):
    file = tmp_path / 'token'
    file.write_text(content)
    assert len(auth.ensure_token(file)) >= 43


@pytest.mark.parametrize('header', ['Bearer secret', 'bearer secret', 'BEARER  secret '])
def test_the_right_token_passes(header):
    auth.check_token({'authorization': header}, 'secret', 0.0)


@pytest.mark.parametrize('header', [None, '', 'Bearer', 'Bearer ', 'Bearer wrong', 'Bearer secret2', 'Bearer secre',
                                    'secret', 'Basic secret', 'Bearer: secret', 'Bearer s\xe9cret', 'Token secret'])
def test_any_other_header_is_refused(header):
    with pytest.raises(ArmError) as caught:
        auth.check_token({} if header is None else {'authorization': header}, 'secret', 0.0)
    assert (caught.value.status, caught.value.code) == (401, 'AuthenticationFailed')


@pytest.mark.parametrize('header', ['Bearer', 'Bearer '])
def test_an_empty_token_lets_nobody_in(header):
    with pytest.raises(ArmError):
        auth.check_token({'authorization': header}, '', 0.0)


@pytest.mark.parametrize('host, allowed', [
    ('127.0.0.1:8443', True), ('LOCALHOST:8443', True),
    ('127.0.0.1', False), ('127.0.0.1:80', False), ('evil.example:8443', False), ('', False),
    ('127.0.0.1:8443.evil.example', False),
])
def test_only_our_own_names_are_answered(host, allowed):
    ours = frozenset({'127.0.0.1:8443', 'localhost:8443'})
    if allowed:
        auth.check_host({'host': host}, ours)
    else:
        with pytest.raises(ArmError) as caught:
            auth.check_host({'host': host} if host else {}, ours)
        assert caught.value.status == 403


@pytest.mark.parametrize('host, port, named', [
    ('127.0.0.1', 8443, 'localhost:8443'), ('Head-Node', 8443, 'head-node:8443'), ('Head-Node', 8443, 'HEAD-NODE:8443'),
    ('fd00::A', 8443, '[fd00::a]:8443'), ('127.0.0.1', 443, 'localhost'), ('fd00::a', 443, '[fd00::a]')])
def test_the_service_answers_to_its_names(host, port, named):
    auth.check_host({'host': named}, auth.own_hosts(host, port))


@pytest.mark.parametrize('host, port, named', [
    ('127.0.0.1', 8443, 'localhost'), ('127.0.0.1', 8443, 'localhost:443'), ('127.0.0.1', 443, 'evil.example'),
    ('head', 8443, 'head.evil.example:8443'), ('head', 8443, ''), ('head', 8443, 'head:8443, evil.example')])
def test_the_service_answers_to_no_other_name(host, port, named):
    with pytest.raises(ArmError) as refused:
        auth.check_host({'host': named}, auth.own_hosts(host, port))
    assert refused.value.status == 403
