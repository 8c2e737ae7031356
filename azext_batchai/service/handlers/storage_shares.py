"""File shares and blob containers of a storage account. Each is a folder, and the folder is all there is to it:
a share that a mount made counts like one that a client made. Quotas are neither kept nor enforced."""
from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.handlers import arm_bodies, common
from azext_batchai.service.handlers.mount_users import refuse_mounted
from azext_batchai.service.handlers.storage_accounts import TYPE, account_id, make_folder, require_account
from azext_batchai.service.storage.folders import container_folder, share_folder
from azext_batchai.service.store.accounts import Account

_NAME = re.compile(r'[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]\Z')
_NAME_RULE = '3 to 63 lower-case letters, digits and single hyphens, beginning and ending with a letter or digit'


@dataclass(frozen=True)
class _Kind:
    """Shares or containers. `accepted` names the values of those properties that would change something for us."""
    collection: str
    missing_code: str
    folder: Callable[[Path, str, str], Path]
    special: frozenset[str]
    accepted: dict[str, str]

    @property
    def title(self) -> str:
        return self.collection.rpartition('/')[2][:-1]


_SHARES = _Kind('fileServices/shares', 'ShareNotFound', share_folder, frozenset(), {'enabledProtocols': 'SMB'})
_CONTAINERS = _Kind('blobServices/containers', 'ContainerNotFound', container_folder,
                    frozenset({'$root', '$web', '$logs'}), {'publicAccess': 'None'})


async def list_shares(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    return _list(service, _SHARES, require_account(service, subscription, group, account))


async def put_share(service: Service, request: Request, subscription: str, group: str, account: str, share: str
                    ) -> Response:
    await _check_request(service, request, _SHARES, share)
    return _put(service, _SHARES, require_account(service, subscription, group, account), share)


async def get_share(service: Service, request: Request, subscription: str, group: str, account: str, share: str
                    ) -> Response:
    return _get(service, _SHARES, require_account(service, subscription, group, account), share)


async def delete_share(service: Service, request: Request, subscription: str, group: str, account: str, share: str
                       ) -> Response:
    return _delete(service, _SHARES, require_account(service, subscription, group, account), share)


async def list_containers(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    return _list(service, _CONTAINERS, require_account(service, subscription, group, account))


async def put_container(service: Service, request: Request, subscription: str, group: str, account: str,
                        container: str) -> Response:
    await _check_request(service, request, _CONTAINERS, container)
    return _put(service, _CONTAINERS, require_account(service, subscription, group, account), container)


async def get_container(service: Service, request: Request, subscription: str, group: str, account: str,
                        container: str) -> Response:
    return _get(service, _CONTAINERS, require_account(service, subscription, group, account), container)


async def delete_container(service: Service, request: Request, subscription: str, group: str, account: str,
                           container: str) -> Response:
    return _delete(service, _CONTAINERS, require_account(service, subscription, group, account), container)


def _list(service: Service, kind: _Kind, account: Account) -> Response:
    root = kind.folder(service.settings.data_dir, account.name, 'any').parent
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and _is_name(kind, path.name)) \
        if root.is_dir() else []
    return common.reply_list([_view(kind, account, root / name) for name in names])


def _is_name(kind: _Kind, name: str) -> bool:
    return bool(_NAME.match(name)) or name in kind.special


async def _check_request(service: Service, request: Request, kind: _Kind, name: str) -> None:
    """Raises the 400 errors. Comes before the account is looked up: it may be deleted while the body arrives."""
    if not _is_name(kind, name):
        raise errors.invalid_name(kind.title, name[:100], _NAME_RULE)
    given = (await arm_bodies.read_object(service, request)).get('properties') or {}
    for key, value in kind.accepted.items():
        if isinstance(given, dict) and given.get(key) not in (None, value):
            raise errors.not_supported(f'properties.{key}', f'only {value} is supported by this service')


def _put(service: Service, kind: _Kind, account: Account, name: str) -> Response:
    """201, or 200 when it was there before."""
    folder = kind.folder(service.settings.data_dir, account.name, name)
    made = not folder.exists()
    make_folder(folder, f'{kind.title} {name}')
    return JSONResponse(_view(kind, account, folder), 201 if made else 200)


def _get(service: Service, kind: _Kind, account: Account, name: str) -> Response:
    folder = _existing(service, kind, account, name)
    if folder is None:
        raise errors.ArmError(404, kind.missing_code, f'The specified {kind.title} does not exist.')
    return JSONResponse(_view(kind, account, folder), headers={
        'last-modified': formatdate(folder.stat().st_mtime, usegmt=True)})


def _delete(service: Service, kind: _Kind, account: Account, name: str) -> Response:
    """Delete it with what is in it; 204 when there is none. Refused while it is mounted."""
    folder = _existing(service, kind, account, name)
    if folder is None:
        return Response(status_code=204)
    refuse_mounted(service, f'{kind.title.title()}InUse', f'{kind.title} {folder.name} of the storage account '
                   f'{account.name}', folder)
    discard(folder, service.folders.trash)
    return Response(status_code=200)


def _existing(service: Service, kind: _Kind, account: Account, name: str) -> Path | None:
    try:
        folder = kind.folder(service.settings.data_dir, account.name, name)
    except ValueError:
        return None
    return folder if folder.is_dir() else None


def _view(kind: _Kind, account: Account, folder: Path) -> dict[str, Any]:
    service_name, _, collection = kind.collection.partition('/')
    modified = format_time(int(folder.stat().st_mtime))
    return {'id': f'{account_id(account)}/{service_name}/default/{collection}/{folder.name}', 'name': folder.name,
            'type': f'{TYPE}/{kind.collection}',
            'properties': {'lastModifiedTime': modified, **kind.accepted}}
