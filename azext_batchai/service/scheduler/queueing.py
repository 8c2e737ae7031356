"""Attempts on an engine that queues gangs itself: the job waits there, and its nodes are known once they are given."""
from __future__ import annotations

from dataclasses import replace
from typing import Any, Mapping, Sequence

from azext_batchai.arm.times import parse_duration
from azext_batchai.service.engines.base import (
    Allocation, ClusterWish, EngineCluster, EngineNode, EngineUnavailable, LaunchRejected, QueueingEngine)
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import LaunchRecord

# Jobs of a cluster that wait in the queue of the engine: enough for it to choose from, few enough for others there.
MOST_SUBMITTED = 2000
# Jobs handed over in one turn, during which no request is answered.
MOST_SUBMISSIONS = 20


def wish_of(name: str, properties: dict[str, Any], tags: Mapping[str, str]) -> ClusterWish:
    """What the client says of a cluster, for an engine."""
    return ClusterWish(name, properties['vmSize'], properties['vmPriority'] == 'lowpriority', tags)


def asked_of(cluster: Cluster, folders: Folders) -> EngineCluster:
    """The cluster with what the client said of it."""
    resource, bare = cluster.resource, folders.cluster(cluster.resource.guid)
    return replace(bare, wish=wish_of(resource.id.name, resource.properties, resource.tags))


def wall_seconds(job: Job) -> float:
    """How long the job may run."""
    return parse_duration(job.resource.properties['constraints']['maxWallClockTime']).total_seconds()


# A set-up that takes longer than this is stuck.
SETUP_SECONDS = 24 * 3600.0


class Gangs:
    """The nodes of attempts as such an engine shows them, and what it is asked for."""

    def __init__(self, engine: QueueingEngine, folders: Folders):
        self._engine = engine
        self._folders = folders

    def nodes(self, job: Job, cluster_guid: str, record: LaunchRecord) -> list[EngineNode]:
        """The nodes of an attempt, also before they are known. Empty when the cluster has none to look at."""
        try:
            return self._engine.gang(self._folders.cluster(cluster_guid), allocation_id(record.owner, record.attempt),
                                     record.nodes, job.node_count)
        except LaunchRejected:
            return []

    def allocation(self, job: Job, cluster: Cluster, record: LaunchRecord) -> Allocation:
        """What the launches of an attempt share. `record.nodes` say where a later one has to be."""
        return Allocation(allocation_id(record.owner, record.attempt), asked_of(cluster, self._folders),
                          job.resource.id.name, job.node_count, wall_seconds(job), job.priority, tuple(record.nodes))

    def setup_allocation(self, cluster: Cluster, node_id: str, launch_id: str) -> Allocation:
        """For the set-up of a node."""
        return Allocation(launch_id, asked_of(cluster, self._folders), f'setup-{cluster.resource.id.name}', 1,
                          SETUP_SECONDS, nodes=(node_id,))

    def forget(self, cluster_guid: str, allocation: str) -> None:
        """The attempt is over."""
        self._engine.forget_allocation(self._folders.cluster(cluster_guid), allocation)


def allocation_id(guid: str, attempt: int) -> str:
    """Names the allocation of an attempt of the job with that guid."""
    return f'{guid}-{attempt}'


def require_gang(nodes: Sequence[EngineNode], count: int) -> None:
    """Raises EngineUnavailable when there is no gang to prepare: it may be there soon."""
    if len(nodes) < count:
        raise EngineUnavailable('no node of the cluster can be used now')
