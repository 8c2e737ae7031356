"""Clusters and their nodes: allocation state, node states, what went wrong on a node."""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from azext_batchai.arm.ids import ResourceId
from azext_batchai.arm.states import AllocationState, NodeState
from azext_batchai.service.store.database import Database
from azext_batchai.service.store.resources import (
    COLUMNS, FLAT_PAGE, PAGE, Page, Resource, Resources, to_resource)


@dataclass(frozen=True)
class Cluster:
    """`setup_output` is where the set-up tasks of its nodes write: an absolute path, None before the first of them.
    `resized` is when a client last said how large it should be, in seconds since the epoch; 0 for never."""
    resource: Resource
    allocation_state: str
    allocation_time: float
    setup_output: str | None
    resized: float


@dataclass(frozen=True)
class Node:
    """`job` is the guid of the job that holds the node; `error` an ARM error of its preparation. `added` is when it
    came, in seconds since the epoch."""
    id: str
    cluster: str
    number: int
    state: str
    state_time: float
    job: str | None
    error: dict[str, Any] | None
    added: float


_SELECT = (f'SELECT {COLUMNS}, clusters.allocation_state, clusters.allocation_time, clusters.setup_output, '
           'clusters.resized '
           'FROM resources JOIN clusters ON clusters.guid = resources.guid ')


def _to_cluster(row: sqlite3.Row) -> Cluster:
    return Cluster(to_resource(row), row['allocation_state'], row['allocation_time'], row['setup_output'],
                   row['resized'])


def _to_node(row: sqlite3.Row) -> Node:
    return Node(row['id'], row['cluster'], row['number'], row['state'], row['state_time'], row['job'],
                json.loads(row['error']) if row['error'] else None, row['added'])


class Clusters:
    def __init__(self, database: Database):
        self._database = database

    def add(self, resource: ResourceId, guid: str, location: str, properties: dict[str, Any], secrets: dict[str, str],
            allocation_state: AllocationState, now: float, tags: dict[str, str] | None = None,
            extras: dict[str, Any] | None = None) -> Resource:
        """Create a cluster without nodes. Returns the resource that it is."""
        with self._database.transaction() as connection:
            added = Resources(self._database).add(resource, guid, location, properties, now, tags, secrets, extras)
            connection.execute('INSERT INTO clusters (guid, allocation_state, allocation_time) VALUES (?, ?, ?)',
                               (guid, allocation_state.value, now))
        return added

    def find(self, key: str) -> Cluster | None:
        """`key` as in `ResourceId.key`."""
        row = self._database.one(_SELECT + 'WHERE resources.key = ?', (key,))
        return _to_cluster(row) if row else None

    def get(self, guid: str) -> Cluster | None:
        row = self._database.one(_SELECT + 'WHERE resources.guid = ?', (guid,))
        return _to_cluster(row) if row else None

    def all(self) -> list[Cluster]:
        # With the plus SQLite sorts the clusters; without it, it reads all resources, jobs too, in that order.
        return [_to_cluster(row) for row in self._database.all(_SELECT + 'ORDER BY +resources.number')]

    def list_children(self, workspace_key: str, page: Page = Page()) -> list[Cluster]:
        return [_to_cluster(row) for row in self._database.all(
            _SELECT + f"WHERE resources.parent = ? AND resources.collection = 'workspaces/clusters' {PAGE}",
            (workspace_key, *page.bounds))]

    def list_flat(self, subscription: str, prefix: str, page: Page = Page()) -> list[Cluster]:
        """As `Resources.list_flat`."""
        return [_to_cluster(row) for row in self._database.all(
            _SELECT + FLAT_PAGE, (subscription.lower(), 'workspaces/clusters', prefix, prefix, *page.bounds))]

    def set_allocation(self, guid: str, state: AllocationState, now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE clusters SET allocation_state = ?, allocation_time = ? WHERE guid = ?',
                               (state.value, now, guid))

    def set_resized(self, guid: str, now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE clusters SET resized = ? WHERE guid = ?', (now, guid))

    def set_setup_output(self, guid: str, folder: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE clusters SET setup_output = ? WHERE guid = ?', (folder, guid))

    def nodes(self, guid: str) -> list[Node]:
        return [_to_node(row) for row in self._database.all(
            'SELECT * FROM nodes WHERE cluster = ? ORDER BY number', (guid,))]

    def may_start_jobs(self, key: str) -> bool:
        """Whether a job more can change anything for the cluster now: it has an idle node, or scales by itself."""
        row = self._database.one(
            "SELECT json_type(properties, '$.scaleSettings.autoScale') IS NOT NULL OR EXISTS (SELECT 1 FROM nodes "
            "WHERE nodes.cluster = resources.guid AND state = 'idle') AS n FROM resources WHERE key = ?", (key,))
        return bool(row and row['n'])

    def unusable_count(self, guid: str) -> int:
        row = self._database.one("SELECT count(*) AS n FROM nodes WHERE cluster = ? AND state = 'unusable'", (guid,))
        return int(row['n']) if row else 0

    def node(self, node_id: str) -> Node | None:
        row = self._database.one('SELECT * FROM nodes WHERE id = ?', (node_id,))
        return _to_node(row) if row else None

    def nodes_of_job(self, job_guid: str) -> list[Node]:
        return [_to_node(row) for row in self._database.all(
            'SELECT * FROM nodes WHERE job = ? ORDER BY number', (job_guid,))]

    def add_nodes(self, guid: str, nodes: list[tuple[str, int]], now: float) -> None:
        """`nodes` are ids with their number in the cluster; they start out preparing."""
        with self._database.transaction() as connection:
            connection.executemany(
                'INSERT OR IGNORE INTO nodes (id, cluster, number, state, state_time, added) VALUES (?, ?, ?, ?, ?, ?)',
                [(node_id, guid, number, NodeState.PREPARING.value, now, now) for node_id, number in nodes])

    def remove_nodes(self, node_ids: list[str]) -> None:
        with self._database.transaction() as connection:
            connection.executemany('DELETE FROM nodes WHERE id = ?', [(node_id,) for node_id in node_ids])

    def set_node_state(self, node_id: str, state: NodeState, now: float, error: dict[str, Any] | None = None) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE nodes SET state = ?, state_time = ?, error = ? WHERE id = ?',
                               (state.value, now, json.dumps(error) if error else None, node_id))
