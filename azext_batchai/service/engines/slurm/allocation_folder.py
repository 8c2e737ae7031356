"""The folder of an allocation: what the service and the batch script tell each other, and later services.

``allocation.json`` is what was asked for, ``job`` the number that Slurm gave it, or ``refused`` why it gave none. The
batch script makes ``started`` first, which nobody can make twice, and adds a line a node to ``nodes``, with a dot at
the end. ``stages`` has a line for each launch, in order. ``nodes`` and ``stages`` are there from the start: a file that
is opened is looked up afresh also on a file system that is shared.
"""
from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from azext_batchai.service.engines.base import Allocation, EngineCluster
from azext_batchai.service.engines.slurm.launch_files import write_private

ATTEMPTS = 'attempts'
_PREFIX = 'allocation-'
_HERE = Path(__file__).parent
BATCH_SCRIPT = _HERE / 'batch.sh'


@dataclass(frozen=True)
class Placed:
    """The nodes of an allocation as its batch script found them: ids, addresses, and when, in seconds since the
    epoch."""
    nodes: tuple[tuple[str, str], ...]
    began: float

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(node_id for node_id, _ in self.nodes)


def attempt_folder(cluster: EngineCluster, allocation_id: str) -> Path:
    """Where the folders of its gang lie, and of its allocations: usually one, more when Slurm lost one."""
    return cluster.folder / ATTEMPTS / allocation_id


def latest_number(attempt: Path) -> int:
    """Of the last allocation of an attempt; 0 when there is none."""
    number = 0
    while os.path.exists(attempt / f'{_PREFIX}{number + 1}'):
        number += 1
    return number


class AllocationFolder:
    """All of it may raise OSError."""

    def __init__(self, path: Path):
        self.path = path

    @classmethod
    def of_attempt(cls, attempt: Path, number: int) -> 'AllocationFolder':
        return cls(attempt / f'{_PREFIX}{number}')

    @property
    def news_name(self) -> str:
        """How the names of news from this allocation begin; no other one has it."""
        return f'{self.path.parent.name}-{self.path.name[len(_PREFIX):]}'

    def create(self, allocation: Allocation, links: bool) -> None:
        """Repeating is harmless before the first stage is added. `links` says that the gang's folders have some."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.path / 'allocation.json', json.dumps({
            'id': allocation.id, 'cluster': allocation.cluster.guid, 'name': allocation.name,
            'node_count': allocation.node_count, 'wall_seconds': allocation.wall_seconds,
            'priority': allocation.priority, 'nodes': allocation.nodes, 'links': links}))
        write_private(self.path / 'nodes', '\n')
        write_private(self.path / 'stages', '')
        write_private(self.path / 'node.sh', _node_script())

    def read_request(self) -> tuple[Allocation, bool]:
        """What was asked for, and whether the gang has links. Raises ValueError when it is not there, or not whole."""
        try:
            content = json.loads((self.path / 'allocation.json').read_text('utf-8'))
            folder = self.path.parent.parent.parent
            return Allocation(content['id'], EngineCluster(content['cluster'], folder), content['name'],
                              content['node_count'], content['wall_seconds'], content['priority'],
                              tuple(content['nodes'])), content['links']
        except (FileNotFoundError, NotADirectoryError, KeyError, TypeError) as error:
            raise ValueError(f'no allocation in {self.path}: {error}') from None

    def add_stage(self, launch_folder: Path, last: bool) -> None:
        """Nodes read whole lines only. What a crash left of one is removed first; repeating is harmless."""
        line = f"{'last' if last else 'more'} {launch_folder}"
        descriptor = os.open(self.path / 'stages', os.O_RDWR | os.O_APPEND)
        try:
            text = os.read(descriptor, 1 << 20)
            whole = text.rfind(b'\n') + 1
            if whole < len(text):
                os.ftruncate(descriptor, whole)
            if not text[:whole].endswith(f'{line}\n'.encode()):
                os.write(descriptor, os.fsencode(f'{line}\n'))
        finally:
            os.close(descriptor)

    def stages(self) -> list[str]:
        """The whole lines."""
        try:
            text = os.fsdecode((self.path / 'stages').read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return []
        return text.split('\n')[:-1]

    def placed(self) -> Placed | None:
        """None while nobody knows the nodes."""
        try:
            with open(self.path / 'nodes', 'rb') as file:
                lines = file.read().decode('utf-8', 'replace').split('\n')
                began = os.fstat(file.fileno()).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return None
        if lines[-2:] != ['.', '']:
            return None
        words = [line.split() for line in lines[:-2]]
        return Placed(tuple((line[0], line[1]) for line in words if len(line) == 3), began)

    def has_started(self) -> bool:
        """Whether a batch script took it. To be sure, what the system remembers of the folder is thrown away."""
        probe = self.path / f'.look-{os.getpid()}'
        with contextlib.suppress(FileNotFoundError):
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
            probe.unlink()
        return os.path.exists(self.path / 'started')

    def started_as(self) -> str:
        """The number of the job whose batch script took it; empty when none did."""
        return _first_word(self.path / 'started')

    def job(self) -> str:
        """The number Slurm gave it at the last submission; empty when it has none."""
        return _first_word(self.path / 'job')

    def set_job(self, job: str) -> None:
        write_private(self.path / 'job', f'{job}\n')

    def refusal(self) -> str:
        """Why Slurm will never take it; empty when it was not refused."""
        try:
            return (self.path / 'refused').read_text('utf-8')
        except (FileNotFoundError, NotADirectoryError):
            return ''

    def refuse(self, reason: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            write_private(self.path / 'refused', reason)

    def take_misplaced(self, job: str) -> str:
        """The Slurm node that job came to and that is none of the cluster's; empty when there is none."""
        file = self.path / f'misplaced-{job}'
        try:
            return file.read_text('utf-8').strip()
        except (FileNotFoundError, NotADirectoryError):
            return ''


def _first_word(path: Path) -> str:
    try:
        text = path.read_text('ascii', 'replace')
    except (FileNotFoundError, NotADirectoryError):
        return ''
    return text.split()[0] if text.endswith('\n') and text.strip() else ''


@lru_cache(maxsize=1)
def _node_script() -> str:
    return (_HERE / 'node.sh').read_text('utf-8')
