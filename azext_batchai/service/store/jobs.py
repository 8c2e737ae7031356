"""Jobs: the queue, the running ones, and what became of the rest."""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from azext_batchai.arm.ids import ResourceId
from azext_batchai.arm.states import JobState, NodeState
from azext_batchai.service.store.database import Database
from azext_batchai.service.store.resources import (
    COLUMNS, FLAT_PAGE, PAGE, Page, Resource, Resources, read_json, to_resource)


@dataclass(frozen=True)
class Job:
    """`cluster` is the key of the cluster. `attempt` counts starts, so 2 means the job was requeued once. A queued job
    that is `submitted` waits in the queue of the engine."""
    resource: Resource
    cluster: str
    node_count: int
    priority: int
    state: str
    state_time: float
    started: float | None
    ended: float | None
    exit_code: int | None
    errors: list[dict[str, Any]]
    wish: str | None
    attempt: int
    deadline: float | None
    stop_reason: str | None
    directories: dict[str, str]
    submitted: bool = False

    @property
    def guid(self) -> str:
        return self.resource.guid


_STATUS = ('jobs.cluster, jobs.node_count, jobs.priority, jobs.state, jobs.state_time, jobs.started, jobs.ended, '
           'jobs.exit_code, jobs.errors, jobs.wish, jobs.attempt, jobs.deadline, jobs.stop_reason, jobs.directories, '
           'jobs.submitted')
_SELECT = f'SELECT {COLUMNS}, {_STATUS} FROM resources JOIN jobs ON jobs.guid = resources.guid '


def _to_job(row: sqlite3.Row) -> Job:
    return Job(to_resource(row), row['cluster'], row['node_count'], row['priority'], row['state'], row['state_time'],
               row['started'], row['ended'], row['exit_code'], read_json(row['errors']), row['wish'], row['attempt'],
               row['deadline'], row['stop_reason'], read_json(row['directories']), bool(row['submitted']))


@dataclass(frozen=True)
class Queued:
    """As much of a waiting job as planning needs."""
    guid: str
    node_count: int
    priority: int


