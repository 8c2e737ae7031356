"""At the start: put away what a service that died left behind. What still runs or is still owned stays."""
from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Iterator

from azext_batchai.service import machine_loss
from azext_batchai.service.engines.base import Engine
from azext_batchai.service.engines.disposal import delete_unmounted, discard
from azext_batchai.service.execution import end_leftovers
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.storage.uploads import remove_leftovers
from azext_batchai.service.store import Store
from azext_batchai.service.store.launches import SETUP, LaunchRecord

_log = logging.getLogger(__name__)


def put_away(store: Store, engine: Engine, folders: Folders) -> None:
    """End commands that were run by hand, release launches that are over, discard folders without an owner and
    uploads that ended half-way, and empty the trash in the background."""
    end_leftovers(store, engine, folders)
    machine_loss.take_in(store, engine, folders)
    running = {execution.id for execution in store.executions.all()}
    for folder in _children(folders.launch('')):
        if folder.name in running:
            continue
        record = store.launches.find(folder.name)
        if record is None:
            discard(folder, folders.trash)
        elif record.result is not None and record.handle and not _serves(store, record):
            engine.release(record.handle)
    for folder in [*_children(folders.output('')), *_children(folders.data_dir / 'fileservers'),
                   *_children(folders.data_dir / 'nodes')]:
        if not store.resources.exists(folder.name):
            discard(folder, folders.trash)
    remove_leftovers(folders.data_dir, [Path(own.path) for own in store.linked_folders.all()], folders.trash)
    leftovers = list(_children(folders.trash))
    if leftovers:
        threading.Thread(target=_empty, args=(leftovers,), daemon=True, name='recovery').start()


def _serves(store: Store, record: LaunchRecord) -> bool:
    """Whether something needs what the ended launch may have left running: a node its mounts, a job its preparation."""
    if record.purpose == SETUP:
        return store.clusters.node(record.owner) is not None
    current = store.launches.open_of(record.owner)
    return current is not None and current.attempt == record.attempt


def _children(folder: Path) -> Iterator[Path]:
    try:
        yield from list(folder.iterdir())
    except FileNotFoundError:
        return


def _empty(leftovers: list[Path]) -> None:
    for folder in leftovers:
        delete_unmounted(folder)
    _log.info('%d folders that an earlier service left in the trash are deleted', len(leftovers))
