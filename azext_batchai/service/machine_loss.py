"""After the machine was switched off, restarted or lost: nothing runs any more of what was started on it.

What had a handle is found lost by asking the engine. What had none, because the service had no time to record it, would
be started again under the same launch id, though it may have run: it is called lost too, so that the history tells. And
what the set-up of a node mounted or left running is gone, so nodes are set up anew.
"""
from __future__ import annotations

import logging

from azext_batchai.service.durable_files import replace_file
from azext_batchai.service.engines.base import Engine
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.store import Store
from azext_batchai.service.store.launches import CLEANUP

_log = logging.getLogger(__name__)

# No engine knows it, so what has this handle is lost.
LOST_HANDLE = 'lost with the machine'


def take_in(store: Store, engine: Engine, folders: Folders) -> None:
    """See whether the machine is still the one that an earlier service ran on, and if not, act on it. Repeating is
    harmless. Raises OSError."""
    current, mark = engine.machine(), folders.data_dir / 'machine'
    before = mark.read_text('utf-8', 'replace') if mark.exists() else ''
    if not current or current == before:
        return
    if before:
        _log.warning('the machine was restarted: what ran on it is lost')
        _lose_unconfirmed(store, folders)
        _give_up_nodes(store, engine, folders)
    replace_file(mark, current.encode())


def _lose_unconfirmed(store: Store, folders: Folders) -> None:
    for launch in store.launches.live():
        if launch.handle is None and launch.purpose != CLEANUP:
            if folders.launch(launch.id).exists():
                discard(folders.launch(launch.id), folders.trash)
            store.launches.started(launch.id, LOST_HANDLE)


def _give_up_nodes(store: Store, engine: Engine, folders: Folders) -> None:
    """The scheduler finds them gone once it has taken in the ends of their jobs."""
    for cluster in store.clusters.all():
        for node in engine.nodes(folders.cluster(cluster.resource.guid)):
            if node.folder.exists():
                discard(node.folder, folders.trash)
            store.launches.forget(node.id)
