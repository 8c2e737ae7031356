"""Ids of the flat API versions (2017-09-01-preview, 2018-03-01): resources directly in a resource group.

The workspace API shows them in the workspaces ``migrated-<location>`` and the experiment ``migrated``.
"""
from __future__ import annotations

from dataclasses import dataclass

from azext_batchai.arm.ids import (
    FLAT_COLLECTIONS, FLAT_EXPERIMENT, FLAT_NAME_RULE, FLAT_WORKSPACE_PREFIX, GROUP_RULE, NAMESPACE, ResourceId,
    flat_workspace, is_valid_flat_name, is_valid_group, is_valid_subscription, workspace_id)


@dataclass(frozen=True)
class FlatId:
    """`collection` is ``clusters``, ``jobs`` or ``fileServers``."""
    subscription: str
    resource_group: str
    collection: str
    name: str

    @property
    def key(self) -> str:
        """The lower-cased id: what two spellings of one resource have in common."""
        return str(self).lower()

    def in_workspace(self, location: str) -> ResourceId:
        """The id that the workspace API has for it, when it is in that region."""
        workspace = workspace_id(self.subscription, self.resource_group, flat_workspace(location))
        parent = workspace.child('experiments', FLAT_EXPERIMENT) if self.collection == 'jobs' else workspace
        return parent.child(self.collection, self.name)

    def __str__(self) -> str:
        """As replies had it: file servers are ``fileservers`` there (wire facts sheet, section 15)."""
        collection = 'fileservers' if self.collection == 'fileServers' else self.collection
        return (f'/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}/providers/{NAMESPACE}'
                f'/{collection}/{self.name}')


def flat_id_of(resource: ResourceId) -> FlatId | None:
    """The flat id of a resource, or None when the flat versions do not see it."""
    collection = resource.path[-1][0]
    experiment = resource.experiment or FLAT_EXPERIMENT
    if (collection not in FLAT_COLLECTIONS or not resource.workspace.lower().startswith(FLAT_WORKSPACE_PREFIX)
            or experiment.lower() != FLAT_EXPERIMENT):
        return None
    return FlatId(resource.subscription, resource.resource_group, collection, resource.name)


def parse_flat_id(text: str) -> FlatId:
    """Take a flat ARM id apart. Raises ValueError, saying what is wrong, when it is not one."""
    parts = text.strip('/').split('/')
    fixed = [part.lower() for part in parts[0:1] + parts[2:3] + parts[4:6]]
    collection = next((known for known in FLAT_COLLECTIONS if len(parts) == 8 and known.lower() == parts[6].lower()),
                      None)
    if collection is None or fixed != ['subscriptions', 'resourcegroups', 'providers', NAMESPACE.lower()]:
        raise ValueError(f"'{text}' is not the id of a Batch AI resource; it should look like "
                         f'/subscriptions/<id>/resourceGroups/<group>/providers/{NAMESPACE}/clusters/<name>')
    if not is_valid_subscription(parts[1]):
        raise ValueError(f"'{parts[1]}' in '{text}' is not a subscription id")
    if not is_valid_group(parts[3]):
        raise ValueError(f"'{parts[3]}' in '{text}' is not a resource group name: {GROUP_RULE}")
    if not is_valid_flat_name(parts[7]):
        raise ValueError(f"'{parts[7]}' in '{text}' is not a resource name: {FLAT_NAME_RULE}")
    return FlatId(parts[1], parts[3], collection, parts[7])