class Jobs:
    def __init__(self, database: Database):
        self._database = database

    def add(self, resource: ResourceId, guid: str, location: str, properties: dict[str, Any], secrets: dict[str, str],
            cluster_key: str, priority: int, now: float, tags: dict[str, str] | None = None,
            extras: dict[str, Any] | None = None) -> Resource:
        """Queue a job. Returns the resource that it is."""
        with self._database.transaction() as connection:
            added = Resources(self._database).add(resource, guid, location, properties, now, tags, secrets, extras)
            connection.execute(
                'INSERT INTO jobs (guid, number, cluster, node_count, priority, state, state_time) '
                'VALUES (?, ?, ?, ?, ?, ?, ?)',
                (guid, added.number, cluster_key, properties['nodeCount'], priority, JobState.QUEUED.value, now))
        return added

    def find(self, key: str) -> Job | None:
        row = self._database.one(_SELECT + 'WHERE resources.key = ?', (key,))
        return _to_job(row) if row else None

    def get(self, guid: str) -> Job | None:
        row = self._database.one(_SELECT + 'WHERE resources.guid = ?', (guid,))
        return _to_job(row) if row else None

    def list_children(self, experiment_key: str, page: Page = Page()) -> list[Job]:
        return [_to_job(row) for row in self._database.all(
            _SELECT + f"WHERE resources.parent = ? AND resources.collection = 'workspaces/experiments/jobs' {PAGE}",
            (experiment_key, *page.bounds))]

    def list_flat(self, subscription: str, prefix: str, page: Page = Page()) -> list[Job]:
        """As `Resources.list_flat`."""
        return [_to_job(row) for row in self._database.all(
            _SELECT + FLAT_PAGE, (subscription.lower(), 'workspaces/experiments/jobs', prefix, prefix, *page.bounds))]

    def queue_head(self, cluster_key: str, largest: int, limit: int) -> list[Queued]:
        """The next jobs in order (priority, then age), leaving out those of more than `largest` nodes."""
        return [Queued(row['guid'], row['node_count'], row['priority']) for row in self._database.all(
            "SELECT guid, node_count, priority FROM jobs WHERE cluster = ? AND state = 'queued' AND submitted = 0 "
            'AND wish IS NULL AND node_count <= ? ORDER BY priority DESC, number LIMIT ?',
            (cluster_key, largest, limit))]

    def queued_node_count(self, cluster_key: str, largest: int, enough: int) -> int:
        """How many nodes the waiting jobs ask for together, those of more than `largest` left out.

        Counting stops once `enough` is reached, so a long queue costs no more than a short one.
        """
        row = self._database.one(
            "SELECT coalesce(sum(node_count), 0) AS n FROM (SELECT node_count FROM jobs WHERE cluster = ? AND "
            "state = 'queued' AND submitted = 0 AND wish IS NULL AND node_count <= ? LIMIT ?)",
            (cluster_key, largest, enough))
        return int(row['n']) if row else 0

    def active(self, cluster_key: str) -> list[Job]:
        """Jobs of the cluster that hold nodes."""
        return [_to_job(row) for row in self._database.all(
            _SELECT + "WHERE jobs.cluster = ? AND jobs.state IN ('running', 'terminating') ORDER BY jobs.number",
            (cluster_key,))]

    def queued(self, cluster_key: str) -> list[Job]:
        """Those that wait with us, not with the engine."""
        return [_to_job(row) for row in self._database.all(
            _SELECT + "WHERE jobs.cluster = ? AND jobs.state = 'queued' AND jobs.submitted = 0 ORDER BY jobs.number",
            (cluster_key,))]

    def submitted_count(self, cluster_key: str) -> int:
        """How many jobs of the cluster wait in the queue of the engine."""
        row = self._database.one('SELECT count(*) AS n FROM jobs WHERE cluster = ? AND submitted = 1', (cluster_key,))
        return int(row['n']) if row else 0

    def submitted(self, cluster_key: str, wished: bool = False) -> list[Job]:
        """The jobs of the cluster that wait in the queue of the engine; with `wished` those that a client wants ended
        or gone, or that are being stopped."""
        which = 'AND (jobs.wish IS NOT NULL OR jobs.stop_reason IS NOT NULL) ' if wished else ''
        return [_to_job(row) for row in self._database.all(
            _SELECT + f'WHERE jobs.cluster = ? AND jobs.submitted = 1 {which}ORDER BY jobs.number', (cluster_key,))]

    def wished(self, limit: int) -> list[Job]:
        """At most `limit` of the jobs that a client wants ended or gone and that neither hold nodes nor wait for them
        in the queue of the engine."""
        return [_to_job(row) for row in self._database.all(
            _SELECT + "WHERE jobs.wish IS NOT NULL AND jobs.state NOT IN ('running', 'terminating') "
            'AND jobs.submitted = 0 LIMIT ?', (limit,))]

    def count_by_state(self) -> dict[str, int]:
        return {row['state']: row['n'] for row in self._database.all(
            'SELECT state, count(*) AS n FROM jobs GROUP BY state')}

    def wish(self, guid: str, wish: str) -> None:
        """Record what a client wants. ``delete`` is never taken back by a later ``terminate``."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE jobs SET wish = CASE WHEN wish = 'delete' THEN wish ELSE ? END WHERE guid = ?",
                               (wish, guid))

    def wish_away(self, experiment_key: str) -> None:
        """All jobs of an experiment are to be deleted. Repeating changes nothing."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE jobs SET wish = 'delete' WHERE wish IS NOT 'delete' AND guid IN "
                               '(SELECT guid FROM resources WHERE parent = ?)', (experiment_key,))

    def submit(self, guid: str) -> None:
        """The job goes to the queue of the engine: its next attempt."""
        with self._database.transaction() as connection:
            connection.execute('UPDATE jobs SET submitted = 1, attempt = attempt + 1, stop_reason = NULL '
                               'WHERE guid = ?', (guid,))

    def begin(self, guid: str, node_ids: list[str], deadline: float, now: float) -> None:
        """The job takes its nodes and counts as running."""
        with self._database.transaction() as connection:
            connection.execute(
                'UPDATE jobs SET state = ?, state_time = ?, started = ?, attempt = attempt + 1 - submitted, '
                'submitted = 0, deadline = ?, stop_reason = NULL WHERE guid = ?',
                (JobState.RUNNING.value, now, now, deadline, guid))
            connection.executemany('UPDATE nodes SET state = ?, state_time = ?, job = ? WHERE id = ?',
                                   [(NodeState.RUNNING.value, now, guid, node_id) for node_id in node_ids])

    def set_directories(self, guid: str, directories: dict[str, str]) -> None:
        """Note where the attempt writes: absolute paths, links resolved, by directory id."""
        with self._database.transaction() as connection:
            connection.execute('UPDATE jobs SET directories = ? WHERE guid = ?', (json.dumps(directories), guid))

    def begin_stop(self, guid: str, state: JobState, reason: str, now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                'UPDATE jobs SET state = ?, state_time = CASE WHEN state = ? THEN state_time ELSE ? END, '
                'stop_reason = ? WHERE guid = ?', (state.value, state.value, now, reason, guid))

    def finish(self, guid: str, state: JobState, exit_code: int | None, errors: list[dict[str, Any]],
               now: float) -> None:
        """The job is over for good: its nodes are free and its secrets are forgotten."""
        with self._database.transaction() as connection:
            connection.execute(
                'UPDATE jobs SET state = ?, state_time = ?, started = coalesce(started, ?), ended = ?, exit_code = ?, '
                "errors = ?, wish = CASE WHEN wish = 'delete' THEN wish END, deadline = NULL, stop_reason = NULL, "
                'submitted = 0 WHERE guid = ?', (state.value, now, now, now, exit_code, json.dumps(errors), guid))
            connection.execute("UPDATE resources SET secrets = '{}' WHERE guid = ? AND secrets <> '{}'", (guid,))
            self._free_nodes(connection, guid, now)

    def requeue(self, guid: str, now: float) -> None:
        """Back to the queue, at its old place, to start again from the beginning."""
        with self._database.transaction() as connection:
            connection.execute(
                'UPDATE jobs SET state = ?, state_time = CASE submitted WHEN 1 THEN state_time ELSE ? END, '
                'started = NULL, deadline = NULL, stop_reason = NULL, submitted = 0 WHERE guid = ?',
                (JobState.QUEUED.value, now, guid))
            self._free_nodes(connection, guid, now)

    @staticmethod
    def _free_nodes(connection: sqlite3.Connection, guid: str, now: float) -> None:
        connection.execute('UPDATE nodes SET state = CASE WHEN state = ? THEN ? ELSE state END, state_time = ?, '
                           'job = NULL WHERE job = ?', (NodeState.RUNNING.value, NodeState.IDLE.value, now, guid))
