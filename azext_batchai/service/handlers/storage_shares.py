"""File shares and blob containers of a storage account. Each is a folder, and the folder is all there is to it:
a share that a mount made counts like one that a client made. Quotas are neither kept nor enforced."""
from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import formatdate
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
from azext_batchai.service.handlers.storage_accounts import TYPE, account_id, make_folder, require_account
from azext_batchai.service.storage.served import place_of, served_folder, served_names
from azext_batchai.service.store.accounts import Account
from azext_batchai.service.store.stored_files import FileKey

_NAME = re.compile(r'[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]\Z')
_NAME_RULE = '3 to 63 lower-case letters, digits and single hyphens, beginning and ending with a letter or digit'


@dataclass(frozen=True)
class Kind:
    """Shares or containers; `kind` is ``file`` or ``blob``. `accepted` names the values of those properties that would
    change something for us."""
    kind: str
    collection: str
    missing_code: str
    special: frozenset[str]
    accepted: dict[str, str]

    @property
    def title(self) -> str:
        return self.collection.rpartition('/')[2][:-1]


SHARES = Kind('file', 'fileServices/shares', 'ShareNotFound', frozenset(), {'enabledProtocols': 'SMB'})
CONTAINERS = Kind('blob', 'blobServices/containers', 'ContainerNotFound',
                  frozenset({'$root', '$web', '$logs'}), {'publicAccess': 'None'})


async def list_shares(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    return _list(service, SHARES, require_account(service, subscription, group, account))


async def put_share(service: Service, request: Request, subscription: str, group: str, account: str, share: str
                    ) -> Response:
    await _check_request(service, request, SHARES, share)
    return _put(service, SHARES, require_account(service, subscription, group, account), share)


async def get_share(service: Service, request: Request, subscription: str, group: str, account: str, share: str
                    ) -> Response:
    return _get(service, SHARES, require_account(service, subscription, group, account), share)


async def delete_share(service: Service, request: Request, subscription: str, group: str, account: str, share: str
                       ) -> Response:
    return _delete(service, SHARES, require_account(service, subscription, group, account), share)


async def list_containers(service: Service, request: Request, subscription: str, group: str, account: str) -> Response:
    return _list(service, CONTAINERS, require_account(service, subscription, group, account))


async def put_container(service: Service, request: Request, subscription: str, group: str, account: str,
                        container: str) -> Response:
    await _check_request(service, request, CONTAINERS, container)
    return _put(service, CONTAINERS, require_account(service, subscription, group, account), container)


async def get_container(service: Service, request: Request, subscription: str, group: str, account: str,
                        container: str) -> Response:
    return _get(service, CONTAINERS, require_account(service, subscription, group, account), container)


async def delete_container(service: Service, request: Request, subscription: str, group: str, account: str,
                           container: str) -> Response:
    return _delete(service, CONTAINERS, require_account(service, subscription, group, account), container)


def _list(service: Service, kind: Kind, account: Account) -> Response:
    names = served_names(service.store.linked_folders, service.settings.data_dir, account.name, kind.kind)
    return common.reply_list([_view(kind, account, name, folder) for name in names
                              if _is_name(kind, name) and (folder := _existing(service, kind, account, name))])


def checked_name(kind: Kind, name: str) -> str:
    """Raises the 400 error for what can be no name of a share or container."""
    if not _is_name(kind, name):
        raise errors.invalid_name(kind.title, name[:100], _NAME_RULE)
    return name


def _is_name(kind: Kind, name: str) -> bool:
    return bool(_NAME.match(name)) or name in kind.special


async def _check_request(service: Service, request: Request, kind: Kind, name: str) -> None:
    """Raises the 400 errors. Comes before the account is looked up: it may be deleted while the body arrives."""
    checked_name(kind, name)
    given = (await arm_bodies.read_object(service, request)).get('properties') or {}
    for key, value in kind.accepted.items():
        if isinstance(given, dict) and given.get(key) not in (None, value):
            raise errors.not_supported(f'properties.{key}', f'only {value} is supported by this service')


def _put(service: Service, kind: Kind, account: Account, name: str) -> Response:
    """201, or 200 when it was there before."""
    folder = _existing(service, kind, account, name)
    if folder:
        return JSONResponse(_view(kind, account, name, folder), 200)
    folder = place_of(service.settings.data_dir, account.name, kind.kind, name)
    make_folder(folder, f'{kind.title} {name}')
    return JSONResponse(_view(kind, account, name, folder), 201)


def _get(service: Service, kind: Kind, account: Account, name: str) -> Response:
    folder = _existing(service, kind, account, name)
    if folder is None:
        raise errors.ArmError(404, kind.missing_code, f'The specified {kind.title} does not exist.')
    return JSONResponse(_view(kind, account, name, folder), headers={
        'last-modified': formatdate(folder.stat().st_mtime, usegmt=True)})


def _delete(service: Service, kind: Kind, account: Account, name: str) -> Response:
    """Delete it with what is in it; 204 when there is none. Refused while it is mounted, and for a folder of the
    user's own, which is not ours to delete."""
    if _existing(service, kind, account, name) is None:
        return Response(status_code=204)
    refuse_deletion(service, kind, account.name, name)
    remove_share(service, kind, account.name, name)
    return Response(status_code=200)


def refuse_deletion(service: Service, kind: Kind, account: str, name: str) -> None:
    """Raises the 409 error for a share or container that something mounts, or that is a folder of the user's own."""
    title = f'{kind.title} {name} of the storage account {account}'
    linked = service.store.linked_folders.find(account, kind.kind, name)
    if linked:
        raise errors.conflict(f'{kind.title.title()}InUse', f'The {title} is the folder {linked.path}, which is not '
                              "deleted; end that with 'az batchai service unmount'.")
    refuse_mounted(service, f'{kind.title.title()}InUse', title,
                   place_of(service.settings.data_dir, account, kind.kind, name))


def remove_share(service: Service, kind: Kind, account: str, name: str) -> None:
    """Take the folder away; its content is deleted in the background."""
    discard(place_of(service.settings.data_dir, account, kind.kind, name), service.folders.trash)
    service.store.stored_files.remove_tree(FileKey(account, kind.kind, name))


def _existing(service: Service, kind: Kind, account: Account, name: str) -> Path | None:
    try:
        return served_folder(service.store.linked_folders, service.settings.data_dir, account.name, kind.kind, name)
    except ValueError:
        return None


def _view(kind: Kind, account: Account, name: str, folder: Path) -> dict[str, Any]:
    service_name, _, collection = kind.collection.partition('/')
    modified, name = format_time(int(folder.stat().st_mtime)), name.lower()
    return {'id': f'{account_id(account)}/{service_name}/default/{collection}/{name}', 'name': name,
            'type': f'{TYPE}/{kind.collection}',
            'properties': {'lastModifiedTime': modified, **kind.accepted}}
