"""Jobs: submit, look at, terminate, delete."""
from __future__ import annotations

import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.held_requests import STATE
from azext_batchai.arm.ids import ResourceId
from azext_batchai.arm.states import FINISHED_JOB_STATES, JOB_PRIORITIES, JobState, ProvisioningState
from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import cluster_rules, common, holding, job_rules as rules
from azext_batchai.service.handlers.container_rules import check_container
from azext_batchai.service.handlers.job_rules import Prospects
from azext_batchai.service.handlers.mount_keys import check_mount_keys
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.handlers.secret_rules import check_secret_pairs, check_secret_references
from azext_batchai.service.handlers.secret_values import take_secrets
from azext_batchai.service.scheduler.snapshot import read_scale
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.versions import FlatParts

_log = logging.getLogger(__name__)


async def list_jobs(service: Service, request: Request, subscription: str, group: str, workspace: str, experiment: str
                    ) -> Response:
    parent = common.require(service, common.resource_id(subscription, group, workspace=workspace,
                                                        experiment=experiment))
    page = common.page_of(request)
    found = service.store.jobs.list_children(parent.key, page)
    prospects: dict[str, Prospects | None] = {}
    return common.reply_page(request, page, found, lambda job: job.resource.number,
                             lambda job: view(service, job, prospects))


async def put_job(service: Service, request: Request, subscription: str, group: str, workspace: str, experiment: str,
                  job: str) -> Response:
    """Submit a job. The same request again changes nothing; another one under the same name is refused."""
    wanted = common.resource_id(subscription, group, workspace=workspace, experiment=experiment, job=job)
    given = (await common.checked_body(service, request, 'JOB'))['properties']
    response = await service.store.commits.run(lambda: submit(service, request, wanted, given))
    if service.queue or service.store.clusters.may_start_jobs(rules.cluster_id(given).key):
        service.wake()  # not before there is the reply to be sent: a turn takes longer than that
    return response


def submit(service: Service, request: Request, wanted: ResourceId, given: dict[str, Any],
           flat: FlatParts | None = None) -> Response:
    """What a PUT does, but for waking the scheduler. `given` are properties of the right shape; `flat` is what comes
    with a flat API version."""
    cluster, checked = _checked_properties(service, given)
    parent = common.require(service, wanted.parent)
    wanted = parent.id.child('jobs', wanted.name)
    with service.store.transaction():
        existing = service.store.jobs.find(wanted.key)
        check_conditions(request, existing.resource if existing else None, 'job', wanted.name)
        guid = existing.guid if existing else service.new_guid()
        segment = existing.resource.properties['jobOutputDirectoryPathSegment'] if existing else common.output_path(
            wanted, guid, flat is not None)
        properties, secrets = take_secrets(rules.with_defaults(checked, segment))
        if existing is None:
            priority = flat.priority if flat else JOB_PRIORITIES[properties['schedulingPriority']]
            resource = service.store.jobs.add(
                wanted, guid, parent.location, properties, secrets, cluster.key, priority, service.clock(),
                flat.tags if flat else None, flat.extras if flat else None)
        else:
            resource = existing.resource
            _refuse_changed(existing, properties, flat)
            if flat:
                common.update_flat(service, resource, flat)
        return common.accepted(service, request, resource, finished=True)


def _checked_properties(service: Service, given: dict[str, Any]) -> tuple[ResourceId, dict[str, Any]]:
    """Check what a schema cannot; the cluster's id and the properties with its mounts' defaults."""
    cluster_id = rules.cluster_id(given)
    check_secret_pairs(given)
    check_secret_references(given)
    rules.check_toolkit(given)
    check_container(given)
    rules.check_directories(given)
    rules.wall_clock(given)
    if 'mountVolumes' in given:
        rules.check_job_mounts(given)
        cluster_rules.check_volumes(given['mountVolumes'], 'properties.mountVolumes', service.settings.data_dir,
                                    service.store.resources.file_server_guid)
        check_mount_keys(service, given['mountVolumes'], 'properties.mountVolumes')
        given = {**given, 'mountVolumes': cluster_rules.with_mount_defaults(given['mountVolumes'])}
    cluster = service.store.clusters.find(cluster_id.key)
    if cluster is None or cluster.resource.provisioning_state == ProvisioningState.DELETING:
        raise errors.not_found('clusters', cluster_id.name)
    scale = read_scale(cluster.resource.properties)
    rules.check_size(given['nodeCount'], scale, cluster_id.name)
    problem = rules.obstacle(given['nodeCount'], Prospects(scale), cluster_id.name)
    if problem:
        _log.warning('%s', problem[1])
    return cluster.resource.id, given


def _refuse_changed(existing: Job, properties: dict[str, Any], flat: FlatParts | None) -> None:
    name = existing.resource.id.name
    if existing.resource.provisioning_state == ProvisioningState.DELETING:
        raise errors.conflict('JobBeingDeleted', f'The job {name} is being deleted.')
    if existing.resource.properties != properties or (flat and existing.resource.extras != flat.extras):
        raise errors.conflict('JobAlreadyExists', f'The job {name} already exists with other properties; delete it '
                              'first, or use another name.')


