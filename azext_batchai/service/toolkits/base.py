"""What a toolkit makes of its settings: the processes to start, on which node, with which logs. Pure."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class ToolkitError(ValueError):
    """Settings that cannot be launched; `target` is the JSON path below ``properties``."""

    def __init__(self, target: str, problem: str):
        super().__init__(problem)
        self.target = target
        self.problem = problem


@dataclass(frozen=True)
class Gang:
    """The nodes of a job, in order; the first is the master. `gpus` counts each node's devices."""
    addresses: tuple[str, ...]
    gpus: tuple[int, ...] = ()


@dataclass(frozen=True)
class TaskPlan:
    """One process: `node` is its index in the gang, `stdout` and `stderr` are file names in the log folder."""
    node: int
    command: str
    stdout: str = 'stdout.txt'
    stderr: str = 'stderr.txt'
    environment: dict[str, str] = field(default_factory=dict)


Settings = dict[str, Any]
