"""The one place that moves jobs and nodes from state to state: record the intent, act, record the result.

After a crash at any line the next start finds the intent in the store and finishes it: `_resume` starts launches
whose start was never confirmed, and an engine starts the same launch id only once.
"""
from __future__ import annotations

import asyncio
import logging
from typing import Callable, Sequence

from azext_batchai.arm.states import AllocationState, NodeState, ProvisioningState
from azext_batchai.service.engines.base import (
    Engine, EngineUnavailable, LaunchState, Observation, QueueingEngine)
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.scheduler import plan as planning
from azext_batchai.service.scheduler.attempts import Attempts
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.scheduler.node_setup import NodeSetup
from azext_batchai.service.scheduler.provisions import Provisions
from azext_batchai.service.scheduler.queueing import MOST_SUBMISSIONS, MOST_SUBMITTED, asked_of
from azext_batchai.service.scheduler.removal import EXPERIMENTS, WORKSPACES, Removal
from azext_batchai.service.scheduler.snapshot import ActiveJob, ClusterView, NodeView, read_scale
from azext_batchai.service.store import Store
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.launches import SETUP, LaunchRecord

_log = logging.getLogger(__name__)

# Rounds of plan and act for one cluster before the others have their turn.
_MOST_ROUNDS = 50
_RETRY_SECONDS = 1.0
# Until an engine that has not all the nodes that were asked for is asked again.
_SCALE_AGAIN_SECONDS = 5.0
# Jobs that are ended or removed in one turn, during which no request is answered.
_MOST_WISHES = 500
# Launches that are told to end, or whose news is taken in: each costs commits.
_MOST_AT_ONCE = 50
# While something is being stopped the engine may know of its end only when asked.
_STOP_POLL_SECONDS = 0.02
# While something runs: news of a task that an earlier service started does not come by itself everywhere.
_RUNNING_POLL_SECONDS = 1.0
_UNDECIDED = (LaunchState.QUEUED, LaunchState.RUNNING)


def _up_to_most_stops(actions: Sequence[planning.Action]) -> Sequence[planning.Action]:
    """The first of the actions, not more than `_MOST_AT_ONCE` of which end a job; the next plan has the others."""
    stops = [number for number, action in enumerate(actions)
             if isinstance(action, (planning.StopJob, planning.KillJob))]
    return actions if len(stops) <= _MOST_AT_ONCE else actions[:stops[_MOST_AT_ONCE]]


