"""The documents of long-running operations (wire facts sheet, section 3b).

The status lives at ``operationresults``, and Location says ``operationstatuses``: the reverse of ARM habit. A
request for the status of an operation that runs is held until it ends or a few seconds have passed, so that a client
hears of the end at once without asking often.
"""
from __future__ import annotations

import time
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.ids import normalize_location
from azext_batchai.arm.states import OperationStatus
from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.store.operations import Operation

_LONGEST_HOLD_SECONDS = 5.0


async def get_operation_result(service: Service, request: Request, subscription: str, location: str, operation: str
                               ) -> Response:
    until = time.monotonic() + _LONGEST_HOLD_SECONDS
    found = _require(service, subscription, location, operation)
    while found.status == OperationStatus.IN_PROGRESS and time.monotonic() < until and not service.turned.is_closed:
        await service.turned.wait(until - time.monotonic())
        found = _require(service, subscription, location, operation)
    return JSONResponse(_view(found, common.endpoint(request)))


async def get_operation_status(service: Service, request: Request, subscription: str, location: str, operation: str
                               ) -> Response:
    """The Location of an operation; a client may end with it. 202 while it runs, then the same document."""
    found = _require(service, subscription, location, operation)
    running = found.status == OperationStatus.IN_PROGRESS
    return JSONResponse(_view(found, common.endpoint(request)), 202 if running else 200)


def _require(service: Service, subscription: str, location: str, operation: str) -> Operation:
    found = service.store.operations.find(operation.lower())
    place = (subscription.lower(), normalize_location(location))
    if found is None or (found.subscription, found.location) != place:
        raise errors.ArmError(404, 'OperationNotFound', f'The operation {operation[:64]} is not found')
    return found


def _view(operation: Operation, endpoint: str) -> dict[str, Any]:
    view: dict[str, Any] = {
        'id': f'{endpoint}/subscriptions/{operation.subscription}/providers/Microsoft.BatchAI/locations/'
              f'{operation.location}/operationresults/{operation.guid}',
        'name': operation.guid, 'status': operation.status, 'startTime': format_time(operation.started)}
    if operation.ended is not None:
        view['endTime'] = format_time(operation.ended)
    if operation.status == OperationStatus.SUCCEEDED:
        view['properties'] = {'resourceId': operation.resource}
    return view
