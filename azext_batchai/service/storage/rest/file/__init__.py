"""The file service: shares, directories and files, as Azure Files clients ask for them."""
from __future__ import annotations

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest.file.routes import find_handler
from azext_batchai.service.storage.rest.requests import StorageRequest


async def handle(service: Service, request: StorageRequest) -> Response:
    """Answer an authorized request. Raises StorageError, and OSErrors that `system_errors` knows."""
    return await find_handler(request)(service, request)
