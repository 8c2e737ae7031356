"""Lists of containers and of blobs, a page at a time."""
from __future__ import annotations

import asyncio
import base64
import binascii
from itertools import islice
from typing import Iterator
from urllib.parse import quote

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import bodies, errors, properties, roots, xml
from azext_batchai.service.storage.rest.blob.places import APPEND, BLOCK, Blob, Container, Place, container_of
from azext_batchai.service.storage.rest.blob.walk import Item, walk
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.tree import Tree
from azext_batchai.service.store.stored_files import FileNotes

_MOST = 5000
# Blobs that are looked up before other requests have their turn.
_AT_ONCE = 200
_MARK = '1!'
# Kinds of blobs that there are none of, so that including them changes nothing.
_INCLUDES = frozenset({'copy', 'deleted', 'deletedwithversions', 'immutabilitypolicy', 'legalhold', 'metadata',
                       'permissions', 'snapshots', 'system', 'tags', 'versions', ''})


async def list_containers(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('list', level='service')
    most, start, include = _page(request)
    prefix = request.query.get('prefix', '')
    names = [name for name in roots.container_names(service, 'blob', request.account.name)
             if name.startswith(prefix) and name >= start]
    shown = [_container(service, request, name, 'metadata' in include) for name in names[:most]]
    return _reply(request, 'Containers', [text for text in shown if text], names[most:most + 1], {})


async def list_blobs(service: Service, request: StorageRequest) -> Response:
    """Flat, or with a delimiter by folders. Folders without blobs are in neither."""
    request.permissions.require('list', level='container')
    container = container_of(service, request)
    most, start, include = _page(request)
    prefix, delimiter = request.query.get('prefix', ''), request.query.get('delimiter', '')
    start = max(start, request.query.get('startfrom', ''))
    items = await bodies.in_thread(lambda: _first(container.tree, prefix, start, delimiter, most + 1))
    shown = []
    for number, item in enumerate(items[:most]):
        if number % _AT_ONCE == _AT_ONCE - 1:
            await asyncio.sleep(0)
        shown.append(_item(service, container, item, include))
    following = [name for name, _ in items[most:]]
    return _reply(request, 'Blobs', shown, following, {'ContainerName': request.name})


def _first(tree: Tree, prefix: str, start: str, delimiter: str, count: int) -> list[Item]:
    found: Iterator[Item] = walk(tree, prefix, start, delimiter)
    return list(islice(found, count))


def _page(request: StorageRequest) -> tuple[int, str, frozenset[str]]:
    """How many, from which name on, and what to include. Raises the 400 errors."""
    marker = request.query.get('marker', '')
    try:
        text = base64.urlsafe_b64decode(marker).decode('utf-8')
        if marker and not text.startswith(_MARK):
            raise ValueError(marker)
    except (binascii.Error, ValueError):
        raise errors.invalid_query('marker', 'should be the NextMarker of the page before') from None
    include = frozenset(request.query.get('include', '').lower().split(','))
    if not include <= _INCLUDES:
        raise errors.invalid_query('include', f"should be of {', '.join(sorted(_INCLUDES - {''}))}")
    return request.number_query('maxresults', _MOST, 1, 1 << 31), text.removeprefix(_MARK), include


def _reply(request: StorageRequest, title: str, shown: list[str], following: list[str], attributes: dict[str, str]
           ) -> Response:
    query = request.query
    marker = base64.urlsafe_b64encode((_MARK + following[0]).encode('utf-8')).decode() if following else ''
    body = xml.document('EnumerationResults', {
        'Prefix': query.get('prefix'), 'Marker': query.get('marker'), 'MaxResults': query.get('maxresults'),
        'Delimiter': query.get('delimiter'), title: shown, 'NextMarker': marker},
        {'ServiceEndpoint': f'{request.endpoint}/', **attributes})
    return Response(body, media_type='application/xml')


def _container(service: Service, request: StorageRequest, name: str, with_metadata: bool) -> str | None:
    """None for one that was deleted a moment ago."""
    try:
        status = roots.require_tree(service, 'blob', request.account.name, name).root.stat()
    except (errors.StorageError, FileNotFoundError):
        return None
    notes = service.store.stored_files.find(roots.file_key('blob', request.account.name, name))
    return xml.element('Container', {
        'Name': name,
        'Properties': {'Last-Modified': properties.http_date(properties.modified(status, notes)),
                       'Etag': properties.etag(status, notes), 'LeaseStatus': 'unlocked', 'LeaseState': 'available',
                       'HasImmutabilityPolicy': False, 'HasLegalHold': False},
        'Metadata': _metadata(notes) if with_metadata else None})


def _item(service: Service, container: Container, item: Item, include: frozenset[str]) -> str:
    name, status = item
    if status is None:
        return xml.element('BlobPrefix', [_name(name)])
    place = Place(container, tuple(name.split('/')))
    blob = Blob(place, status, service.store.stored_files.find(place.key))
    copied = _copied(blob) if 'copy' in include else {}
    shown = [_name(name), xml.element('Properties', {**_properties(blob), **copied})]
    if 'metadata' in include:
        shown.append(xml.element('Metadata', _metadata(blob.notes)))
    return xml.element('Blob', shown)


def _name(name: str) -> str:
    """Some characters cannot be in XML at all; clients know that they come encoded."""
    return xml.element('Name', name) if xml.is_writable(name) else xml.element('Name', quote(name), {'Encoded': 'true'})


def _properties(blob: Blob) -> dict[str, object]:
    content = properties.content_headers(blob.status, blob.notes)
    return {'Creation-Time': properties.http_date(blob.created),
            'Last-Modified': properties.http_date(blob.modified), 'Etag': blob.etag.strip('"'),
            'Content-Length': blob.status.st_size, 'Content-Type': content['content-type'],
            'Content-Encoding': content.get('content-encoding', ''),
            'Content-Language': content.get('content-language', ''), 'Content-MD5': content.get('content-md5', ''),
            'Cache-Control': content.get('cache-control', ''),
            'Content-Disposition': content.get('content-disposition', ''), 'BlobType': blob.kind,
            'AccessTier': 'Hot' if blob.kind == BLOCK else None,
            'AccessTierInferred': True if blob.kind != APPEND else None, 'LeaseStatus': 'unlocked',
            'LeaseState': 'available', 'ServerEncrypted': False}


def _copied(blob: Blob) -> dict[str, object]:
    extras = blob.notes.extras
    if 'copy-id' not in extras:
        return {}
    return {'CopyId': extras['copy-id'], 'CopyStatus': 'success', 'CopySource': extras['copy-source'],
            'CopyProgress': extras['copy-progress'], 'CopyCompletionTime': extras['copy-completion-time']}


def _metadata(notes: FileNotes) -> dict[str, str]:
    return {name: value for name, value in notes.metadata.items() if xml.is_writable(value)}
