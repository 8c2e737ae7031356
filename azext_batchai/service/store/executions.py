"""Executions: commands that somebody runs on a node by hand. A record stands from before the start to after the end,
so whatever is in the table when a service starts was left running by one that died."""
from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from azext_batchai.service.store.database import Database


@dataclass(frozen=True)
class ExecutionRecord:
    """`id` is that of the launch; `handle` is None while nobody knows whether the engine started it."""
    id: str
    node: str
    handle: str | None


def _to_record(row: sqlite3.Row) -> ExecutionRecord:
    return ExecutionRecord(row['id'], row['node'], row['handle'])


class Executions:
    def __init__(self, database: Database):
        self._database = database

    def intend(self, launch_id: str, node_id: str, now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute('INSERT INTO executions (id, node, created) VALUES (?, ?, ?)',
                               (launch_id, node_id, now))

    def started(self, launch_id: str, handle: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE executions SET handle = ? WHERE id = ?', (handle, launch_id))

    def forget(self, launch_id: str) -> None:
        """Nothing of it runs any more. Twice is harmless."""
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM executions WHERE id = ?', (launch_id,))

    def all(self) -> list[ExecutionRecord]:
        """Oldest first."""
        return [_to_record(row) for row in self._database.all('SELECT * FROM executions ORDER BY rowid')]
