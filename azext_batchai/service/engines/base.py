"""What an engine is: something that has nodes and runs launches on them.

An engine never hears of jobs, toolkits, mounts or ARM. To add one: a file here, a line in `registry`, and the
contract suite in ``tests/service/engines/contract.py``.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Callable, Collection, Mapping, Protocol, Sequence, runtime_checkable


class EngineUnavailable(Exception):
    """Nothing happened; ask again later."""


class LaunchRejected(Exception):
    """The launch can never work; the text reaches the user."""


@dataclass(frozen=True)
class Capabilities:
    """`reason` says what is missing when the engine is not `usable` here.

    One that `queues_gangs` is a `QueueingEngine`: launches wait in its own queue for nodes that it chooses.
    """
    usable: bool
    resizable: bool
    queues_gangs: bool
    reason: str = ''


@dataclass(frozen=True)
class ClusterWish:
    """What a client said of a cluster that an engine may care for. `options` are the tags of the cluster."""
    name: str
    vm_size: str = ''
    low_priority: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EngineCluster:
    """`folder` is where the engine may keep what belongs to the cluster's nodes. `wish` is given when it is scaled."""
    guid: str
    folder: Path
    wish: ClusterWish | None = None


@dataclass(frozen=True)
class EngineNode:
    """A node that exists now. `number` counts from 1 and is not reused while the node lives.

    `folder` is the node's own disk, as seen by the service. `gpus` are the devices it may use. `problem` says why no
    job can run there for now, and one that is `asleep` is switched off until it is needed. An engine that
    `sets_devices` tells tasks itself which devices are theirs.
    """
    id: str
    number: int
    address: str
    folder: Path
    cores: int
    gpus: tuple[int, ...] = ()
    lost: bool = False
    problem: str = ''
    asleep: bool = False
    sets_devices: bool = False


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
class Allocation:
    """The nodes that an engine which queues gangs is to find for the launches of an attempt.

    Launches with the same `id` follow one another on the same nodes. `name` is for people. The nodes are held for
    `wall_seconds` at most. A higher `priority` goes first, 0 is normal. `nodes` are ids, where nothing but these will
    do; otherwise any `node_count` nodes of the cluster that are open.
    """
    id: str
    cluster: EngineCluster
    name: str
    node_count: int
    wall_seconds: float
    priority: int = 0
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Launch:
    """A gang of tasks that start together. `folder` is the engine's own scratch space for it.

    `files` are written before the tasks begin, for the eyes of the owner only. An engine that queues gangs is given
    the `allocation`, and whether this launch is the `last` in it: then the nodes are free when its tasks have ended.
    """
    id: str
    folder: Path
    tasks: tuple[Task, ...]
    files: Mapping[Path, str] = field(default_factory=dict)
    allocation: Allocation | None = None
    last: bool = True


class LaunchState(Enum):
    """QUEUED and REJECTED are for engines that queue gangs: it waits for nodes; it can never run, as found out after
    `Engine.start` returned."""
    QUEUED = 'queued'
    RUNNING = 'running'
    ENDED = 'ended'
    LOST = 'lost'
    REJECTED = 'rejected'


class Removal(Enum):
    """Why an engine ended a launch that nobody here wanted ended."""
    ADMINISTRATOR = 'administrator'
    TIME = 'time'
    PREEMPTED = 'preempted'
    MEMORY = 'memory'


@dataclass(frozen=True)
class Observation:
    """`exit_codes` has an entry a task, in order; None while it runs or when nobody knows. `first_failed` is the task
    whose failure came before that of all others, and before the launch was stopped if it was.

    From engines that queue gangs: `nodes` are the ids of the allocated nodes in the order of the gang, empty while it
    waits; `began` is when they were given, in seconds since the epoch. `reason` tells people why a launch waits, was
    lost or rejected, and `removal` why it was ended: then the state is LOST.
    """
    state: LaunchState
    exit_codes: tuple[int | None, ...] = ()
    first_failed: int | None = field(default=None, compare=False)
    nodes: tuple[str, ...] = field(default=(), compare=False)
    began: float | None = field(default=None, compare=False)
    reason: str = field(default='', compare=False)
    removal: Removal | None = field(default=None, compare=False)


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


@runtime_checkable
class QueueingEngine(Engine, Protocol):
    """What an engine that queues gangs does besides. A launch waits there until the engine has nodes for it, so most
    of what a task says of its node is known late: see `gang`."""

    def check_cluster(self, wish: ClusterWish) -> str:
        """Why there can be no such cluster, as a sentence for people; empty when there can."""

    def gang(self, cluster: EngineCluster, allocation_id: str, node_ids: Sequence[str], node_count: int
             ) -> list[EngineNode]:
        """The nodes of an allocation as its tasks see them, in order, each with a folder of its own that is the same
        before and after the nodes are known.

        `node_ids` are empty before; then id and address are words that the engine replaces in every text of a task and
        in the texts of the launch's files when it starts them. What lies in a node's own folder is also seen in these.
        Makes the folders. Raises EngineUnavailable, and LaunchRejected when the cluster has no open node to look at.
        """

    def open_nodes(self, cluster: EngineCluster, node_ids: Collection[str]) -> None:
        """From now on only these nodes of the cluster are given to its allocations, to waiting ones as well. Does not
        wait; repeating is harmless."""

    def waiting(self) -> Collection[str]:
        """Handles of which the last look said that they wait, so that nobody needs to poll them."""

    def forget_allocation(self, cluster: EngineCluster, allocation_id: str) -> None:
        """The attempt is over: free its nodes if they are still held, and remove the folders of its gang. Twice is
        harmless."""

    def reach(self, cluster: EngineCluster, node_id: str, command: str) -> str:
        """A shell command for this machine that runs the shell text `command` on that node, at once and beside what
        runs there, with the environment and the output of its own caller. A launch without an allocation is a process
        of this machine. Raises EngineUnavailable, LaunchRejected."""

    def trouble(self) -> str:
        """What keeps the engine from working now, as a sentence for people; empty when nothing does."""

    def findings(self) -> list[str]:
        """What in the settings of the scheduler below is worth changing, and to what: a sentence each."""

    def capacity(self) -> dict[str, int]:
        """``cores`` and ``gpus`` that there are."""
