"""What a toolkit makes of its settings: the processes to start, on which node, with which logs. Pure."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Iterable

# The port of the first process of a node; the next ones count up (semantics sheet, section 3.1).
FIRST_PORT = 2222

Settings = dict[str, Any]


class ToolkitError(ValueError):
    """Settings that cannot be launched; `target` is the JSON path below ``properties``."""

    def __init__(self, target: str, problem: str):
        super().__init__(problem)
        self.target = target
        self.problem = problem


@dataclass(frozen=True)
class Gang:
    """The nodes of a job, in order; the first is the master. `gpus` counts each node's devices.

    Nodes of one machine share an address, and then the ports too: `first_port` and those above it are free there.
    """
    addresses: tuple[str, ...]
    gpus: tuple[int, ...] = ()
    first_port: int = FIRST_PORT

    def endpoints(self, nodes: Iterable[int]) -> list[str]:
        """``host:port`` for processes that listen, in order; `nodes` are indices of their nodes."""
        taken: Counter[str] = Counter()
        found = []
        for node in nodes:
            address = self.addresses[node]
            found.append(f'{address}:{self.first_port + taken[address]}')
            taken[address] += 1
        return found


@dataclass(frozen=True)
class TaskPlan:
    """One process: `node` is its index in the gang, `stdout` and `stderr` are file names in the log folder.

    `name` tells it from the others of the job, as in ``worker 1``. The job is over when all its `essential` processes
    have ended, or a `vital` one has failed; then the rest is stopped. `shown` is what people are to see of the command,
    where the command itself says more than they asked for.
    """
    node: int
    command: str
    name: str = ''
    stdout: str = 'stdout.txt'
    stderr: str = 'stderr.txt'
    environment: dict[str, str] = field(default_factory=dict)
    essential: bool = True
    vital: bool = True
    shown: str = ''
