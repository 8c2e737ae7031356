"""The files in which a cluster keeps its share of Slurm's nodes, for a later process and for the nodes themselves.

In the cluster's folder there are ``share.json`` (which Slurm node each node is, and what was asked for), ``open.json``
(the ids of the nodes that jobs may have), ``by-name/<Slurm node>`` for the batch script (a line "id address number"),
and a folder for each node. A node is there once that folder is: it is made last and goes first, so whatever else a
crash leaves behind is of no node, and overwritten by the next change.
"""
from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

from azext_batchai.service.engines.base import ClusterWish
from azext_batchai.service.engines.slurm.requirements import Requirements

_log = logging.getLogger(__name__)
# Files that are open at a time.
_AT_ONCE = 100
_NODE_NAME = re.compile(r'tvm-\d+_(\d+)-\w+\Z')


@dataclass(frozen=True)
class Member:
    """A node of a cluster: `slurm` is its name there, the rest what Slurm said of it when it was taken, or since."""
    id: str
    slurm: str
    address: str
    cpus: int
    gpus: int

    @property
    def number(self) -> int:
        return node_number(self.id)


@dataclass(frozen=True)
class ShareContent:
    """What the files say. `members` are in the order of their numbers."""
    members: tuple[Member, ...] = ()
    open_ids: frozenset[str] = frozenset()
    requirements: Requirements | None = None
    wish: ClusterWish = field(default_factory=lambda: ClusterWish(''))


def node_number(node_id: str) -> int:
    """``tvm-123_7-20260101t000000z`` is node 7."""
    found = _NODE_NAME.match(node_id)
    return int(found[1]) if found else 0


def read_share(folder: Path) -> ShareContent:
    """What there is of a cluster; nothing when it has no folder. Raises OSError."""
    content = _read_json(folder / 'share.json')
    if not isinstance(content, dict):
        return ShareContent()
    there = {name for name in os.listdir(folder) if _NODE_NAME.match(name)}
    opened = _read_json(folder / 'open.json')
    members = [Member(**member) for member in content['members'] if member['id'] in there]
    return ShareContent(tuple(sorted(members, key=lambda member: member.number)),
                        frozenset(opened if isinstance(opened, list) else ()),
                        Requirements.of_json(content['requirements']), ClusterWish(**content['wish']))


def write_share(folder: Path, content: ShareContent) -> None:
    """Everything but the open nodes and the nodes' folders. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    requirements = content.requirements.as_json() if content.requirements else {}
    wish = {**asdict(content.wish), 'options': dict(content.wish.options)}
    write_text(folder / 'share.json', json.dumps({
        'requirements': requirements, 'wish': wish, 'members': [asdict(member) for member in content.members]}))


def write_open(folder: Path, node_ids: Iterable[str]) -> None:
    """Raises OSError."""
    write_text(folder / 'open.json', json.dumps(sorted(node_ids)))


def write_names(folder: Path, members: Sequence[Member]) -> None:
    """Tell the batch script which nodes these Slurm nodes are. Raises OSError."""
    (folder / 'by-name').mkdir(exist_ok=True)
    for first in range(0, len(members), _AT_ONCE):
        write_texts({folder / 'by-name' / member.slurm: f'{member.id} {member.address} {member.number}\n'
                     for member in members[first:first + _AT_ONCE]})


def make_node(folder: Path, node_id: str) -> None:
    """Raises OSError."""
    hidden = folder / f'.{node_id}'
    if hidden.exists():  # a crash left it
        shutil.rmtree(hidden)
    hidden.mkdir()
    hidden.rename(folder / node_id)


def write_text(path: Path, text: str) -> None:
    """Whoever reads it meanwhile sees the old text or the new one, whole. Raises OSError."""
    write_texts({path: text})


def write_texts(texts: Mapping[Path, str]) -> None:
    """As `write_text` for each. The first that is on the disk takes the others along, so many cost little more than
    one. Raises OSError."""
    with contextlib.ExitStack() as opened:
        files = {path: opened.enter_context(open(_beside(path), 'w', encoding='utf-8')) for path in texts}
        for path, file in files.items():
            file.write(texts[path])
            file.flush()
        for file in files.values():
            os.fsync(file.fileno())
    for path in texts:
        _beside(path).rename(path)


def _beside(path: Path) -> Path:
    return path.with_name(f'.{path.name}.new')


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text('utf-8'))
    except FileNotFoundError:
        return None
    except ValueError as error:  # nothing of ours leaves half a file, but a full or broken disk may
        _log.error('%s cannot be read: %s', path, error)
        return None
