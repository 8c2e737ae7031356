"""Resource providers: what `az provider` shows. Nothing has to be registered here, and nothing can be unregistered."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.gateway import LOCATIONS, PROVIDERS, find_namespace
from azext_batchai.service.handlers import common

_TRACKED = frozenset({'workspaces', 'clusters', 'jobs', 'fileservers', 'storageAccounts'})


async def list_providers(service: Service, request: Request, subscription: str | None = None) -> Response:
    """All of them, of the tenant or as a subscription sees them."""
    return common.reply_list([_view(namespace, subscription) for namespace in PROVIDERS])


async def get_provider(service: Service, request: Request, provider: str, subscription: str | None = None) -> Response:
    return JSONResponse(_view(_require(provider), subscription))


async def register(service: Service, request: Request, subscription: str, provider: str) -> Response:
    """Done before it was asked for."""
    return JSONResponse(_view(_require(provider), subscription))


async def unregister(service: Service, request: Request, subscription: str, provider: str) -> Response:
    """Refused: `az provider unregister --wait` would wait for ever for a state that does not come."""
    namespace = _require(provider)
    common.checked_subscription(subscription)
    raise errors.conflict('CannotUnregisterProvider', f'{namespace} is part of this service and stays registered; '
                          'delete its resources instead.')


def _require(provider: str) -> str:
    namespace = find_namespace(provider)
    if namespace is None:
        raise errors.unknown_namespace(provider)
    return namespace


def _view(namespace: str, subscription: str | None) -> dict[str, Any]:
    prefix = f'/subscriptions/{common.checked_subscription(subscription).lower()}' if subscription else ''
    view = {'id': f'{prefix}/providers/{namespace}', 'namespace': namespace,
            'resourceTypes': [{'resourceType': kind, 'locations': list(LOCATIONS), 'apiVersions': list(versions),
                               'capabilities': 'SupportsTags, SupportsLocation' if kind in _TRACKED else 'None'}
                              for kind, versions in PROVIDERS[namespace].items()]}
    return {**view, 'registrationState': 'Registered', 'registrationPolicy': 'RegistrationFree'} if subscription \
        else view
