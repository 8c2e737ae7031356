"""What holds for every route: who may call, versions, paths, methods, headers, and errors as ARM bodies."""
import re

import pytest
from harness import (
    ENDPOINT, EXPERIMENT, HOST, ROOT, SUBSCRIPTION, TOKEN, WORKSPACE, cluster_body, cluster_path, file_server_path,
    job_body, job_path)

from azext_batchai.service.routes import ROUTES, is_open_path, is_signed_path

ARGUMENTS = {'subscription': SUBSCRIPTION, 'group': 'rg', 'workspace': 'w', 'cluster': 'c', 'file_server': 'f',
             'experiment': 'e', 'job': 'j', 'location': 'eastus', 'operation': '0' * 32, 'owner': 'j',
             'directory': 'stdouterr', 'path:path': 'x', 'account': 'acct', 'share': 's', 'container': 'b',
             'node': 'tvm-1', 'provider': 'Microsoft.BatchAI', 'collection': 'shares', 'name': 'share'}
PATHS = [(route.method, re.sub(r'\{([\w:]+)\}', lambda found: ARGUMENTS[found[1]], route.path)) for route in ROUTES]
GUARDED = [(method, path) for method, path in PATHS if not is_open_path(path)]


def error_of(response):
    body = response.json()
    assert list(body) == ['error'] and {'code', 'message'} <= set(body['error']) <= {
        'code', 'message', 'target', 'details'}, body
    return body['error']


# who may call

@pytest.mark.parametrize('method, path', [*GUARDED, ('GET', '/'), ('GET', '/nowhere'), ('DELETE', WORKSPACE + '/x/y'),
                                          ('PATCH', WORKSPACE), ('GET', '/Files'), ('GET', '/files')])
@pytest.mark.parametrize('token', [None, '', 'wrong', TOKEN + 'x', TOKEN[:-1]])
def test_without_the_right_token_every_path_is_closed(harness, method, path, token):
    response = harness.request(method, path, token=token)
    assert response.status_code == 401
    assert response.headers['www-authenticate'].startswith('Bearer')
    assert method == 'HEAD' or error_of(response)['code'] == 'AuthenticationFailed'
    assert TOKEN not in response.text


def test_the_token_is_no_query_parameter_and_no_password(harness):
    import httpx
    for changes in ({'path': f'{WORKSPACE}?access_token={TOKEN}'}, {'headers': {'authorization': f'Basic {TOKEN}'}},
                    {'headers': {'cookie': f'token={TOKEN}'}}):
        response = harness.get(changes.pop('path', WORKSPACE), token=None, **changes)
        assert response.status_code == 401, changes
    with_user = httpx.BasicAuth('Bearer', TOKEN)
    assert harness.get(WORKSPACE, token=None, auth=with_user).status_code == 401


@pytest.mark.parametrize('method, path', [(method, path) for method, path in PATHS if is_signed_path(path)])
def test_files_need_a_signature_even_with_the_token(harness, method, path):
    assert harness.request(method, path).status_code == 403


@pytest.mark.parametrize('host', ['evil.example', 'evil.example:8443', '127.0.0.1', '127.0.0.1:80', 'localhost:8443 '])
@pytest.mark.parametrize('path', [WORKSPACE, '/files/j/stdouterr/x', '/batchai/service', '/nowhere'])
def test_another_host_name_is_not_answered_even_with_the_token(harness, host, path):
    response = harness.get(path, host=host)
    assert response.status_code == 403
    assert error_of(response)['code'] == 'HostNotAllowed'


# versions, paths and methods

@pytest.mark.parametrize('method, path', [(route.method, path) for route, (_, path) in zip(ROUTES, PATHS)
                                          if route.versioned])
def test_a_request_without_an_api_version_is_refused(harness, method, path):
    response = harness.request(method, path, version=None)
    assert response.status_code == 400
    assert method == 'HEAD' or error_of(response)['code'] == 'MissingApiVersionParameter'


@pytest.mark.parametrize('version', ['2016-01-01', '2018-05-01-preview', 'x' * 5000, '2018-05-01 '])
def test_an_unknown_api_version_is_answered_with_the_known_ones(harness, version):
    response = harness.get(WORKSPACE, version=version)
    assert (response.status_code, error_of(response)['code']) == (400, 'NoRegisteredProviderFound')
    assert "2018-05-01'" in error_of(response)['message'] and len(response.text) < 1000


@pytest.mark.parametrize('path', ['/', '/nowhere', f'{WORKSPACE}/unknowns', f'{WORKSPACE}/clusters/c/nodes',
                                  ROOT, f'{EXPERIMENT}/jobs/j/unknown', '//', '/files/a/b'])
