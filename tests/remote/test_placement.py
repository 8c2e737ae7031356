import pytest
from azure.cli.core.azclierror import (
    ArgumentUsageError, InvalidArgumentValueError, ResourceNotFoundError)
from azure.core import exceptions
from knack.validators import DefaultStr

from azext_batchai.remote import placement
from fakes import FakeClient, not_found

FLAT, WEST, OWN = 'migrated-eastus', 'migrated-westus2', 'own'


@pytest.mark.parametrize('tree, workspace', [
    ({OWN: {'clusters': ['c']}, FLAT: {'clusters': ['c']}}, FLAT),
    ({FLAT: {}, OWN: {'clusters': ['c']}}, OWN),
    ({'Migrated-EastUS': {'clusters': ['c']}, OWN: {'clusters': ['c']}}, 'Migrated-EastUS'),
], ids=['flat first', 'then the others', 'without case'])
def test_cluster_is_found_without_naming_the_workspace(tree, workspace):
    assert placement.find_cluster(FakeClient(tree), 'demo', 'c').workspace == workspace


@pytest.mark.parametrize('tree', [
    {FLAT: {'clusters': ['c']}, WEST: {'clusters': ['c']}},
    {FLAT: {}, OWN: {'clusters': ['c']}, 'two': {'clusters': ['c']}},
], ids=['flat', 'others'])
def test_several_matches_are_listed_with_what_to_add(tree):
    places = [name for name, workspace in tree.items() if workspace]
    with pytest.raises(ArgumentUsageError) as caught:
        placement.find_cluster(FakeClient(tree), 'demo', 'c')
    assert all(f'-w {place}' in str(caught.value) for place in places)


def test_no_match_is_not_found():
    with pytest.raises(ResourceNotFoundError, match="no cluster 'c' in resource group 'demo'"):
        placement.find_cluster(FakeClient({FLAT: {}, OWN: {}}), 'demo', 'c')


def test_named_workspace_is_the_only_one_asked():
    client = FakeClient({FLAT: {'clusters': ['c']}, OWN: {}})
    with pytest.raises(exceptions.ResourceNotFoundError):
        placement.find_cluster(client, 'demo', 'c', OWN)
    assert client.calls == ['get own/clusters/c']


@pytest.mark.parametrize('tree, options, found', [
    ({FLAT: {'migrated': ['j'], 'e': ['j']}, OWN: {'migrated': ['j']}}, {}, (FLAT, 'migrated')),
    ({FLAT: {'migrated': [], 'e': ['j']}, OWN: {}}, {}, (FLAT, 'e')),
    ({FLAT: {'migrated': []}, OWN: {'e': ['j'], 'f': []}}, {}, (OWN, 'e')),
    ({FLAT: {'migrated': ['j']}, OWN: {'e': ['j']}}, {'experiment': 'e'}, (OWN, 'e')),
    ({FLAT: {'migrated': ['j']}, OWN: {'e': ['j']}}, {'workspace': OWN}, (OWN, 'e')),
    ({OWN: {'migrated': ['j'], 'e': ['j']}}, {'workspace': OWN}, (OWN, 'migrated')),
    ({OWN: {'e': ['j']}}, {'workspace': OWN, 'experiment': 'e'}, (OWN, 'e')),
], ids=['flat first', 'flat workspace', 'elsewhere', 'experiment', 'workspace', 'workspace, migrated first', 'both'])
def test_job_is_found(tree, options, found):
    match = placement.find_job(FakeClient(tree), 'demo', 'j', **options)
    assert (match.workspace, match.experiment) == found


def test_several_jobs_are_listed_with_workspace_and_experiment():
    with pytest.raises(ArgumentUsageError, match='-w own -e e or -w own -e f'):
        placement.find_job(FakeClient({OWN: {'e': ['j'], 'f': ['j']}}), 'demo', 'j')


@pytest.mark.parametrize('group, workspace, expected', [
    ('demo', 'w', [('demo', 'w')]),
    ('demo', None, [('demo', FLAT), ('demo', OWN)]),
    (None, None, [('demo', FLAT), ('demo', OWN)]),
    (None, 'OWN', [('demo', OWN)]),
])
def test_lists_cover_workspace_group_or_subscription(group, workspace, expected):
    assert placement.workspaces_of(FakeClient({FLAT: {}, OWN: {}}), group, workspace) == expected


def creator(client, calls):
    def create(workspace, *experiment):
        calls.append((workspace, *experiment))
        if workspace not in client.tree:
            raise not_found('WorkspaceNotFound')
        if experiment and experiment[0] not in client.tree[workspace]:
            raise not_found('ExperimentNotFound')
        return 'created'
    return create


def test_nothing_is_made_when_the_workspace_is_there():
    client, calls = FakeClient({FLAT: {}}), []
    assert placement.placed(client, 'demo', None, 'East US', creator(client, calls)) == 'created'
    assert (calls, client.calls) == ([(FLAT,)], [])


def test_flat_workspace_is_made_on_the_way():
    client, calls = FakeClient({}), []
    assert placement.placed(client, 'demo', None, 'eastus', creator(client, calls)) == 'created'
    assert client.calls == ['put migrated-eastus in eastus']


def test_named_workspace_is_never_made():
    client = FakeClient({})
    with pytest.raises(exceptions.ResourceNotFoundError):
        placement.placed(client, 'demo', OWN, 'eastus', creator(client, []))
    assert client.calls == []


