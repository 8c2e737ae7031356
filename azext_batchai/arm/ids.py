"""Azure resource ids of the Batch AI resources: build them, take them apart, check names.

Names compare without case, as ARM does; ``ResourceId.key`` is the form to compare and to index by.
"""
from __future__ import annotations

import re
from dataclasses import dataclass

NAMESPACE = 'Microsoft.BatchAI'
# The collections of the flat API versions; since 2018-05-01 they are in workspaces.
FLAT_COLLECTIONS = ('clusters', 'fileServers', 'jobs')
FLAT_WORKSPACE_PREFIX = 'migrated-'
FLAT_EXPERIMENT = 'migrated'

_NAME = re.compile(r'[-A-Za-z0-9_]{1,64}\Z')
# The flat API versions allowed a dot. Nothing but dots is refused, which keeps out ``.`` and ``..``.
_FLAT_NAME = re.compile(r'(?!\.+\Z)[-A-Za-z0-9_.]{1,64}\Z')
_GROUP = re.compile(r'[-A-Za-z0-9_.()]{1,89}[-A-Za-z0-9_()]\Z|[-A-Za-z0-9_()]\Z')
_SUBSCRIPTION = re.compile(r'[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z')

# The collections of API 2018-05-01, outermost first, as they stand in a path.
_CHILDREN = {
    '': ('workspaces',),
    'workspaces': ('clusters', 'fileServers', 'experiments'),
    'workspaces/experiments': ('jobs',),
}

NAME_RULE = '1 to 64 letters, digits, - or _'
FLAT_NAME_RULE = '1 to 64 letters, digits, - _ or ., not dots alone'
GROUP_RULE = '1 to 90 letters, digits, - _ . ( or ), not ending with a dot'


def is_valid_name(name: str) -> bool:
    """Whether `name` may name a workspace, experiment, cluster, job or file server (OpenAPI 2018-05-01)."""
    return bool(_NAME.match(name))


def is_valid_flat_name(name: str) -> bool:
    """Whether `name` may name a cluster, job or file server of the flat API versions (2017-09-01-preview, 2018-03-01).

    They are seen through the workspace API too, so their ids have such names there as well.
    """
    return bool(_FLAT_NAME.match(name))


def is_valid_group(name: str) -> bool:
    """Whether `name` may name a resource group. A trailing dot is refused, which also keeps out ``.`` and ``..``."""
    return bool(_GROUP.match(name))


def is_valid_subscription(text: str) -> bool:
    """Whether `text` is a subscription id: a GUID with dashes."""
    return bool(_SUBSCRIPTION.match(text))


def flat_workspace(location: str) -> str:
    """The workspace that holds the flat resources of `location` (semantics sheet, section 9: ``migrated-<region>``)."""
    return FLAT_WORKSPACE_PREFIX + normalize_location(location)


def normalize_location(location: str) -> str:
    """``East US`` and ``eastus`` are the same region; the wire says ``eastus``."""
    return location.replace(' ', '').lower()


@dataclass(frozen=True)
class ResourceId:
    """A Batch AI resource below a workspace, or the workspace itself.

    `path` pairs each collection with a name, outermost first: ``(('workspaces', 'w'), ('clusters', 'c'))``.
    """
    subscription: str
    resource_group: str
    path: tuple[tuple[str, str], ...]

    @property
    def collection(self) -> str:
        """The collections joined, for example ``workspaces/experiments/jobs``."""
        return '/'.join(collection for collection, _ in self.path)

    @property
    def name(self) -> str:
        return self.path[-1][1]

    @property
    def workspace(self) -> str:
        return self.path[0][1]

    @property
    def experiment(self) -> str | None:
        return self.path[1][1] if len(self.path) > 1 and self.path[1][0] == 'experiments' else None

    @property
    def parent(self) -> ResourceId | None:
        if len(self.path) == 1:
            return None
        return ResourceId(self.subscription, self.resource_group, self.path[:-1])

    def child(self, collection: str, name: str) -> ResourceId:
        return ResourceId(self.subscription, self.resource_group, (*self.path, (collection, name)))

    @property
    def key(self) -> str:
        """The lower-cased id: what two spellings of one resource have in common."""
        return str(self).lower()

    def __str__(self) -> str:
        tail = '/'.join(f'{collection}/{name}' for collection, name in self.path)
        return (f'/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}'
                f'/providers/{NAMESPACE}/{tail}')


def workspace_id(subscription: str, resource_group: str, workspace: str) -> ResourceId:
    """The id of a workspace; deeper ids are made with `ResourceId.child`."""
    return ResourceId(subscription, resource_group, (('workspaces', workspace),))


def parse_resource_id(text: str) -> ResourceId:
    """Take a full ARM id apart. Raises ValueError, saying what is wrong, when it is not one of a Batch AI resource."""
    parts = text.strip('/').split('/')
    fixed = [part.lower() for part in parts[0:1] + parts[2:3] + parts[4:6]]
    if len(parts) < 8 or len(parts) % 2 or fixed != ['subscriptions', 'resourcegroups', 'providers', NAMESPACE.lower()]:
        raise ValueError(f"'{text}' is not the id of a Batch AI resource; it should look like "
                         f'/subscriptions/<id>/resourceGroups/<group>/providers/{NAMESPACE}/workspaces/<name>/...')
    path: list[tuple[str, str]] = []
    for collection, name in zip(parts[6::2], parts[7::2]):
        known = _CHILDREN.get('/'.join(c for c, _ in path), ())
        spelled = next((c for c in known if c.lower() == collection.lower()), None)
        if spelled is None:
            raise ValueError(f"'{text}' has '{collection}' where one of {', '.join(known) or 'nothing'} should be")
        if not (is_valid_flat_name if spelled in FLAT_COLLECTIONS else is_valid_name)(name):
            raise ValueError(f"'{name}' in '{text}' is not a resource name: {NAME_RULE}")
        path.append((spelled, name))
    if not is_valid_subscription(parts[1]):
        raise ValueError(f"'{parts[1]}' in '{text}' is not a subscription id")
    if not is_valid_group(parts[3]):
        raise ValueError(f"'{parts[3]}' in '{text}' is not a resource group name: {GROUP_RULE}")
    return ResourceId(parts[1], parts[3], tuple(path))


def trusted_resource_id(text: str) -> ResourceId:
    """Take apart what `str` made of a ResourceId. Nothing is checked, which makes a list of many several times faster.
    """
    parts = text.split('/')
    return ResourceId(parts[2], parts[4], tuple(zip(parts[7::2], parts[8::2])))
