"""Resources as ARM sees them: what was asked for, when, and whether it is provisioned or on its way out."""
from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Sequence

from azext_batchai.arm.flat_ids import FlatId, flat_id_of
from azext_batchai.arm.ids import ResourceId, trusted_resource_id
from azext_batchai.arm.states import ProvisioningState
from azext_batchai.service.store.database import Database


@dataclass(frozen=True)
class Resource:
    """A row of the resources table. Times are seconds since the epoch. `extras` are for `service.versions` alone."""
    number: int
    guid: str
    id: ResourceId
    location: str
    tags: dict[str, str]
    properties: dict[str, Any]
    provisioning_state: str
    provisioning_time: float
    created: float
    modified: float
    extras: dict[str, Any]

    @property
    def key(self) -> str:
        return self.id.key


@dataclass(frozen=True)
class Page:
    """A part of a list: at most `size` resources with numbers above `after`. Stable while others come and go."""
    after: int = 0
    size: int = 1000

    @property
    def bounds(self) -> tuple[int, int]:
        """The parameters of `PAGE`: one more than asked for, which tells whether there is another page."""
        return self.after, self.size + 1


# Ends a query for a page.
PAGE = 'AND resources.number > ? ORDER BY resources.number LIMIT ?'

# What Resource is made of; secrets are read only where they are used.
COLUMNS = ('resources.number, resources.guid, resources.id, resources.location, resources.tags, resources.properties, '
           'resources.provisioning_state, resources.provisioning_time, resources.created, resources.modified, '
           'resources.extras')

# Ends a query for a page of what the flat API versions see: of a subscription and collection, with flat ids that begin
# with a prefix. Of two of one name, which only the workspace API can make, they see the older.
FLAT_PAGE = ('WHERE resources.subscription = ? AND resources.collection = ? '
             'AND substr(resources.flat, 1, length(?)) = ? AND NOT EXISTS (SELECT 1 FROM resources AS older '
             f'WHERE older.flat = resources.flat AND older.number < resources.number) {PAGE}')


def to_resource(row: sqlite3.Row) -> Resource:
    return Resource(row['number'], row['guid'], trusted_resource_id(row['id']), row['location'],
                    read_json(row['tags']), json.loads(row['properties']), row['provisioning_state'],
                    row['provisioning_time'], row['created'], row['modified'], read_json(row['extras']))


def read_json(text: str) -> Any:
    """The value of a column that is nearly always empty, for which no parser is needed."""
    return {} if text == '{}' else [] if text == '[]' else json.loads(text)


def group_key(subscription: str, resource_group: str) -> str:
    """The parent key of a workspace."""
    return f'/subscriptions/{subscription}/resourcegroups/{resource_group}'.lower()


