import os

import pytest
from harness import ROOT, SUBSCRIPTION, cluster_body, cluster_path, manual

PROVIDER = '/providers/Microsoft.BatchAI'
USAGES = f'/subscriptions/{SUBSCRIPTION}{PROVIDER}/locations/eastus/usages'
DEDICATED = 'Total Cluster Dedicated Regional vCPUs'
LOW = 'Total Cluster LowPriority Regional vCPUs'


@pytest.fixture
def cores(monkeypatch):
    """A machine of eight cores."""
    monkeypatch.setattr(os, 'cpu_count', lambda: 8)


def usages(harness, path=USAGES):
    """Value and limit by name."""
    response = harness.get(path)
    assert response.status_code == 200, response.text
    return {item['name']['value']: (item['currentValue'], item['limit']) for item in response.json()['value']}


def test_without_clusters_nothing_is_in_use(harness, cores):
    assert usages(harness) == {'Clusters': (0, -1), DEDICATED: (0, 8), LOW: (0, 8)}


def test_an_item_looks_as_on_the_wire_of_old(harness, cores):
    first, _, last = harness.get(USAGES).json()['value']
    assert list(first.items()) == [('unit', 'Count'), ('currentValue', 0), ('limit', -1),
                                   ('name', {'value': 'Clusters', 'localizedValue': 'Clusters'})]
    assert last['name']['localizedValue'] == 'Total Cluster Low Priority Regional vCPUs'


def test_the_cores_of_nodes_that_are_there_are_counted_by_priority(harness, cores):
    harness.engine.cores = 2
    harness.make_cluster('a', scaleSettings=manual(1))
    harness.make_cluster('b', scaleSettings=manual(2))
    harness.make_cluster('c', scaleSettings=manual(1), vmPriority='lowpriority')
    harness.make_cluster('empty', scaleSettings=manual(0))
    assert usages(harness) == {'Clusters': (4, -1), DEDICATED: (6, 8), LOW: (2, 8)}
    harness.patch(cluster_path('b'), {'properties': {'scaleSettings': manual(0)}})
    harness.settle()
    assert usages(harness)[DEDICATED] == (2, 8)
    harness.delete(cluster_path('a'))
    harness.settle()
    assert usages(harness) == {'Clusters': (3, -1), DEDICATED: (0, 8), LOW: (2, 8)}


def test_nodes_that_share_cores_do_not_use_more_than_there_are(harness, cores):
    harness.engine.cores = 4
    harness.make_cluster(scaleSettings=manual(3))
    assert usages(harness)[DEDICATED] == (8, 8)


def test_another_location_or_subscription_has_numbers_of_its_own(harness, cores):
    harness.make_cluster(scaleSettings=manual(1))
    harness.put(f'{ROOT}/workspaces/far', {'location': 'westus2'})
    harness.put(f'{ROOT}/workspaces/far/clusters/c', cluster_body())
    assert usages(harness)['Clusters'] == usages(harness, USAGES.replace('eastus', 'WestUS2'))['Clusters'] == (1, -1)
    assert usages(harness, USAGES.replace('aa/', 'bb/'))['Clusters'] == (0, -1)


@pytest.mark.parametrize('path, status', [
    (USAGES.replace('eastus', 'east.us'), 400), (USAGES.replace('eastus', 'x' * 51), 400),
    (USAGES.replace(SUBSCRIPTION, 'mine'), 400), (USAGES.replace('eastus', 'mars'), 400),
])
def test_a_bad_path_is_refused(harness, path, status):
    assert harness.get(path).status_code == status


# what can be done at all

def test_every_operation_says_what_it_is(harness):
    operations = harness.get(f'{PROVIDER}/operations').json()['value']
    names = [operation['name'] for operation in operations]
    assert len(names) == len(set(names)) and all(name.startswith('Microsoft.BatchAI/') for name in names)
    for operation in operations:
        assert list(operation) == ['name', 'display', 'origin']
        assert list(operation['display']) == ['provider', 'resource', 'operation', 'description']
        assert all(operation['display'].values()) and '{' not in str(operation['display'].values())


def test_what_can_be_routed_is_an_operation_and_nothing_else(harness):
    """Names of routes and operations, as far as they belong to Batch AI; readable from one to the other."""
    from azext_batchai.service.routes import ROUTES
    verbs = {'GET': 'read', 'PUT': 'write', 'PATCH': 'write', 'DELETE': 'delete'}
    routed = {'microsoft.batchai/register/action', 'microsoft.batchai/unregister/action'}  # those have any provider
    for route in ROUTES:
        if f'{PROVIDER}/' not in route.path or route.path.endswith('/operations'):
            continue
        words = [word for word in route.path.partition(f'{PROVIDER}/')[2].split('/') if not word.startswith('{')]
        action = route.method == 'POST'
        kind, verb = ('/'.join(words[:-1]), f'{words[-1]}/action') if action else ('/'.join(words), verbs[route.method])
        if not (route.method == 'GET' and words[-1].startswith('list')):  # a nextLink of the action
            routed.add(f'Microsoft.BatchAI/{kind}/{verb}'.lower().replace('listremotelogin', 'remotelogin'))
    told = {operation['name'].lower() for operation in harness.get(f'{PROVIDER}/operations').json()['value']}
    assert told == routed
