"""A service that is started with another engine than before: nodes and launches in its data folder belong to the other.

What still runs or waits there stays under the engine that started it, so the change is refused then. Nodes that are
left are given up, and the clusters get new ones.
"""
from __future__ import annotations

import logging
from typing import Callable

from azext_batchai.service.durable_files import replace_file
from azext_batchai.service.engines.base import Engine, EngineUnavailable
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.execution import end_leftovers
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.settings import Settings, last_engine
from azext_batchai.service.store import Store

_log = logging.getLogger(__name__)
_MOST_NAMES = 5


class EngineInUse(Exception):
    """The engine of before is still needed; the text says what for."""


def take_in(store: Store, settings: Settings, folders: Folders, create: Callable[[str], Engine]) -> None:
    """Turn the data folder over to the engine of the settings; `create` makes the one of before by its name.

    Repeating is harmless. Raises EngineInUse, OSError.
    """
    before = last_engine(settings.data_dir)
    if before and before != settings.engine:
        busy = _what_goes_on(store)
        if busy:
            raise EngineInUse(f"The engine '{before}' still has {busy}. Start the service with --engine {before}, end "
                              f'them, then change the engine; or choose another data folder with --data-dir')
        if store.clusters.all():
            _log.warning('the engine is %s now, no longer %s: clusters get new nodes', settings.engine, before)
        _give_up_nodes(store, folders, create(before))
    replace_file(settings.engine_file, settings.engine.encode())


def _what_goes_on(store: Store) -> str:
    """For people: jobs, and clusters whose nodes are set up, by name; empty when there is nothing."""
    jobs: dict[str, None] = {}
    clusters: dict[str, None] = {}
    for cluster in store.clusters.all():
        for active in store.jobs.active(cluster.resource.key):
            jobs[active.resource.id.name] = None
    live = store.launches.live()
    for launch in live:
        job, node = store.jobs.get(launch.owner), store.clusters.node(launch.owner)
        prepared = store.clusters.get(node.cluster) if node else None
        if job:
            jobs[job.resource.id.name] = None
        elif prepared:
            clusters[prepared.resource.id.name] = None
    named = ' and '.join([*_names('job', jobs), *_names('cluster', clusters, ' with nodes that are being set up')])
    return named or (f'{len(live)} launches' if live else '')


def _names(kind: str, names: dict[str, None], what: str = '') -> list[str]:
    if not names:
        return []
    more = len(names) - _MOST_NAMES
    listed = ', '.join(list(names)[:_MOST_NAMES]) + (f' and {more} more' if more > 0 else '')
    return [f"{kind}{'s' if len(names) > 1 else ''} {listed}{what}"]


def _give_up_nodes(store: Store, folders: Folders, engine: Engine) -> None:
    """The scheduler finds them gone. What their set-up left running on them ends."""
    end_leftovers(store, engine, folders)
    launches = folders.launch('')
    for folder in list(launches.iterdir()) if launches.is_dir() else []:
        record = store.launches.find(folder.name)
        if record and record.handle:
            _release(engine, record.handle)
        if folder.exists():  # the other engine can make nothing of it
            discard(folder, folders.trash)
    for cluster in store.clusters.all():
        for node in store.clusters.nodes(cluster.resource.guid):
            store.launches.forget(node.id)
        nodes = folders.cluster(cluster.resource.guid).folder
        if nodes.exists():
            discard(nodes, folders.trash)


def _release(engine: Engine, handle: str) -> None:
    try:
        engine.release(handle)
    except EngineUnavailable as unavailable:
        _log.warning('what a set-up left running on a node may go on: %s', unavailable)
