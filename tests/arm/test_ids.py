import pytest

from azext_batchai.arm.ids import (
    ResourceId, flat_workspace, is_valid_flat_name, is_valid_group, is_valid_name, is_valid_subscription,
    normalize_location,
    parse_resource_id, workspace_id)

SUBSCRIPTION = '12345678-9abc-def0-1234-56789abcdef0'
ROOT = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.BatchAI'


@pytest.fixture
def workspace():
    return workspace_id(SUBSCRIPTION, 'rg', 'w')


def test_an_id_is_built_from_the_outside_in(workspace):
    job = workspace.child('experiments', 'e').child('jobs', 'j')
    assert str(job) == f'{ROOT}/workspaces/w/experiments/e/jobs/j'
    assert job.collection == 'workspaces/experiments/jobs'
    assert (job.workspace, job.experiment, job.name) == ('w', 'e', 'j')


def test_parents_lead_back_to_the_workspace(workspace):
    job = workspace.child('experiments', 'e').child('jobs', 'j')
    assert job.parent == workspace.child('experiments', 'e')
    assert job.parent.parent == workspace
    assert workspace.parent is None


def test_a_cluster_is_in_no_experiment(workspace):
    assert workspace.child('clusters', 'c').experiment is None
    assert workspace.experiment is None


@pytest.mark.parametrize('tail', [
    'workspaces/w', 'workspaces/w/clusters/c', 'workspaces/w/fileServers/f', 'workspaces/w/experiments/e',
    'workspaces/w/experiments/e/jobs/j-1_A',
])
def test_what_is_parsed_is_written_the_same(tail):
    assert str(parse_resource_id(f'{ROOT}/{tail}')) == f'{ROOT}/{tail}'


def test_fixed_parts_are_read_in_any_case_and_names_keep_theirs():
    shouted = f'/SUBSCRIPTIONS/{SUBSCRIPTION}/resourcegroups/RG/PROVIDERS/microsoft.batchai/Workspaces/W/FILESERVERS/F'
    found = parse_resource_id(shouted)
    assert found.path == (('workspaces', 'W'), ('fileServers', 'F'))
    assert found.resource_group == 'RG'
    assert found.key == f'{ROOT}/workspaces/w/fileServers/f'.lower()


def test_two_spellings_share_a_key_but_are_not_equal(workspace):
    other = workspace_id(SUBSCRIPTION.upper(), 'RG', 'W')
    assert other.key == workspace.key
    assert other != workspace


def test_a_slash_at_either_end_is_no_matter():
    assert parse_resource_id(f'{ROOT.strip("/")}/workspaces/w/') == workspace_id(SUBSCRIPTION, 'rg', 'w')


@pytest.mark.parametrize('text, said', [
    ('', 'not the id of a Batch AI resource'),
    ('/', 'not the id of a Batch AI resource'),
    ('mycluster', 'should look like /subscriptions/'),
    (ROOT, 'not the id of a Batch AI resource'),
    (f'{ROOT}/workspaces', 'not the id of a Batch AI resource'),
    (f'{ROOT}/workspaces/w/clusters', 'not the id of a Batch AI resource'),
    (ROOT.replace('BatchAI', 'Compute') + '/workspaces/w', 'not the id of a Batch AI resource'),
    (f'{ROOT}/clusters/c', "'clusters' where one of workspaces should be"),
    (f'{ROOT}/workspaces/w/jobs/j', "'jobs' where one of clusters, fileServers, experiments should be"),
    (f'{ROOT}/workspaces/w/clusters/c/nodes/n', "'nodes' where one of nothing should be"),
    (f'{ROOT}/workspaces/../clusters/c', "'..' in"),
    (f'{ROOT}/workspaces/a.b/clusters/c', "'a.b' in"),
    (f'{ROOT}/workspaces/w/clusters/', 'not the id of a Batch AI resource'),
    (f'{ROOT}/workspaces/w/clusters//experiments/e', "'' in"),
    (f'{ROOT}/workspaces/w'.replace(SUBSCRIPTION, 'my-subscription'), "'my-subscription' in"),
    (f'{ROOT}/workspaces/w'.replace('/rg/', '/../'), "'..' in"),
    (f'{ROOT}/workspaces/w'.replace('/rg/', '/./'), "'.' in"),
])
def test_what_is_no_id_is_refused_with_the_part_that_is_wrong(text, said):
    with pytest.raises(ValueError) as caught:
        parse_resource_id(text)
    assert said in str(caught.value)


@pytest.mark.parametrize('name, valid', [
    ('a', True), ('A-z_09', True), ('-', True), ('x' * 64, True),
    ('', False), ('x' * 65, False), ('a.b', False), ('..', False), ('a/b', False), ('a b', False), ('ä', False),
    ('a\n', False), ('a\x00', False), ('٣', False),
])
def test_names_of_resources(name, valid):
    assert is_valid_name(name) is valid


@pytest.mark.parametrize('name, valid', [
    ('a', True), ('a.b', True), ('.a', True), ('a..', True), ('x' * 64, True),
    ('', False), ('x' * 65, False), ('.', False), ('..', False), ('....', False), ('a/b', False), ('a b', False),
    ('a.\n', False), ('ä', False),
])
def test_names_of_flat_resources_may_have_dots(name, valid):
    assert is_valid_flat_name(name) is valid


def test_an_id_may_have_a_dot_where_the_flat_api_allowed_one():
    assert parse_resource_id(f'{ROOT}/workspaces/w/experiments/e/jobs/a.b').name == 'a.b'


@pytest.mark.parametrize('name, valid', [
    ('rg', True), ('a', True), ('my.group_(1)-x', True), ('.hidden', True), ('x' * 90, True),
    ('', False), ('.', False), ('..', False), ('...', False), ('group.', False), ('x' * 91, False), ('a/b', False),
    ('a b', False), ('a\n', False), ('a\\b', False),
])
def test_names_of_resource_groups(name, valid):
    assert is_valid_group(name) is valid


@pytest.mark.parametrize('text, valid', [
    (SUBSCRIPTION, True), (SUBSCRIPTION.upper(), True),
    (SUBSCRIPTION.replace('-', ''), False), (SUBSCRIPTION + '0', False), (SUBSCRIPTION[:-1] + 'g', False), ('', False),
    (SUBSCRIPTION + '\n', False),
])
def test_subscription_ids(text, valid):
    assert is_valid_subscription(text) is valid


@pytest.mark.parametrize('location, region', [
    ('eastus', 'eastus'), ('East US', 'eastus'), ('West Europe 2', 'westeurope2')])
def test_a_region_has_one_spelling(location, region):
    assert normalize_location(location) == region
    assert flat_workspace(location) == f'migrated-{region}'


def test_ids_can_be_keys_of_a_dictionary(workspace):
    assert {workspace: 1}[ResourceId(SUBSCRIPTION, 'rg', (('workspaces', 'w'),))] == 1
