"""A database of every schema there has been, brought up to date under a service that then goes on with its jobs."""
import shutil
import sqlite3

import pytest
from harness import job_path, manual

from azext_batchai.service.store import migrations

TABLES = ('resources', 'clusters', 'jobs', 'nodes', 'launches', 'operations', 'resource_groups', 'storage_accounts')


def as_written_by_schema(version, current, file):
    """Put what is in the database `current` into a new one at `file` with the tables and columns of that schema."""
    connection = sqlite3.connect(file)
    connection.execute('BEGIN')
    for step in migrations.MIGRATIONS[:version]:
        step(connection)
    connection.execute(f'PRAGMA user_version = {version}')
    connection.commit()
    connection.execute('ATTACH ? AS new', (str(current),))
    there = {row[0] for row in connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")}
    for table in TABLES:
        if table in there:
            columns = ', '.join(row[1] for row in connection.execute(f'PRAGMA main.table_info({table})'))
            connection.execute(f'INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}')
    if version < 5:
        connection.execute('UPDATE main.jobs SET priority = priority / 1000')
    connection.commit()
    connection.close()


@pytest.mark.parametrize('version', range(1, len(migrations.MIGRATIONS) + 1))
def test_a_service_goes_on_with_a_database_of_schema(harness, tmp_path, version):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('ended')
    harness.settle()
    harness.end('ended', 42)
    harness.submit('runs')
    harness.settle()
    harness.submit('waits', schedulingPriority='low')
    harness.submit('hurries', schedulingPriority='high')
    harness.settle()
    harness.store.database.overwrite_deleted()
    before = {name: harness.job(name) for name in ('ended', 'runs', 'waits', 'hurries')}

    old = tmp_path / 'old.db'
    as_written_by_schema(version, harness.settings.database_file, old)
    harness.store.close()
    shutil.copy(old, harness.settings.database_file)
    harness.restart()

    assert harness.store.database.one('PRAGMA user_version')[0] == len(migrations.MIGRATIONS)
    assert [row[0] for row in harness.store.database.all('PRAGMA integrity_check')] == ['ok']
    assert harness.store.database.all('PRAGMA foreign_key_check') == []
    assert {name: harness.job(name) for name in before} == before
    harness.settle()
    assert len(harness.launches('runs')) == 1 and harness.counts() == {'running': 1}
    for name in ('runs', 'hurries', 'waits'):
        assert harness.state(name) == 'running'
        harness.end(name, 0)
    assert harness.state('waits') == 'succeeded' and harness.counts() == {'idle': 1}
    flat = job_path('ended').split('/workspaces/')[0] + '/jobs'
    assert harness.get(flat, version='2018-03-01').status_code == 200
