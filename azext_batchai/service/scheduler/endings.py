"""The end of an attempt: the job is finished, queued again or forgotten, and what the attempt held is given back."""
from __future__ import annotations

import logging
from pathlib import Path
from typing import Callable, Sequence

from azext_batchai.arm.states import JobState
from azext_batchai.service.engines.base import Engine, LaunchState
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.scheduler.journal import Journal, duration
from azext_batchai.service.scheduler.launching import Folders, job_place
from azext_batchai.service.scheduler.lifecycle import check_job
from azext_batchai.service.scheduler.node_files import discard_on_node
from azext_batchai.service.scheduler.outcome import Finished, Outcome, Requeued, stopped
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.scheduler.queueing import Gangs, allocation_id
from azext_batchai.service.secrets.resolver import SecretResolver
from azext_batchai.service.store import Store
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import CLEANUP, LaunchRecord

_log = logging.getLogger(__name__)


class Endings:
    """`forgot_secrets` tells that values of secrets were deleted from the store, to be reset by who overwrites them."""

    def __init__(self, store: Store, engine: Engine, folders: Folders, resolver: SecretResolver,
                 clock: Callable[[], float], gangs: Gangs | None = None):
        self._gangs = gangs
        self._store = store
        self._engine = engine
        self._folders = folders
        self._resolver = resolver
        self._clock = clock
        self.forgot_secrets = True  # an earlier service may have died before they were overwritten

    def apply(self, job: Job, result: Outcome) -> None:
        """The job is over, or queued again."""
        if isinstance(result, Finished):
            self._finish(job, result)
        elif isinstance(result, Requeued):
            if not job.submitted:
                check_job(job.state, JobState.QUEUED)
            self._note(job, f'attempt {job.attempt} is over, the job is queued again: {result.why}')
            self._clear_nodes(job)
            self._store.jobs.requeue(job.guid, self._clock())
            _log.info('job %s is queued again: %s', job.resource.id, result.why)

    def _finish(self, job: Job, result: Finished) -> None:
        check_job(job.state, result.state)
        now = self._clock()
        took = '' if job.started is None else f' after {duration(now - job.started)}'
        self._note(job, f'{result.state}{took}' + (f': {result.errors[0]["message"]}' if result.errors else ''))
        self._clear_nodes(job)
        with self._store.transaction():
            self._store.jobs.finish(job.guid, result.state, result.exit_code, result.errors, now)
            if job.wish != 'delete':
                self._store.operations.succeed(job.guid, now)
        self.forgot_secrets = self.forgot_secrets or _had_secrets(job)
        _log.info('job %s %s, exit code %s', job.resource.id, result.state, result.exit_code)

    def finish_queued(self, job: Job, reason: str) -> None:
        """End a job that never got its nodes; it counts as started now (semantics sheet, section 4.4)."""
        self.apply(job, stopped(reason))

    def remove(self, jobs: Sequence[Job]) -> None:
        """Forget jobs that hold no nodes, all of them or none. Only output on a node's own disk goes with them."""
        with self._store.transaction():
            for job in jobs:
                self._store.launches.forget(job.guid)
                self._store.resources.remove(job.guid)
                self._store.operations.succeed(job.guid, self._clock())
        self.forgot_secrets = self.forgot_secrets or any(map(_had_secrets, jobs))
        for job in jobs:
            if self._folders.output(job.guid).exists():
                discard(self._folders.output(job.guid), self._folders.trash)

    def release(self, record: LaunchRecord) -> None:
        """Release the launches of an attempt that is over: the preparation's too, whose processes served the job."""
        handles = {launch.handle for launch in self._store.launches.of_owner(record.owner)
                   if launch.attempt == record.attempt}
        for handle in sorted(filter(None, handles | {record.handle})):
            self._engine.release(handle)
        job = self._store.jobs.get(record.owner) if self._gangs else None
        cluster = self._store.clusters.find(job.cluster) if job else None
        if self._gangs and cluster:
            self._gangs.forget(cluster.resource.guid, allocation_id(record.owner, record.attempt))

    def losses(self, guid: str) -> int:
        """How many attempts of the job were lost; those stopped for another reason do not count."""
        results = [launch.result or {} for launch in self._store.launches.of_owner(guid) if launch.purpose != CLEANUP]
        return sum(result.get('stopReason') == StopReason.NODE_LOST
                   or (result.get('state') == LaunchState.LOST.value and not result.get('stopReason'))
                   for result in results)

    def _note(self, job: Job, text: str) -> None:
        logs = job.directories.get('stdouterr')
        nodes = [node.id for node in self._store.clusters.nodes_of_job(job.guid)]
        if logs and nodes:
            Journal(Path(logs), nodes, self._folders.job_user).note(self._clock(), text)

    def _clear_nodes(self, job: Job) -> None:
        """Job mounts go with the job; a later one on the node does not see them (wire facts sheet, section 11). Nor are
        secrets left lying there."""
        self._resolver.forget(job.guid)
        if self._gangs:
            return  # the folders of the attempt go with its nodes
        cluster = self._store.clusters.find(job.cluster)
        held = {node.id for node in self._store.clusters.nodes_of_job(job.guid)}
        for node in self._engine.nodes(self._folders.cluster(cluster.resource.guid)) if cluster and held else []:
            if node.id not in held:
                continue
            place = job_place(job, node)
            for folder in (place.mount_root, place.private):
                discard_on_node(node.folder, folder, self._folders.trash)


def _had_secrets(job: Job) -> bool:
    properties = job.resource.properties
    return 'secrets' in properties or 'credentials' in properties.get('containerSettings', {}).get(
        'imageSourceRegistry', {})
