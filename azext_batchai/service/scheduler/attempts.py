"""An attempt to run a job, from taking its nodes to freeing them: one launch after the other."""
from __future__ import annotations

import logging
from dataclasses import replace
from typing import Callable, Sequence

from azext_batchai.arm.states import JobState, NodeState
from azext_batchai.service.containers.mounts import BindError
from azext_batchai.service.engines.base import (
    Allocation, Engine, EngineNode, LaunchRejected, LaunchState, Observation, QueueingEngine)
from azext_batchai.service.scheduler.endings import Endings
from azext_batchai.service.scheduler.failures import SET_UP_FAILED, deciding_task, is_done
from azext_batchai.service.scheduler.journal import duration
from azext_batchai.service.scheduler.launching import Folders, clear_node
from azext_batchai.service.scheduler.lifecycle import check_job
from azext_batchai.service.scheduler.outcome import (
    REJECTED, LaunchEnd, NextStage, Outcome, error, outcome, read_end, stopped)
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.scheduler.ports import NoPorts
from azext_batchai.service.scheduler.provisions import NoRuntime, Provisions
from azext_batchai.service.scheduler.queueing import Gangs, require_gang, wall_seconds
from azext_batchai.service.scheduler.staging import Staging
from azext_batchai.service.scheduler.stages import first_stage, stage_after
from azext_batchai.service.scheduler.unknown_starts import nothing, take_back
from azext_batchai.service.secrets.resolver import SecretUnavailable, StillResolving
from azext_batchai.service.storage.mounts import MountError
from azext_batchai.service.store import Store
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import CLEANUP, CONTAINER, LaunchRecord

_log = logging.getLogger(__name__)

# The job goes on to be running while it is stopped for one of these.
_STILL_RUNNING = (StopReason.RESIZE_REQUEUE, StopReason.NODE_LOST, StopReason.EVICTED, StopReason.TASK_FAILED,
                  StopReason.WORK_DONE)


