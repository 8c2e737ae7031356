"""Lists of the flat API versions, and which version has which route."""
import pytest

from flat_kit import EAST, NEW, OLD, accept, flat_cluster, flat_path, make_cluster, shown, submit
from harness import ROOT, SUBSCRIPTION, cluster_body, manual

CLUSTERS = f'{ROOT}/clusters'
ALL_CLUSTERS = f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/clusters'


def names(response):
    assert response.status_code == 200, response.text
    return [item['name'] for item in response.json()['value']]


@pytest.fixture
def four(harness):
    """Clusters a and b here, in two regions, c in another group, and one that only the workspace API sees."""
    for name, path, location, tags in (
            ('a', CLUSTERS, 'eastus', {'team': 'x'}), ('b', CLUSTERS, 'westus', {'team': 'y'}),
            ('c', CLUSTERS.replace('/rg/', '/rg2/'), 'eastus', {})):
        accept(harness.put(f'{path}/{name}', flat_cluster(location, tags), version=NEW))
    harness.make_cluster('hidden')
    return harness


def test_lists_are_of_a_group_or_of_a_subscription(four):
    assert names(four.get(CLUSTERS, version=NEW)) == ['a', 'b']
    assert names(four.get(CLUSTERS.replace('/rg/', '/RG2/'), version=OLD)) == ['c']
    assert names(four.get(ALL_CLUSTERS, version=NEW)) == ['a', 'b', 'c']
    other = ALL_CLUSTERS.replace(SUBSCRIPTION, SUBSCRIPTION.replace('a', 'b'))
    assert four.get(other, version=NEW).json() == {'value': []}
    assert four.get(CLUSTERS, version=NEW).json()['value'][0] == shown(four, 'clusters', 'a')


def test_a_group_whose_name_begins_another_is_not_mixed_up(four):
    assert names(four.get(CLUSTERS.replace('/rg/', '/r/'), version=NEW)) == []
    assert names(four.get(CLUSTERS.replace('/rg/', '/r_2/'), version=NEW)) == []


@pytest.mark.parametrize('path', [CLUSTERS.replace('/rg/', '/g./'), ALL_CLUSTERS.replace(SUBSCRIPTION, 'x')])
def test_a_malformed_path_is_refused(four, path):
    assert four.get(path, version=NEW).status_code == 400


@pytest.mark.parametrize('text, found', [
    ("location eq 'eastus'", ['a', 'c']), ("location ne 'eastus'", ['b']), ("tags/team eq 'y'", ['b']),
    ("name eq 'A' or tags/team eq 'y'", ['a', 'b']), ("not (name eq 'a')", ['b', 'c']),
    ("properties/vmPriority eq 'dedicated' and name ne 'b'", ['a', 'c']),
    ("properties.allocationState eq 'resizing'", []),
])
def test_a_filter_chooses(four, text, found):
    assert names(four.get(ALL_CLUSTERS, version=NEW, params={'$filter': text})) == found


@pytest.mark.parametrize('query, said', [
    ({'$filter': "properties/vmSize eq 'x'"}, "$filter' has 'properties/vmSize' where one of"),
    ({'$filter': "properties/executionState eq 'running'"}, 'properties/executionState'),  # clusters have none
    ({'$select': 'properties/runElevated'}, "$select' names 'properties/runElevated'"),
    ({'maxresults': '0'}, "maxresults' should be"), ({'$skiptoken': 'x'}, "$skiptoken' is not one"),
])
def test_what_is_not_understood_is_refused(four, query, said):
    response = four.get(CLUSTERS, version=NEW, params=query)
    assert response.status_code == 400 and said in response.json()['error']['message']


def test_a_selection_is_all_there_is(four):
    listed = four.get(CLUSTERS, version=NEW, params={'$select': 'name,properties/vmSize,tags'}).json()['value']
    assert listed[0] == {'name': 'a', 'tags': {'team': 'x'}, 'properties': {'vmSize': 'STANDARD_D1'}}


