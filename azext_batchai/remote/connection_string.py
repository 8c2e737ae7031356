"""The connection string of a storage account of the service, as az storage and the SDKs of storage take it."""
from __future__ import annotations

from typing import Any
from urllib.parse import quote

from azure.cli.core.azclierror import ResourceNotFoundError

from azext_batchai.remote import redaction
from azext_batchai.remote.connection import Connection
from azext_batchai.remote.service_request import get_json, send_json

_STORAGE = 'providers/Microsoft.Storage/storageAccounts'
_VERSION = 'api-version=2023-05-01'


def connection_string(connection: Connection, subscriptions: list[str], account: str, group: str | None = None) -> str:
    """With the first key of the account. `subscriptions` are the ids of those to look in, `group` narrows it down.

    Raises the CLI error when there is no such account, and the errors of azure.core.
    """
    found = _find(connection, subscriptions, account, group)
    if found is None:
        where = f" in the resource group '{group}'" if group else ''
        raise ResourceNotFoundError(
            f"The service has no storage account '{account}'{where}. In the shell that 'az batchai service env' sets "
            f"up, make it with: az storage account create -n {account} -g {group or 'MyResourceGroup'}")
    keys = send_json(connection, 'POST', f"{quote(found['id'])}/listKeys?{_VERSION}")['keys']
    redaction.hide(keys[0]['value'])
    endpoints = found['properties']['primaryEndpoints']
    return (f"DefaultEndpointsProtocol=https;AccountName={found['name']};AccountKey={keys[0]['value']};"
            f"BlobEndpoint={endpoints['blob'].rstrip('/')};FileEndpoint={endpoints['file'].rstrip('/')}")


def _find(connection: Connection, subscriptions: list[str], account: str, group: str | None
          ) -> dict[str, Any] | None:
    for subscription in subscriptions:
        listed = get_json(connection, f'/subscriptions/{quote(subscription)}/{_STORAGE}?{_VERSION}')['value']
        for found in listed:
            if found['name'] == account.lower() and (not group or found['id'].split('/')[4].lower() == group.lower()):
                return dict(found)
    return None
