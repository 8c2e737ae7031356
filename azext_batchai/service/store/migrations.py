"""The schema, as an ordered list of steps. A change is a new function at the end, never an edit to an old one."""
from __future__ import annotations

import sqlite3
from typing import Callable

from azext_batchai.arm.flat_ids import flat_id_of
from azext_batchai.arm.ids import parse_resource_id


class NewerSchema(RuntimeError):
    """The database was written by a later version of this package."""


def _resources_and_runs(connection: sqlite3.Connection) -> None:
    for statement in (
        # key: the lower-cased ARM id. parent: the key of the parent, for a workspace that of its resource group.
        # properties: the request with defaults, without secret values, which stand in `secrets` while needed.
        '''CREATE TABLE resources (
             number INTEGER PRIMARY KEY AUTOINCREMENT,
             guid TEXT NOT NULL UNIQUE,
             key TEXT NOT NULL UNIQUE,
             id TEXT NOT NULL,
             collection TEXT NOT NULL,
             subscription TEXT NOT NULL,
             parent TEXT NOT NULL,
             location TEXT NOT NULL,
             tags TEXT NOT NULL,
             properties TEXT NOT NULL,
             secrets TEXT NOT NULL,
             provisioning_state TEXT NOT NULL,
             provisioning_time REAL NOT NULL,
             created REAL NOT NULL,
             modified REAL NOT NULL)''',
        'CREATE INDEX resources_by_parent ON resources (parent, collection, number)',
        'CREATE INDEX resources_by_subscription ON resources (subscription, collection, number)',
        '''CREATE TABLE clusters (
             guid TEXT PRIMARY KEY REFERENCES resources (guid) ON DELETE CASCADE,
             allocation_state TEXT NOT NULL,
             allocation_time REAL NOT NULL)''',
        # cluster: the key of the cluster, which may be deleted before the job is. wish: what a client asked for
        # (terminate, delete). stop_reason: why the scheduler stops the running attempt. directories: the folders the
        # last attempt wrote to, by directory id.
        '''CREATE TABLE jobs (
             guid TEXT PRIMARY KEY REFERENCES resources (guid) ON DELETE CASCADE,
             number INTEGER NOT NULL,
             cluster TEXT NOT NULL,
             node_count INTEGER NOT NULL,
             priority INTEGER NOT NULL,
             state TEXT NOT NULL,
             state_time REAL NOT NULL,
             started REAL,
             ended REAL,
             exit_code INTEGER,
             errors TEXT NOT NULL DEFAULT '[]',
             wish TEXT,
             attempt INTEGER NOT NULL DEFAULT 0,
             deadline REAL,
             stop_reason TEXT,
             directories TEXT NOT NULL DEFAULT '{}')''',
        "CREATE INDEX jobs_queued ON jobs (cluster, priority DESC, number) WHERE state = 'queued'",
        "CREATE INDEX jobs_active ON jobs (cluster) WHERE state IN ('running', 'terminating')",
        'CREATE INDEX jobs_wished ON jobs (guid) WHERE wish IS NOT NULL',
        '''CREATE TABLE nodes (
             id TEXT PRIMARY KEY,
             cluster TEXT NOT NULL REFERENCES clusters (guid) ON DELETE CASCADE,
             number INTEGER NOT NULL,
             state TEXT NOT NULL,
             state_time REAL NOT NULL,
             job TEXT,
             error TEXT)''',
        'CREATE INDEX nodes_by_cluster ON nodes (cluster, number)',
        # The history of what engines ran. owner: guid of a job, or id of a node that is set up.
        # state: intended (the engine may or may not know it), started, ended.
        '''CREATE TABLE launches (
             id TEXT PRIMARY KEY,
             owner TEXT NOT NULL,
             purpose TEXT NOT NULL,
             attempt INTEGER NOT NULL,
             nodes TEXT NOT NULL,
             state TEXT NOT NULL,
             handle TEXT,
             created REAL NOT NULL,
             stop_time REAL,
             killed INTEGER NOT NULL DEFAULT 0,
             ended REAL,
             result TEXT)''',
        "CREATE INDEX launches_live ON launches (state) WHERE state <> 'ended'",
        'CREATE INDEX launches_by_owner ON launches (owner)',
        '''CREATE TABLE operations (
             guid TEXT PRIMARY KEY,
             subscription TEXT NOT NULL,
             location TEXT NOT NULL,
             owner TEXT NOT NULL,
             resource TEXT NOT NULL,
             status TEXT NOT NULL,
             started REAL NOT NULL,
             ended REAL,
             error TEXT)''',
        "CREATE INDEX operations_open ON operations (owner) WHERE status = 'InProgress'",
    ):
        connection.execute(statement)


def _groups_and_accounts(connection: sqlite3.Connection) -> None:
    for statement in (
        # key: the lower-cased id, as `resources.group_key` makes it. Groups are recorded when a client makes one;
        # those that only hold resources have no row.
        '''CREATE TABLE resource_groups (
             key TEXT PRIMARY KEY,
             subscription TEXT NOT NULL,
             name TEXT NOT NULL,
             location TEXT NOT NULL,
             tags TEXT NOT NULL)''',
        # parent: the key of the resource group. keys: key1 and key2, the only copy; no reply but listKeys has them.
        '''CREATE TABLE storage_accounts (
             name TEXT PRIMARY KEY,
             subscription TEXT NOT NULL,
             parent TEXT NOT NULL,
             resource_group TEXT NOT NULL,
             location TEXT NOT NULL,
             sku TEXT NOT NULL,
             kind TEXT NOT NULL,
             tags TEXT NOT NULL,
             keys TEXT NOT NULL,
             created REAL NOT NULL)''',
        'CREATE INDEX storage_accounts_by_parent ON storage_accounts (parent)',
    ):
        connection.execute(statement)


