"""Shares: made, shown, listed, changed and deleted. Each is a folder; quota and tier are noted and shown, no more."""
from __future__ import annotations

import asyncio
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.errors import ArmError
from azext_batchai.service.handlers.storage_shares import SHARES, refuse_deletion, remove_share
from azext_batchai.service.storage.rest import access_policies, errors, properties, xml
from azext_batchai.service.storage.rest.file.files import unleased
from azext_batchai.service.storage.rest.file.pages import encoded_marker, page_after
from azext_batchai.service.storage.rest.file.places import changed
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.roots import container_names, container_place, file_key, require_tree
from azext_batchai.service.store.stored_files import FileKey, FileNotes

_QUOTA_GIB = '5120'
_MOST_QUOTA_GIB = 102_400
_TIERS = {name.lower(): name for name in ('TransactionOptimized', 'Hot', 'Cool', 'Premium')}
_ACL_LIMIT_BYTES = 64 * 1024
_LEASES_SINCE = '2020-02-10'
_OF_SMB = {'x-ms-enabled-protocols': 'smb', 'x-ms-root-squash': 'norootsquash'}


async def list_shares(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('list', level='service')
    prefix, account = request.query.get('prefix', ''), request.account.name
    with_metadata = 'metadata' in request.query.get('include', '').lower().split(',')
    found = [name for name in container_names(service, 'file', account) if name.startswith(prefix)]
    page, following = page_after(request, found)
    content = {'Prefix': prefix or None, 'Marker': request.query.get('marker') or None,
               'MaxResults': request.query.get('maxresults') or None,
               'Shares': [xml.element('Share', item) for name in page
                          if (item := _list_item(service, account, name, with_metadata))],
               'NextMarker': encoded_marker(following)}
    return _reply_xml(xml.document('EnumerationResults', content, {'ServiceEndpoint': f'{request.endpoint}/'}))


async def create_share(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('create', 'write', level='container')
    for name, only in _OF_SMB.items():
        if request.headers.get(name, only).lower() != only:
            raise errors.not_supported('Shares for NFS')
    extras = _given_extras(request)
    metadata = properties.check_metadata(request.metadata)
    folder = container_place(service, 'file', request.account.name, request.name)
    if os.path.lexists(folder) or _served(service, request):
        raise errors.known('ShareAlreadyExists')
    folder.mkdir(parents=True)
    service.store.stored_files.remove_tree(_key(request))
    if extras or metadata:
        _put(service, request, FileNotes(metadata=metadata, extras=extras))
    return Response(status_code=201, headers=_version(service, request))


async def get_properties(service: Service, request: StorageRequest) -> Response:
    """Also the answer to those who only want the metadata."""
    request.permissions.require('read', level='container')
    version, notes = _version(service, request), _notes(service, request)
    return Response(headers={
        **version, **properties.metadata_headers(notes), 'x-ms-share-quota': notes.extras.get('quota', _QUOTA_GIB),
        'x-ms-access-tier': notes.extras.get('tier', 'TransactionOptimized'), 'x-ms-enabled-protocols': 'SMB',
        **unleased(request, _LEASES_SINCE)})


async def set_properties(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write', level='container')
    require_tree(service, 'file', request.account.name, request.name)
    notes = _notes(service, request)
    _put(service, request, replace(notes, extras={**notes.extras, **_given_extras(request)}))
    return Response(headers=_version(service, request))


async def set_metadata(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write', level='container')
    metadata = properties.check_metadata(request.metadata)
    require_tree(service, 'file', request.account.name, request.name)
    _put(service, request, replace(_notes(service, request), metadata=metadata))
    return Response(headers=_version(service, request))


async def get_acl(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('read', level='container')
    version = _version(service, request)
    return _reply_xml(access_policies.document(_notes(service, request)), version)


async def set_acl(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('write', level='container')
    body = await request.read(_ACL_LIMIT_BYTES)
    require_tree(service, 'file', request.account.name, request.name)
    _put(service, request, access_policies.with_policies(_notes(service, request), body))
    return Response(headers=_version(service, request))


async def get_stats(service: Service, request: StorageRequest) -> Response:
    """The sum of the sizes of all files; links count for nothing."""
    request.permissions.require('read', level='container')
    root = require_tree(service, 'file', request.account.name, request.name).root
    used = await asyncio.to_thread(_used_bytes, root)
    return _reply_xml(xml.document('ShareStats', {'ShareUsageBytes': used}), _version(service, request))


async def delete_share(service: Service, request: StorageRequest) -> Response:
    """With all that is in it. Refused while a cluster or job mounts it, as the management side does."""
    request.permissions.require('delete', level='container')
    require_tree(service, 'file', request.account.name, request.name)
    try:
        refuse_deletion(service, SHARES, request.account.name, request.name)
    except ArmError as error:
        raise errors.StorageError(error.status, error.code, error.message) from None
    remove_share(service, SHARES, request.account.name, request.name)
    return Response(status_code=202)


def _given_extras(request: StorageRequest) -> dict[str, str]:
    found = {}
    if 'x-ms-share-quota' in request.headers:
        quota = request.number_header('x-ms-share-quota')
        if not 1 <= quota <= _MOST_QUOTA_GIB:
            raise errors.invalid_header('x-ms-share-quota', f'should be from 1 to {_MOST_QUOTA_GIB} (GiB)')
        found['quota'] = str(quota)
    tier = request.headers.get('x-ms-access-tier', '')
    if tier:
        if tier.lower() not in _TIERS:
            raise errors.invalid_header('x-ms-access-tier', f"should be one of {', '.join(_TIERS.values())}")
        found['tier'] = _TIERS[tier.lower()]
    return found


def _served(service: Service, request: StorageRequest) -> bool:
    return request.name in container_names(service, 'file', request.account.name)


def _list_item(service: Service, account: str, name: str, with_metadata: bool) -> dict[str, Any] | None:
    notes = service.store.stored_files.find(file_key('file', account, name))
    try:
        status = require_tree(service, 'file', account, name).root.stat()
    except (errors.StorageError, OSError):
        return None  # a job took it away meanwhile
    found: dict[str, Any] = {'Name': name, 'Properties': {
        'Last-Modified': properties.http_date(properties.modified(status, notes)),
        'Etag': properties.etag(status, notes), 'Quota': notes.extras.get('quota', _QUOTA_GIB),
        'AccessTier': notes.extras.get('tier', 'TransactionOptimized'),
        'LeaseStatus': 'unlocked', 'LeaseState': 'available', 'EnabledProtocols': 'SMB'}}
    return {**found, 'Metadata': dict(notes.metadata)} if with_metadata and notes.metadata else found


def _key(request: StorageRequest) -> FileKey:
    return file_key('file', request.account.name, request.name)


def _notes(service: Service, request: StorageRequest) -> FileNotes:
    return service.store.stored_files.find(_key(request))


def _put(service: Service, request: StorageRequest, notes: FileNotes) -> None:
    service.store.stored_files.put(_key(request), changed(notes, request))


def _version(service: Service, request: StorageRequest) -> dict[str, str]:
    status = require_tree(service, 'file', request.account.name, request.name).root.stat()
    return properties.version_headers(status, _notes(service, request))


def _reply_xml(content: bytes, headers: dict[str, str] | None = None) -> Response:
    return Response(content, headers=headers, media_type='application/xml')


def _used_bytes(root: Path) -> int:
    total = 0
    for folder, _, files in os.walk(root):
        for name in files:
            try:
                status = os.lstat(os.path.join(folder, name))
            except OSError:
                continue
            total += status.st_size if stat.S_ISREG(status.st_mode) else 0
    return total
