"""Folders of the user's that are served as a share or container: `az batchai service mount`.

A link in the account's folder leads to each. This record tells it from links that jobs leave there.
"""
from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from azext_batchai.service.store.database import Database


@dataclass(frozen=True)
class LinkedFolder:
    """`kind` is ``file`` for a share and ``blob`` for a container; `path` is absolute and has no links in it."""
    account: str
    kind: str
    name: str
    path: str


class LinkedFolders:
    """Names are in lower case, as those of the folders."""

    def __init__(self, database: Database):
        self._database = database

    def find(self, account: str, kind: str, name: str) -> LinkedFolder | None:
        row = self._database.one('SELECT * FROM linked_folders WHERE account = ? AND kind = ? AND name = ?',
                                 (account.lower(), kind, name.lower()))
        return _to_folder(row) if row else None

    def all(self) -> list[LinkedFolder]:
        return [_to_folder(row) for row in self._database.all(
            'SELECT * FROM linked_folders ORDER BY account, kind DESC, name')]

    def add(self, folder: LinkedFolder) -> None:
        """There is none of that account, kind and name."""
        with self._database.transaction() as connection:
            connection.execute('INSERT INTO linked_folders (account, kind, name, path) VALUES (?, ?, ?, ?)',
                               (folder.account, folder.kind, folder.name, folder.path))

    def remove(self, folder: LinkedFolder) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM linked_folders WHERE account = ? AND kind = ? AND name = ?',
                               (folder.account, folder.kind, folder.name))

    def remove_account(self, account: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM linked_folders WHERE account = ?', (account.lower(),))


def _to_folder(row: sqlite3.Row) -> LinkedFolder:
    return LinkedFolder(row['account'], row['kind'], row['name'], row['path'])
