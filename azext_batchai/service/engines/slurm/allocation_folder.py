"""The folder of an allocation: what the service and the batch script tell each other, and later services.

``record`` is what the service says, a line each: ``request`` with what was asked for, ``more`` or ``last`` with the
folder of a launch, in order, ``job`` with the number that Slurm gave it, ``refused`` with why it gave none, and
``withdrawn`` with the number of a job that we take back to submit it once more. It is there from the start: a file that
is opened is looked up afresh also on a file system that is shared. The batch script makes ``started``, which nobody can
make twice: the number of its job, a line a node, and a dot.
"""
from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Mapping

from azext_batchai.service.engines.base import Allocation, EngineCluster
from azext_batchai.service.engines.slurm.launch_files import write_private

ATTEMPTS = 'attempts'
_PREFIX = 'allocation-'
_RECORD, _STARTED = 'record', 'started'
BATCH_SCRIPT = Path(__file__).parent / 'batch.sh'
NODE_SCRIPT = BATCH_SCRIPT.with_name('node.sh')


@lru_cache(maxsize=1)
def script_stamp() -> str:
    """Tells one version of node.sh from the next: jobs that wait keep theirs."""
    return hashlib.sha256(NODE_SCRIPT.read_bytes()).hexdigest()[:8]


@dataclass(frozen=True)
class Placed:
    """The nodes of an allocation as its batch script found them: the number of Slurm's job, ids and addresses, and
    when, in seconds since the epoch."""
    job: str
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
    def name(self) -> str:
        """No other allocation has it."""
        return f'{self.path.parent.name}-{self.path.name[len(_PREFIX):]}'

    def create(self, allocation: Allocation, links: bool, plan: Mapping[str, int]) -> None:
        """Repeating is harmless before the first stage is added. `links` says that the gang's folders have some, and
        `plan` is kept for `read_plan`."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        request = json.dumps({
            'id': allocation.id, 'cluster': allocation.cluster.guid, 'name': allocation.name,
            'node_count': allocation.node_count, 'wall_seconds': allocation.wall_seconds,
            'priority': allocation.priority, 'nodes': allocation.nodes, 'links': links, 'plan': dict(plan)})
        write_private(self.path / _RECORD, f'request {request}\n')

    def read_request(self) -> tuple[Allocation, bool]:
        """What was asked for, and whether the gang has links. Raises ValueError when it is not there, or not whole."""
        content = self._request()
        try:
            folder = self.path.parent.parent.parent
            return Allocation(content['id'], EngineCluster(content['cluster'], folder), content['name'],
                              content['node_count'], content['wall_seconds'], content['priority'],
                              tuple(content['nodes'])), content['links']
        except (KeyError, TypeError) as error:
            raise ValueError(f'no allocation in {self.path}: {error}') from None

    def read_plan(self) -> dict[str, int] | None:
        """What was given to `create`."""
        try:
            return self._request()['plan']
        except (ValueError, KeyError):
            return None

    def _request(self) -> dict[str, Any]:
        first = next(iter(self._lines()), '')
        if not first.startswith('request '):
            raise ValueError(f'no allocation in {self.path}')
        return json.loads(first.removeprefix('request '))

    def add_stage(self, launch_folder: Path, last: bool) -> None:
        """Repeating is harmless."""
        self._add(f"{'last' if last else 'more'} {launch_folder}")

    def set_job(self, job: str) -> None:
        self._add(f'job {job}')

    def refuse(self, reason: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._add(f"refused {' '.join(reason.split())}")

    def withdraw(self, job: str) -> None:
        """Before Slurm is told: a later service is not to take that for somebody else's doing."""
        self._add(f'withdrawn {job}')

    def was_withdrawn(self, job: str) -> bool:
        return bool(job) and f'withdrawn {job}' in self._lines()

    def _add(self, line: str) -> None:
        """Nodes read whole lines only. What a crash left of one is removed first."""
        descriptor = os.open(self.path / _RECORD, os.O_RDWR | os.O_APPEND)
        try:
            text = os.read(descriptor, 1 << 20)
            whole = text.rfind(b'\n') + 1
            if whole < len(text):
                os.ftruncate(descriptor, whole)
            if os.fsencode(line) not in text[:whole].split(b'\n'):
                os.write(descriptor, os.fsencode(f'{line}\n'))
        finally:
            os.close(descriptor)

    def _lines(self) -> list[str]:
        """The whole ones of the record."""
        try:
            return os.fsdecode((self.path / _RECORD).read_bytes()).split('\n')[:-1]
        except (FileNotFoundError, NotADirectoryError):
            return []

    def stages(self) -> list[str]:
        """A line a launch."""
        return [line for line in self._lines() if line.startswith(('more ', 'last '))]

    def job(self) -> str:
        """The number Slurm gave it at the last submission; empty when it has none."""
        return self._last('job')

    def refusal(self) -> str:
        """Why Slurm will never take it; empty when it was not refused."""
        return self._last('refused')

    def _last(self, word: str) -> str:
        return next((line[len(word) + 1:] for line in reversed(self._lines()) if line.startswith(f'{word} ')), '')

    # what the batch script says

    def placed(self) -> Placed | None:
        """None while nobody knows the nodes."""
        try:
            with open(self.path / _STARTED, 'rb') as file:
                lines = file.read().decode('utf-8', 'replace').split('\n')
                began = os.fstat(file.fileno()).st_mtime
        except (FileNotFoundError, NotADirectoryError):
            return None
        if lines[-2:] != ['.', '']:
            return None
        words = [line.split() for line in lines[1:-2]]
        return Placed(lines[0], tuple((line[0], line[1]) for line in words if len(line) == 3), began)

    def look_afresh(self) -> bool:
        """Whether a batch script took it, when what the system remembers of the folder is thrown away."""
        probe = self.path / f'.look-{os.getpid()}'
        with contextlib.suppress(FileNotFoundError):
            os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
            probe.unlink()
        return self.has_started()

    def has_started(self) -> bool:
        return os.path.exists(self.path / _STARTED)

    def was_misplaced(self, job: str) -> bool:
        """Whether that job came to a node that is none of the cluster's."""
        return os.path.exists(self.path / f'misplaced-{job}')
