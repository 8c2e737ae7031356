"""What clients say of the files that they store: headers and metadata. The files themselves are on the disk.

A file without a row is one of which nothing was said, for example because a job wrote it. A container or share has its
row at the path ``''``.
"""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

from azext_batchai.service.store.database import Database


@dataclass(frozen=True)
class FileKey:
    """`kind` is ``blob`` or ``file``, `container` a container or share, `path` what is in it, without a slash at either
    end."""
    account: str
    kind: str
    container: str
    path: str = ''

    @property
    def place(self) -> tuple[str, str, str]:
        return self.account, self.kind, self.container


@dataclass(frozen=True)
class FileNotes:
    """`headers` by lower-case name (content-type ...), `metadata` by name as the client spells it, `extras` what the
    blob or file service wants to remember besides, `md5` in base64, of the content that had `mtime_ns` and `size`.

    `changed` is when anything of this was said last, in nanoseconds since the epoch.
    """
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    extras: dict[str, str] = field(default_factory=dict)
    md5: str = ''
    mtime_ns: int = 0
    size: int = 0
    changed: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.headers or self.metadata or self.extras or self.md5)


NOTHING = FileNotes()


class StoredFiles:
    """Notes by key. Keys compare with case, as file names do here."""

    def __init__(self, database: Database):
        self._database = database

    def find(self, key: FileKey) -> FileNotes:
        """The notes of one file; empty ones when nothing was said of it."""
        row = self._database.one('SELECT * FROM stored_files WHERE account = ? AND kind = ? AND container = ? '
                                 'AND path = ?', (*key.place, key.path))
        return _to_notes(row) if row else NOTHING

    def below(self, key: FileKey) -> dict[str, FileNotes]:
        """The notes of all that is below the folder `key`, by path in the container."""
        bounds, values = _below(key)
        return {row['path']: _to_notes(row)
                for row in self._database.all(f'SELECT * FROM stored_files WHERE {bounds}', values)}

    def put(self, key: FileKey, notes: FileNotes) -> None:
        """Instead of what was said before; empty notes take away the row. Notes of folders that are a file now, and of
        what was in a file that is a folder now, go too."""
        if notes.is_empty:
            self.remove(key)
            return
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT OR REPLACE INTO stored_files (account, kind, container, path, headers, metadata, extras, md5, '
                'mtime_ns, size, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                (*key.place, key.path, json.dumps(notes.headers), json.dumps(notes.metadata),
                 json.dumps(notes.extras), notes.md5, notes.mtime_ns, notes.size, notes.changed))

    def remove(self, key: FileKey) -> None:
        """Of one file, or of a folder itself."""
        if self._database.one('SELECT 1 FROM stored_files WHERE account = ? AND kind = ? AND container = ? '
                              'AND path = ?', (*key.place, key.path)):
            with self._database.transaction() as connection:
                connection.execute('DELETE FROM stored_files WHERE account = ? AND kind = ? AND container = ? '
                                   'AND path = ?', (*key.place, key.path))

    def remove_tree(self, key: FileKey) -> None:
        """Of a folder and all below it; with the path ``''``, of the whole container."""
        with self._database.transaction() as connection:
            bounds, values = _below(key)
            connection.execute(f'DELETE FROM stored_files WHERE {bounds}', values)
            self.remove(key)

    def remove_account(self, account: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM stored_files WHERE account = ?', (account,))

    def rename(self, old: FileKey, new: FileKey) -> None:
        """Move the notes of a file, or of a folder and all below it; those that were at the new place go."""
        with self._database.transaction() as connection:
            self.remove_tree(new)
            bounds, values = _below(old)
            connection.execute(
                f'UPDATE stored_files SET account = ?, kind = ?, container = ?, path = ? || substr(path, ?) '
                f'WHERE {bounds}', (*new.place, new.path, len(old.path) + 1, *values))
            connection.execute(
                'UPDATE stored_files SET account = ?, kind = ?, container = ?, path = ? WHERE account = ? '
                'AND kind = ? AND container = ? AND path = ?', (*new.place, new.path, *old.place, old.path))


def _below(key: FileKey) -> tuple[str, tuple[str, ...]]:
    """A condition on path that an index can serve: between ``folder/`` and ``folder0``, 0 being the next letter."""
    bounds = 'account = ? AND kind = ? AND container = ?'
    if not key.path:
        return f"{bounds} AND path > ''", key.place
    return f'{bounds} AND path > ? AND path < ?', (*key.place, f'{key.path}/', f'{key.path}0')


def _to_notes(row: sqlite3.Row) -> FileNotes:
    return FileNotes(json.loads(row['headers']), json.loads(row['metadata']), json.loads(row['extras']), row['md5'],
                     row['mtime_ns'], row['size'], row['changed'])
