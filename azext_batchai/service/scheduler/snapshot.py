"""What planning looks at: a cluster, its nodes, its running jobs and the head of its queue. Plain values."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azext_batchai.arm.states import AllocationState, DeallocationOption, NodeState
from azext_batchai.service.store.jobs import Queued


@dataclass(frozen=True)
class Scale:
    """The wish for nodes: `target` for a manual cluster, `minimum` to `maximum` for an auto-scale one."""
    target: int | None = None
    deallocation: DeallocationOption = DeallocationOption.REQUEUE
    minimum: int = 0
    maximum: int = 0
    initial: int = 0

    @property
    def limit(self) -> int:
        """The most nodes the cluster can have as it is set now."""
        return self.maximum if self.target is None else self.target


def read_scale(properties: dict[str, Any]) -> Scale:
    """The scale settings of a cluster's properties; without any it is a manual cluster of 0 nodes."""
    settings = properties.get('scaleSettings', {})
    if 'autoScale' in settings:
        auto = settings['autoScale']
        return Scale(minimum=auto['minimumNodeCount'], maximum=auto['maximumNodeCount'],
                     initial=auto.get('initialNodeCount', 0))
    manual = settings.get('manual', {})
    return Scale(target=manual.get('targetNodeCount', 0),
                 deallocation=DeallocationOption(manual.get('nodeDeallocationOption', 'requeue')))


@dataclass(frozen=True)
class NodeView:
    """`since` is when the node entered its state, `added` when it came; `job` the guid of the job that holds it."""
    id: str
    number: int
    state: NodeState
    since: float
    job: str | None = None
    added: float = 0.0


@dataclass(frozen=True)
class ActiveJob:
    """A job that holds nodes, or one to be stopped that is `submitted` and waits for nodes in the queue of the engine.
    `stop_time` is when the engine was asked to stop it, `killed` whether with force."""
    guid: str
    node_count: int
    wish: str | None = None
    deadline: float | None = None
    stop_reason: str | None = None
    stop_time: float | None = None
    killed: bool = False
    submitted: bool = False


@dataclass(frozen=True)
class ClusterView:
    """`queue` is the head of the queue, jobs above the scale limit left out; `queued_nodes` is what all of the queue
    asks for (at least; counting stops at the limit). `fresh` until the cluster was scaled for the first time; `resized`
    is when a client last said how large it should be. `low_priority` nodes may be taken away. Where the engine
    `queues_gangs` the queue is what may be submitted now, and what was submitted is in neither list but to be stopped.
    """
    guid: str
    scale: Scale
    allocation_state: AllocationState = AllocationState.STEADY
    fresh: bool = False
    deleting: bool = False
    resized: float = 0.0
    low_priority: bool = False
    nodes: tuple[NodeView, ...] = ()
    active: tuple[ActiveJob, ...] = ()
    queue: tuple[Queued, ...] = ()
    queued_nodes: int = 0
    queues_gangs: bool = False
