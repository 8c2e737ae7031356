"""Folders of the user's own that are served as a share or container, without copying. Not part of Azure's API."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import arm_bodies
from azext_batchai.service.handlers.mount_users import refuse_mounted
from azext_batchai.service.handlers.storage_accounts import checked_account_name, make_folder
from azext_batchai.service.handlers.storage_shares import CONTAINERS, SHARES, checked_name
from azext_batchai.service.storage.served import place_of
from azext_batchai.service.store.linked_folders import LinkedFolder
from azext_batchai.service.store.stored_files import FileKey

_KINDS = {'shares': SHARES, 'containers': CONTAINERS}


def list_folders(service: Service) -> list[dict[str, Any]]:
    """All of them, as the state of the service shows them."""
    return [_view(folder) for folder in service.store.linked_folders.all()]


async def put_folder(service: Service, request: Request, account: str, collection: str, name: str) -> Response:
    """Serve the folder ``path`` as that share or container: 201, or 200 when it is served so already."""
    body = await arm_bodies.read_object(service, request)
    wanted = LinkedFolder(*_checked(account, collection, name), _checked_path(service, arm_bodies.text(body, 'path')))
    place = place_of(service.settings.data_dir, wanted.account, wanted.kind, wanted.name)
    with service.store.transaction():
        known = service.store.linked_folders.find(wanted.account, wanted.kind, wanted.name)
        if known and known.path != wanted.path:
            raise errors.conflict('FolderAlreadyMounted', f'The {_title(wanted)} is the folder {known.path} already; '
                                  'unmount that first.')
        _make_link(place, wanted)
        if not known:
            service.store.linked_folders.add(wanted)
    return JSONResponse(_view(wanted), 200 if known else 201)


async def delete_folder(service: Service, request: Request, account: str, collection: str, name: str) -> Response:
    """Serve it no longer. The folder and what is in it stay as they are."""
    found = service.store.linked_folders.find(*_checked(account, collection, name))
    if found is None:
        raise errors.ArmError(404, 'FolderNotMounted', f'No folder is mounted as the {collection[:-1]} {name} of the '
                              f'storage account {account}; az batchai service show names those that are.')
    place = place_of(service.settings.data_dir, found.account, found.kind, found.name)
    refuse_mounted(service, f'{collection[:-1].title()}InUse', _title(found), place)
    if place.is_symlink():
        place.unlink()
    with service.store.transaction():
        service.store.linked_folders.remove(found)
        service.store.stored_files.remove_tree(FileKey(found.account, found.kind, found.name))
    return Response(status_code=200)


def _checked(account: str, collection: str, name: str) -> tuple[str, str, str]:
    kind = _KINDS.get(collection.lower())
    if kind is None:
        raise errors.invalid_name('collection', collection[:40], 'shares or containers')
    return checked_account_name(account), kind.kind, checked_name(kind, name)


def _checked_path(service: Service, text: str) -> str:
    """The folder, links resolved. Raises the 400 errors for what cannot be served, or would give away the service's own
    files: its token, and the keys of all accounts."""
    path = Path(text)
    if not path.is_absolute() or '\0' in text:
        raise errors.invalid_property('path', f"should be absolute, but is '{text}'")
    try:
        folder = path.resolve(strict=True)
    except (OSError, RuntimeError):
        raise errors.invalid_property('path', f'there is no folder {text} on the machine of the service') from None
    if not folder.is_dir():
        raise errors.invalid_property('path', f'{text} is not a folder')
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise errors.invalid_property('path', f'the service, which runs as you, may not read and write {text}')
    data = service.settings.data_dir.resolve()
    if folder == data or folder in data.parents or data in folder.parents:
        raise errors.invalid_property('path', f"{text} holds the service's own data, or is part of it ({data}); give "
                                      'another folder')
    return str(folder)


def _make_link(place: Path, folder: LinkedFolder) -> None:
    """Put the link in its place, where an empty folder may be. Raises the 409 errors."""
    make_folder(place.parent, _title(folder))
    try:
        if place.is_symlink():
            place.unlink()
        elif place.is_dir():
            place.rmdir()
        place.symlink_to(folder.path, target_is_directory=True)
    except OSError:
        raise errors.conflict('ShareNotEmpty', f'The {_title(folder)} has files of its own, in {place}; delete it, or '
                              'choose another name.') from None


def _title(folder: LinkedFolder) -> str:
    return f"{'share' if folder.kind == 'file' else 'container'} {folder.name} of the storage account {folder.account}"


def _view(folder: LinkedFolder) -> dict[str, Any]:
    return {'storageAccount': folder.account, 'share': folder.name if folder.kind == 'file' else None,
            'container': folder.name if folder.kind == 'blob' else None, 'path': folder.path}
