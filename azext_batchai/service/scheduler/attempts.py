"""An attempt to run a job, from taking its nodes to freeing them."""
from __future__ import annotations

import logging
from pathlib import Path
from typing import Callable, Sequence

from azext_batchai.arm.states import JobState
from azext_batchai.arm.times import parse_duration
from azext_batchai.service.engines.base import Engine, EngineNode, LaunchRejected, LaunchState, Observation
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.scheduler import journal
from azext_batchai.service.scheduler.launching import (
    Folders, clear_node, job_launch, job_layout, job_place, lay_out)
from azext_batchai.service.scheduler.lifecycle import check_job
from azext_batchai.service.scheduler.outcome import Finished, NextStage, Outcome, Requeued, failed, outcome, stopped
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.storage.mounts import MountError
from azext_batchai.service.store import Store
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import MAIN, PREPARATION, LaunchRecord

_log = logging.getLogger(__name__)

_REQUEUING = (StopReason.RESIZE_REQUEUE, StopReason.NODE_LOST)


class Attempts:
    """Starts, stops and ends the launches of jobs, and moves the jobs along."""

    def __init__(self, store: Store, engine: Engine, folders: Folders, clock: Callable[[], float]):
        self._store = store
        self._engine = engine
        self._folders = folders
        self._clock = clock
        self.forgot_secrets = False

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
        properties = job.resource.properties
        limit = parse_duration(properties['constraints']['maxWallClockTime']).total_seconds()
        purpose = PREPARATION if 'jobPreparation' in properties else MAIN
        with self._store.transaction():
            self._store.jobs.begin(guid, node_ids, now + limit, now)
            record = self._intend(guid, purpose, job.attempt + 1, node_ids, now)
        self.start(record)

    def _intend(self, guid: str, purpose: str, attempt: int, node_ids: list[str], now: float) -> LaunchRecord:
        launch_id = f'{guid}-{attempt}-{purpose}'
        self._store.launches.intend(launch_id, guid, purpose, attempt, node_ids, now)
        return LaunchRecord(launch_id, guid, purpose, attempt, node_ids, None, None, False, None)

    def start(self, record: LaunchRecord) -> None:
        """Start an intended launch; the second time nothing happens twice. Raises EngineUnavailable."""
        job = self._store.jobs.get(record.owner)
        cluster = self._store.clusters.find(job.cluster) if job else None
        nodes = self._nodes(cluster.resource.guid, record.nodes) if cluster else []
        if job is None or len(nodes) < len(record.nodes):
            self.ended(record, Observation(LaunchState.LOST))
            return
        try:
            layout = job_layout(job, nodes, self._store.resources.secrets(job.guid))
            directories = lay_out(job, nodes, layout, self._folders, self._store.resources.file_server_guid)
            launch = job_launch(record.id, record.purpose, job, nodes, layout, self._folders.launch(record.id))
            handle = self._engine.start(launch)
        except MountError as problem:
            self._give_up(record, job, failed(problem.code, str(problem), -1, mountPath=problem.relative_path))
            return
        except LaunchRejected as problem:
            self._give_up(record, job, failed('JobLaunchFailed', f'The job could not be started: {problem}', -1))
            return
        except (OSError, ValueError) as problem:
            cause = f'{problem.filename}: {problem.strerror}' if isinstance(problem, OSError) else str(problem)
            text = f'The folders of the job could not be made: {cause}'
            self._give_up(record, job, failed('JobNodePreparationFailed', text, -1))
            return
        with self._store.transaction():
            self._store.launches.started(record.id, handle)
            self._store.jobs.set_directories(job.guid, directories)
        if job.stop_reason:  # asked for while the start was not confirmed: what runs now must not go on
            self.kill(job.guid)
        what = 'job preparation' if record.purpose == PREPARATION else 'job'
        journal.note(layout.logs, record.nodes, self._clock(),
                     f'attempt {record.attempt}: {what} started: {launch.tasks[0].command}')

    def _give_up(self, record: LaunchRecord, job: Job, result: Finished) -> None:
        with self._store.transaction():
            self._store.launches.ended(record.id, {'state': 'rejected'}, self._clock())
            self._finish(job, result)

    # stop

    def stop(self, guid: str, reason: str, grace_seconds: float) -> None:
        """Ask a running job to end. What becomes of it is decided when it has."""
        job = self._store.jobs.get(guid)
        if job is None:
            return
        state = JobState.RUNNING if reason in _REQUEUING else JobState.TERMINATING
        with self._store.transaction():
            if job.state != state:
                check_job(job.state, state)
            self._store.jobs.begin_stop(guid, state, reason, self._clock())
            launch = self._store.launches.open_of(guid)
            if launch:
                self._store.launches.stopping(launch.id, self._clock())
        if launch is None:
            self._settle(job, reason)
        elif launch.handle:
            self._engine.stop(launch.handle, grace_seconds)

    def kill(self, guid: str) -> None:
        """The grace is over."""
        launch = self._store.launches.open_of(guid)
        if launch:
            if launch.handle:
                self._engine.stop(launch.handle, 0)
            self._store.launches.stopping(launch.id, self._clock(), killed=True)

    def _settle(self, job: Job, reason: str) -> None:
        """The end of a stopped job of which nothing runs."""
        self._apply(job, outcome(MAIN, Observation(LaunchState.LOST), reason, self._losses(job.guid)))

    def terminate_queued(self, job: Job) -> None:
        """End a job that holds no nodes because a client wants it."""
        self.finish_queued(job, StopReason.TERMINATE)

    def remove(self, jobs: Sequence[Job]) -> None:
        """Forget jobs that hold no nodes, all of them or none. Only output on a node's own disk goes with them."""
        with self._store.transaction():
            for job in jobs:
                self._store.launches.forget(job.guid)
                self._store.resources.remove(job.guid)
                self._store.operations.succeed(job.guid, self._clock())
        self.forgot_secrets = self.forgot_secrets or any('secrets' in job.resource.properties for job in jobs)
        for job in jobs:
            if self._folders.output(job.guid).exists():
                discard(self._folders.output(job.guid), self._folders.trash)

    def finish_queued(self, job: Job, reason: str) -> None:
        """End a job that never got its nodes; it counts as started now (semantics sheet, section 4.4)."""
        self._apply(job, stopped(reason))

    # end

    def ended(self, record: LaunchRecord, observation: Observation) -> None:
        """Take in the end of a launch and move the job along. Raises EngineUnavailable from the next stage."""
        job = self._store.jobs.get(record.owner)
        following = None
        with self._store.transaction():
            self._store.launches.ended(record.id, {
                'state': observation.state.value, 'exitCodes': list(observation.exit_codes),
                'stopReason': job.stop_reason if job else None}, self._clock())
            if job and job.state in (JobState.RUNNING, JobState.TERMINATING):
                self._note_end(job, record, observation)
                result = outcome(record.purpose, observation, job.stop_reason, self._losses(job.guid))
                if isinstance(result, NextStage) and job.wish:
                    result = stopped(StopReason.DELETE if job.wish == 'delete' else StopReason.TERMINATE)
                if isinstance(result, NextStage):
                    following = self._intend(job.guid, MAIN, record.attempt, record.nodes, self._clock())
                else:
                    self._apply(job, result)
        if following:
            self.start(following)
        else:
            self._release(record)

    def _release(self, record: LaunchRecord) -> None:
        """Release the launches of an attempt that is over: the preparation's too, whose processes served the job."""
        handles = {launch.handle for launch in self._store.launches.of_owner(record.owner)
                   if launch.attempt == record.attempt}
        for handle in sorted(filter(None, handles | {record.handle})):
            self._engine.release(handle)

    def _losses(self, guid: str) -> int:
        """How many attempts of the job were lost; those stopped for another reason do not count."""
        results = [launch.result or {} for launch in self._store.launches.of_owner(guid)]
        return sum(result.get('stopReason') == StopReason.NODE_LOST
                   or (result.get('state') == LaunchState.LOST.value and not result.get('stopReason'))
                   for result in results)

    def _apply(self, job: Job, result: Outcome) -> None:
        if isinstance(result, Finished):
            self._finish(job, result)
        elif isinstance(result, Requeued):
            check_job(job.state, JobState.QUEUED)
            self._note(job, f'attempt {job.attempt} is over, the job is queued again: {result.why}')
            self._remove_job_mounts(job)
            self._store.jobs.requeue(job.guid, self._clock())
            _log.info('job %s is queued again: %s', job.resource.id, result.why)

    def _finish(self, job: Job, result: Finished) -> None:
        check_job(job.state, result.state)
        now = self._clock()
        self._note(job, f'{result.state}' + (f': {result.errors[0]["message"]}' if result.errors else ''))
        self._remove_job_mounts(job)
        with self._store.transaction():
            self._store.jobs.finish(job.guid, result.state, result.exit_code, result.errors, now)
            if job.wish != 'delete':
                self._store.operations.succeed(job.guid, now)
        self.forgot_secrets = self.forgot_secrets or 'secrets' in job.resource.properties
        _log.info('job %s %s, exit code %s', job.resource.id, result.state, result.exit_code)

    def _note_end(self, job: Job, record: LaunchRecord, observation: Observation) -> None:
        what = 'job preparation' if record.purpose == PREPARATION else 'job'
        codes = ', '.join('unknown' if code is None else str(code) for code in observation.exit_codes) or 'unknown'
        self._note(job, f'attempt {record.attempt}: {what} ended, exit code {codes}')

    def _note(self, job: Job, text: str) -> None:
        logs = job.directories.get('stdouterr')
        nodes = [node.id for node in self._store.clusters.nodes_of_job(job.guid)]
        if logs and nodes:
            journal.note(Path(logs), nodes, self._clock(), text)

    def _remove_job_mounts(self, job: Job) -> None:
        """Job mounts go with the job; a later one on the node does not see them (wire facts sheet, section 11)."""
        if 'mountVolumes' not in job.resource.properties:
            return
        cluster = self._store.clusters.find(job.cluster)
        held = [node.id for node in self._store.clusters.nodes_of_job(job.guid)]
        for node in self._nodes(cluster.resource.guid, held) if cluster else []:
            root = job_place(job, node).mount_root
            if root.exists():
                discard(root, self._folders.trash)

    # look-ups

    def _nodes(self, cluster_guid: str, node_ids: list[str]) -> list[EngineNode]:
        there = {node.id: node for node in self._engine.nodes(self._folders.cluster(cluster_guid))}
        return [there[node_id] for node_id in node_ids if node_id in there]
