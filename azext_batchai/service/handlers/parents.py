"""Nothing new comes into a workspace or experiment that is being deleted."""
from __future__ import annotations

from typing import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.ids import NAME_RULE, ResourceId, is_valid_name
from azext_batchai.arm.states import ProvisioningState
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.store.resources import Resource

Handler = Callable[..., Awaitable[Response]]


def within_parents(put: Handler) -> Handler:
    """`put`, the handler of a resource in a workspace, refused with 409 while what is around it is being deleted.

    What slips in while the body of the request is read is deleted with the rest by the scheduler. A dot in the name is
    refused too: other versions may have made such a resource, and this one cannot.
    """
    async def checked(service: Service, request: Request, subscription: str, group: str, **names: str) -> Response:
        wanted = common.resource_id(subscription, group, **names)
        if not is_valid_name(wanted.name):
            raise errors.invalid_name(list(names)[-1].replace('_', ' '), wanted.name, NAME_RULE)
        refuse_within_leaving(service, wanted)
        return await put(service, request, subscription, group, **names)
    return checked


def refuse_within_leaving(service: Service, wanted: ResourceId) -> None:
    """Raises the 409 error when a parent of that id is being deleted, the outermost first."""
    keys, parent = [], wanted.parent
    while parent:
        keys.append(parent.key)
        parent = parent.parent
    leaving = service.store.resources.first_leaving(keys)
    if leaving:
        refuse_leaving(leaving)


def refuse_leaving(resource: Resource) -> None:
    """Raises the 409 error when a workspace or experiment is being deleted."""
    if resource.provisioning_state == ProvisioningState.DELETING:
        raise errors.being_deleted(resource.id.path[-1][0], resource.id.name)


def delete_with_children(service: Service, request: Request, wanted: ResourceId,
                         check: Callable[[Resource], None] = lambda resource: None) -> Response:
    """202 while the workspace or experiment goes with all that is in it; 204 when there is none.

    `check` may raise an ARM error before anything is recorded.
    """
    with service.store.transaction():
        found = service.store.resources.find(wanted)
        check_conditions(request, found, wanted.path[-1][0].removesuffix('s'), wanted.name)
        if found is None:
            return Response(status_code=204)
        if found.provisioning_state != ProvisioningState.DELETING:
            check(found)
            service.store.resources.mark_deleting(found.guid, service.clock())
        response = common.accepted(service, request, found, finished=False)
    service.wake()
    return response
