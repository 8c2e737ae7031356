"""The storage account of a command and the keys of accounts: what is configured, and what Azure or the self-hosted
service has to be asked for."""
from __future__ import annotations

import configparser
import os
from typing import Any

from azure.cli.core.azclierror import FileOperationError, ResourceNotFoundError as NotFound

from azext_batchai.payloads.mounts import storage_mounts
from azext_batchai.payloads.storage_account import (
    ACCOUNT_OPTION, KEY_OPTION, StorageAccount, needs_key, storage_account, with_key)
from azext_batchai.remote import redaction

Json = dict[str, Any]

_SECTION = 'batchai'


def command_account(cli_ctx: Any, name: str | None, key: str | None) -> StorageAccount:
    """The account that the options, the environment or the az config name, with its key if that is known."""
    found = storage_account(name, key, cli_ctx.cloud.suffixes.storage_endpoint, os.environ,
                            *_configured(cli_ctx.config))
    redaction.hide(found.key)
    return found


def complete_keys(cli_ctx: Any, client: Any, body: Json, account: StorageAccount) -> Json:
    """The body of a cluster or job request with the keys looked up that it still needs.

    `account` is that of the command, for whose key there may be placeholders. The self-hosted service knows the keys
    of its own mounts, so only Azure is asked for those. Raises the CLI error for an account that is not found.
    """
    if needs_key(body) and account.name:
        body = with_key(body, account_key(cli_ctx, client, account.name))
    if not client.connection:
        keys: dict[str, str] = {}
        for mount in storage_mounts(_volumes(body)):
            if not mount['credentials']:
                name = mount['accountName']
                keys[name] = keys.get(name) or account_key(cli_ctx, client, name)
                mount['credentials'] = {'accountKey': keys[name]}
    return body


def account_key(cli_ctx: Any, client: Any, name: str) -> str:
    """The first key of a storage account of the subscription. Raises the CLI error when there is no such account."""
    storage = storage_client(cli_ctx, client)
    for account in storage.storage_accounts.list():
        if account.name.lower() == name.lower():
            group = account.id.split('/')[4]
            keys = storage.storage_accounts.list_keys(group, account.name).as_dict().get('keys')
            if keys:
                redaction.hide(keys[0]['value'])
                return str(keys[0]['value'])
    raise NotFound(f"There is no storage account '{name}' in this subscription to take the key of; give it with "
                   '--storage-account-key.')


def storage_client(cli_ctx: Any, client: Any) -> Any:
    """The client of azure-mgmt-storage for wherever `client` leads: the self-hosted service, or Azure."""
    from azure.cli.core.profiles import ResourceType
    from azext_batchai.remote.management_client import other_client
    return other_client(cli_ctx, client, ResourceType.MGMT_STORAGE)


def _volumes(body: Json) -> Json | None:
    properties = body['properties']
    return properties.get('mountVolumes') or properties.get('nodeSetup', {}).get('mountVolumes')


def _configured(config: Any) -> list[dict[str, str]]:
    """Account and key as each config file of az has them together, the file of the folder before that of the user."""
    try:
        sources = [item['source'] for item in config.items(_SECTION) if item['name'] in (ACCOUNT_OPTION, KEY_OPTION)]
        files = dict.fromkeys([*(source for source in sources if os.path.isfile(source)), config.config_path])
        return [pair for pair in map(_pair_of, files) if pair]
    except configparser.Error:
        raise FileOperationError(f'The section [{_SECTION}] of the az config cannot be read; write it again with: '
                                 f'az config set {_SECTION}.{ACCOUNT_OPTION}=MyAccount') from None


def _pair_of(path: str) -> dict[str, str]:
    parser = configparser.ConfigParser()
    parser.read(path, 'utf-8')
    return dict(parser[_SECTION]) if parser.has_section(_SECTION) else {}
