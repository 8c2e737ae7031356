"""An engine that runs nothing: a test or a simulation says what happens and when.

It keeps every promise of `base.Engine` and passes the same contract suite as the real ones. Tasks end when `end` is
called; a command of the form ``exit N`` ends by itself at the next poll, and ``sleep`` never does.
"""
from __future__ import annotations

import re
from dataclasses import replace
from typing import Callable, Collection, Sequence

from azext_batchai.service.engines.base import (
    Capabilities, ClusterWish, EngineCluster, EngineNode, EngineUnavailable, Launch, LaunchRejected, LaunchState,
    Observation, Removal)

_EXIT = re.compile(r'exit (\d+)\Z')


class FakeEngine:
    """`unavailable` makes scale and start raise EngineUnavailable; `rejected` makes start raise LaunchRejected."""
    name = 'fake'

    def __init__(self, cores: int = 1):
        self.cores = cores
        self.unavailable = False
        self.rejected = ''
        self.machine_id = ''
        self.launches: dict[str, Launch] = {}
        self.starts: list[str] = []
        self.stops: list[tuple[str, float]] = []
        self._codes: dict[str, list[int | None]] = {}
        self._first_failed: dict[str, int] = {}
        self._made = 0
        self._lost: set[str] = set()
        self._nodes: dict[str, dict[int, EngineNode]] = {}
        self._wake: Callable[[], None] = lambda: None

    def check(self) -> Capabilities:
        return Capabilities(usable=True, resizable=True, queues_gangs=False)

    def machine(self) -> str:
        return self.machine_id

    def nodes(self, cluster: EngineCluster) -> list[EngineNode]:
        return [node for _, node in sorted(self._nodes.get(cluster.guid, {}).items())]

    def scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str] = ()) -> None:
        if self.unavailable:
            raise EngineUnavailable('the fake engine was told to be unavailable')
        nodes = self._nodes.setdefault(cluster.guid, {})
        numbers = [number for number, node in nodes.items() if node.id in leaving]
        for number in numbers[:max(0, len(nodes) - count)]:
            del nodes[number]
        number = 0
        while len(nodes) < count:
            number += 1
            if number not in nodes:
                self._made += 1  # one node a second
                name = f'tvm-{int(cluster.guid[:8], 16)}_{number}-20180606t{self._made:06d}z'
                nodes[number] = EngineNode(name, number, '127.0.0.1', cluster.folder / name, self.cores)

    def start(self, launch: Launch) -> str:
        if self.unavailable:
            raise EngineUnavailable('the fake engine was told to be unavailable')
        if self.rejected:
            raise LaunchRejected(self.rejected)
        if launch.id not in self.launches:
            self.launches[launch.id] = launch
            self.starts.append(launch.id)
            self._codes[launch.id] = [None] * len(launch.tasks)
        return f'fake:{launch.id}'

    def poll(self, handles: Sequence[str]) -> dict[str, Observation]:
        return {handle: self._observe(handle.partition(':')[2]) for handle in handles}

    def _observe(self, launch_id: str) -> Observation:
        if launch_id not in self._codes or launch_id in self._lost:
            return Observation(LaunchState.LOST)
        codes = self._codes[launch_id]
        for index, task in enumerate(self.launches[launch_id].tasks):
            match = _EXIT.match(task.command)
            if match and codes[index] is None:
                codes[index] = int(match.group(1))
                self._note_failure(launch_id, index)
        state = LaunchState.RUNNING if None in codes else LaunchState.ENDED
        return Observation(state, tuple(codes), self._first_failed.get(launch_id))

    def _note_failure(self, launch_id: str, index: int) -> None:
        if self._codes[launch_id][index]:
            self._first_failed.setdefault(launch_id, index)

    def stop(self, handle: str, grace_seconds: float) -> None:
        launch_id = handle.partition(':')[2]
        self.stops.append((launch_id, grace_seconds))
        self.end(launch_id, 143 if grace_seconds else 137)

    def release(self, handle: str) -> None:
        launch_id = handle.partition(':')[2]
        self._codes.pop(launch_id, None)

    def watch(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    # what a test does to it

    def end(self, launch_id: str, *exit_codes: int) -> None:
        """End the tasks that still run; one code serves for all of them."""
        codes = self._codes.get(launch_id, [])
        for index, code in enumerate(codes):
            if code is None:
                self.end_task(launch_id, index, exit_codes[index] if len(exit_codes) > 1 else exit_codes[0])
        self._wake()

    def end_task(self, launch_id: str, index: int, exit_code: int) -> None:
        """End one task, which the others may outlive."""
        self._codes[launch_id][index] = exit_code
        self._note_failure(launch_id, index)
        self._wake()

    def lose(self, launch_id: str) -> None:
        """The machine below the launch is gone."""
        self._lost.add(launch_id)
        self._wake()

    def lose_node(self, cluster_guid: str, number: int) -> None:
        del self._nodes[cluster_guid][number]
        self._wake()


class QueueingFakeEngine(FakeEngine):
    """See `base.QueueingEngine`. Launches wait until a test gives them nodes with `give`."""
    name = 'queueing fake'

    def __init__(self, cores: int = 1):
        super().__init__(cores)
        self.wishes: dict[str, ClusterWish | None] = {}
        self.refusal = ''
        self.said = ''
        self.open: dict[str, frozenset[str]] = {}
        self.forgotten: list[str] = []
        self.reasons: dict[str, str] = {}
        self.problems: dict[str, str] = {}
        self.sleepers: set[str] = set()
        self._given: dict[str, tuple[str, ...]] = {}
        self._rejections: dict[str, str] = {}
        self._removals: dict[str, Removal] = {}

    def check(self) -> Capabilities:
        return Capabilities(usable=True, resizable=True, queues_gangs=True)

    def nodes(self, cluster: EngineCluster) -> list[EngineNode]:
        return [replace(node, problem=self.problems.get(node.id, ''), asleep=node.id in self.sleepers)
                for node in super().nodes(cluster)]

    def scale(self, cluster: EngineCluster, count: int, leaving: Sequence[str] = ()) -> None:
        super().scale(cluster, count, leaving)
        self.wishes[cluster.guid] = cluster.wish

    def _observe(self, launch_id: str) -> Observation:
        if launch_id in self._rejections:
            return Observation(LaunchState.REJECTED, reason=self._rejections[launch_id])
        launch = self.launches.get(launch_id)
        if launch is None or launch.allocation is None:
            return super()._observe(launch_id)
        nodes = self._given.get(launch.allocation.id, ())
        removal, reason = self._removals.get(launch_id), self.reasons.get(launch_id, '')
        if removal:
            return Observation(LaunchState.LOST, nodes=nodes, reason=reason, removal=removal)
        if not nodes and launch_id not in self._lost:
            if any(stopped_id == launch_id for stopped_id, _ in self.stops):
                return Observation(LaunchState.ENDED, (137,) * len(launch.tasks))
            return Observation(LaunchState.QUEUED, reason=reason)
        return replace(super()._observe(launch_id), nodes=nodes, reason=reason)

    def stop(self, handle: str, grace_seconds: float) -> None:
        launch = self.launches.get(handle.partition(':')[2])
        if launch and launch.allocation and launch.allocation.id not in self._given:
            self.stops.append((launch.id, grace_seconds))
            self._wake()
        else:
            super().stop(handle, grace_seconds)

    def check_cluster(self, wish: ClusterWish) -> str:
        return self.refusal

    def gang(self, cluster: EngineCluster, allocation_id: str, node_ids: Sequence[str], node_count: int
             ) -> list[EngineNode]:
        place = cluster.folder / 'attempts' / allocation_id
        if not place.exists() and not self.open.get(cluster.guid):
            raise LaunchRejected('no node is open')
        there = {node.id: node for node in self.nodes(cluster)}
        gang = []
        for index in range(node_count):
            folder = place / str(index)
            folder.mkdir(parents=True, exist_ok=True)
            known = there.get(node_ids[index]) if node_ids else None
            gang.append(EngineNode(known.id if known else f'@id:{index}@', index + 1,
                                   known.address if known else f'@address:{index}@', folder, self.cores))
        return gang

    def open_nodes(self, cluster: EngineCluster, node_ids: Collection[str]) -> None:
        self.open[cluster.guid] = frozenset(node_ids)

    def waiting(self) -> Collection[str]:
        return {f'fake:{launch_id}' for launch_id in self.launches
                if self._observe(launch_id).state is LaunchState.QUEUED}

    def forget_allocation(self, cluster: EngineCluster, allocation_id: str) -> None:
        self.forgotten.append(allocation_id)

    def reach(self, cluster: EngineCluster, node_id: str, command: str) -> str:
        return command

    def trouble(self) -> str:
        return self.said

    def findings(self) -> list[str]:
        return []

    def capacity(self) -> dict[str, int]:
        return {'cores': self.cores, 'gpus': 0}

    # what a test does to it

    def give(self, launch_id: str, *numbers: int) -> None:
        """Give the launch the nodes of its cluster with these numbers, or its cluster's first."""
        allocation = self.launches[launch_id].allocation
        assert allocation is not None
        nodes = {node.number: node.id for node in self.nodes(allocation.cluster)}
        chosen = numbers or sorted(nodes)[:allocation.node_count]
        self._given[allocation.id] = tuple(nodes[number] for number in chosen)
        self._wake()

    def refuse(self, launch_id: str, reason: str) -> None:
        """Find that the launch can never run."""
        self._rejections[launch_id] = reason
        self._wake()

    def remove(self, launch_id: str, removal: Removal, reason: str = '') -> None:
        """End the launch for a reason of the engine's own."""
        self._removals[launch_id] = removal
        self.reasons[launch_id] = reason
        self._wake()
