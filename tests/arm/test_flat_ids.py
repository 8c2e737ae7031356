import pytest

from azext_batchai.arm.flat_ids import FlatId, flat_id_of, parse_flat_id
from azext_batchai.arm.ids import parse_resource_id

GROUP = '/subscriptions/00000000-0000-0000-0000-0000000000aa/resourceGroups/rg/providers/Microsoft.BatchAI'
EAST = f'{GROUP}/workspaces/migrated-eastus'


@pytest.mark.parametrize('text, spelled', [
    (f'{GROUP}/clusters/c', f'{GROUP}/clusters/c'),
    (f'{GROUP}/CLUSTERS/My.Cluster/', f'{GROUP}/clusters/My.Cluster'),
    (f'{GROUP}/fileServers/f', f'{GROUP}/fileservers/f'),
    (f'{GROUP}/jobs/j'.replace('resourceGroups', 'resourcegroups'), f'{GROUP}/jobs/j'),
])
def test_a_flat_id_is_understood_and_spelled_as_replies_had_it(text, spelled):
    assert str(parse_flat_id(text)) == spelled


@pytest.mark.parametrize('text, said', [
    ('c', 'should look like'), (f'{EAST}/clusters/c', 'should look like'), (f'{GROUP}/nodes/n', 'should look like'),
    (f'{GROUP}/clusters', 'should look like'), (f'{GROUP}/clusters/..', 'not a resource name'),
    (GROUP.replace('aa/', 'zz/') + '/jobs/j', 'not a subscription id'),
    (GROUP.replace('/rg/', '/g./') + '/jobs/j', 'not a resource group name'),
])
def test_what_is_no_flat_id_is_refused_with_the_part_that_is_wrong(text, said):
    with pytest.raises(ValueError, match=said):
        parse_flat_id(text)


@pytest.mark.parametrize('tail, flat', [
    ('workspaces/migrated-eastus/clusters/c', 'clusters/c'),
    ('workspaces/Migrated-eastus/fileServers/f', 'fileservers/f'),
    ('workspaces/migrated-eastus/experiments/Migrated/jobs/j', 'jobs/j'),
    ('workspaces/migrated-eastus/experiments/other/jobs/j', None),
    ('workspaces/mine/clusters/c', None), ('workspaces/migrated-eastus', None),
    ('workspaces/migrated-eastus/experiments/migrated', None),
])
def test_only_what_is_in_migrated_workspaces_has_a_flat_id(tail, flat):
    found = flat_id_of(parse_resource_id(f'{GROUP}/{tail}'))
    assert (str(found) if found else None) == (f'{GROUP}/{flat}' if flat else None)


@pytest.mark.parametrize('collection', ['clusters', 'fileServers', 'jobs'])
def test_the_place_of_a_flat_id_leads_back_to_it(collection):
    flat = FlatId('00000000-0000-0000-0000-0000000000aa', 'rg', collection, 'a.b')
    assert flat_id_of(flat.in_workspace('East US')) == flat
    assert parse_resource_id(str(flat.in_workspace('East US'))).workspace == 'migrated-eastus'
