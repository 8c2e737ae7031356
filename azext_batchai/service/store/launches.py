"""Launches: what was handed to the engine, from the intent to the result. Ended ones stay, as the job's history."""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Collection

from azext_batchai.service.store.database import Database

SETUP = 'setup'
CONTAINER = 'container'
PREPARATION = 'preparation'
MAIN = 'job'
CLEANUP = 'cleanup'


@dataclass(frozen=True)
class LaunchRecord:
    """`owner` is the guid of a job, or for `purpose` SETUP the id of the node that is set up. `created` is in seconds
    since the epoch. `nodes` are empty while an engine has still to choose them.
    """
    id: str
    owner: str
    purpose: str
    attempt: int
    nodes: list[str]
    created: float
    handle: str | None
    stop_time: float | None
    killed: bool
    result: dict[str, Any] | None


def _to_launch(row: sqlite3.Row) -> LaunchRecord:
    return LaunchRecord(row['id'], row['owner'], row['purpose'], row['attempt'], json.loads(row['nodes']),
                        row['created'], row['handle'], row['stop_time'], bool(row['killed']),
                        json.loads(row['result']) if row['result'] else None)


class Launches:
    def __init__(self, database: Database):
        self._database = database
        # Launches without nodes by handle, once somebody asked for them; of those that got nodes or ended some are
        # still here.
        self._queued: dict[str, str] | None = None

    def intend(self, launch_id: str, owner: str, purpose: str, attempt: int, nodes: list[str], now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO launches (id, owner, purpose, attempt, nodes, state, created) '
                "VALUES (?, ?, ?, ?, ?, 'intended', ?)", (launch_id, owner, purpose, attempt, json.dumps(nodes), now))

    def set_nodes(self, launch_id: str, nodes: list[str]) -> None:
        """Note which nodes the engine chose."""
        with self._database.transaction() as connection:
            connection.execute('UPDATE launches SET nodes = ? WHERE id = ?', (json.dumps(nodes), launch_id))

    def started(self, launch_id: str, handle: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("UPDATE launches SET state = 'started', handle = ? WHERE id = ?", (handle, launch_id))
        if self._queued is not None:
            self._queued[handle] = launch_id

    def stopping(self, launch_id: str, now: float, killed: bool = False) -> None:
        """The engine was asked to stop it, with force when `killed`."""
        with self._database.transaction() as connection:
            connection.execute('UPDATE launches SET stop_time = coalesce(stop_time, ?), killed = max(killed, ?) '
                               'WHERE id = ?', (now, int(killed), launch_id))

    def ended(self, launch_id: str, result: dict[str, Any], now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute("UPDATE launches SET state = 'ended', ended = ?, result = ? WHERE id = ?",
                               (now, json.dumps(result), launch_id))

    def live(self) -> list[LaunchRecord]:
        """Intended or started, not yet seen to end."""
        # With the plus SQLite sorts what the index finds; without it, it reads every launch there ever was.
        return [_to_launch(row) for row in self._database.all(
            "SELECT * FROM launches WHERE state <> 'ended' ORDER BY +rowid")]

    def placed(self) -> list[LaunchRecord]:
        """As `live`, without those that wait for nodes in the queue of an engine, or had left it by the last look."""
        return [_to_launch(row) for row in self._database.all(
            "SELECT * FROM launches WHERE state <> 'ended' AND (handle IS NULL OR nodes <> '[]') ORDER BY +rowid")]

    def live_but(self, waiting: Collection[str]) -> list[LaunchRecord]:
        """As `live`, without those of the handles `waiting`. Of thousands that wait nothing is read."""
        if self._queued is None:
            self._queued = {row['handle']: row['id'] for row in self._database.all(
                "SELECT id, handle FROM launches WHERE state <> 'ended' AND handle IS NOT NULL AND nodes = '[]' "
                'ORDER BY +rowid')}
        left = []
        for handle in [handle for handle in self._queued if handle not in waiting]:
            launch = self.find(self._queued[handle])
            if launch and launch.result is None and launch.handle and not launch.nodes:
                left.append(launch)
            else:
                del self._queued[handle]
        return [*self.placed(), *left]

    def open_of(self, owner: str) -> LaunchRecord | None:
        """The launch of a job that has not ended, if there is one."""
        row = self._database.one("SELECT * FROM launches WHERE owner = ? AND state <> 'ended' ORDER BY rowid DESC",
                                 (owner,))
        return _to_launch(row) if row else None

    def find(self, launch_id: str) -> LaunchRecord | None:
        row = self._database.one('SELECT * FROM launches WHERE id = ?', (launch_id,))
        return _to_launch(row) if row else None

    def of_owner(self, owner: str) -> list[LaunchRecord]:
        """The history of a job or a node's set-up, oldest first."""
        return [_to_launch(row) for row in self._database.all(
            'SELECT * FROM launches WHERE owner = ? ORDER BY rowid', (owner,))]

    def has_container(self, owner: str, attempt: int) -> bool:
        """Whether that attempt of the job has been given a container."""
        return any(launch.purpose == CONTAINER and launch.attempt == attempt and launch.handle
                   for launch in self.of_owner(owner))

    def forget(self, owner: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM launches WHERE owner = ?', (owner,))
