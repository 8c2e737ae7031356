"""Bring a new node to the point where it takes jobs: links, mount commands, the cluster's setup task."""
from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any, Callable, Sequence

from azext_batchai.arm.states import NodeState
from azext_batchai.service.engines.base import (
    Engine, EngineNode, Launch, LaunchRejected, LaunchState, Observation, QueueingEngine)
from azext_batchai.service.job_user import files_as
from azext_batchai.service.scheduler.failures import last_lines
from azext_batchai.service.scheduler.launching import (
    Folders, make_lasting_folder, make_mounted_folders, make_output_folder, node_place)
from azext_batchai.service.scheduler.lifecycle import check_node
from azext_batchai.service.scheduler.outcome import error
from azext_batchai.service.scheduler.provisions import Provisions
from azext_batchai.service.scheduler.queueing import Gangs
from azext_batchai.service.scheduler.setup_launching import setup_launch, setup_layout
from azext_batchai.service.scheduler.unknown_starts import take_back
from azext_batchai.service.secrets.masking import mask
from azext_batchai.service.secrets.resolver import SecretUnavailable, StillResolving
from azext_batchai.service.storage.mounts import Mount, MountError, link_mounts, resolve_mounts
from azext_batchai.service.store import Store
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.launches import SETUP, LaunchRecord

_log = logging.getLogger(__name__)

_ENDED_WELL = {'state': LaunchState.ENDED.value, 'exitCodes': [0]}
# The error of a node that the engine calls unusable; it goes away by itself.
_NODE_PROBLEM = 'NodeUnavailable'


