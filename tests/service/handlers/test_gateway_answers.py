"""What the front door of ARM answers by itself, and what it adds to every reply."""
import re

import pytest
from harness import EXPERIMENT, ROOT, SUBSCRIPTION, WORKSPACE, cluster_body, cluster_path, job_path

GUID = r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'
GROUP = ROOT.partition('/providers')[0]
PLACE = f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/locations'


@pytest.mark.parametrize('path, kind', [
    (f'{ROOT}/unknowns/u', 'unknowns'), (f'{ROOT}/unknowns', 'unknowns'),
    (f'{WORKSPACE}/unknowns/u', 'workspaces/unknowns'), (f'{WORKSPACE}/jobs/j', 'workspaces/jobs'),
    (f'{EXPERIMENT}/clusters/c', 'workspaces/experiments/clusters'),
    (f'/subscriptions/{SUBSCRIPTION}/providers/microsoft.batchai/unknowns', 'unknowns')])
def test_an_unknown_type_is_named_with_the_versions_there_are(harness, path, kind):
    refused = harness.get(path)
    error = refused.json()['error']
    assert (refused.status_code, error['code']) == (404, 'InvalidResourceType')
    assert f"type '{kind}' could not be found in the namespace 'Microsoft.BatchAI'" in error['message']
    assert "api version '2018-05-01'" in error['message'] and "2018-05-01, 2018-03-01" in error['message']


def test_a_type_of_another_version_is_named_with_its_own_versions(harness):
    refused = harness.get(f'{ROOT}/clusters/c').json()['error']
    assert refused['code'] == 'InvalidResourceType'
    assert refused['message'].endswith("The supported api-versions are '2018-03-01, 2017-09-01-preview'.")


@pytest.mark.parametrize('path', [
    f'{GROUP}/providers/Microsoft.Compute/virtualMachines/v', f'{GROUP}/providers/Microsoft.Compute/virtualMachines',
    f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Compute/locations/eastus/usages'])
def test_an_unknown_namespace_is_named(harness, path):
    refused = harness.get(path)
    assert (refused.status_code, refused.json()['error']) == (404, {
        'code': 'InvalidResourceNamespace', 'message': "The resource namespace 'Microsoft.Compute' is invalid."})


@pytest.mark.parametrize('location', ['mars', 'east-us2', 'x' * 50])
def test_an_unknown_location_is_answered_with_the_known_ones(harness, location):
    refused = harness.get(f'{PLACE}/{location}/usages')
    assert refused.status_code == 400
    if location.isalnum():
        error = refused.json()['error']
        assert error['code'] == 'NoRegisteredProviderFound' and 'eastus, eastus2,' in error['message']
        assert "for type 'locations/usages'" in error['message']


def test_a_location_is_known_once_a_workspace_is_there(harness):
    assert harness.put(f'{ROOT}/workspaces/far', {'location': 'mars'}).status_code == 200
    assert harness.get(f'{PLACE}/mars/usages').status_code == 200


def test_an_operation_is_found_in_its_own_location(harness):
    harness.make_workspace()
    operation = harness.put(cluster_path('c'), cluster_body()).headers['azure-asyncoperation']
    assert harness.get(operation).status_code == 200
    assert harness.get(operation.replace('/eastus/', '/westus/')).json()['error']['code'] == 'OperationNotFound'


@pytest.mark.parametrize('method, path, allowed', [
    ('POST', WORKSPACE, 'DELETE, GET, PATCH, PUT'), ('GET', f'{job_path("j")}/terminate', 'POST'),
    ('PATCH', job_path('j'), 'DELETE, GET, PUT')])
def test_a_wrong_method_is_answered_with_the_right_ones(harness, method, path, allowed):
    refused = harness.request(method, path)
    assert (refused.status_code, refused.headers['allow']) == (405, allowed)


@pytest.mark.parametrize('changes', [
    {'path': f'{ROOT}/unknowns'}, {'path': '/nowhere'}, {'version': None}, {'version': '2016-01-01'}, {'token': 'x'},
    {'path': WORKSPACE.replace(SUBSCRIPTION, 'mine')}, {'path': f'{PLACE}/mars/usages'}])
def test_what_the_front_door_answers_says_so(harness, changes):
    refused = harness.get(changes.pop('path', WORKSPACE), **changes)
    assert refused.status_code >= 400 and refused.headers['x-ms-failure-cause'] == 'gateway'


def test_what_a_provider_answers_is_not_of_the_front_door(harness):
    harness.make_workspace()
    for answer in (harness.get(WORKSPACE), harness.get(f'{ROOT}/workspaces/missing'),
                   harness.put(cluster_path('c'), {'properties': {}})):
        assert 'x-ms-failure-cause' not in answer.headers


@pytest.mark.parametrize('method, kind', [('GET', 'reads'), ('PUT', 'writes'), ('POST', 'writes'),
                                          ('DELETE', 'deletes')])
def test_every_reply_has_the_headers_of_the_front_door(harness, method, kind):
    headers = harness.request(method, WORKSPACE, {'location': 'eastus'} if method == 'PUT' else None).headers
    assert re.fullmatch(rf'LOCAL:20180606T120000Z:{GUID}', headers['x-ms-routing-request-id'])
    assert int(headers[f'x-ms-ratelimit-remaining-subscription-{kind}']) > 0
    assert headers['vary'] == 'Accept-Encoding' and headers['x-ms-request-id'] == headers['request-id']


def test_the_clients_own_request_id_comes_back_when_it_asks_for_it(harness):
    mine = {'x-ms-client-request-id': 'mine'}
    asked = harness.get(WORKSPACE, headers={**mine, 'x-ms-return-client-request-id': 'true'})
    assert asked.headers['x-ms-client-request-id'] == 'mine'
    assert 'x-ms-client-request-id' not in harness.get(WORKSPACE, headers=mine).headers


@pytest.mark.parametrize('given, echoed', [
    ('a' * 63 + ' b', 'a' * 63), ('a' * 63 + '\tb', 'a' * 63), ('a' * 65, 'a' * 64), ('a\x01b', 'a'),
    ('a\xff', 'a'), ('one two', 'one'), ('', None), ('\xa0', None)])
def test_of_an_id_that_is_none_what_a_header_may_have_comes_back(harness, given, echoed):
    """A header that ends in a space would be no reply at all: h11 refuses to send it."""
    names = ('x-ms-client-request-id', 'x-ms-correlation-request-id')
    headers = harness.get(WORKSPACE, headers={
        'x-ms-return-client-request-id': 'true', **{name: given.encode('latin-1') for name in names}}).headers
    assert headers.get(names[0]) == echoed
    assert headers[names[1]] == (echoed or headers['x-ms-request-id'])