async def get_job(service: Service, request: Request, subscription: str, group: str, workspace: str, experiment: str,
                  job: str) -> Response:
    """The job; the request may be held while the job is in the state that the client knows, other than a final one."""
    found = require_job(service, subscription, group, workspace, experiment, job)
    seconds, known = holding.asked(request)
    if seconds and known.get(STATE) == found.state and found.state not in FINISHED_JOB_STATES:
        def has_changed() -> bool:
            now = service.store.jobs.find(found.resource.id.key)
            return now is None or now.state != found.state
        await holding.until_job(service, has_changed, seconds)
        found = require_job(service, subscription, group, workspace, experiment, job)
    return common.reply(view(service, found, {}), found.resource)


async def delete_job(service: Service, request: Request, subscription: str, group: str, workspace: str,
                     experiment: str, job: str) -> Response:
    """202 while a running job ends; its output stays. 204 when there is no such job."""
    wanted = common.resource_id(subscription, group, workspace=workspace, experiment=experiment, job=job)

    def begin() -> Response:
        found = service.store.resources.find(wanted)
        check_conditions(request, found, 'job', job)
        if found is None:
            return Response(status_code=204)
        if found.provisioning_state != ProvisioningState.DELETING:
            service.store.resources.mark_deleting(found.guid, service.clock())
            service.store.jobs.wish(found.guid, 'delete')
        return common.accepted(service, request, found, finished=False)
    response = await service.store.commits.run(begin)
    service.wake()
    return response


async def terminate_job(service: Service, request: Request, subscription: str, group: str, workspace: str,
                        experiment: str, job: str) -> Response:
    """202 while the job ends; 200 and nothing else when it has ended already (wire facts sheet, section 10)."""
    def begin() -> Response:
        found = require_job(service, subscription, group, workspace, experiment, job)
        if found.state in FINISHED_JOB_STATES:
            return Response(status_code=200)
        service.store.jobs.wish(found.guid, 'terminate')
        return common.accepted(service, request, found.resource, finished=False)
    response = await service.store.commits.run(begin)
    service.wake()
    return response


def require_job(service: Service, subscription: str, group: str, workspace: str, experiment: str, job: str) -> Job:
    """The job of the path arguments. Raises the 404 error for it or for the first of its parents that is missing."""
    wanted = common.resource_id(subscription, group, workspace=workspace, experiment=experiment, job=job)
    found = service.store.jobs.find(wanted.key)
    if found is None:
        common.require(service, wanted.parent)
        raise errors.not_found('jobs', wanted.name)
    return found


def view(service: Service, job: Job, prospects: dict[str, Prospects | None]) -> dict[str, Any]:
    """A job as the wire shows it. `prospects` remembers those of clusters from one job of a list to the next."""
    resource = job.resource
    status: dict[str, Any] = {
        'creationTime': format_time(resource.created),
        'provisioningState': resource.provisioning_state,
        'provisioningStateTransitionTime': format_time(resource.provisioning_time),
        'executionState': job.state,
        'executionStateTransitionTime': format_time(job.state_time),
    }
    info = _queue_info(service, job, prospects) if job.state == JobState.QUEUED else _execution_info(job)
    if info:
        status['executionInfo'] = info
    return {**common.base_view(resource),
            'properties': {'experimentName': resource.id.experiment, **resource.properties, **status}}


def _execution_info(job: Job) -> dict[str, Any]:
    info: dict[str, Any] = {}
    if job.started is not None:
        info['startTime'] = format_time(job.started)
    if job.ended is not None:
        info['endTime'] = format_time(job.ended)
    if job.exit_code is not None:
        info['exitCode'] = job.exit_code
    if job.errors:
        info['errors'] = job.errors
    return info


def _queue_info(service: Service, job: Job, prospects: dict[str, Prospects | None]) -> dict[str, Any]:
    """Empty as on the wire of old, unless the job cannot start as its cluster is: then the reason."""
    if job.cluster not in prospects:
        prospects[job.cluster] = _prospects(service, job.cluster)
    known = prospects[job.cluster]
    name = job.resource.properties['cluster']['id'].rpartition('/')[2]
    problem = rules.obstacle(job.node_count, known, name) if known else None
    if service.queue and job.submitted and not problem:
        launch = service.store.launches.open_of(job.guid)
        said = service.queue.poll([launch.handle])[launch.handle].reason if launch and launch.handle else ''
        problem = ('JobWaitsInScheduler', said) if said else None
    return {'errors': [dict(zip(('code', 'message'), problem))]} if problem else {}


def _prospects(service: Service, cluster_key: str) -> Prospects | None:
    cluster = service.store.clusters.find(cluster_key)
    if cluster is None:
        return None
    return Prospects(read_scale(cluster.resource.properties),
                     service.store.clusters.unusable_count(cluster.resource.guid))