def test_an_unknown_path_is_404(harness, path):
    response = harness.get(path)
    assert (response.status_code, error_of(response)['code']) == (404, 'InvalidResourceType')


@pytest.mark.parametrize('method, path', [
    ('POST', WORKSPACE), ('PUT', f'{WORKSPACE}/clusters'), ('GET', job_path('j') + '/terminate'),
    ('PATCH', job_path('j')), ('DELETE', f'{ROOT}/workspaces'), ('HEAD', WORKSPACE), ('OPTIONS', WORKSPACE),
])
def test_a_wrong_method_is_405(harness, method, path):
    response = harness.request(method, path)
    assert response.status_code == 405
    if method != 'HEAD':
        assert error_of(response)['code'] == 'MethodNotAllowed'


@pytest.mark.parametrize('spell', [str.lower, str.upper, str.swapcase, lambda path: path + '/'])
def test_paths_compare_without_case(harness, spell):
    harness.make_cluster()
    for path in (WORKSPACE, EXPERIMENT, cluster_path('c')):
        response = harness.get(spell(path))
        assert response.status_code == 200, path
        assert response.json()['name'] in ('w', 'e', 'c')


def test_the_spelling_of_the_first_put_is_kept(harness):
    harness.make_workspace()
    harness.put(cluster_path('MyCluster'), cluster_body())
    assert harness.get(cluster_path('MYCLUSTER')).json()['name'] == 'MyCluster'
    harness.put(cluster_path('mycluster'), cluster_body())
    assert [c['name'] for c in harness.get(f'{WORKSPACE}/clusters').json()['value']] == ['MyCluster']


@pytest.mark.parametrize('path, code', [
    (WORKSPACE.replace(SUBSCRIPTION, 'mine'), 'InvalidSubscriptionId'),
    (f'{ROOT}/workspaces'.replace(SUBSCRIPTION, '1'), 'InvalidSubscriptionId'),
    (WORKSPACE.replace('/rg/', '/gr%20oup/'), 'InvalidResourceName'),
    (WORKSPACE.replace('/rg/', '/group./'), 'InvalidResourceName'),
    (f'{ROOT}/workspaces'.replace('/rg/', '/.../'), 'InvalidResourceName'),
    (f'{ROOT}/workspaces/a.b', 'InvalidResourceName'),
    (f'{WORKSPACE}x%00', 'InvalidResourceName'),
    (f'{ROOT}/workspaces/{"x" * 65}', 'InvalidResourceName'),
    (cluster_path('a%20b'), 'InvalidResourceName'),
    (file_server_path('ä'), 'InvalidResourceName'),
    (job_path('a%0A'), 'InvalidResourceName'),
])
def test_a_bad_name_in_the_path_is_refused(harness, path, code):
    response = harness.get(path)
    assert (response.status_code, error_of(response)['code']) == (400, code)


# bodies

@pytest.mark.parametrize('path', [WORKSPACE, cluster_path('c'), job_path('j'), file_server_path('f')])
@pytest.mark.parametrize('content, status, code, said', [
    pytest.param(b'{"properties": ', 400, 'InvalidRequestContent', 'line 1 column 16', id='malformed'),
    pytest.param(b'', 400, 'InvalidRequestContent', 'empty', id='empty'),
    pytest.param(b'[]', 400, 'InvalidRequestContent', 'should be an object', id='a list'),
    pytest.param(b'[' * 3000 + b']' * 3000, 400, 'InvalidRequestContent', '', id='deep'),
    pytest.param(b' ' * (1 << 20) + b'{}', 413, 'RequestEntityTooLarge', '1048576 bytes', id='too large'),
])
def test_a_bad_body_is_refused(harness, path, content, status, code, said):
    harness.make_workspace()
    response = harness.request('PUT', path, content=content, headers={'content-type': 'application/json'})
    assert (response.status_code, error_of(response)['code']) == (status, code)
    assert said in error_of(response)['message']


def test_a_wrong_type_is_named_with_its_target(harness):
    harness.make_cluster()
    response = harness.put(job_path('j'), job_body(nodeCount='two'))
    assert (response.status_code, error_of(response)) == (400, {
        'code': 'InvalidPropertyValue', 'target': 'properties.nodeCount',
        'message': "properties.nodeCount: should be a whole number, but is the text 'two'"})


