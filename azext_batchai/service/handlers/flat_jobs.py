"""Jobs as the flat API versions have them."""
from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.checking import ShapeError
from azext_batchai.arm.ids import ResourceId
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import (
    common, flat_places as flat, job_rules, jobs, output_files, remote_login)
from azext_batchai.service.handlers.flat_lists import reply_list
from azext_batchai.service.handlers.job_rules import Prospects
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.resources import Resource
from azext_batchai.service.versions import FlatParts
from azext_batchai.service.versions.files import older_entries
from azext_batchai.service.versions.jobs import modern_job, older_job


async def list_jobs(service: Service, request: Request, subscription: str, group: str | None = None) -> Response:
    prospects: dict[str, Prospects | None] = {}
    return await reply_list(request, 'JOB', subscription, group, service.store.jobs.list_flat,
                            lambda job: job.resource.number, lambda job: _view(service, request, job, prospects))


async def put_job(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    """Submit a job. The same request again changes no more than tags; another one under the name is refused."""
    wanted = flat.flat_id(subscription, group, 'jobs', job)
    body = await flat.older_body(service, request, 'JOB')
    location = body['location']
    try:
        modern = modern_job(body['properties'], location, flat.finder(service))
    except ShapeError as error:
        raise common.wrong_shape(error) from None

    def put() -> Response:
        place = flat.make_place(service, wanted, location)
        response = jobs.submit(service, request, place, modern.properties,
                               FlatParts(body.get('tags', {}), modern.extras, modern.priority))
        _refuse_other_location(service, modern.properties, location)
        return response
    response = await service.store.commits.run(put)
    service.wake()
    return response


def _refuse_other_location(service: Service, properties: dict[str, Any], location: str) -> None:
    """A job runs where its cluster is (semantics sheet, section 4.2)."""
    cluster = service.store.resources.find(job_rules.cluster_id(properties))
    if cluster and cluster.location != location:
        raise errors.invalid_property('location', f'should be that of the cluster {cluster.id.name}, which is in '
                                      f'{cluster.location}')


async def patch_job(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    found = await flat.with_new_tags(service, request, flat.flat_id(subscription, group, 'jobs', job))
    return _reply(service, request, found)


async def get_job(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    return _reply(service, request, flat.require(service, flat.flat_id(subscription, group, 'jobs', job)))


async def delete_job(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    """Stop the job if it runs, and forget it; output on storage stays. 204 when there is no such job."""
    found = flat.find_leaving(service, request, flat.flat_id(subscription, group, 'jobs', job))
    if found is None:
        return Response(status_code=204)
    return await jobs.delete_job(service, request, subscription, group, *_names(found.id))


async def terminate_job(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    found = flat.require(service, flat.flat_id(subscription, group, 'jobs', job))
    return await jobs.terminate_job(service, request, subscription, group, *_names(found.id))


async def list_nodes(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    """Where to log in to the nodes of the job."""
    found = flat.require(service, flat.flat_id(subscription, group, 'jobs', job))
    return await remote_login.list_job_nodes(service, request, subscription, group, *_names(found.id))


async def list_files(service: Service, request: Request, subscription: str, group: str, job: str) -> Response:
    """What is in one of the output directories of the job."""
    found = flat.require(service, flat.flat_id(subscription, group, 'jobs', job))
    response = await output_files.list_output_files(service, request, subscription, group, *_names(found.id))
    page = json.loads(bytes(response.body))
    return JSONResponse({**page, 'value': older_entries(page['value'], flat.version_of(request))})


def _names(job: ResourceId) -> tuple[str, str, str]:
    return job.workspace, str(job.experiment), job.name


def _reply(service: Service, request: Request, found: Resource) -> Response:
    job = service.store.jobs.get(found.guid)
    assert job is not None
    return common.reply(_view(service, request, job, {}), job.resource)


def _view(service: Service, request: Request, job: Job, prospects: dict[str, Prospects | None]) -> dict[str, Any]:
    return older_job(jobs.view(service, job, prospects), flat.stored(job.resource), flat.version_of(request))
