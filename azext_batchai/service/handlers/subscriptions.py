"""Subscriptions, their locations, and the tenant: nobody has to make them, so each is there once it is named."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.identity import TENANT
from azext_batchai.service.context import Service
from azext_batchai.service.gateway import LOCATIONS
from azext_batchai.service.handlers import common

# Where resources go when nobody is logged in to anything.
DEFAULT_SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'


async def list_subscriptions(service: Service, request: Request) -> Response:
    """The default one, and those that hold something."""
    found = sorted({DEFAULT_SUBSCRIPTION, *service.store.groups.subscriptions()})
    return common.reply_list([_view(subscription) for subscription in found])


async def get_subscription(service: Service, request: Request, subscription: str) -> Response:
    return JSONResponse(_view(common.checked_subscription(subscription).lower()))


async def list_locations(service: Service, request: Request, subscription: str) -> Response:
    prefix = f'/subscriptions/{common.checked_subscription(subscription).lower()}/locations'
    return common.reply_list([{'id': f'{prefix}/{name}', 'name': name, 'displayName': name,
                               'regionalDisplayName': name, 'type': 'Region',
                               'metadata': {'regionType': 'Physical', 'regionCategory': 'Other'}}
                              for name in LOCATIONS])


async def list_tenants(service: Service, request: Request) -> Response:
    return common.reply_list([{'id': f'/tenants/{TENANT}', 'tenantId': TENANT, 'displayName': 'Batch AI'}])


def _view(subscription: str) -> dict[str, Any]:
    name = 'Batch AI' if subscription == DEFAULT_SUBSCRIPTION else f'Batch AI {subscription}'
    return {'id': f'/subscriptions/{subscription}', 'subscriptionId': subscription, 'tenantId': TENANT,
            'displayName': name, 'state': 'Enabled', 'authorizationSource': 'RoleBased', 'managedByTenants': []}