def test_text_that_is_no_unicode_never_gets_into_a_resource(harness):
    """It could not be sent back: every later list would fail."""
    harness.make_workspace()
    content = b'{"location": "eastus", "tags": {"a": "\\ud800"}}'
    response = harness.request('PUT', f'{ROOT}/workspaces/odd', content=content)
    assert response.status_code == 400
    assert harness.get(f'{ROOT}/workspaces').status_code == 200


@pytest.mark.parametrize('maximum, status', [
    ('0', 400), ('1001', 400), ('x', 400), ('', 400), ('-1', 400), ('1.5', 400), ('9' * 5000, 400), ('²', 400),
    ('1', 200), ('1000', 200)])
def test_maxresults_is_a_whole_number_within_its_limits(harness, maximum, status):
    harness.make_workspace()
    harness.put(f'{ROOT}/workspaces/second', {'location': 'eastus'})
    response = harness.get(f'{ROOT}/workspaces?maxresults={maximum}')
    assert response.status_code == status
    if status == 200:
        assert len(response.json()['value']) == min(2, int(maximum))
    else:
        assert error_of(response)['target'] == 'maxresults'


# replies

def test_replies_carry_the_headers_of_old(harness):
    harness.make_workspace()
    headers = harness.get(WORKSPACE).headers
    assert {name: headers[name] for name in ('cache-control', 'pragma', 'expires', 'x-content-type-options')} == {
        'cache-control': 'no-cache', 'pragma': 'no-cache', 'expires': '-1', 'x-content-type-options': 'nosniff'}
    assert headers['strict-transport-security'] == 'max-age=31536000; includeSubDomains'
    assert re.fullmatch(r'"0x[0-9A-F]+"', headers['etag'])
    assert headers['last-modified'] == 'Wed, 06 Jun 2018 12:00:00 GMT'


@pytest.mark.parametrize('path', [WORKSPACE, f'{ROOT}/workspaces', f'{ROOT}/workspaces/missing', '/batchai/service'])
def test_json_says_its_character_set(harness, path):
    harness.make_workspace()
    assert harness.get(path).headers['content-type'] == 'application/json; charset=utf-8'


def test_lists_and_errors_have_no_etag(harness):
    harness.make_workspace()
    for path in (f'{ROOT}/workspaces', f'{WORKSPACE}/clusters', f'{ROOT}/workspaces/missing'):
        assert 'etag' not in harness.get(path).headers


def test_every_reply_has_a_request_id_of_its_own(harness):
    replies = [harness.get(WORKSPACE), harness.get(WORKSPACE), harness.get(WORKSPACE, token=None)]
    assert len({reply.headers['request-id'] for reply in replies}) == 3
    assert all(reply.headers['x-ms-request-id'] == reply.headers['request-id'] for reply in replies)


def test_the_correlation_id_of_the_client_comes_back_within_reason(harness):
    send = {'x-ms-correlation-request-id': 'c' * 500}
    assert harness.get(WORKSPACE, headers=send).headers['x-ms-correlation-request-id'] == 'c' * 64


def test_a_failure_inside_is_an_arm_error_without_a_traceback(harness, caplog):
    def broken(*_):
        raise RuntimeError('the secret inside')
    harness.store.resources.find = broken
    response = harness.get(WORKSPACE)
    assert response.status_code == 500
    error = error_of(response)
    assert error['code'] == 'InternalServerError'
    assert response.headers['request-id'] in error['message']
    assert 'secret inside' not in response.text and 'Traceback' not in response.text
    assert response.headers['request-id'] in caplog.text and 'the secret inside' in caplog.text


def test_the_token_is_never_logged(harness, caplog):
    caplog.set_level('DEBUG')
    harness.make_cluster()
    harness.get(WORKSPACE, token='wrong')
    harness.store.resources.find = None
    harness.get(WORKSPACE)
    assert TOKEN not in caplog.text


def test_the_state_of_the_service(harness):
    harness.make_cluster(scaleSettings={'manual': {'targetNodeCount': 2}})
    harness.submit('j')
    shown = harness.get('/batchai/service').json()
    assert {key: shown[key] for key in ('state', 'engine', 'startTime', 'clusters', 'nodes', 'jobs')} == {
        'state': 'running', 'engine': 'fake', 'startTime': '2018-06-06T12:00:00Z', 'clusters': 1, 'nodes': 2,
        'jobs': {'queued': 1}}
    assert shown['capacity']['cores'] >= 1 and shown['version'] and shown['pid']


def test_the_harness_speaks_to_the_address_it_says(harness):
    harness.make_workspace()
    operation = harness.put(cluster_path('c'), cluster_body()).headers['azure-asyncoperation']
    assert operation.startswith(f'{ENDPOINT}/') and HOST in operation
    assert harness.get(operation).status_code == 200
