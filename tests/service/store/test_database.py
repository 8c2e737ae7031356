import sqlite3
import stat

import pytest

from azext_batchai.service.store import Store, migrations
from azext_batchai.service.store.database import Database
from azext_batchai.service.store.migrations import NewerSchema


@pytest.fixture
def file(tmp_path):
    return tmp_path / 'batchai.db'


@pytest.fixture
def database(file):
    opened = Database(file)
    opened.connection.execute('CREATE TABLE words (word TEXT UNIQUE)')
    yield opened
    opened.close()


def add(database, word):
    with database.transaction() as connection:
        connection.execute('INSERT INTO words VALUES (?)', (word,))


def words(database):
    return [row['word'] for row in database.all('SELECT word FROM words ORDER BY rowid')]


def test_a_transaction_is_all_or_nothing(database):
    with pytest.raises(RuntimeError):
        with database.transaction():
            add(database, 'a')
            raise RuntimeError
    assert words(database) == []


def test_inner_transactions_join_the_outermost(database):
    with pytest.raises(RuntimeError):
        with database.transaction():
            add(database, 'a')
            with database.transaction():
                add(database, 'b')
            raise RuntimeError
    assert words(database) == []
    with database.transaction():
        add(database, 'a')
        with database.transaction():
            add(database, 'b')
    assert words(database) == ['a', 'b']


def test_an_error_from_inside_rolls_all_back(database):
    with pytest.raises(sqlite3.IntegrityError):
        with database.transaction():
            add(database, 'a')
            add(database, 'a')
    assert words(database) == []


def test_a_crash_of_the_process_rolls_back_too(database):
    with pytest.raises(KeyboardInterrupt):
        with database.transaction():
            add(database, 'a')
            raise KeyboardInterrupt
    assert words(database) == []


def test_nobody_sees_a_transaction_before_it_ends(database, file):
    other = sqlite3.connect(file)
    with database.transaction():
        add(database, 'a')
        assert other.execute('SELECT count(*) FROM words').fetchone() == (0,)
    assert other.execute('SELECT count(*) FROM words').fetchone() == (1,)
    other.close()


def test_after_a_failed_transaction_the_next_one_works(database):
    with pytest.raises(sqlite3.IntegrityError):
        with database.transaction():
            add(database, 'a')
            add(database, 'a')
    add(database, 'b')
    assert words(database) == ['b']


def test_a_commit_that_fails_is_rolled_back_and_the_next_transaction_works(database):
    """Here a constraint checked at the end makes it fail; a full disk does the same."""
    with pytest.raises(sqlite3.Error):
        with database.transaction() as connection:
            connection.execute('PRAGMA defer_foreign_keys=ON')
            connection.execute("INSERT INTO clusters (guid, allocation_state, allocation_time) VALUES ('x', 's', 0)")
    add(database, 'b')
    assert words(database) == ['b']


@pytest.mark.parametrize('suffix', ['', '-wal', '-shm'])
def test_only_the_owner_can_read_the_files(database, file, suffix):
    add(database, 'a')
    assert stat.S_IMODE(file.with_name(file.name + suffix).stat().st_mode) == 0o600


def test_a_commit_is_on_disk_before_anybody_hears_of_it(database):
    assert database.one('PRAGMA journal_mode')[0] == 'wal'
    assert database.one('PRAGMA synchronous')[0] == 2
    assert database.one('PRAGMA foreign_keys')[0] == 1


# the schema

def test_an_empty_file_gets_every_migration(file):
    file.touch()
    opened = Database(file)
    assert opened.one('PRAGMA user_version')[0] == len(migrations.MIGRATIONS)
    tables = {row['name'] for row in opened.all("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert {'resources', 'clusters', 'jobs', 'nodes', 'launches', 'operations'} <= tables
    opened.close()


def test_opening_again_migrates_nothing(file):
    Database(file).close()
    opened = Database(file)
    assert opened.one('PRAGMA user_version')[0] == len(migrations.MIGRATIONS)
    opened.close()


def test_only_the_missing_steps_run(file, monkeypatch):
    Database(file).close()
    ran = []
    monkeypatch.setattr(migrations, 'MIGRATIONS', [*migrations.MIGRATIONS, lambda connection: ran.append('new')])
    Database(file).close()
    Database(file).close()
    assert ran == ['new']


def test_a_step_that_fails_leaves_the_schema_as_it_was(file, monkeypatch):
    Database(file).close()
    version = len(migrations.MIGRATIONS)

    def broken(connection):
        connection.execute('CREATE TABLE half (x)')
        raise RuntimeError('broken')

    with monkeypatch.context() as patched:
        patched.setattr(migrations, 'MIGRATIONS', [*migrations.MIGRATIONS, broken])
        with pytest.raises(RuntimeError, match='broken'):
            Database(file)
    opened = Database(file)
    assert opened.one('PRAGMA user_version')[0] == version
    assert opened.one("SELECT name FROM sqlite_master WHERE name = 'half'") is None
    opened.close()


def test_a_database_of_the_first_version_keeps_what_is_in_it(file, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(migrations, 'MIGRATIONS', migrations.MIGRATIONS[:1])
        first = Database(file)
    identity = f'/subscriptions/{"0" * 8}-0000-0000-0000-{"0" * 12}/resourceGroups/rg/providers/Microsoft.BatchAI' \
               '/workspaces/w/clusters/c'
    with first.transaction() as connection:
        connection.execute(
            "INSERT INTO resources VALUES (1, 'guid', ?, ?, 'workspaces/clusters', 's', 'p', 'eastus', '{}', '{}', "
            "'{}', 'succeeded', 1, 1, 1)", (identity.lower(), identity))
        connection.execute("INSERT INTO clusters VALUES ('guid', 'steady', 1)")
    first.close()
    store = Store(file)
    assert store.clusters.get('guid').setup_output is None
    store.clusters.set_setup_output('guid', '/out')
    store.resources.mark_deleting('guid', 2.0)
    assert [cluster.guid for cluster in store.resources.leaving('workspaces/clusters')] == ['guid']
    store.close()


def test_the_database_of_a_later_version_is_refused_and_kept(file):
    opened = Database(file)
    opened.connection.execute('PRAGMA user_version = 999')
    opened.close()
    with pytest.raises(NewerSchema, match='999.*upgrade batchai'):
        Database(file)
    raw = sqlite3.connect(file)
    assert raw.execute('PRAGMA user_version').fetchone() == (999,)
    raw.close()


def test_a_file_that_is_no_database_is_refused(file):
    file.write_bytes(b'this is not a database, but it is long enough to be looked at ' * 20)
    with pytest.raises(sqlite3.Error):
        Database(file)
