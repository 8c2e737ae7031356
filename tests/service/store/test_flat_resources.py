"""What the flat API versions see: kept for new resources, and found for those of before."""
import pytest

from azext_batchai.arm.flat_ids import flat_id_of, parse_flat_id
from azext_batchai.arm.ids import parse_resource_id
from azext_batchai.service.store import Store, migrations
from azext_batchai.service.store.database import Database
from azext_batchai.service.store.resources import Page

SUBSCRIPTION = '00000000-0000-0000-0000-0000000000aa'
GROUP = f'/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.BatchAI'
EAST = f'{GROUP}/workspaces/migrated-eastus'


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / 'batchai.db')
    yield opened
    opened.close()


def add(store, path, guid):
    store.resources.add(parse_resource_id(f'{GROUP}/workspaces/{path}'), guid, 'eastus', {}, 1.0)


def flat(store, name):
    found = store.resources.find_flat(parse_flat_id(f'{GROUP}/{name}'))
    return found.guid if found else None


def listed(store, collection, page=Page()):
    prefix = f'/subscriptions/{SUBSCRIPTION}/'
    return [found.guid for found in store.resources.list_flat(SUBSCRIPTION.upper(), collection, prefix, page)]


def test_resources_of_migrated_workspaces_are_found_by_their_flat_id(store):
    add(store, 'migrated-eastus/fileServers/f', '1')
    add(store, 'mine/fileServers/g', '2')
    add(store, 'migrated-eastus/experiments/migrated/jobs/j', '3')
    add(store, 'migrated-eastus/experiments/mine/jobs/k', '4')
    names = ('fileServers/F', 'fileServers/g', 'jobs/j', 'jobs/k')
    assert [flat(store, name) for name in names] == ['1', None, '3', None]
    assert listed(store, 'workspaces/fileServers') == ['1']


def test_lists_have_the_older_of_one_name_and_pages(store):
    for number, path in enumerate(('a', 'b', 'c')):
        add(store, f'migrated-eastus/fileServers/{path}', f'e{number}')
        add(store, f'migrated-westus/fileServers/{path}', f'w{number}')
    assert listed(store, 'workspaces/fileServers') == ['e0', 'e1', 'e2']
    assert listed(store, 'workspaces/fileServers', Page(after=1, size=1)) == ['e1', 'e2']
    store.resources.remove('e1')
    assert listed(store, 'workspaces/fileServers') == ['e0', 'w1', 'e2']


def test_extras_are_kept_and_replaced(store):
    identity = parse_resource_id(f'{EAST}/fileServers/f')
    store.resources.add(identity, '1', 'eastus', {}, 1.0, extras={'a': [1]})
    assert store.resources.find(identity).extras == {'a': [1]}
    store.resources.update_extras('1', {})
    assert store.resources.find(identity).extras == {}


def test_a_database_of_before_is_seen_flat_and_keeps_the_order_of_its_queue(tmp_path, monkeypatch):
    file = tmp_path / 'batchai.db'
    with monkeypatch.context() as patched:
        patched.setattr(migrations, 'MIGRATIONS', migrations.MIGRATIONS[:4])
        old = Database(file)
    for number, level in enumerate((0, -1, 1), start=1):
        identity = parse_resource_id(f'{EAST}/experiments/migrated/jobs/j{number}')
        old.connection.execute(
            "INSERT INTO resources VALUES (?, ?, ?, ?, 'workspaces/experiments/jobs', ?, 'p', 'eastus', '{}', '{}', "
            "'{}', 'succeeded', 1, 1, 1)", (number, f'g{number}', identity.key, str(identity), SUBSCRIPTION))
        old.connection.execute("INSERT INTO jobs (guid, number, cluster, node_count, priority, state, state_time) "
                               "VALUES (?, ?, 'c', 1, ?, 'queued', 1)", (f'g{number}', number, level))
    old.close()
    store = Store(file)
    assert [job.guid for job in store.jobs.queue_head('c', 9, 9)] == ['g3', 'g1', 'g2']
    assert [job.priority for job in store.jobs.queue_head('c', 9, 9)] == [1000, 0, -1000]
    assert [job.guid for job in store.jobs.list_flat(SUBSCRIPTION, f'/subscriptions/{SUBSCRIPTION}/')] == [
        'g1', 'g2', 'g3']
    assert flat(store, 'jobs/j2') == 'g2'
    assert flat_id_of(store.resources.find_flat(parse_flat_id(f'{GROUP}/jobs/j2')).id).name == 'j2'
    store.close()
