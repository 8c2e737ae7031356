"""Containers: making them, what is said of them, who may reach them by which stored policy, deleting them."""
from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.errors import ArmError
from azext_batchai.service.handlers import storage_shares
from azext_batchai.service.storage.rest import access_policies, conditions, errors, properties, roots
from azext_batchai.service.storage.rest.blob.places import Container, container_of
from azext_batchai.service.storage.rest.blob.staging import forget_uploads
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import FileKey, FileNotes

_LONGEST_ACL_BYTES = 64 << 10


async def create_container(service: Service, request: StorageRequest) -> Response:
    """A folder that a mount made, or that ARM did, is a container already."""
    request.permissions.require('create', 'write', level='container')
    _refuse_public(request)
    metadata = properties.check_metadata(request.metadata)
    place = roots.container_place(service, 'blob', request.account.name, request.name)
    place.parent.mkdir(parents=True, exist_ok=True)
    key = roots.file_key('blob', request.account.name, request.name)
    with service.store.transaction():
        try:
            place.mkdir()
        except FileExistsError:
            raise errors.known('ContainerAlreadyExists') from None
        service.store.stored_files.remove_tree(key)
        service.store.stored_files.put(key, FileNotes(metadata=metadata))
    return Response(status_code=201, headers=_version_headers(service, container_of(service, request)))


async def get_container(service: Service, request: StorageRequest) -> Response:
    """Its properties and metadata, also for comp=metadata."""
    request.permissions.require('read', level='container')
    container = container_of(service, request)
    notes = service.store.stored_files.find(container.key)
    return Response(headers={**_version_headers(service, container), **properties.metadata_headers(notes),
                             'x-ms-lease-status': 'unlocked', 'x-ms-lease-state': 'available',
                             'x-ms-has-immutability-policy': 'false', 'x-ms-has-legal-hold': 'false'})


async def set_metadata(service: Service, request: StorageRequest) -> Response:
    """Instead of all metadata that there was."""
    request.permissions.require('write', level='container')
    metadata = properties.check_metadata(request.metadata)
    container = _require(service, request)
    _note(service, container.key, metadata=metadata)
    return Response(headers=_version_headers(service, container))


async def get_acl(service: Service, request: StorageRequest) -> Response:
    """The stored access policies. For who has a key of the account."""
    _require_key(request)
    container = container_of(service, request)
    body = access_policies.document(service.store.stored_files.find(container.key))
    return Response(body, headers=_version_headers(service, container), media_type='application/xml')


async def set_acl(service: Service, request: StorageRequest) -> Response:
    """Instead of all stored access policies that there were. Links that name one that is gone open nothing any more."""
    _require_key(request)
    _refuse_public(request)
    content = await request.read(_LONGEST_ACL_BYTES)
    container = _require(service, request)
    notes = access_policies.with_policies(service.store.stored_files.find(container.key), content)
    _note(service, container.key, extras=notes.extras)
    return Response(headers=_version_headers(service, container))


async def delete_container(service: Service, request: StorageRequest) -> Response:
    """With all that is in it. Refused while something mounts it, and for a folder of the user's own."""
    request.permissions.require('delete', level='container')
    container = _require(service, request)
    account = request.account.name
    try:
        storage_shares.refuse_deletion(service, storage_shares.CONTAINERS, account, request.name)
    except ArmError as error:
        raise errors.StorageError(error.status, error.code, error.message) from None
    forget_uploads(service, container)
    storage_shares.remove_share(service, storage_shares.CONTAINERS, account, request.name)
    return Response(status_code=202)


def _require(service: Service, request: StorageRequest) -> Container:
    """The container, with the conditions of the request checked."""
    container = container_of(service, request)
    notes = service.store.stored_files.find(container.key)
    conditions.check(request.headers, properties.etag(container.status, notes),
                     properties.modified(container.status, notes))
    return container


def _version_headers(service: Service, container: Container) -> dict[str, str]:
    return properties.version_headers(container.status, service.store.stored_files.find(container.key))


def _note(service: Service, key: FileKey, **changes: object) -> None:
    notes = service.store.stored_files.find(key)
    changed = max(int(service.clock() * 1e9), notes.changed + 1)
    service.store.stored_files.put(key, replace(notes, changed=changed, **changes))  # type: ignore[arg-type]


def _require_key(request: StorageRequest) -> None:
    if request.permissions.letters is not None:
        raise errors.known('AuthorizationFailure')


def _refuse_public(request: StorageRequest) -> None:
    if request.headers.get('x-ms-blob-public-access'):
        raise errors.StorageError(409, 'PublicAccessNotPermitted', 'Public access is not permitted on this storage '
                                  'account; give out signed links (SAS) instead.')