class NodeSetup:
    """The preparing state of nodes, from beginning to idle or unusable."""

    def __init__(self, store: Store, engine: Engine, folders: Folders, provisions: Provisions,
                 clock: Callable[[], float]):
        self._store = store
        self._engine = engine
        self._folders = folders
        self._provisions = provisions
        self._clock = clock
        # Set-ups that the engine surely never heard of; of others an earlier service may have told it.
        self._untold: set[str] = set()
        self._gangs = Gangs(engine, folders) if isinstance(engine, QueueingEngine) else None

    def begin(self, cluster: Cluster, node: EngineNode) -> None:
        """Begin the set-up of a preparing node, unless it is under way. Raises EngineUnavailable."""
        launches = self._store.launches.of_owner(node.id)
        if any(launch.result is None for launch in launches):
            return
        if launches:  # it has had its set-up, and a crash or a failure of the node came before the verdict
            if launches[-1].result == _ENDED_WELL:
                self._ready(node.id)
                return
            self._unusable(node.id, self._failure(node.id, 0, lost=True))
            return
        try:
            launch = setup_launch(f'{node.id}-setup', cluster, node, self._make_links(cluster, node), {},
                                  self._folders.launch(f'{node.id}-setup'), self._folders.job_user)
        except MountError as problem:
            self._unusable(node.id, error(problem.code, str(problem), nodeId=node.id, mountPath=problem.relative_path))
            return
        except ValueError as problem:
            self._unusable(node.id, error('NodePreparationFailed', str(problem), nodeId=node.id))
            return
        if launch is None:
            self._ready(node.id)
            return
        self._store.launches.intend(launch.id, node.id, SETUP, 1, [node.id], self._clock())
        self._untold.add(launch.id)
        self.start(self._store.launches.of_owner(node.id)[-1])

    def start(self, record: LaunchRecord) -> None:
        """Start an intended set-up; the second time nothing happens twice. Raises EngineUnavailable."""
        found = self._find(record.owner)
        if found is None:
            self._take_back(record)
            self._store.launches.ended(record.id, {'state': LaunchState.LOST.value}, self._clock())
            self._provisions.secrets.forget(record.owner)
            return
        cluster, node = found
        try:
            secrets = self._secrets(cluster, node.id)
            launch = setup_launch(record.id, cluster, node, self._make_links(cluster, node), secrets,
                                  self._folders.launch(record.id), self._folders.job_user)
            if launch is None:
                raise LaunchRejected('there is nothing to run any more')
            self._make_log_folder(cluster, node)
            handle = self._engine.start(self._allocated(launch, cluster, node.id))
        except StillResolving:
            return  # there will be news
        except (MountError, LaunchRejected, SecretUnavailable, OSError, ValueError) as problem:
            self._take_back(record)
            with self._store.transaction():
                self._store.launches.ended(record.id, {'state': 'rejected'}, self._clock())
                self._unusable(node.id, error('NodePreparationFailed', str(problem), nodeId=node.id))
            self._provisions.secrets.forget(node.id)
            return
        self._untold.discard(record.id)
        self._store.launches.started(record.id, handle)

    def _allocated(self, launch: Launch, cluster: Cluster, node_id: str) -> Launch:
        """The launch with what an engine needs that queues gangs."""
        if not self._gangs:
            return launch
        return replace(launch, allocation=self._gangs.setup_allocation(cluster, node_id, launch.id))

    def _take_back(self, record: LaunchRecord) -> None:
        """What an earlier service may have started of a set-up that cannot be started now must not go on. Raises
        EngineUnavailable."""
        if record.handle is None and record.id not in self._untold:
            handle = take_back(self._engine, record.id, record.owner, self._folders.launch(record.id))
            if handle:
                self._engine.release(handle)
        self._untold.discard(record.id)

    def _secrets(self, cluster: Cluster, node_id: str) -> dict[str, str]:
        """The values the setup task needs. Raises StillResolving and SecretUnavailable."""
        task = cluster.resource.properties.get('nodeSetup', {}).get('setupTask', {})
        return self._provisions.all_secrets(node_id, task, self._store.resources.secrets(cluster.resource.guid))

    def _make_log_folder(self, cluster: Cluster, node: EngineNode) -> None:
        """The folder of the setup task's output, the same for every node; without such a task the node's own."""
        guid = cluster.resource.guid
        _, logs = setup_layout(cluster, node, {}, self._folders.job_user)
        make_lasting_folder(guid, self._folders)
        with files_as(self._folders.job_user):
            if logs is None:
                (node.folder / 'startup').mkdir(parents=True, exist_ok=True)
                return
            make_output_folder(logs, node.folder.resolve(), self._folders.output(guid))
            folder = str(logs.resolve())
        if folder != cluster.setup_output:
            self._store.clusters.set_setup_output(guid, folder)

    def take_in(self, node_id: str, problem: str) -> None:
        """Note that the engine calls a free node unusable, or does so no more. `problem` says why, or is empty."""
        node = self._store.clusters.node(node_id)
        if node is None:
            return
        if problem and node.state in (NodeState.IDLE, NodeState.PREPARING) and not self._is_set_up_now(node_id):
            self._unusable(node_id, error(_NODE_PROBLEM, problem, nodeId=node_id))
        elif not problem and node.state == NodeState.UNUSABLE and (node.error or {}).get('code') == _NODE_PROBLEM:
            self._move(node_id, NodeState.PREPARING)

    def _is_set_up_now(self, node_id: str) -> bool:
        return any(launch.result is None for launch in self._store.launches.of_owner(node_id))

    def rejected(self, record: LaunchRecord, reason: str) -> None:
        """The engine found after the start that the set-up can never run."""
        with self._store.transaction():
            self._store.launches.ended(record.id, {'state': LaunchState.REJECTED.value}, self._clock())
            node = self._store.clusters.node(record.owner)
            if node and node.state == NodeState.PREPARING:
                self._unusable(node.id, error('NodePreparationFailed', reason, nodeId=node.id))
        self._provisions.secrets.forget(record.owner)

    def ended(self, record: LaunchRecord, observation: Observation) -> None:
        """Take in the end of a set-up: the node is idle, or unusable with an error on its cluster.

        The launch is released when the node leaves, because what a mount command left running serves the mount.
        """
        code = next((code for code in observation.exit_codes if code), 0)
        lost = observation.state is LaunchState.LOST
        with self._store.transaction():
            self._store.launches.ended(record.id, {'state': observation.state.value,
                                                   'exitCodes': list(observation.exit_codes)}, self._clock())
            node = self._store.clusters.node(record.owner)
            if node and node.state == NodeState.PREPARING:
                if lost or code:
                    self._unusable(node.id, self._failure(node.id, code, lost))
                else:
                    self._ready(node.id)
        self._provisions.secrets.forget(record.owner)

    def _abandon(self, node_id: str) -> None:
        """End what the set-up of a node left running."""
        for launch in self._store.launches.of_owner(node_id):
            if launch.handle:
                self._engine.stop(launch.handle, 0)
                self._engine.release(launch.handle)
                node = self._store.clusters.node(node_id) if self._gangs else None
                if self._gangs and node:
                    self._gangs.forget(node.cluster, launch.id)
        self._store.launches.forget(node_id)

    def _make_links(self, cluster: Cluster, node: EngineNode) -> list[Mount]:
        volumes = cluster.resource.properties.get('nodeSetup', {}).get('mountVolumes', {})
        mounts = resolve_mounts(volumes, self._folders.data_dir, self._store.resources.file_server_guid)
        make_mounted_folders(mounts, self._folders)
        with files_as(self._folders.job_user):
            link_mounts(mounts, node_place(node).mount_root)
        return mounts

    def _find(self, node_id: str) -> tuple[Cluster, EngineNode] | None:
        node = self._store.clusters.node(node_id)
        cluster = self._store.clusters.get(node.cluster) if node else None
        if cluster is None:
            return None
        there = self._engine.nodes(self._folders.cluster(cluster.resource.guid))
        return next(((cluster, candidate) for candidate in there if candidate.id == node_id), None)

    def _failure(self, node_id: str, code: int, lost: bool) -> dict[str, Any]:
        if lost:
            return error('NodePreparationFailed', 'The set-up of the node was lost', nodeId=node_id)
        return error('NodePreparationFailed', 'The set-up of the node ended with a non-zero exit code', nodeId=node_id,
                     exitCode=str(code), stderr=self._last_lines(node_id))

    def _last_lines(self, node_id: str) -> str:
        found = self._find(node_id)
        if not found:
            return ''
        try:
            secrets = self._secrets(found[0], node_id)
        except (StillResolving, SecretUnavailable):
            return ''  # nobody knows what in it is secret
        _, logs = setup_layout(*found, {}, self._folders.job_user)
        folder = logs or found[1].folder / 'startup'
        with files_as(self._folders.job_user):
            return last_lines(folder / f'stderr-{node_id}.txt', lambda text: mask(text, secrets.values()))

    def leave(self, node_ids: Sequence[str]) -> None:
        """The nodes are to leave: no job starts on them, and what their set-up left running ends."""
        with self._store.transaction():
            for node_id in node_ids:
                self._move(node_id, NodeState.LEAVING)
        for node_id in node_ids:
            self._abandon(node_id)
            self._provisions.secrets.forget(node_id)

    def _move(self, node_id: str, state: NodeState, problem: dict[str, Any] | None = None) -> None:
        """Move a node that is there to another state. Raises IllegalTransition."""
        node = self._store.clusters.node(node_id)
        if node and node.state != state:
            check_node(node.state, state)
            self._store.clusters.set_node_state(node_id, state, self._clock(), problem)

    def _ready(self, node_id: str) -> None:
        self._move(node_id, NodeState.IDLE)

    def _unusable(self, node_id: str, problem: dict[str, Any]) -> None:
        self._move(node_id, NodeState.UNUSABLE, problem)
        _log.warning('node %s is unusable: %s', node_id, problem['message'])
