"""Workspaces and experiments that are being deleted take along what is in them.

Everything in them is marked as being deleted too, and its own deletion runs as if a client had asked for it: running
jobs are stopped, nodes leave. When nothing is left the parent vanishes. Each step can be repeated, so a service that
was killed in the middle goes on from what it finds in the store.
"""
from __future__ import annotations

import logging
from typing import Callable

from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.storage.folders import file_server_folder
from azext_batchai.service.store import Store
from azext_batchai.service.store.resources import Resource

_log = logging.getLogger(__name__)

WORKSPACES = 'workspaces'
EXPERIMENTS = 'workspaces/experiments'
_FILE_SERVERS = 'workspaces/fileServers'
# What has a deletion of its own, which has to end first. File servers have none: they go with the workspace, last,
# because clusters and jobs may use them to their end.
_AWAITED = {WORKSPACES: ('workspaces/clusters', EXPERIMENTS), EXPERIMENTS: ('workspaces/experiments/jobs',)}


class Removal:
    """The first and the last step of a deletion; what lies between is the rest of the scheduler's work."""

    def __init__(self, store: Store, folders: Folders, clock: Callable[[], float]):
        self._store = store
        self._folders = folders
        self._clock = clock

    def begin(self, parent: Resource) -> None:
        """Mark what is in the workspace or experiment. Finds in later turns what came in meanwhile."""
        with self._store.transaction():
            self._store.resources.mark_children_deleting(parent.key, self._clock())
            if parent.id.collection == EXPERIMENTS:
                self._store.jobs.wish_away(parent.key)

    def finish(self, parent: Resource) -> None:
        """Remove the workspace or experiment, unless something in it is still on its way out."""
        if self._store.resources.has_children(parent.key, *_AWAITED[parent.id.collection]):
            return
        servers = self._store.resources.guids_in(parent.key, _FILE_SERVERS)
        with self._store.transaction():
            for guid in (*servers, parent.guid):
                self._store.resources.remove(guid)
                self._store.operations.succeed(guid, self._clock())
        for guid in servers:
            folder = file_server_folder(self._folders.data_dir, guid)
            if folder.exists():
                discard(folder, self._folders.trash)
        _log.info('%s is deleted', parent.id)