class Attempts:
    """Starts, stops and ends the launches of jobs, and moves the jobs along."""

    def __init__(self, store: Store, engine: Engine, folders: Folders, provisions: Provisions,
                 clock: Callable[[], float]):
        self._store = store
        self._engine = engine
        self._folders = folders
        self._clock = clock
        self._staging = Staging(store, folders, provisions, clock)
        # Launches that the engine surely never heard of; of others an earlier service may have told it.
        self._untold: set[str] = set()
        # The exit codes that were looked at, by launch: those of a long job stay as they are for days.
        self._seen: dict[str, tuple[int | None, ...]] = {}
        self._gangs = Gangs(engine, folders) if isinstance(engine, QueueingEngine) else None
        self.endings = Endings(store, engine, folders, provisions.secrets, clock, self._gangs)

    # start

    def begin(self, cluster: Cluster, guid: str, node_ids: list[str]) -> None:
        """Give the job its nodes and start its first stage. Raises EngineUnavailable, then `start` is tried again."""
        job = self._store.jobs.get(guid)
        if job is None or job.wish or job.state != JobState.QUEUED:
            return
        nodes = self._nodes(cluster.resource.guid, node_ids)
        for node in nodes:
            clear_node(node, self._folders.trash)
        check_job(job.state, JobState.RUNNING)
        now = self._clock()
        first = first_stage(job.resource.properties, self._staging.is_contained(job))
        with self._store.transaction():
            self._store.jobs.begin(guid, node_ids, now + wall_seconds(job), now)
            record = self._intend(guid, first, job.attempt + 1, node_ids)
        self.start(record)

    def submit(self, guid: str) -> None:
        """Hand the job to an engine that queues gangs. Raises EngineUnavailable, then `start` is tried again."""
        job = self._store.jobs.get(guid)
        if job is None or job.wish or job.submitted or job.state != JobState.QUEUED:
            return
        first = first_stage(job.resource.properties, self._staging.is_contained(job))
        with self._store.transaction():
            self._store.jobs.submit(guid)
            record = self._intend(guid, first, job.attempt + 1, [])
        self.start(record)

    def given_nodes(self, record: LaunchRecord, observation: Observation) -> bool:
        """The engine has given a submitted job its nodes; it runs now. Whether that could be noted: not while the end
        of another job on one of these nodes is still to be seen."""
        job = self._store.jobs.get(record.owner)
        if job is None or not job.submitted:
            return True
        nodes = [node for node in map(self._store.clusters.node, observation.nodes) if node]
        if any(node.job not in (None, job.guid) for node in nodes):
            return False
        check_job(job.state, JobState.RUNNING)
        # The clock of a node may be wrong; what it says must not use up the time the job has.
        began = min(max(observation.began or self._clock(), record.created), self._clock())
        free = [node.id for node in nodes if node.state == NodeState.IDLE]
        with self._store.transaction():
            self._store.launches.set_nodes(record.id, list(observation.nodes))
            self._store.jobs.begin(job.guid, free, began + wall_seconds(job), began)
            if job.stop_reason:  # it was asked to end while it waited
                self._store.jobs.begin_stop(job.guid, JobState.TERMINATING, job.stop_reason, self._clock())
        record = replace(record, nodes=list(observation.nodes))
        waited = f'the nodes were given after {duration(began - record.created)}'
        job, there = self._look_up(record)
        if job:
            self._staging.note_start(record, job, job.directories.get('stdouterr'),
                                     self._staging.notes(record, job, waited),
                                     self._staging.known_tasks(record, job, there))
        return True

    def _intend(self, guid: str, purpose: str, attempt: int, node_ids: list[str]) -> LaunchRecord:
        launch_id, now = f'{guid}-{attempt}-{purpose}', self._clock()
        self._store.launches.intend(launch_id, guid, purpose, attempt, node_ids, now)
        self._untold.add(launch_id)
        return LaunchRecord(launch_id, guid, purpose, attempt, node_ids, now, None, None, False, None)

    def start(self, record: LaunchRecord) -> None:
        """Start an intended launch; the second time nothing happens twice. Raises EngineUnavailable."""
        job, nodes = self._look_up(record)
        if job is None or len(nodes) < len(record.nodes) and record.purpose != CLEANUP:
            self._take_back(record)
            self.ended(record, Observation(LaunchState.LOST))
            return
        if self._gangs and record.purpose != CLEANUP:
            require_gang(nodes, job.node_count)
        try:
            stage = self._staging.prepare(record, job, nodes, self._allocation(record, job))
            handle = self._engine.start(stage.launch)
        except StillResolving:
            if not job.stop_reason:
                return  # there will be news
            # Nobody knows whether it was started before, so it is started with nothing to do, and ended.
            handle = self._engine.start(nothing(record.id, record.nodes[0], self._folders.launch(record.id)))
            stage = None
        except MountError as problem:
            self._reject(record, job, problem.code, str(problem), nodeId=problem.node_id or record.nodes[0],
                         mountPath=problem.relative_path)
            return
        except (NoRuntime, BindError) as problem:
            image = job.resource.properties['containerSettings']['imageSourceRegistry']['image']
            self._reject(record, job, 'FailedStartingContainer', str(problem), imageName=image)
            return
        except SecretUnavailable as problem:
            self._reject(record, job, 'KeyVaultSecretError', str(problem), secretUrl=problem.url)
            return
        except (LaunchRejected, NoPorts) as problem:
            self._reject(record, job, 'JobLaunchFailed', f'The job could not be started: {problem}')
            return
        except (OSError, ValueError) as problem:
            cause = f'{problem.filename}: {problem.strerror}' if isinstance(problem, OSError) else str(problem)
            self._reject(record, job, 'JobNodePreparationFailed', f'The folders of the job could not be made: {cause}')
            return
        self._untold.discard(record.id)
        with self._store.transaction():
            self._store.launches.started(record.id, handle)
            if stage:
                self._store.jobs.set_directories(job.guid, stage.directories)
        if job.stop_reason and record.purpose != CLEANUP:
            self.kill(job.guid)  # asked for while the start was not confirmed: what runs now must not go on
        if stage and record.nodes:
            self._staging.note_start(record, job, stage.directories.get('stdouterr'), stage.notes, stage.tasks)

    def _allocation(self, record: LaunchRecord, job: Job) -> Allocation | None:
        cluster = self._store.clusters.find(job.cluster) if self._gangs else None
        return self._gangs.allocation(job, cluster, record) if self._gangs and cluster else None

    def _take_back(self, record: LaunchRecord) -> None:
        """What an earlier service may have started of a launch that cannot be started now must not go on. Raises
        EngineUnavailable."""
        if record.handle or record.id in self._untold:
            return
        handle = take_back(self._engine, record.id, record.nodes[0], self._folders.launch(record.id))
        if handle:
            self._store.launches.started(record.id, handle)

    # stop

    def stop(self, guid: str, reason: str, grace_seconds: float) -> None:
        """Ask a running job to end. What becomes of it is decided when it has."""
        job = self._store.jobs.get(guid)
        if job is None:
            return
        state = (JobState.QUEUED if job.submitted else
                 JobState.RUNNING if reason in _STILL_RUNNING else JobState.TERMINATING)
        with self._store.transaction():
            if job.state != state:
                check_job(job.state, state)
            self._store.jobs.begin_stop(guid, state, reason, self._clock())
            launch = self._store.launches.open_of(guid)
            if launch:
                self._store.launches.stopping(launch.id, self._clock())
        if launch is None:
            self.endings.apply(job, outcome('', LaunchEnd(LaunchState.LOST.value, (), reason),
                                            self.endings.losses(guid)))
        elif launch.handle and launch.purpose != CLEANUP:  # which is as quick to go on as to stop
            self._engine.stop(launch.handle, grace_seconds)

    def kill(self, guid: str) -> None:
        """The grace is over."""
        launch = self._store.launches.open_of(guid)
        if launch:
            if launch.handle:
                self._engine.stop(launch.handle, 0)
            self._store.launches.stopping(launch.id, self._clock(), killed=True)

    # end

    def progressed(self, record: LaunchRecord, observation: Observation, grace_seconds: float) -> None:
        """Some of a launch's tasks have ended. Once all that count have, or one of them failed, the rest is ended."""
        codes = observation.exit_codes
        if record.stop_time is not None or all(code is None for code in codes) or self._seen.get(record.id) == codes:
            return
        job, nodes = self._look_up(record)
        if job is None or job.stop_reason or len(nodes) < len(record.nodes):
            return
        tasks = self._staging.known_tasks(record, job, nodes)
        if is_done(observation, tasks):
            self.stop(job.guid, StopReason.WORK_DONE, grace_seconds)
        elif deciding_task(observation, tasks) is not None:
            self.stop(job.guid, StopReason.TASK_FAILED, grace_seconds)
        if tasks:
            self._seen[record.id] = codes

    def ended(self, record: LaunchRecord, observation: Observation) -> None:
        """Take in the end of a launch and move the job along. Raises EngineUnavailable from the next stage."""
        job, nodes = self._look_up(record)
        if job is None:
            self._conclude(record, None, LaunchEnd(observation.state.value, observation.exit_codes))
            return
        tasks = self._staging.known_tasks(record, job, nodes)
        end = self._staging.read_end(record, job, nodes, tasks, observation)
        self._staging.note_end(record, job, tasks, observation)
        if record.purpose == CONTAINER:
            self._staging.drop_credentials(job, nodes)
        elif record.purpose == CLEANUP and any(observation.exit_codes):
            _log.warning('a container of job %s may be left on its node: %s', job.resource.id,
                         self._staging.complaint(record, observation))
        self._conclude(record, job, end)

    def rejected(self, record: LaunchRecord, reason: str) -> None:
        """The engine found after the start that the launch can never run."""
        job = self._store.jobs.get(record.owner)
        if job:
            self._reject(record, job, 'JobLaunchFailed', f'The job could not be started: {reason}')
        else:
            self._conclude(record, None, LaunchEnd(REJECTED))

    def _reject(self, record: LaunchRecord, job: Job, code: str, message: str, **details: str) -> None:
        self._take_back(record)
        self._conclude(record, job, LaunchEnd(REJECTED, (), job.stop_reason, error(code, message, **details),
                                              SET_UP_FAILED))

    def _conclude(self, record: LaunchRecord, job: Job | None, end: LaunchEnd) -> None:
        following = None
        self._untold.discard(record.id)
        self._seen.pop(record.id, None)
        with self._store.transaction():
            self._store.launches.ended(record.id, end.as_record(), self._clock())
            if job and (job.submitted or job.state in (JobState.RUNNING, JobState.TERMINATING)):
                result = self._result(record, job, end)
                purpose = self._following(record, job, result)
                if purpose:
                    following = self._intend(job.guid, purpose, record.attempt, record.nodes)
                else:
                    self.endings.apply(job, result)
        if following:
            self.start(following)
        else:
            self.endings.release(record)

    def _following(self, record: LaunchRecord, job: Job, result: Outcome) -> str | None:
        """The stage to come, None when the attempt is over."""
        if isinstance(result, NextStage):
            return stage_after(job.resource.properties, record.purpose)
        contained = 'containerSettings' in job.resource.properties and record.purpose != CLEANUP
        contained = contained and bool(record.nodes)  # one that never got its nodes has left nothing there
        return CLEANUP if contained and self._store.launches.has_container(record.owner, record.attempt) else None

    def _result(self, record: LaunchRecord, job: Job, end: LaunchEnd) -> Outcome:
        """What the launch means for the job. A cleanup means nothing by itself: the launch before it does."""
        purpose = record.purpose
        if purpose == CLEANUP:
            before = [launch for launch in self._store.launches.of_owner(record.owner)
                      if launch.attempt == record.attempt and launch.purpose != CLEANUP][-1]
            purpose, end = before.purpose, read_end(before.result or {})
            if job.state == JobState.TERMINATING and not end.stop_reason:
                return stopped(str(job.stop_reason))
        result = outcome(purpose, end, self.endings.losses(job.guid))
        if isinstance(result, NextStage) and job.wish:
            return stopped(StopReason.DELETE if job.wish == 'delete' else StopReason.TERMINATE)
        return result

    # look-ups

    def _look_up(self, record: LaunchRecord) -> tuple[Job | None, list[EngineNode]]:
        """The job of a launch, and those of its nodes that are there."""
        job = self._store.jobs.get(record.owner)
        cluster = self._store.clusters.find(job.cluster) if job else None
        if self._gangs and job and cluster:
            return job, self._gangs.nodes(job, cluster.resource.guid, record)
        return job, self._nodes(cluster.resource.guid, record.nodes) if cluster else []

    def _nodes(self, cluster_guid: str, node_ids: Sequence[str]) -> list[EngineNode]:
        there = {node.id: node for node in self._engine.nodes(self._folders.cluster(cluster_guid))}
        return [there[node_id] for node_id in node_ids if node_id in there]
