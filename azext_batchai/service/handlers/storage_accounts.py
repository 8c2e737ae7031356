"""Storage accounts as ARM resources: the account and its keys. What it stores is a folder (design, section 9)."""
from __future__ import annotations

import base64
import os
import re
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.handlers import arm_bodies, common
from azext_batchai.service.handlers.mount_users import refuse_mounted
from azext_batchai.service.storage.folders import account_folder
from azext_batchai.service.store.accounts import Account
from azext_batchai.service.store.resources import group_key

TYPE = 'Microsoft.Storage/storageAccounts'
_NAME = re.compile(r'[a-z0-9]{3,24}\Z')
_NAME_RULE = '3 to 24 lower-case letters and digits'
_KEYS = ('key1', 'key2')
_KEY_BYTES = 64


async def list_by_subscription(service: Service, request: Request, subscription: str) -> Response:
    common.checked_subscription(subscription)
    return common.reply_list([_view(service, account)
                              for account in service.store.accounts.list_subscription(subscription)])


async def list_by_group(service: Service, request: Request, subscription: str, group: str) -> Response:
    common.checked_group(subscription, group)
    _require_group(service, subscription, group)
    return common.reply_list([_view(service, account) for account in service.store.accounts.list_group(
        group_key(subscription, group))])


async def check_name(service: Service, request: Request, subscription: str) -> Response:
    """Whether an account may be given this name, and if not why."""
    common.checked_subscription(subscription)
    name = arm_bodies.text(await arm_bodies.read_object(service, request), 'name')
    if not _NAME.match(name):
        return JSONResponse({'nameAvailable': False, 'reason': 'AccountNameInvalid', 'message': _name_problem(name)})
    if service.store.accounts.find(name):
        return JSONResponse({'nameAvailable': False, 'reason': 'AlreadyExists', 'message': _taken(name)})
    return JSONResponse({'nameAvailable': True})


