"""Resource groups: those a client made, and those that only show in the ids of what they hold."""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass

from azext_batchai.service.store.database import Database
from azext_batchai.service.store.resources import group_key


@dataclass(frozen=True)
class Group:
    """`name` as its first request spelled it. `recorded` says whether a client made it."""
    subscription: str
    name: str
    location: str
    tags: dict[str, str]
    recorded: bool

    @property
    def key(self) -> str:
        return group_key(self.subscription, self.name)


class Groups:
    def __init__(self, database: Database):
        self._database = database

    def find(self, subscription: str, name: str) -> Group | None:
        """The group as it was recorded, else as the first thing in it shows it, else None."""
        key = group_key(subscription, name)
        row = self._database.one('SELECT * FROM resource_groups WHERE key = ?', (key,))
        return _recorded(row) if row else self._implied(subscription.lower(), key)

    def list_subscription(self, subscription: str) -> list[Group]:
        """Every group of a subscription, by name."""
        rows = self._database.all('SELECT * FROM resource_groups WHERE subscription = ?', (subscription.lower(),))
        found = {group.key: group for group in map(_recorded, rows)}
        prefix = group_key(subscription, '')
        for row in self._database.all(
                "SELECT DISTINCT parent FROM resources WHERE subscription = ? AND collection = 'workspaces' "
                'UNION SELECT parent FROM storage_accounts WHERE subscription = ?', (subscription.lower(),) * 2):
            if row['parent'] not in found:
                group = self.find(subscription, row['parent'].removeprefix(prefix))
                if group:
                    found[group.key] = group
        return [found[key] for key in sorted(found)]

    def subscriptions(self) -> set[str]:
        """Every subscription that a group, a workspace or a storage account is in, in lower case."""
        return {row['subscription'] for row in self._database.all(
            'SELECT subscription FROM resource_groups UNION SELECT subscription FROM storage_accounts UNION '
            "SELECT DISTINCT subscription FROM resources WHERE collection = 'workspaces'")}

    def put(self, subscription: str, name: str, location: str, tags: dict[str, str]) -> None:
        """Record a group; of one that is recorded only the tags change."""
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO resource_groups (key, subscription, name, location, tags) VALUES (?, ?, ?, ?, ?) '
                'ON CONFLICT (key) DO UPDATE SET tags = excluded.tags',
                (group_key(subscription, name), subscription.lower(), name, location, json.dumps(tags)))

    def remove(self, key: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM resource_groups WHERE key = ?', (key,))

    def _implied(self, subscription: str, key: str) -> Group | None:
        row = self._database.one(
            'SELECT location FROM (SELECT 0 AS kind, number AS rank, location FROM resources WHERE parent = ? UNION '
            'SELECT 1, created, location FROM storage_accounts WHERE parent = ?) ORDER BY kind, rank', (key, key))
        name = key.removeprefix(group_key(subscription, ''))
        return Group(subscription, name, row['location'], {}, recorded=False) if row else None


def _recorded(row: sqlite3.Row) -> Group:
    return Group(row['subscription'], row['name'], row['location'], json.loads(row['tags']), recorded=True)
