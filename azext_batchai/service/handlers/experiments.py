"""Experiments: created synchronously, without a body; a second PUT returns the first one unchanged. Deleted with their
jobs."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.parents import delete_with_children, refuse_leaving, refuse_within_leaving
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.store.resources import Resource


async def list_experiments(service: Service, request: Request, subscription: str, group: str, workspace: str
                           ) -> Response:
    parent = common.require(service, common.resource_id(subscription, group, workspace=workspace))
    page = common.page_of(request)
    found = service.store.resources.list_children(parent.key, 'workspaces/experiments', page)
    return common.reply_page(request, page, found, lambda experiment: experiment.number, _view)


async def put_experiment(service: Service, request: Request, subscription: str, group: str, workspace: str,
                         experiment: str) -> Response:
    wanted = common.resource_id(subscription, group, workspace=workspace, experiment=experiment)
    parent = common.require(service, wanted.parent)
    refuse_within_leaving(service, wanted)
    with service.store.transaction():
        existing = service.store.resources.find(wanted)
        check_conditions(request, existing, 'experiment', experiment)
        if existing:
            refuse_leaving(existing)
        else:
            service.store.resources.add(parent.id.child('experiments', experiment), service.new_guid(),
                                        parent.location, {}, service.clock())
    found = common.require(service, wanted)
    return common.reply(_view(found), found)


async def get_experiment(service: Service, request: Request, subscription: str, group: str, workspace: str,
                         experiment: str) -> Response:
    found = common.require(service, common.resource_id(subscription, group, workspace=workspace,
                                                       experiment=experiment))
    return common.reply(_view(found), found)


async def delete_experiment(service: Service, request: Request, subscription: str, group: str, workspace: str,
                            experiment: str) -> Response:
    """Running jobs are stopped and deleted; output on storage stays."""
    return delete_with_children(service, request, common.resource_id(
        subscription, group, workspace=workspace, experiment=experiment))


def _view(experiment: Resource) -> dict[str, Any]:
    return {**common.base_view(experiment), 'properties': common.provisioning_view(experiment)}