class Resources:
    """What all collections have in common."""

    def __init__(self, database: Database):
        self._database = database

    def add(self, resource: ResourceId, guid: str, location: str, properties: dict[str, Any], now: float,
            tags: dict[str, str] | None = None, secrets: dict[str, str] | None = None,
            extras: dict[str, Any] | None = None) -> Resource:
        """Create a resource, provisioned at once."""
        parent = resource.parent.key if resource.parent else group_key(resource.subscription, resource.resource_group)
        flat = flat_id_of(resource)
        with self._database.transaction() as connection:
            cursor = connection.execute(
                'INSERT INTO resources (guid, key, id, collection, subscription, parent, location, tags, properties, '
                'secrets, provisioning_state, provisioning_time, created, modified, flat, extras) '
                'VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                (guid, resource.key, str(resource), resource.collection, resource.subscription.lower(), parent,
                 location, json.dumps(tags or {}), json.dumps(properties), json.dumps(secrets or {}),
                 ProvisioningState.SUCCEEDED.value, now, now, now, flat.key if flat else None,
                 json.dumps(extras or {})))
        return Resource(int(cursor.lastrowid or 0), guid, resource, location, tags or {}, properties,
                        ProvisioningState.SUCCEEDED.value, now, now, now, extras or {})

    def find(self, resource: ResourceId) -> Resource | None:
        return self.find_key(resource.key)

    def find_key(self, key: str) -> Resource | None:
        row = self._database.one(f'SELECT {COLUMNS} FROM resources WHERE key = ?', (key,))
        return to_resource(row) if row else None

    def find_flat(self, wanted: FlatId) -> Resource | None:
        """The resource that the flat API versions see under that id."""
        row = self._database.one(f'SELECT {COLUMNS} FROM resources WHERE flat = ? ORDER BY number LIMIT 1',
                                 (wanted.key,))
        return to_resource(row) if row else None

    def is_anything_in(self, location: str) -> bool:
        """Whether a workspace is in that location."""
        return self._database.one("SELECT 1 FROM resources WHERE collection = 'workspaces' AND location = ? LIMIT 1",
                                  (location,)) is not None

    def exists(self, guid: str) -> bool:
        return self._database.one('SELECT 1 FROM resources WHERE guid = ?', (guid,)) is not None

    def first_leaving(self, keys: Sequence[str]) -> Resource | None:
        """The outermost of these resources, each in the one before it, that is being deleted."""
        row = self._database.one(
            f"SELECT {COLUMNS} FROM resources WHERE key IN ({', '.join('?' * len(keys))}) "
            "AND +provisioning_state = 'deleting' ORDER BY length(key) LIMIT 1", tuple(keys))
        return to_resource(row) if row else None

    def file_server_guid(self, resource_id: str) -> str | None:
        """The guid of the file server with that ARM id, however it is spelled; None too when it is being deleted, or
        what it is in."""
        row = self._database.one(
            'SELECT found.guid FROM resources AS found LEFT JOIN resources AS around ON around.key = found.parent '
            "WHERE found.key = ? AND found.collection = 'workspaces/fileServers' "
            "AND found.provisioning_state <> 'deleting' "
            "AND coalesce(around.provisioning_state, '') <> 'deleting'", (resource_id.lower().rstrip('/'),))
        return row['guid'] if row else None

    def list_children(self, parent_key: str, collection: str, page: Page = Page()) -> list[Resource]:
        """In the order of creation. For workspaces the parent is `group_key`."""
        return [to_resource(row) for row in self._database.all(
            f'SELECT {COLUMNS} FROM resources WHERE parent = ? AND collection = ? {PAGE}',
            (parent_key, collection, *page.bounds))]

    def list_subscription(self, subscription: str, collection: str, page: Page = Page()) -> list[Resource]:
        return [to_resource(row) for row in self._database.all(
            f'SELECT {COLUMNS} FROM resources WHERE subscription = ? AND collection = ? {PAGE}',
            (subscription.lower(), collection, *page.bounds))]

    def list_flat(self, subscription: str, collection: str, prefix: str, page: Page = Page()) -> list[Resource]:
        """As `FLAT_PAGE` says, in the order of creation; `prefix` is lower-cased."""
        return [to_resource(row) for row in self._database.all(
            f'SELECT {COLUMNS} FROM resources {FLAT_PAGE}',
            (subscription.lower(), collection, prefix, prefix, *page.bounds))]

    def secrets(self, guid: str) -> dict[str, str]:
        row = self._database.one('SELECT secrets FROM resources WHERE guid = ?', (guid,))
        return json.loads(row['secrets']) if row else {}

    def update_properties(self, guid: str, properties: dict[str, Any], now: float) -> None:
        """Replace the properties; etag and last-modified follow `now`."""
        with self._database.transaction() as connection:
            connection.execute('UPDATE resources SET properties = ?, modified = ? WHERE guid = ?',
                               (json.dumps(properties), now, guid))

    def update_tags(self, guid: str, tags: dict[str, str], now: float) -> None:
        """Replace the tags; etag and last-modified follow `now`."""
        with self._database.transaction() as connection:
            connection.execute('UPDATE resources SET tags = ?, modified = ? WHERE guid = ?',
                               (json.dumps(tags), now, guid))

    def update_extras(self, guid: str, extras: dict[str, Any]) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE resources SET extras = ? WHERE guid = ?', (json.dumps(extras), guid))

    def mark_deleting(self, guid: str, now: float) -> None:
        with self._database.transaction() as connection:
            connection.execute('UPDATE resources SET provisioning_state = ?, provisioning_time = ? WHERE guid = ?',
                               (ProvisioningState.DELETING.value, now, guid))

    def remove(self, guid: str) -> None:
        with self._database.transaction() as connection:
            connection.execute('DELETE FROM resources WHERE guid = ?', (guid,))

    # workspaces and experiments on their way out

    def leaving(self, collection: str) -> list[Resource]:
        """The resources of a collection that are being deleted, for example of ``workspaces``."""
        return [to_resource(row) for row in self._database.all(
            f"SELECT {COLUMNS} FROM resources WHERE collection = ? AND provisioning_state = 'deleting' "
            'ORDER BY number', (collection,))]

    def mark_children_deleting(self, parent_key: str, now: float) -> None:
        """All that is directly in a workspace or experiment. Repeating changes nothing."""
        with self._database.transaction() as connection:
            connection.execute(
                'UPDATE resources SET provisioning_state = ?, provisioning_time = ? WHERE parent = ? '
                "AND provisioning_state <> 'deleting'", (ProvisioningState.DELETING.value, now, parent_key))

    def guids_in(self, parent_key: str, collection: str) -> list[str]:
        """Of all children in a collection, for example of a workspace in ``workspaces/fileServers``."""
        return [row['guid'] for row in self._database.all(
            'SELECT guid FROM resources WHERE parent = ? AND collection = ?', (parent_key, collection))]

    def has_children(self, parent_key: str, *collections: str) -> bool:
        """Whether anything is left in one of the collections."""
        return any(self._database.one('SELECT 1 FROM resources WHERE parent = ? AND collection = ? LIMIT 1',
                                      (parent_key, collection)) for collection in collections)
