"""What an engine is: something that has nodes and runs launches on them.

An engine never hears of jobs, toolkits, mounts or ARM. To add one: a file here, a line in `registry`, and the
contract suite in ``tests/service/engines/contract.py``.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Callable, Protocol, Sequence


class EngineUnavailable(Exception):
    """Nothing happened; ask again later."""


class LaunchRejected(Exception):
    """The launch can never work; the text reaches the user."""


@dataclass(frozen=True)
class Capabilities:
    """`reason` says what is missing when the engine is not `usable` here."""
    usable: bool
    resizable: bool
    queues_gangs: bool
    reason: str = ''


@dataclass(frozen=True)
class EngineCluster:
    """`folder` is where the engine may keep what belongs to the cluster's nodes."""
    guid: str
    folder: Path


@dataclass(frozen=True)
class EngineNode:
    """A node that exists now. `number` counts from 1 and is not reused while the node lives.

    `folder` is the node's own disk, as seen by the service. `gpus` are the devices it may use.
    """
    id: str
    number: int
    address: str
    folder: Path
    cores: int
    gpus: tuple[int, ...] = ()
    lost: bool = False


@dataclass(frozen=True)
class Task:
    """One process of a launch: a shell command on a node. Output is appended to `stdout` and `stderr`.

    One that `is_ours` does the service's own work, as the user that it runs as; jobs may have a user of their own.
    """
    node: str
    command: str
    environment: dict[str, str]
    working_directory: Path
    stdout: Path
    stderr: Path
    is_ours: bool = False


@dataclass(frozen=True)
class Launch:
    """A gang of tasks that start together. `folder` is the engine's own scratch space for it."""
    id: str
    folder: Path
    tasks: tuple[Task, ...]


class LaunchState(Enum):
    RUNNING = 'running'
    ENDED = 'ended'
    LOST = 'lost'


@dataclass(frozen=True)
class Observation:
    """`exit_codes` has an entry a task, in order; None while it runs or when nobody knows. `first_failed` is the task
    whose failure came before that of all others, and before the launch was stopped if it was."""
    state: LaunchState
    exit_codes: tuple[int | None, ...] = ()
    first_failed: int | None = field(default=None, compare=False)


class Engine(Protocol):
    """See design, section 8."""
    name: str

    def check(self) -> Capabilities:
        """Whether the engine works here. Cheap; called when the service starts."""

    def machine(self) -> str:
        """Text that becomes another one when all that was started here ended at once, as with the power. Empty when
        that is never so, or nobody can tell."""

    def nodes(self, cluster: EngineCluster) -> list[EngineNode]:
        """What exists now, by number. Observation only."""

    def scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str] = ()) -> None:
        """Ask for `count` nodes and do not wait. `leaving` names the nodes to give up when there are too many.

        Repeating is harmless. Raises EngineUnavailable.
        """

    def start(self, launch: Launch) -> str:
        """Start the whole gang or nothing, and return a handle any later process can poll.

        The same launch id again returns the same handle and starts nothing twice. Raises EngineUnavailable,
        LaunchRejected.
        """

    def poll(self, handles: Sequence[str]) -> dict[str, Observation]:
        """The state of every handle, in one query. An unknown handle is LOST."""

    def stop(self, handle: str, grace_seconds: float) -> None:
        """Ask every process of the launch to end; with no grace, kill it. Returns at once; twice is harmless."""

    def release(self, handle: str) -> None:
        """Remove what start left behind, stray processes included. Twice is harmless."""

    def watch(self, wake: Callable[[], None]) -> None:
        """From now on call `wake` when something may have ended. Called inside the event loop; `poll` stays the
        truth."""
