"""Long-running operations: the documents a client polls after a 202."""
from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from azext_batchai.arm.states import OperationStatus
from azext_batchai.service.store.database import Database


@dataclass(frozen=True)
class Operation:
    """`resource` is the ``$``-joined id of the wire; `owner` the guid of the resource the operation waits for."""
    guid: str
    subscription: str
    location: str
    owner: str
    resource: str
    status: str
    started: float
    ended: float | None


def _to_operation(row: sqlite3.Row) -> Operation:
    return Operation(row['guid'], row['subscription'], row['location'], row['owner'], row['resource'], row['status'],
                     row['started'], row['ended'])


class Operations:
    def __init__(self, database: Database):
        self._database = database

    def add(self, guid: str, subscription: str, location: str, owner: str, resource: str, now: float,
            finished: bool) -> None:
        """Begin an operation on the resource with guid `owner`; a `finished` one has succeeded already."""
        status = OperationStatus.SUCCEEDED if finished else OperationStatus.IN_PROGRESS
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO operations (guid, subscription, location, owner, resource, status, started, ended) '
                'VALUES (?, ?, ?, ?, ?, ?, ?, ?)', (guid, subscription, location, owner, resource, status.value, now,
                                                    now if finished else None))

    def find(self, guid: str) -> Operation | None:
        row = self._database.one('SELECT * FROM operations WHERE guid = ?', (guid,))
        return _to_operation(row) if row else None

    def succeed(self, owner: str, now: float) -> bool:
        """End the open operations on the resource with guid `owner`; whether there were any."""
        with self._database.transaction() as connection:
            cursor = connection.execute(
                "UPDATE operations SET status = ?, ended = ? WHERE owner = ? AND status = 'InProgress'",
                (OperationStatus.SUCCEEDED.value, now, owner))
            return cursor.rowcount > 0

    def forget_older(self, before: float) -> None:
        """Drop documents of operations that ended before `before`; ARM keeps them for a day or so."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM operations WHERE status <> 'InProgress' AND ended < ?", (before,))