class Scheduler:
    """Plans and acts until stopped. `clock` returns seconds since the epoch; `changed` is called after each turn."""

    def __init__(self, store: Store, engine: Engine, folders: Folders, provisions: Provisions,
                 timing: planning.Timing, clock: Callable[[], float], changed: Callable[[], None] = lambda: None):
        self._store = store
        self._engine = engine
        self._folders = folders
        self._timing = timing
        self._clock = clock
        self._changed = changed
        self._attempts = Attempts(store, engine, folders, provisions, clock)
        self._endings = self._attempts.endings
        self._secrets = provisions.secrets
        self._node_setup = NodeSetup(store, engine, folders, provisions, clock)
        self._removal = Removal(store, folders, clock)
        self._queueing = engine if isinstance(engine, QueueingEngine) else None
        # The nodes that the engine was told to use, by cluster.
        self._open_nodes: dict[str, frozenset[str]] = {}
        self._news: asyncio.Event | None = None
        self._retry = False
        self._tidy_due = 0.0

    def close(self) -> None:
        """Fetch no more secrets; the next start does."""
        self._secrets.close()

    def wake(self) -> None:
        """Something happened that planning should see. Safe before `run`."""
        if self._news:
            self._news.set()

    async def run(self) -> None:
        """Plan and act on news and when time is due, until cancelled."""
        self._news = asyncio.Event()
        self._engine.watch(self.wake)
        while True:
            self._news.clear()
            try:
                delay = self.turn()
            except Exception:
                _log.exception('a turn of the scheduler failed; it is tried again')
                delay = _RETRY_SECONDS
            self._changed()
            await asyncio.sleep(0)  # since Python 3.12 waiting for news that is there lets nobody else run
            try:
                await asyncio.wait_for(self._news.wait(), delay)
            except asyncio.TimeoutError:
                continue

    def turn(self) -> float | None:
        """Look at the engine, then plan and act for every cluster. Returns seconds until the next turn is due."""
        self._retry = False
        self._tidy()
        live = self._observe()
        leaving = self._begin_removals()
        self._serve_wishes()
        times: list[float] = []
        for cluster in self._store.clusters.all():
            self._guarded(self._serve_cluster, cluster, times)
        if leaving:
            self._finish_removals()
        if self._endings.forgot_secrets:
            self._endings.forgot_secrets = False
            self._store.database.overwrite_deleted()
        delays = [max(0.0, min(times) - self._clock())] if times else []
        if any(launch.stop_time is not None for launch in live):
            delays.append(_STOP_POLL_SECONDS)
        elif live:
            delays.append(_RUNNING_POLL_SECONDS)
        if self._retry:
            delays.append(_RETRY_SECONDS)
        return min(delays, default=None)

    # launches

    def _observe(self) -> list[LaunchRecord]:
        """Take in what the engine knows of the live launches; resume those it was never told about."""
        live = self._live()
        observations = self._engine.poll([launch.handle for launch in live if launch.handle])
        # Ends come first: they free the nodes that others begin on.
        live.sort(key=lambda launch: not launch.nodes)
        taken = 0
        for launch in live:
            if launch.handle is None:
                self._guarded(self._resume, launch)
                continue
            seen = observations.get(launch.handle, Observation(LaunchState.LOST))
            self._guarded(self._take_in, launch, seen)
            taken += seen.state not in _UNDECIDED or bool(seen.nodes and not launch.nodes)
            if taken == _MOST_AT_ONCE:  # requests have their turn
                self.wake()
                break
        if not live:
            return []
        return self._live() if self._queueing is None else self._store.launches.placed()

    def _live(self) -> list[LaunchRecord]:
        """The launches that are not over, but for those that wait in the queue of the engine as far as it knows."""
        launches = self._store.launches
        return launches.live() if self._queueing is None else launches.live_but(self._queueing.waiting())

    def _take_in(self, launch: LaunchRecord, observation: Observation) -> None:
        state = observation.state
        if state is LaunchState.QUEUED:
            return
        if state is LaunchState.REJECTED:
            (self._node_setup if launch.purpose == SETUP else self._attempts).rejected(launch, observation.reason)
            return
        if observation.nodes and not launch.nodes:
            if not self._attempts.given_nodes(launch, observation):
                self._retry = True
                return
            launch = self._store.launches.find(launch.id) or launch
        if state is not LaunchState.RUNNING:
            self._ended(launch, observation)
        elif launch.purpose != SETUP and len(observation.exit_codes) > 1:
            self._attempts.progressed(launch, observation, self._timing.grace)

    def _resume(self, launch: LaunchRecord) -> None:
        (self._node_setup if launch.purpose == SETUP else self._attempts).start(launch)

    def _ended(self, launch: LaunchRecord, observation: Observation) -> None:
        (self._node_setup if launch.purpose == SETUP else self._attempts).ended(launch, observation)

    def _guarded(self, act: Callable[..., None], *arguments: object) -> None:
        """Act, or note that it has to be tried again. A defect met here holds up nothing but what it concerns."""
        try:
            act(*arguments)
        except EngineUnavailable as unavailable:
            _log.warning('the engine is not available, trying again: %s', unavailable)
            self._retry = True
        except Exception:
            _log.exception('%s failed, trying again', act.__name__)
            self._retry = True

    def _tidy(self) -> None:
        """Once an hour forget the documents of operations that ended a day ago."""
        now = self._clock()
        if now >= self._tidy_due:
            self._tidy_due = now + 3600
            self._store.operations.forget_older(now - 86400)

    # what clients want gone

    def _begin_removals(self) -> bool:
        """Whether a workspace or experiment is being deleted. Workspaces come first: they take experiments along."""
        leaving = False
        for collection in (WORKSPACES, EXPERIMENTS):
            for parent in self._store.resources.leaving(collection):
                leaving = True
                self._guarded(self._removal.begin, parent)
        return leaving

    def _finish_removals(self) -> None:
        for collection in (EXPERIMENTS, WORKSPACES):
            for parent in self._store.resources.leaving(collection):
                self._guarded(self._removal.finish, parent)

    def _serve_wishes(self) -> None:
        """Carry out what clients want of jobs that hold no nodes; of very many some, and the rest in the next turns."""
        jobs = self._store.jobs.wished(_MOST_WISHES)
        for job in jobs:
            if job.wish == 'terminate':
                self._guarded(self._endings.finish_queued, job, planning.StopReason.TERMINATE)
        deleted = [job for job in jobs if job.wish == 'delete']
        if deleted:
            self._guarded(self._endings.remove, deleted)
        if len(jobs) == _MOST_WISHES and not self._retry:
            self.wake()

    # clusters

    def _serve_cluster(self, cluster: Cluster, times: list[float]) -> None:
        """Plan and act until nothing is left to do, and add to `times` when there will be something again."""
        guid = cluster.resource.guid
        view = self._view(cluster)
        for _ in range(_MOST_ROUNDS):
            actions = planning.plan(view, self._clock(), self._timing)
            if not actions:
                due = planning.next_time(view, self._clock(), self._timing)
                times += [] if due is None else [due]
                return
            some = _up_to_most_stops(actions)
            for action in some:
                self._act(cluster, action)
            following = self._store.clusters.get(guid)
            if following is None:
                return
            if len(some) < len(actions) or any(isinstance(action, planning.SubmitJob) for action in some):
                break  # there may be thousands: requests have their turn
            seen, cluster, view = view, following, self._view(following)
            if view == seen:  # the engine has no more nodes now
                times.append(self._clock() + _SCALE_AGAIN_SECONDS)
                return
        self.wake()

    def _view(self, cluster: Cluster) -> ClusterView:
        """The snapshot planning works on. Its cost follows nodes and running jobs, not the length of the queue."""
        resource = cluster.resource
        self._sync_nodes(cluster)
        deleting = resource.provisioning_state == ProvisioningState.DELETING
        scale = read_scale(resource.properties)
        nodes = self._node_views(resource.guid)
        idle = largest = sum(node.state is NodeState.IDLE for node in nodes)
        queued = 0
        if self._queueing:
            largest = self._tell_open_nodes(resource.guid, nodes)
            idle = self._room(resource.key) if largest else 0
        elif scale.target is None:
            queued = self._store.jobs.queued_node_count(resource.key, scale.limit, max(1, scale.limit))
        return ClusterView(
            guid=resource.guid, scale=scale, allocation_state=AllocationState(cluster.allocation_state),
            fresh=(cluster.allocation_state == AllocationState.RESIZING
                   and cluster.allocation_time == resource.created),
            deleting=deleting, resized=cluster.resized,
            low_priority=resource.properties.get('vmPriority') == 'lowpriority',
            nodes=nodes, active=tuple(self._active(resource.key, deleting)),
            queue=tuple(self._store.jobs.queue_head(
                resource.key, min(scale.limit, largest) if self._queueing else scale.limit, idle)) if idle else (),
            queued_nodes=queued, queues_gangs=self._queueing is not None)

    def _node_views(self, guid: str) -> tuple[NodeView, ...]:
        return tuple(NodeView(node.id, node.number, NodeState(node.state), node.state_time, node.job, node.added)
                     for node in self._store.clusters.nodes(guid))

    def _tell_open_nodes(self, guid: str, nodes: tuple[NodeView, ...]) -> int:
        """Tell an engine that queues gangs which nodes jobs may be given, if that has changed. Returns how many."""
        usable = frozenset(node.id for node in nodes if node.state in (NodeState.IDLE, NodeState.RUNNING))
        if self._queueing and self._open_nodes.get(guid) != usable:
            self._queueing.open_nodes(self._folders.cluster(guid), usable)
            self._open_nodes[guid] = usable
        return len(usable)

    def _room(self, cluster_key: str) -> int:
        """How many jobs may be handed over to the engine now."""
        return max(0, min(MOST_SUBMISSIONS, MOST_SUBMITTED - self._store.jobs.submitted_count(cluster_key)))

    def _active(self, cluster_key: str, all_submitted: bool = False) -> list[ActiveJob]:
        """Jobs that hold nodes, and of those that wait in the queue of the engine the ones to be stopped, or all."""
        active = []
        jobs = self._store.jobs.active(cluster_key)
        if self._queueing:
            jobs += self._store.jobs.submitted(cluster_key, wished=not all_submitted)
        for job in jobs:
            current = self._store.launches.open_of(job.guid)
            active.append(ActiveJob(
                job.guid, job.node_count, job.wish, job.deadline, job.stop_reason,
                current.stop_time if current else None, bool(current and current.killed), job.submitted))
        return active

    def _sync_nodes(self, cluster: Cluster) -> None:
        """Make our nodes those the engine has: prepare new ones, forget lost ones."""
        guid = cluster.resource.guid
        there = {node.id: node for node in self._engine.nodes(self._folders.cluster(guid)) if not node.lost}
        known = {node.id: node for node in self._store.clusters.nodes(guid)}
        gone = [node_id for node_id in known if node_id not in there]
        new = [(node.id, node.number) for node in there.values() if node.id not in known]
        if gone:
            self._store.clusters.remove_nodes(gone)
        if new:
            self._store.clusters.add_nodes(guid, new, self._clock())
        for found in there.values() if self._queueing else ():
            if found.id in known and bool(found.problem) != (known[found.id].state == NodeState.UNUSABLE):
                self._node_setup.take_in(found.id, found.problem)
        preparing = [node for node in self._store.clusters.nodes(guid) if node.state == NodeState.PREPARING] \
            if new or any(node.state == NodeState.PREPARING for node in known.values()) else []
        for node in preparing:
            self._guarded(self._node_setup.begin, cluster, there[node.id])

    def _act(self, cluster: Cluster, action: planning.Action) -> None:
        guid, now = cluster.resource.guid, self._clock()
        if isinstance(action, planning.SetAllocation):
            self._store.clusters.set_allocation(guid, action.state, now)
        elif isinstance(action, planning.Rescale):
            self._rescale(cluster, action)
        elif isinstance(action, planning.StartJob):
            self._attempts.begin(cluster, action.guid, list(action.nodes))
        elif isinstance(action, planning.SubmitJob):
            self._guarded(self._attempts.submit, action.guid)
        elif isinstance(action, planning.StopJob):
            self._attempts.stop(action.guid, action.reason, self._timing.grace)
        elif isinstance(action, planning.KillJob):
            self._attempts.kill(action.guid)
        elif isinstance(action, planning.RemoveCluster):
            self._remove_cluster(cluster)

    def _rescale(self, cluster: Cluster, action: planning.Rescale) -> None:
        guid = cluster.resource.guid
        self._node_setup.leave(action.leaving)
        if self._queueing and action.leaving:  # before they leave, no waiting job is to begin there
            self._tell_open_nodes(guid, self._node_views(guid))
        self._engine.scale(asked_of(cluster, self._folders), action.count, action.leaving)

    def _remove_cluster(self, cluster: Cluster) -> None:
        """The last step of a deletion; jobs that still wait for this cluster end with it."""
        resource, now = cluster.resource, self._clock()
        with self._store.transaction():
            for job in self._store.jobs.queued(resource.key):
                self._endings.finish_queued(job, planning.StopReason.CLUSTER_DELETED)
            self._store.resources.remove(resource.guid)
            self._store.operations.succeed(resource.guid, now)
        folder = self._folders.cluster(resource.guid).folder
        if folder.exists():
            discard(folder, self._folders.trash)
        self._open_nodes.pop(resource.guid, None)
        if 'setupTask' in resource.properties.get('nodeSetup', {}):
            self._endings.forgot_secrets = True  # those of its set-up task
        if self._folders.output(resource.guid).exists():
            discard(self._folders.output(resource.guid), self._folders.trash)
        _log.info('cluster %s is deleted', resource.id)
