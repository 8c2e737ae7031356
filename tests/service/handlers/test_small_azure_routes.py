"""What makes a small Azure of the service: identity, metadata, subscriptions, locations, providers."""
import base64
import json

import pytest
from harness import ENDPOINT, HOST, ROOT, SUBSCRIPTION, TOKEN, WORKSPACE

from azext_batchai.arm.identity import METADATA_PATH, TENANT, TOKEN_PATH, identity_header

SECRET = identity_header(TOKEN)
HOUR = 3600
ZEROS = '00000000-0000-0000-0000-000000000000'
THIS = f'/subscriptions/{SUBSCRIPTION}'


def get_token(harness, secret=SECRET, resource='https://r/', **more):
    return harness.get(f'{TOKEN_PATH}?resource={resource}&api-version=2019-08-01', token=None,
                       headers={'x-identity-header': secret} if secret is not None else {}, **more)


# tokens

def test_whoever_has_the_secret_gets_a_token_that_opens_the_service(harness):
    harness.make_workspace()
    answer = get_token(harness)
    assert answer.status_code == 200
    body = answer.json()
    assert {key: body[key] for key in ('resource', 'token_type', 'expires_on')} == {
        'resource': 'https://r/', 'token_type': 'Bearer', 'expires_on': str(int(harness.now) + HOUR)}
    assert harness.get(WORKSPACE, token=body['access_token']).status_code == 200


def test_a_token_opens_for_an_hour_and_not_a_second_longer(harness):
    harness.make_workspace()
    token = get_token(harness).json()['access_token']
    harness.now += HOUR - 1
    assert harness.get(WORKSPACE, token=token).status_code == 200
    harness.now += 1
    assert harness.get(WORKSPACE, token=token).status_code == 401


def test_a_token_says_its_tenant_as_az_login_wants_to_know(harness):
    claims = get_token(harness).json()['access_token'].split('.')[1]
    decoded = json.loads(base64.urlsafe_b64decode(claims + '=' * (-len(claims) % 4)))
    assert (decoded['tid'], decoded['aud'], decoded['exp']) == (TENANT, 'https://r/', int(harness.now) + HOUR)


@pytest.mark.parametrize('secret', [None, '', 'wrong', SECRET[:-1], SECRET + '0', TOKEN])
def test_without_the_secret_there_is_no_token(harness, secret):
    answer = get_token(harness, secret)
    assert answer.status_code == 401 and set(answer.json()) == {'statusCode', 'message'}
    assert 'az batchai service env' in answer.json()['message']
    assert SECRET not in answer.text and TOKEN not in answer.text


@pytest.mark.parametrize('resource', ['', 'x' * 257])
def test_a_token_is_for_a_resource(harness, resource):
    assert get_token(harness, resource=resource).status_code == 400


def test_the_secret_is_no_token_and_a_token_of_another_service_is_none_here(harness):
    from azext_batchai.service import access_tokens
    assert harness.get(WORKSPACE, token=SECRET).status_code == 401
    foreign = access_tokens.issue('another token', 'r', harness.now)
    assert harness.get(WORKSPACE, token=foreign).status_code == 401


def test_identity_and_metadata_are_not_told_to_other_host_names(harness):
    for path in (TOKEN_PATH, METADATA_PATH):
        assert harness.get(path, host='evil.example', headers={'x-identity-header': SECRET}).status_code == 403


# metadata

def test_metadata_lead_to_the_service_and_need_no_token(harness):
    cloud = harness.get(f'{METADATA_PATH}?api-version=2022-09-01', token=None).json()
    assert cloud['resourceManager'] == cloud['authentication']['loginEndpoint'] == ENDPOINT
    assert cloud['authentication']['audiences'] == [ENDPOINT] and cloud['suffixes']['storage'] == 'core.localhost:8444'
    assert harness.get(f'{METADATA_PATH}?api-version=2020-06-01', token=None).json() == [cloud]
    assert TOKEN not in json.dumps(cloud) and HOST in ENDPOINT


