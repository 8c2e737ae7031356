"""The SQLite database: how it is opened, and what a transaction is.

Durability: WAL with ``synchronous=FULL``, so a commit is on disk before a client hears of it. One process and one
thread use the connection, which keeps every read consistent with the last write. ``secure_delete`` overwrites what is
deleted in the database file; `Database.overwrite_deleted` empties the write-ahead log, which may still hold it.
"""
from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from azext_batchai.service.store.migrations import migrate


class Database:
    """A connection whose transactions may nest: the inner ones join the outermost."""

    def __init__(self, path: Path):
        """Open or create the database at `path` and bring its schema up to date.

        Raises sqlite3.Error when the file is not a database or a damaged one, and `migrations.NewerSchema` when a later
        version of this package wrote it.
        """
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.close(descriptor)
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=5.0, cached_statements=256)
        self.connection.row_factory = sqlite3.Row
        for pragma in ('journal_mode=WAL', 'synchronous=FULL', 'foreign_keys=ON', 'temp_store=MEMORY',
                       'secure_delete=ON'):
            self.connection.execute(f'PRAGMA {pragma}')
        self._depth = 0
        self._check()
        with self.transaction():
            migrate(self.connection)

    def _check(self) -> None:
        """A few milliseconds for a thousand jobs. Damage found later would be an error in one request after another."""
        found = self.connection.execute('PRAGMA quick_check(1)').fetchone()[0]
        if found != 'ok':
            raise sqlite3.DatabaseError(f"it is damaged ({' '.join(found.split())})")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing of it; on disk when the outermost block has ended."""
        if self._depth == 0:
            self.connection.execute('BEGIN IMMEDIATE')
        self._depth += 1
        try:
            yield self.connection
        except BaseException:
            self._depth -= 1
            if self._depth == 0:
                self._roll_back()
            raise
        self._depth -= 1
        if self._depth == 0:
            try:
                self.connection.execute('COMMIT')
            except sqlite3.Error:
                self._roll_back()
                raise

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of a transaction, which takes back only its own writes when it fails."""
        self.connection.execute('SAVEPOINT part')
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute('ROLLBACK TO part')
                self.connection.execute('RELEASE part')
            raise
        self.connection.execute('RELEASE part')

    def _roll_back(self) -> None:
        """SQLite may have done it already, as it does when the disk is full."""
        if self.connection.in_transaction:
            self.connection.execute('ROLLBACK')

    def overwrite_deleted(self) -> None:
        """Make sure that what was deleted is in no file any more. Not inside a transaction."""
        self.connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')

    def one(self, sql: str, parameters: tuple[Any, ...] = ()) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self.connection.execute(sql, parameters).fetchone()
        return row

    def all(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[sqlite3.Row]:
        return self.connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        self.connection.close()
