"""What `az cloud register --endpoint-resource-manager` and others ask a cloud before they know anything of it."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.identity import TENANT
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common

# From this version on the answer is one cloud; before, it was a list of them.
_ONE_CLOUD_SINCE = '2022-09-01'


async def show_endpoints(service: Service, request: Request) -> Response:
    """Where things are in this cloud: all of it here. Nothing of it is secret, and no token is asked for."""
    cloud = describe(common.endpoint(request), service.storage_suffix)
    version = request.query_params.get('api-version', _ONE_CLOUD_SINCE)
    return JSONResponse(cloud if version >= _ONE_CLOUD_SINCE else [cloud])


def describe(endpoint: str, storage_suffix: str) -> dict[str, Any]:
    """The metadata of the cloud whose resource manager is at `endpoint`."""
    return {
        'name': 'BatchAI',
        'resourceManager': endpoint,
        # Nobody can log in with a name and a password; a client that tries stays on this machine.
        'authentication': {'loginEndpoint': endpoint, 'audiences': [endpoint], 'tenant': TENANT,
                           'identityProvider': 'AAD'},
        'portal': endpoint, 'graph': endpoint, 'graphAudience': endpoint,
        'suffixes': {'storage': storage_suffix}}
