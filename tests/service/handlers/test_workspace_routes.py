import pytest
from harness import EXPERIMENT, ROOT, SUBSCRIPTION, WORKSPACE

CREATED = '2018-06-06T12:00:00Z'
PROPERTIES = {'provisioningState': 'succeeded', 'provisioningStateTransitionTime': CREATED, 'creationTime': CREATED}


def test_a_workspace_is_created_at_once(harness):
    response = harness.put(WORKSPACE, {'location': 'East US'})
    assert response.status_code == 200
    assert response.json() == {'id': WORKSPACE, 'name': 'w', 'type': 'Microsoft.BatchAI/workspaces',
                               'location': 'eastus', 'properties': PROPERTIES}
    assert list(response.json()) == ['id', 'name', 'type', 'location', 'properties']
    assert harness.get(WORKSPACE).json() == response.json()


def test_a_workspace_shows_its_tags_before_its_properties(harness):
    response = harness.put(WORKSPACE, {'location': 'eastus', 'tags': {'team': 'a'}})
    assert list(response.json()) == ['id', 'name', 'type', 'location', 'tags', 'properties']
    assert response.json()['tags'] == {'team': 'a'}


@pytest.mark.parametrize('path, body', [(WORKSPACE, {'location': 'eastus'}), (EXPERIMENT, None)])
def test_put_twice_returns_the_original(harness, path, body):
    harness.put(WORKSPACE, {'location': 'eastus'})
    first = harness.put(path, body)
    harness.now += 100
    second = harness.put(path, body)
    assert (second.status_code, second.json()) == (200, first.json())
    for header in ('etag', 'last-modified'):
        assert second.headers[header] == first.headers[header]


def test_a_workspace_does_not_move(harness):
    harness.put(WORKSPACE, {'location': 'eastus'})
    response = harness.put(WORKSPACE, {'location': 'westus2'})
    assert (response.status_code, response.json()['error']['code']) == (409, 'InvalidResourceLocation')
    assert harness.get(WORKSPACE).json()['location'] == 'eastus'


@pytest.mark.parametrize('body, target', [
    ({}, 'location'), ({'location': ''}, 'location'), ({'location': 'east/us'}, 'location'),
    ({'location': 'x' * 51}, 'location'), ({'location': 5}, 'location'),
    ({'location': 'eastus', 'tags': {'a': []}}, 'tags.a'), ({'location': 'eastus', 'sku': 1}, 'sku'),
])
def test_a_bad_workspace_is_refused_with_its_target(harness, body, target):
    response = harness.put(WORKSPACE, body)
    assert (response.status_code, response.json()['error']['target']) == (400, target)


def test_the_group_is_lower_case_in_ids(harness):
    response = harness.put(WORKSPACE.replace('/rg/', '/MyGroup/'), {'location': 'eastus'})
    assert response.json()['id'] == WORKSPACE.replace('/rg/', '/mygroup/')


def test_an_experiment_is_created_without_a_body(harness):
    harness.put(WORKSPACE, {'location': 'eastus'})
    response = harness.put(EXPERIMENT)
    assert response.status_code == 200
    assert response.json() == {'id': EXPERIMENT, 'name': 'e', 'type': 'Microsoft.BatchAI/workspaces/experiments',
                               'properties': PROPERTIES}
    assert harness.get(EXPERIMENT).json() == response.json()


@pytest.mark.parametrize('method, path, code, said', [
    ('GET', WORKSPACE, 'WorkspaceNotFound', 'workspace w'),
    ('GET', EXPERIMENT, 'WorkspaceNotFound', 'workspace w'),
    ('PUT', EXPERIMENT, 'WorkspaceNotFound', 'workspace w'),
    ('GET', f'{WORKSPACE}/experiments', 'WorkspaceNotFound', 'workspace w'),
    ('GET', f'{WORKSPACE}/clusters', 'WorkspaceNotFound', 'workspace w'),
    ('GET', f'{WORKSPACE}/fileServers', 'WorkspaceNotFound', 'workspace w'),
    ('GET', f'{EXPERIMENT}/jobs', 'WorkspaceNotFound', 'workspace w'),
])
def test_what_is_missing_is_named_from_the_outside_in(harness, method, path, code, said):
    response = harness.request(method, path)
    assert (response.status_code, response.json()['error']['code']) == (404, code)
    assert response.json()['error']['message'] == f'The specified {said} is not found'


def test_a_missing_experiment_is_named(harness):
    harness.put(WORKSPACE, {'location': 'eastus'})
    for path in (EXPERIMENT, f'{EXPERIMENT}/jobs', f'{EXPERIMENT}/jobs/j'):
        assert harness.get(path).json()['error']['message'] == 'The specified experiment e is not found'


def test_lists_hold_what_get_shows_in_the_order_of_creation(harness):
    empty = harness.get(f'{ROOT}/workspaces')
    assert (empty.status_code, empty.json()) == (200, {'value': []})
    for name in ('b', 'a'):
        harness.put(f'{ROOT}/workspaces/{name}', {'location': 'eastus'})
    harness.put(f'{ROOT}/workspaces/c'.replace('/rg/', '/other/'), {'location': 'westus2'})
    other = SUBSCRIPTION.replace('aa', 'bb')
    harness.put(f'{ROOT}/workspaces/d'.replace(SUBSCRIPTION, other), {'location': 'westus2'})

    listed = harness.get(f'{ROOT}/workspaces').json()['value']
    assert listed == [harness.get(f'{ROOT}/workspaces/{name}').json() for name in ('b', 'a')]
    by_subscription = harness.get(f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/workspaces').json()
    assert [workspace['name'] for workspace in by_subscription['value']] == ['b', 'a', 'c']


def test_experiments_of_a_workspace_are_listed(harness):
    harness.put(WORKSPACE, {'location': 'eastus'})
    assert harness.get(f'{WORKSPACE}/experiments').json() == {'value': []}
    for name in ('b', 'a'):
        harness.put(f'{WORKSPACE}/experiments/{name}')
    listed = harness.get(f'{WORKSPACE}/experiments').json()['value']
    assert [experiment['name'] for experiment in listed] == ['b', 'a']
    assert listed[0] == harness.get(f'{WORKSPACE}/experiments/b').json()
