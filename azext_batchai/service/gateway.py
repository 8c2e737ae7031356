"""What the front door of ARM knows before any handler hears of a request: providers, their types, versions, places.

Facts: wire facts sheet, section 14. Flat types are those of 2017 and 2018-03, the ones in workspaces of 2018-05.
"""
from __future__ import annotations

import re
import time

from starlette.requests import Request

from azext_batchai.arm import catalogue
from azext_batchai.service import errors
from azext_batchai.service.errors import ArmError
from azext_batchai.service.versions import FLAT_VERSIONS, WORKSPACE_VERSION

# `local` is where the command line puts what has no location.
LOCATIONS = tuple(sorted({*catalogue.LOCATIONS, 'local'}))

_FLAT = tuple(sorted(FLAT_VERSIONS, reverse=True))
_WORKSPACE = (WORKSPACE_VERSION,)
_ALL = (*_WORKSPACE, *_FLAT)
# Any version is answered for what is not Batch AI's own (`Route.any_version`); these are offered.
_STORAGE = ('2024-01-01', '2023-05-01', '2021-09-01', '2019-06-01', '2018-02-01')
_RESOURCES = ('2024-11-01', '2022-12-01', '2021-04-01', '2018-05-01')

# Namespace -> type -> the API versions that a client may choose from, newest first.
PROVIDERS: dict[str, dict[str, tuple[str, ...]]] = {
    'Microsoft.BatchAI': {
        'workspaces': _WORKSPACE, 'workspaces/clusters': _WORKSPACE, 'workspaces/fileservers': _WORKSPACE,
        'workspaces/experiments': _WORKSPACE, 'workspaces/experiments/jobs': _WORKSPACE,
        'clusters': _FLAT, 'jobs': _FLAT, 'fileservers': _FLAT,
        'operations': _ALL, 'locations': _ALL,
        'locations/operationresults': _ALL, 'locations/operationstatuses': _ALL,
        'locations/usages': _ALL},
    'Microsoft.Storage': {'storageAccounts': _STORAGE, 'checkNameAvailability': _STORAGE,
                          'storageAccounts/fileServices': _STORAGE, 'storageAccounts/blobServices': _STORAGE,
                          'storageAccounts/fileServices/shares': _STORAGE,
                          'storageAccounts/blobServices/containers': _STORAGE},
    'Microsoft.Resources': {'subscriptions': _RESOURCES, 'resourceGroups': _RESOURCES, 'tenants': _RESOURCES,
                            'providers': _RESOURCES},
}


def find_namespace(name: str) -> str | None:
    """The namespace as it is spelled, or None when no provider here has it."""
    return next((known for known in PROVIDERS if known.lower() == name.lower()), None)


def unknown_path(path: str, version: str) -> ArmError:
    """The error for a path that leads nowhere: of a namespace or of a type that is not there."""
    parts = path.strip('/').split('/')
    at = next((index for index, part in enumerate(parts) if part.lower() == 'providers'), len(parts))
    if at + 1 >= len(parts):
        return errors.unknown_route(path)
    namespace = find_namespace(parts[at + 1])
    if namespace is None:
        return errors.unknown_namespace(parts[at + 1])
    types = '/'.join(parts[at + 2::2])
    known = PROVIDERS[namespace]
    versions = next((known[name] for name in known if name.lower() == types.lower()), None) or sorted(
        {version for versions in known.values() for version in versions}, reverse=True)
    return errors.unknown_type(types, namespace, version, versions)


def check_location(location: str, version: str, kind: str, used: bool) -> None:
    """Raises the 400 error for a location that no region has, unless it is `used`: a workspace says it is there."""
    if location not in LOCATIONS and not used:
        raise errors.unknown_location(location, version, kind, PROVIDERS['Microsoft.BatchAI'][kind], LOCATIONS)


# No more than this is sent back: a value of which something is cut off might end in a space, which no header may.
_ECHOED = re.compile(r'[!-~]{1,64}')

# Nothing is counted here: a client always has as many requests left as one of Azure's has in the beginning.
_REQUESTS_LEFT = {'GET': ('reads', '11999'), 'HEAD': ('reads', '11999'), 'DELETE': ('deletes', '14999')}


def front_door_headers(request: Request, now: float, request_id: str) -> dict[str, str]:
    """What the front door adds to every reply (wire facts sheet, sections 3a and 4)."""
    kind, left = _REQUESTS_LEFT.get(request.method, ('writes', '1199'))
    headers = {'request-id': request_id, 'x-ms-request-id': request_id, 'vary': 'Accept-Encoding',
               'x-ms-correlation-request-id': _echo(request, 'x-ms-correlation-request-id') or request_id,
               f'x-ms-ratelimit-remaining-subscription-{kind}': left,
               'x-ms-routing-request-id': f"LOCAL:{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}:{request_id}"}
    client_request_id = _echo(request, 'x-ms-client-request-id')
    if client_request_id and request.headers.get('x-ms-return-client-request-id', '').lower() == 'true':
        headers['x-ms-client-request-id'] = client_request_id
    return headers


def _echo(request: Request, name: str) -> str:
    """The one word, or the beginning of it, that an id in a header should be; empty when it is none."""
    found = _ECHOED.match(request.headers.get(name, ''))
    return found[0] if found else ''