@pytest.mark.parametrize('query', [{}, {'$filter': "location eq 'eastus'", '$select': 'name'}])
def test_pages_lose_and_repeat_nothing_while_others_are_created(harness, query):
    for number in range(5):
        accept(harness.put(f'{CLUSTERS}/c{number}', flat_cluster('eastus' if number != 2 else 'westus'), version=NEW))
    seen, link = [], f'{CLUSTERS}?api-version={NEW}'
    while link:
        page = harness.get(link, version=None, params={} if seen else {'maxresults': '2', **query}).json()
        assert len(page['value']) <= 2
        seen += [item['name'] for item in page['value']]
        if len(seen) == 2:
            accept(harness.put(f'{CLUSTERS}/new', flat_cluster(), version=NEW))
        link = page.get('nextLink')
    expected = ['c0', 'c1', 'c2', 'c3', 'c4', 'new']
    assert seen == [name for name in expected if not query or name != 'c2']


def test_a_filter_searches_beyond_what_is_looked_at_in_one_go(harness, monkeypatch):
    from azext_batchai.service.handlers import flat_lists
    monkeypatch.setattr(flat_lists, '_CHUNK', 2)
    for number in range(7):
        accept(harness.put(f'{CLUSTERS}/c{number}', flat_cluster(tags={'odd': str(number % 2)}), version=NEW))
    found = harness.get(CLUSTERS, version=NEW, params={'$filter': "tags/odd eq '1'", 'maxresults': '2'}).json()
    assert [item['name'] for item in found['value']] == ['c1', 'c3']
    assert names(harness.get(found['nextLink'], version=None)) == ['c5']


def test_of_two_clusters_of_one_name_the_older_is_seen(harness):
    make_cluster(harness)
    west = f'{ROOT}/workspaces/migrated-westus'
    harness.put(west, {'location': 'westus'})
    accept(harness.put(f'{west}/clusters/C', cluster_body()))
    assert names(harness.get(CLUSTERS, version=NEW)) == ['c']
    assert shown(harness, 'clusters', 'C')['location'] == 'eastus'
    accept(harness.delete(flat_path('clusters', 'c'), version=NEW))
    harness.settle()
    assert shown(harness, 'clusters', 'c')['location'] == 'westus'


def test_jobs_are_listed_with_filter_and_selection(harness):
    make_cluster(harness, nodes=1)
    submit(harness, 'one')
    submit(harness, 'two', priority=3)
    listed = harness.get(f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/jobs', version=OLD, params={
        '$filter': "properties/executionState eq 'queued'", '$select': 'name,properties/priority'}).json()
    assert listed == {'value': [{'name': 'two', 'properties': {'priority': 3}}]}
    assert names(harness.get(f'{ROOT}/jobs', version=NEW)) == ['one', 'two']


# Versions

@pytest.mark.parametrize('path, version', [
    (EAST, NEW), (EAST, OLD), (f'{EAST}/clusters', NEW), (f'{ROOT}/workspaces', OLD),
    (CLUSTERS, '2018-05-01'), (f'{ROOT}/jobs/j', '2018-05-01'), (ALL_CLUSTERS, '2018-05-01')])
def test_a_type_that_the_version_does_not_have_is_unknown_to_the_gateway(harness, path, version):
    harness.put(EAST, {'location': 'eastus'})
    response = harness.get(path, version=version)
    assert (response.status_code, response.json()['error']['code']) == (404, 'InvalidResourceType')


@pytest.mark.parametrize('path', [CLUSTERS, EAST])
def test_an_unknown_version_is_refused_with_those_there_are(harness, path):
    response = harness.get(path, version='2019-01-01')
    error = response.json()['error']
    assert (response.status_code, error['code']) == (400, 'NoRegisteredProviderFound')
    assert "'2017-09-01-preview, 2018-03-01, 2018-05-01'" in error['message']


@pytest.mark.parametrize('version', [OLD, NEW, '2018-05-01'])
def test_what_is_of_no_workspace_is_in_every_version(harness, version):
    assert harness.get('/providers/Microsoft.BatchAI/operations', version=version).status_code == 200
    usages = f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/locations/eastus/usages'
    assert harness.get(usages, version=version).status_code == 200
    response = accept(harness.put(f'{CLUSTERS}/c', flat_cluster(scaleSettings=manual(0)), version=NEW))
    address = response.headers['azure-asyncoperation'].partition('?')[0]
    assert harness.get(address, version=version).json()['status'] == 'Succeeded'
