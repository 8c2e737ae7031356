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
    ({'location': 'x' * 51}, 'location'), ({'location': 5}, 'location'), ({'location': '東京'}, 'location'),
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


# tags

def test_new_tags_take_the_place_of_the_old_ones(harness):
    before = harness.put(WORKSPACE, {'location': 'eastus', 'tags': {'team': 'a', 'old': 'x'}})
    harness.now += 100
    response = harness.patch(WORKSPACE, {'tags': {'team': 'b'}})
    assert (response.status_code, response.json()) == (200, {**before.json(), 'tags': {'team': 'b'}})
    assert response.headers['etag'] != before.headers['etag']
    assert harness.get(WORKSPACE).json() == response.json()
    cleared = harness.patch(WORKSPACE, {'tags': {}})
    assert cleared.status_code == 200 and 'tags' not in cleared.json()


@pytest.mark.parametrize('body', [{}, {'tags': None}, {'location': 'East US'}])
def test_an_update_without_tags_leaves_them(harness, body):
    before = harness.put(WORKSPACE, {'location': 'eastus', 'tags': {'team': 'a'}})
    harness.now += 100
    response = harness.patch(WORKSPACE, body)
    assert (response.status_code, response.json()) == (200, before.json())
    assert response.headers['etag'] == before.headers['etag']


def test_a_workspace_can_be_sent_back_as_it_was_read(harness):
    before = harness.put(WORKSPACE, {'location': 'eastus', 'tags': {'team': 'a'}}).json()
    assert harness.patch(WORKSPACE, before).json() == before


@pytest.mark.parametrize('body, status, target', [
    ({'tags': {'a': 1}}, 400, 'tags.a'), ({'tags': []}, 400, 'tags'), ({'tag': {}}, 400, 'tag'), ([], 400, None),
    ('x', 400, None), ({'location': 'west/us'}, 400, 'location'), ({'location': 'westus2'}, 409, None),
])
def test_a_bad_update_is_refused_and_changes_nothing(harness, body, status, target):
    before = harness.put(WORKSPACE, {'location': 'eastus', 'tags': {'team': 'a'}}).json()
    response = harness.patch(WORKSPACE, body)
    assert (response.status_code, response.json()['error'].get('target')) == (status, target)
    assert harness.get(WORKSPACE).json() == before


def test_a_workspace_that_is_missing_or_going_is_not_updated(harness):
    assert harness.patch(WORKSPACE, {'tags': {}}).json()['error']['code'] == 'WorkspaceNotFound'
    harness.put(WORKSPACE, {'location': 'eastus'})
    harness.delete(WORKSPACE)
    response = harness.patch(WORKSPACE, {'tags': {}})
    assert (response.status_code, response.json()['error']['code']) == (409, 'WorkspaceBeingDeleted')


# deletion; what becomes of children: test_removal.py

@pytest.mark.parametrize('path', [WORKSPACE, EXPERIMENT])
def test_a_deletion_is_a_long_running_operation(harness, path):
    harness.make_workspace()
    response = harness.delete(path)
    assert (response.status_code, response.content) == (202, b'')
    assert {'azure-asyncoperation', 'location', 'retry-after'} <= set(response.headers)
    assert harness.get(path).json()['properties']['provisioningState'] == 'deleting'
    assert harness.get(response.headers['location']).status_code == 202
    harness.turn()
    done = harness.get(response.headers['azure-asyncoperation']).json()
    assert (done['status'], 'endTime' in done) == ('Succeeded', True)
    assert harness.get(path).status_code == 404
    assert (harness.delete(path).status_code, harness.delete(path).content) == (204, b'')


def test_a_deletion_wakes_the_scheduler(harness):
    harness.make_workspace()
    before = harness.wakes
    harness.delete(WORKSPACE)
    assert harness.wakes == before + 1