def _executions(connection: sqlite3.Connection) -> None:
    # Commands run on a node by hand. id: that of the launch. handle: null while its start is not confirmed.
    connection.execute('''CREATE TABLE executions (
                            id TEXT PRIMARY KEY,
                            node TEXT NOT NULL,
                            handle TEXT,
                            created REAL NOT NULL)''')


def _deletions_and_setup_output(connection: sqlite3.Connection) -> None:
    for statement in (
        "CREATE INDEX resources_leaving ON resources (collection) WHERE provisioning_state = 'deleting'",
        # setup_output: the folder the set-up tasks of the cluster's nodes write to, links resolved; null before the
        # first of them.
        'ALTER TABLE clusters ADD COLUMN setup_output TEXT',
    ):
        connection.execute(statement)


def _flat_resources(connection: sqlite3.Connection) -> None:
    for statement in (
        # flat: the lower-cased id that the flat API versions have for the resource, null when they do not see it.
        # extras: what only such a version says of it (service/versions).
        'ALTER TABLE resources ADD COLUMN flat TEXT',
        "ALTER TABLE resources ADD COLUMN extras TEXT NOT NULL DEFAULT '{}'",
        'CREATE INDEX resources_flat ON resources (flat, number) WHERE flat IS NOT NULL',
        # Levels were -1, 0 and 1 before there were numbers between them.
        'UPDATE jobs SET priority = priority * 1000',
    ):
        connection.execute(statement)
    found = [(row[0], flat_id_of(parse_resource_id(row[1])))
             for row in connection.execute('SELECT number, id FROM resources').fetchall()]
    connection.executemany('UPDATE resources SET flat = ? WHERE number = ?',
                           [(flat.key, number) for number, flat in found if flat])


def _ages(connection: sqlite3.Connection) -> None:
    for statement in (
        # added: when the node came. resized: when a client last said how large the cluster should be; nodes that were
        # unusable by then are replaced.
        'ALTER TABLE nodes ADD COLUMN added REAL NOT NULL DEFAULT 0',
        'ALTER TABLE clusters ADD COLUMN resized REAL NOT NULL DEFAULT 0',
    ):
        connection.execute(statement)
    connection.execute('UPDATE nodes SET added = state_time')


def _linked_folders(connection: sqlite3.Connection) -> None:
    # The user's own folders that stand for a share (kind: file) or container (kind: blob).
    connection.execute('''CREATE TABLE linked_folders (
                            account TEXT NOT NULL,
                            kind TEXT NOT NULL,
                            name TEXT NOT NULL,
                            path TEXT NOT NULL,
                            PRIMARY KEY (account, kind, name))''')


def _stored_files(connection: sqlite3.Connection) -> None:
    # What clients say of the files in shares and containers. kind: blob or file. path: below the container, '' for
    # itself. mtime_ns and size: of the content that md5 is of. changed: in nanoseconds since the epoch.
    connection.execute('''CREATE TABLE stored_files (
                            account TEXT NOT NULL,
                            kind TEXT NOT NULL,
                            container TEXT NOT NULL,
                            path TEXT NOT NULL,
                            headers TEXT NOT NULL,
                            metadata TEXT NOT NULL,
                            extras TEXT NOT NULL,
                            md5 TEXT NOT NULL,
                            mtime_ns INTEGER NOT NULL,
                            size INTEGER NOT NULL,
                            changed INTEGER NOT NULL,
                            PRIMARY KEY (account, kind, container, path)) WITHOUT ROWID''')


def _submitted_jobs(connection: sqlite3.Connection) -> None:
    for statement in (
        # submitted: 1 for a queued job that waits in the queue of an engine, which has its own.
        'ALTER TABLE jobs ADD COLUMN submitted INTEGER NOT NULL DEFAULT 0',
        'DROP INDEX jobs_queued',
        "CREATE INDEX jobs_queued ON jobs (cluster, priority DESC, number) WHERE state = 'queued' AND submitted = 0",
        'CREATE INDEX jobs_submitted ON jobs (cluster) WHERE submitted = 1',
    ):
        connection.execute(statement)


def _long_queues(connection: sqlite3.Connection) -> None:
    # What a turn looks at where thousands of jobs wait in the queue of an engine: the launches that do not wait there,
    # and the jobs that are to be taken from it.
    for statement in (
        "CREATE INDEX launches_placed ON launches (state) WHERE state <> 'ended' AND (handle IS NULL OR nodes <> '[]')",
        'CREATE INDEX jobs_taken_back ON jobs (cluster) '
        'WHERE submitted = 1 AND (wish IS NOT NULL OR stop_reason IS NOT NULL)',
    ):
        connection.execute(statement)


MIGRATIONS: list[Callable[[sqlite3.Connection], None]] = [
    _resources_and_runs, _groups_and_accounts, _executions, _deletions_and_setup_output, _flat_resources, _ages,
    _stored_files, _linked_folders, _submitted_jobs, _long_queues]


def migrate(connection: sqlite3.Connection) -> None:
    """Run the steps this database has not had yet. Raises NewerSchema when it has had more than we know."""
    version = connection.execute('PRAGMA user_version').fetchone()[0]
    if version > len(MIGRATIONS):
        raise NewerSchema(f'the database has schema {version}, this version of batchai knows up to {len(MIGRATIONS)}; '
                          'upgrade batchai, or point the service at another data folder')
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        step(connection)
        connection.execute(f'PRAGMA user_version = {number}')
