"""Storage accounts as ARM resources. What they store are folders; an account that only mounts name has no row."""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, field

from azext_batchai.service.store.database import Database
from azext_batchai.service.store.resources import group_key


@dataclass(frozen=True)
class Account:
    """`created` is in seconds since the epoch. `keys` by name, ``key1`` and ``key2``: for listKeys, and to compare."""
    name: str
    subscription: str
    resource_group: str
    location: str
    sku: str
    kind: str
    tags: dict[str, str]
    created: float
    keys: dict[str, str] = field(repr=False)

    @property
    def parent(self) -> str:
        """The key of its resource group."""
        return group_key(self.subscription, self.resource_group)


class Accounts:
    """Names are unique within the service, as they are in the world."""

    def __init__(self, database: Database):
        self._database = database

    def find(self, name: str) -> Account | None:
        row = self._database.one('SELECT * FROM storage_accounts WHERE name = ?', (name.lower(),))
        return _to_account(row) if row else None

    def list_group(self, key: str) -> list[Account]:
        return self._list('parent', key)

    def list_subscription(self, subscription: str) -> list[Account]:
        return self._list('subscription', subscription.lower())

    def put(self, account: Account) -> None:
        """Add an account, or change the sku, kind, tags and keys of the one that is there."""
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO storage_accounts (name, subscription, parent, resource_group, location, sku, kind, tags, '
                'keys, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET '
                'sku = excluded.sku, kind = excluded.kind, tags = excluded.tags, keys = excluded.keys',
                (account.name, account.subscription, account.parent, account.resource_group, account.location,
                 account.sku, account.kind, json.dumps(account.tags), json.dumps(account.keys), account.created))

    def remove(self, name: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM storage_accounts WHERE name = ?', (name,))

    def _list(self, column: str, value: str) -> list[Account]:
        return [_to_account(row) for row in self._database.all(
            f'SELECT * FROM storage_accounts WHERE {column} = ? ORDER BY name', (value,))]


def _to_account(row: sqlite3.Row) -> Account:
    return Account(row['name'], row['subscription'], row['resource_group'], row['location'], row['sku'], row['kind'],
                   json.loads(row['tags']), row['created'], json.loads(row['keys']))