def test_without_a_location_it_is_that_of_the_resource_group(monkeypatch):
    monkeypatch.setattr(placement, 'resource_group_location', lambda client, group: f'{group}land')
    client, calls = FakeClient({}), []
    assert placement.placed(client, 'demo', None, None, creator(client, calls)) == 'created'
    assert client.calls == ['put migrated-demoland in demoland']
    assert placement.target_workspace(client, 'demo', None, None) == 'migrated-demoland'
    assert placement.location_for(client, 'demo', None, None) == 'demoland'


def test_location_of_a_named_workspace_is_its_own():
    client = FakeClient({OWN: {}})
    assert placement.location_for(client, 'demo', OWN, 'eastus') == 'westus2'
    assert placement.target_workspace(client, 'demo', OWN, 'eastus') == OWN
    with pytest.raises(exceptions.ResourceNotFoundError):
        placement.location_for(client, 'demo', 'typo', None)


def test_workspace_and_experiment_of_a_job_are_made_on_the_way():
    client, calls = FakeClient({}), []
    assert placement.placed_job(client, 'demo', None, None, 'eastus', creator(client, calls)) == 'created'
    assert client.tree == {FLAT: {'migrated': []}}


def test_experiment_migrated_is_made_in_a_named_workspace():
    client = FakeClient({OWN: {}})
    assert placement.placed_job(client, 'demo', OWN, None, None, creator(client, [])) == 'created'
    assert client.calls == ['put own/migrated']


def test_named_experiment_is_never_made():
    client = FakeClient({FLAT: {}})
    with pytest.raises(exceptions.ResourceNotFoundError):
        placement.placed_job(client, 'demo', None, 'e', 'eastus', creator(client, []))
    assert not any(call.endswith('/e') for call in client.calls)


@pytest.mark.parametrize('option, configured, chosen', [
    ('eastus', 'westus', 'eastus'),
    (DefaultStr('eastus'), 'westus', 'westus'),
    (DefaultStr('eastus'), None, 'eastus'),
    (None, 'westus', 'westus'),
    (None, None, None),
], ids=['option', 'file before default', 'default', 'file', 'nothing'])
def test_option_then_file_then_default_say_where(option, configured, chosen):
    assert placement.chosen_location(option, configured) == chosen


def test_location_that_is_none_is_refused():
    with pytest.raises(InvalidArgumentValueError, match="'../x' is not a location"):
        placement.placed(FakeClient({}), 'demo', None, '../x', lambda workspace: None)


def test_other_failures_pass_through():
    def create(workspace):
        raise not_found('ClusterNotFound')
    client = FakeClient({FLAT: {}})
    with pytest.raises(exceptions.ResourceNotFoundError):
        placement.placed(client, 'demo', None, 'eastus', create)
    assert client.calls == []


def test_location_of_a_flat_workspace_is_in_its_name():
    client = FakeClient({OWN: {}})
    assert placement.location_of(client, 'demo', FLAT) == 'eastus'
    assert client.calls == []
    assert placement.location_of(client, 'demo', OWN) == 'westus2'


def test_workspace_that_does_not_exist_is_the_news_not_the_job():
    with pytest.raises(exceptions.ResourceNotFoundError, match='WorkspaceNotFound'):
        placement.find_job(FakeClient({FLAT: {'migrated': ['j']}}), 'demo', 'j', 'typo')
    with pytest.raises(ResourceNotFoundError, match="no job 'j' in workspace 'own' of resource group 'demo'"):
        placement.find_job(FakeClient({OWN: {'e': []}}), 'demo', 'j', OWN)
    with pytest.raises(ResourceNotFoundError, match="no job 'j' in experiment 'typo' in resource group 'demo'"):
        placement.find_job(FakeClient({OWN: {'e': ['j']}}), 'demo', 'j', None, 'typo')


def test_list_of_a_workspace_that_does_not_exist_is_an_error():
    with pytest.raises(ResourceNotFoundError, match="no workspace 'typo' in the subscription"):
        placement.workspaces_of(FakeClient({OWN: {}}), None, 'typo')
    assert placement.workspaces_of(FakeClient({}), None) == []


@pytest.mark.parametrize('group, workspace, said', [
    (None, None, "no experiment 'typo' in the subscription"),
    ('demo', None, "no experiment 'typo' in resource group 'demo'"),
    ('demo', OWN, "no experiment 'typo' in workspace 'own' of resource group 'demo'")])
def test_list_of_an_experiment_that_does_not_exist_is_an_error(group, workspace, said):
    client = FakeClient({FLAT: {'e': []}, OWN: {'e': [], 'f': []}})
    with pytest.raises(ResourceNotFoundError, match=said):
        placement.experiments_of(client, group, workspace, 'typo')
    assert placement.experiments_of(client, 'demo', None, 'E') == [('demo', FLAT, 'e'), ('demo', OWN, 'e')]
    assert len(placement.experiments_of(client, None, None, None)) == 3


@pytest.mark.parametrize('workspace, experiment, found', [
    (None, None, FLAT), (OWN, None, OWN), (OWN, 'e', OWN), ('typo', None, 'WorkspaceNotFound'),
    (OWN, 'typo', 'ExperimentNotFound'), ('typo', 'e', 'WorkspaceNotFound')])
def test_a_place_that_is_only_shown_is_checked_too(workspace, experiment, found):
    client = FakeClient({OWN: {'e': []}})
    if found.endswith('NotFound'):
        with pytest.raises(exceptions.ResourceNotFoundError, match=found):
            placement.planned_workspace(client, 'demo', workspace, 'eastus', experiment)
    else:
        assert placement.planned_workspace(client, 'demo', workspace, 'eastus', experiment) == found
    assert list(client.tree) == [OWN]
