"""The folders of an attempt's gang: one for each place in it, made before anybody knows the nodes.

What lies in a node's own folder is seen in the place's folder through links over ``.node``, which the batch script
points to the node that got the place.
"""
from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Sequence

from azext_batchai.service.engines.base import EngineNode, EngineUnavailable, LaunchRejected
from azext_batchai.service.engines.slurm.allocation_folder import AllocationFolder, latest_number
from azext_batchai.service.engines.slurm.launch_files import address_word, id_word

_LINK = '.node'
# Made by jobs, in the place's folder itself.
_OWN = frozenset({'jobs'})


def make_gang(attempt: Path, cluster_nodes: Sequence[EngineNode], open_ids: frozenset[str], node_ids: Sequence[str],
              node_count: int, plans: dict[Path, dict[str, int]]) -> list[EngineNode]:
    """See `base.QueueingEngine.gang`. `attempt` is the folder of the allocation's attempt; `plans` are those made
    before there was an allocation to keep them."""
    try:
        plan = plans.get(attempt) or _read_plan(attempt) or _make_places(attempt, cluster_nodes, open_ids, node_count)
        plans[attempt] = plan
    except OSError as error:
        raise EngineUnavailable(f'{error.filename or attempt}: {error.strerror}') from error
    addresses = {**_placed_addresses(attempt), **{node.id: node.address for node in cluster_nodes}} if node_ids else {}
    gang = []
    for index in range(len(node_ids) or node_count):
        node_id = node_ids[index] if node_ids else id_word(index)
        address = addresses.get(node_id, node_id) if node_ids else address_word(index)
        gang.append(EngineNode(node_id, index + 1, address, attempt / str(index), plan['cores'],
                               tuple(range(plan['gpus'])), sets_devices=True))
    return gang


def has_links(attempt: Path) -> bool:
    """Whether the batch script has to point them somewhere."""
    return os.path.islink(attempt / '0' / _LINK)


def _read_plan(attempt: Path) -> dict[str, int] | None:
    return AllocationFolder.of_attempt(attempt, 1).read_plan()


def _make_places(attempt: Path, nodes: Sequence[EngineNode], open_ids: frozenset[str], node_count: int
                 ) -> dict[str, int]:
    opened = [node for node in nodes if node.id in open_ids]
    if not opened:
        raise LaunchRejected('no node of the cluster can take a job')
    entries = [name for name in os.listdir(opened[0].folder) if name not in _OWN and not name.startswith('.')]
    for index in range(node_count):
        place = attempt / str(index)
        place.mkdir(parents=True, exist_ok=True)
        links = {_LINK: f'../../../{opened[0].id}', **{name: f'{_LINK}/{name}' for name in entries}} if entries else {}
        for name, target in links.items():
            with contextlib.suppress(FileExistsError):
                (place / name).symlink_to(target)
    return {'cores': min(node.cores for node in opened), 'gpus': min(len(node.gpus) for node in opened)}


def _placed_addresses(attempt: Path) -> dict[str, str]:
    """Of nodes that may have left the cluster meanwhile."""
    number = latest_number(attempt)
    placed = AllocationFolder.of_attempt(attempt, number).placed() if number else None
    return dict(placed.nodes) if placed else {}