# subscriptions

def test_subscriptions_are_the_default_one_and_those_that_hold_something(harness):
    assert [found['subscriptionId'] for found in harness.get('/subscriptions').json()['value']] == [ZEROS]
    harness.make_workspace()
    other = SUBSCRIPTION.replace('aa', 'bb')
    harness.put(f'/subscriptions/{other}/resourceGroups/g', {'location': 'eastus'}, version='2021-04-01')
    listed = harness.get('/subscriptions').json()['value']
    assert [found['subscriptionId'] for found in listed] == [ZEROS, SUBSCRIPTION, other]
    assert listed[1] == harness.get(THIS).json()
    assert (listed[1]['tenantId'], listed[1]['state']) == (TENANT, 'Enabled')


def test_there_is_one_tenant(harness):
    assert [found['tenantId'] for found in harness.get('/tenants').json()['value']] == [TENANT]


def test_locations_are_those_of_the_providers(harness):
    names = [found['name'] for found in harness.get(f'{THIS}/locations').json()['value']]
    kinds = harness.get(f'{THIS}/providers/Microsoft.BatchAI').json()['resourceTypes']
    assert 'eastus' in names and 'local' in names and all(kind['locations'] == names for kind in kinds)


@pytest.mark.parametrize('path', ['', '/locations', '/providers', '/providers/Microsoft.BatchAI', '/resourceGroups'])
def test_a_subscription_is_a_guid(harness, path):
    refused = harness.get(f'/subscriptions/mine{path}')
    assert (refused.status_code, refused.json()['error']['code']) == (400, 'InvalidSubscriptionId')
    assert refused.headers['x-ms-failure-cause'] == 'gateway'


# providers

def test_providers_are_registered_from_the_beginning(harness):
    listed = harness.get(f'{THIS}/providers').json()['value']
    assert {found['namespace']: found['registrationState'] for found in listed} == {
        'Microsoft.BatchAI': 'Registered', 'Microsoft.Storage': 'Registered', 'Microsoft.Resources': 'Registered'}
    shown = harness.get(f'{THIS}/providers/microsoft.batchai').json()
    assert shown == listed[0] == harness.post(f'{THIS}/providers/Microsoft.BatchAI/register').json()
    assert harness.get('/providers/Microsoft.BatchAI').json()['namespace'] == 'Microsoft.BatchAI'


def test_every_type_of_the_provider_is_there_in_each_of_its_versions(harness):
    """A wrong name below such a type is answered otherwise than a type that is not there."""
    kinds = harness.get('/providers/Microsoft.BatchAI').json()['resourceTypes']
    for kind in kinds:
        if kind['resourceType'].startswith('locations') or kind['resourceType'] == 'operations':
            continue
        names = iter('abc')
        path = '/'.join(f'{part}/{next(names)}' for part in kind['resourceType'].split('/'))
        for version in kind['apiVersions']:
            code = harness.get(f'{ROOT}/{path}', version=version).json()['error']['code']
            assert code.endswith('NotFound'), (path, version, code)


def test_what_is_part_of_the_service_stays_registered(harness):
    refused = harness.post(f'{THIS}/providers/Microsoft.BatchAI/unregister')
    assert (refused.status_code, refused.json()['error']['code']) == (409, 'CannotUnregisterProvider')


@pytest.mark.parametrize('method, path', [('GET', '/providers/Microsoft.Compute'),
                                          ('GET', f'{THIS}/providers/Microsoft.Compute'),
                                          ('POST', f'{THIS}/providers/Microsoft.Compute/register'),
                                          ('POST', f'{THIS}/providers/Microsoft.Compute/unregister')])
def test_a_provider_that_is_not_there_is_said_to_be_none(harness, method, path):
    refused = harness.request(method, path)
    assert (refused.status_code, refused.json()['error']['code']) == (404, 'InvalidResourceNamespace')
