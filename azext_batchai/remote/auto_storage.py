"""What `--use-auto-storage` stands for: an account with a share and a container, made once for each region.

Names of the resource group, the share and the container are as published; an account of that group in the region of
the cluster is used again.
"""
from __future__ import annotations

import random
import string
from typing import Any

from azure.cli.core.azclierror import CLIInternalError
from knack.log import get_logger

from azext_batchai.arm.ids import normalize_location
from azext_batchai.payloads.mounts import AUTO_CONTAINER, AUTO_SHARE
from azext_batchai.payloads.storage_account import StorageAccount
from azext_batchai.remote import errors
from azext_batchai.remote.storage_accounts import storage_client

logger = get_logger(__name__)

GROUP = 'batchaiautostorage'
# Stands for the account as long as none is made: while options are checked, and in a dry run.
PLANNED = StorageAccount('<new-account>')

_PREFIX = 'bai'
_RANDOM_LETTERS = 12
_MOST_TRIES = 20


def auto_storage(cli_ctx: Any, client: Any, location: str) -> StorageAccount:
    """The account for clusters in `location`, with its share and container; what is missing is made."""
    storage = storage_client(cli_ctx, client)
    name = _existing(storage, location)
    if name is None:
        _make_group(cli_ctx, client, location)
        name = _make_account(storage, location)
        logger.warning("The storage account '%s' was made in resource group '%s' for --use-auto-storage.", name, GROUP)
    else:
        logger.warning("--use-auto-storage uses the storage account '%s' of resource group '%s'.", name, GROUP)
    storage.file_shares.create(GROUP, name, AUTO_SHARE, {})
    storage.blob_containers.create(GROUP, name, AUTO_CONTAINER, {})
    return StorageAccount(name, None, cli_ctx.cloud.suffixes.storage_endpoint)


def planned_auto_storage(cli_ctx: Any, client: Any, location: str) -> StorageAccount:
    """The account that `auto_storage` would return, or one whose name says that it would be made. Makes nothing."""
    name = _existing(storage_client(cli_ctx, client), location)
    return StorageAccount(name or PLANNED.name, None, cli_ctx.cloud.suffixes.storage_endpoint)


def _existing(storage: Any, location: str) -> str | None:
    from azure.core.exceptions import ResourceNotFoundError
    try:
        accounts = list(storage.storage_accounts.list_by_resource_group(GROUP))
    except ResourceNotFoundError:
        return None  # there is not even the group
    region = normalize_location(location)
    return next((account.name for account in sorted(accounts, key=lambda account: str(account.name))
                 if normalize_location(account.primary_location or '') == region), None)


def _make_group(cli_ctx: Any, client: Any, location: str) -> None:
    from azure.cli.core.profiles import ResourceType
    from azext_batchai.remote.management_client import other_client
    groups = other_client(cli_ctx, client, ResourceType.MGMT_RESOURCE_RESOURCES).resource_groups
    if not groups.check_existence(GROUP):
        groups.create_or_update(GROUP, {'location': location})


def _make_account(storage: Any, location: str) -> str:
    """Names are unique in the world; whoever is refused one tries another."""
    from azure.core.exceptions import HttpResponseError
    parameters = {'location': location, 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'}
    for _ in range(_MOST_TRIES):
        name = _new_name()
        wanted = {'name': name, 'type': 'Microsoft.Storage/storageAccounts'}
        if not storage.storage_accounts.check_name_availability(wanted).name_available:
            continue
        try:
            storage.storage_accounts.begin_create(GROUP, name, parameters).result()
            return name
        except HttpResponseError as error:  # somebody was faster
            if errors.error_code(error) != 'StorageAccountAlreadyTaken':
                raise
    raise CLIInternalError(f'None of {_MOST_TRIES} names for a storage account was free; try again, or name one of '
                           'yours with --storage-account-name and --afs-name.')


def _new_name() -> str:
    return _PREFIX + ''.join(random.choices(string.ascii_lowercase, k=_RANDOM_LETTERS))