async def put_account(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    """Create an account, or change the sku, kind and tags of one; done when the reply comes.

    A folder that mounts made for an account of this name before is its content from now on.
    """
    common.checked_group(subscription, group)
    checked_account_name(account)
    body = await arm_bodies.read_object(service, request)
    location, sku, kind = arm_bodies.location(body), arm_bodies.text(body, 'sku.name'), arm_bodies.text(body, 'kind')
    wanted = Account(account, subscription.lower(), group, location, sku, kind, arm_bodies.tags(body),
                     service.clock(), {name: _new_key() for name in _KEYS})
    with service.store.transaction():
        _require_group(service, subscription, group)
        existing = service.store.accounts.find(account)
        if existing and existing.parent != wanted.parent:
            raise errors.conflict('StorageAccountAlreadyTaken', _taken(account))
        if existing and existing.location != location:
            raise errors.conflict('InvalidResourceLocation', f'The storage account {account} already exists in '
                                  f"location '{existing.location}'; it cannot move to '{location}'.")
        make_folder(account_folder(service.settings.data_dir, account), f'storage account {account}')
        service.store.accounts.put(replace(wanted, keys=existing.keys) if existing else wanted)
    return JSONResponse(_view(service, require_account(service, subscription, group, account)))


async def get_account(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    return JSONResponse(_view(service, require_account(service, subscription, group, account)))


async def delete_account(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    """Delete an account and all that it stores; 204 when there is no such account. Refused while it is mounted."""
    common.checked_group(subscription, group)
    with service.store.transaction():
        found = _find(service, subscription, group, account)
        if found is None:
            return Response(status_code=204)
        refuse_mounted_account(service, found)
        remove_account(service, found)
    service.store.database.overwrite_deleted()
    return Response(status_code=200)


async def list_keys(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    return _reply_keys(require_account(service, subscription, group, account))


async def regenerate_key(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    """Give the account a new key1 or key2; the old one opens nothing any more."""
    name = arm_bodies.text(await arm_bodies.read_object(service, request), 'keyName')
    if name not in _KEYS:
        raise errors.invalid_property('keyName', f"should be {' or '.join(_KEYS)}, but is '{name[:40]}'")
    with service.store.transaction():
        found = require_account(service, subscription, group, account)
        service.store.accounts.put(replace(found, keys={**found.keys, name: _new_key()}))
    service.store.database.overwrite_deleted()
    return _reply_keys(require_account(service, subscription, group, account))


def require_account(service: Service, subscription: str, group: str, account: str) -> Account:
    """The account. Raises the 404 error for it or for its group, and the 400 errors for malformed names."""
    common.checked_group(subscription, group)
    found = _find(service, subscription, group, account)
    if found is None:
        _require_group(service, subscription, group)
        raise errors.ArmError(404, 'ResourceNotFound', f"The Resource '{TYPE}/{account[:64]}' under resource group "
                              f"'{group}' was not found.")
    return found


def checked_account_name(name: str) -> str:
    """Raises the 400 error for what can be no name of an account."""
    if not _NAME.match(name):
        raise errors.ArmError(400, 'AccountNameInvalid', _name_problem(name), 'accountName')
    return name


def refuse_mounted_account(service: Service, account: Account, leaving: str | None = None) -> None:
    """Raises the 409 error when something mounts a share or container of the account; `leaving` as of
    `refuse_mounted`."""
    refuse_mounted(service, 'StorageAccountInUse', f'storage account {account.name}',
                   account_folder(service.settings.data_dir, account.name), leaving)


def make_folder(folder: Path, title: str) -> None:
    """Make the folder of an account, share or container. Raises the 409 error when something is in its place: jobs
    reach these folders, and may leave anything there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise errors.conflict('StorageFolderUnusable', f'The folder {folder} of the {title} cannot be used: '
                              f'{error.strerror}.') from None


def remove_account(service: Service, account: Account) -> None:
    """Take away the account with its folder; folders of the user's own that it served stay. Its folder goes first: of a
    crash in between no data may be left that a later account of this name would have."""
    folder = account_folder(service.settings.data_dir, account.name)
    if os.path.lexists(folder):
        discard(folder, service.folders.trash)
    service.store.linked_folders.remove_account(account.name)
    service.store.stored_files.remove_account(account.name)
    service.store.accounts.remove(account.name)


def account_id(account: Account) -> str:
    return f'/subscriptions/{account.subscription}/resourceGroups/{account.resource_group}/providers/{TYPE}/' \
           f'{account.name}'


def _find(service: Service, subscription: str, group: str, account: str) -> Account | None:
    found = service.store.accounts.find(account)
    return found if found and found.parent == group_key(subscription, group) else None


def _require_group(service: Service, subscription: str, group: str) -> None:
    if service.store.groups.find(subscription, group) is None:
        raise errors.resource_group_not_found(group)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


def _name_problem(name: str) -> str:
    return f"'{name[:64]}' is not a valid storage account name; it should be {_NAME_RULE}."


def _taken(name: str) -> str:
    return f'The storage account named {name} is already taken.'


def _reply_keys(account: Account) -> Response:
    return JSONResponse({'keys': [{'keyName': name, 'value': value, 'permissions': 'FULL'}
                                  for name, value in account.keys.items()]})


def _view(service: Service, account: Account) -> dict[str, Any]:
    """Queues and tables are no part of this service, so there are no endpoints for them."""
    endpoints = {kind: f'{service.storage_endpoint(kind, account.name)}/' for kind in ('blob', 'file')}
    return {'sku': {'name': account.sku, 'tier': account.sku.partition('_')[0]}, 'kind': account.kind,
            'id': account_id(account), 'name': account.name, 'type': TYPE, 'location': account.location,
            'tags': account.tags,
            'properties': {'provisioningState': 'Succeeded', 'creationTime': format_time(account.created),
                           'primaryEndpoints': endpoints, 'primaryLocation': account.location,
                           'statusOfPrimary': 'available', 'supportsHttpsTrafficOnly': True,
                           'allowBlobPublicAccess': False}}
