"""Block blobs from their parts: Put Block, Put Block From URL, Put Block List, Get Block List."""
from __future__ import annotations

import base64
import hashlib
import hmac
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import AsyncIterator
from xml.etree.ElementTree import Element

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import bodies, errors, properties, xml
from azext_batchai.service.storage.rest.blob import copying
from azext_batchai.service.storage.rest.blob.block_store import Block, BlockStore
from azext_batchai.service.storage.rest.blob.places import APPEND, Blob, Place, find_blob, place_of
from azext_batchai.service.storage.rest.blob.staging import staged_file
from azext_batchai.service.storage.rest.blob.transfer import copy_range
from azext_batchai.service.storage.rest.blob.writing import check_write, put_in_place, reply_created, said_notes
from azext_batchai.service.storage.rest.ranges import ByteRange
from azext_batchai.service.storage.rest.requests import StorageRequest

_MOST_BYTES = 4000 << 20
_MOST_BLOCKS = 50_000
_LONGEST_LIST_BYTES = 16 << 20
# From then on Azure says the MD5 of a block only to who has said it; it takes time to count.
_CRC_SINCE = '2019-02-02'
_LIST_TYPES = ('committed', 'uncommitted', 'all')


async def put_block(service: Service, request: StorageRequest) -> Response:
    """Keep the body, or a part of another blob or file, until a block list names it."""
    request.permissions.require('write', 'create')
    place = place_of(service, request)
    _refuse_append(find_blob(service, place))
    store = BlockStore(service, place)
    block_id = request.query.get('blockid', '')
    store.file_of(block_id)
    async with _room(store):
        with staged_file(service.settings.data_dir, place.container) as staged:
            if 'x-ms-copy-source' in request.headers:
                with copying.open_source(service, request) as source:
                    _, md5 = await copying.copy_source_range(request, source, staged.descriptor, _MOST_BYTES)
            elif not request.content_length:
                raise errors.invalid_header('content-length', 'should not be 0 for a block')
            else:
                md5 = await bodies.receive(request, staged.descriptor, limit=_MOST_BYTES,
                                           needs_md5=request.version < _CRC_SINCE)
            place_of(service, request)  # the container may be gone by now
            store.add(block_id, staged.path)
    return Response(status_code=201, headers={'x-ms-request-server-encrypted': 'false',
                                              **({'content-md5': md5} if md5 else {})})


async def put_block_list(service: Service, request: StorageRequest) -> Response:
    """Make the blob of the blocks that the list names, in its order. All other blocks are forgotten."""
    place = place_of(service, request)
    _refuse_append(check_write(service, request, place))
    notes = said_notes(request, {})
    claimed = bodies.expected_md5(request.headers, 'x-ms-blob-content-md5')
    wanted = _listed(await _read_list(request))
    store = BlockStore(service, place)
    blob = find_blob(service, place)
    committed = store.committed(blob) if blob else []
    blocks = _found(wanted, await bodies.in_thread(store.waiting), committed)
    async with _room(store):
        with staged_file(service.settings.data_dir, place.container, is_beside=True) as staged:
            await bodies.in_thread(lambda: _assemble(place, blocks, staged.descriptor))
            if blob and any(block.file is None for block in blocks) and _is_changed(service, blob):
                raise errors.known('ConditionNotMet')
            notes = properties.with_md5(notes, base64.b64encode(claimed).decode() if claimed else '',
                                        os.fstat(staged.descriptor))
            made = put_in_place(service, request, place, staged, notes)
    store.record(made.status, blocks)
    return reply_created(made)


async def get_block_list(service: Service, request: StorageRequest) -> Response:
    request.permissions.require('read')
    kind = request.query.get('blocklisttype', 'committed').lower()
    if kind not in _LIST_TYPES:
        raise errors.invalid_query('blocklisttype', f"should be one of {', '.join(_LIST_TYPES)}")
    place = place_of(service, request)
    store = BlockStore(service, place)
    waiting = await bodies.in_thread(store.waiting)
    blob = find_blob(service, place)
    if blob is None and not waiting:
        raise errors.known('BlobNotFound')
    _refuse_append(blob)
    committed = store.committed(blob) if blob else []
    body = xml.document('BlockList', {
        'CommittedBlocks': _shown(committed) if kind != 'uncommitted' else None,
        'UncommittedBlocks': _shown(waiting) if kind != 'committed' else None})
    headers = {**properties.version_headers(blob.status, blob.notes),
               'x-ms-blob-content-length': str(blob.status.st_size)} if blob else {}
    return Response(body, headers=headers, media_type='application/xml')


@asynccontextmanager
async def _room(store: BlockStore) -> AsyncIterator[None]:
    """When the disk turns out to be full, the blocks that wait go: whoever sends them starts anew."""
    try:
        yield
    except (errors.StorageError, OSError) as error:
        if isinstance(error, OSError) and bodies.full_disk(error) or \
                isinstance(error, errors.StorageError) and error.code == 'InsufficientStorage':
            await bodies.in_thread(store.forget_waiting)
        raise


def _refuse_append(blob: Blob | None) -> None:
    if blob and blob.kind == APPEND:
        raise errors.StorageError(409, 'InvalidBlobType', 'The blob is an append blob, which has no blocks of its own.')


async def _read_list(request: StorageRequest) -> Element:
    content = await request.read(_LONGEST_LIST_BYTES)
    expected = bodies.expected_md5(request.headers)
    if expected and not hmac.compare_digest(hashlib.md5(content, usedforsecurity=False).digest(), expected):
        raise errors.known('Md5Mismatch')
    try:
        root = xml.parse(content)
    except xml.Malformed:
        raise errors.known('InvalidXmlDocument') from None
    if root.tag != 'BlockList' or any(node.tag not in ('Committed', 'Uncommitted', 'Latest') for node in root):
        raise errors.known('InvalidXmlDocument')
    return root


def _listed(root: Element) -> list[tuple[str, str]]:
    """Where to look for each block, and its id."""
    if len(root) > _MOST_BLOCKS:
        raise errors.StorageError(400, 'BlockListTooLong', f'The list has more than {_MOST_BLOCKS} blocks.')
    return [(node.tag, (node.text or '').strip()) for node in root]


def _found(wanted: list[tuple[str, str]], waiting: list[Block], committed: list[Block]) -> list[Block]:
    """Raises the 400 error for a block that is not there."""
    new, old = {block.id: block for block in waiting}, {block.id: block for block in committed}
    places = {'Committed': old, 'Uncommitted': new, 'Latest': {**old, **new}}
    try:
        return [places[where][block_id] for where, block_id in wanted]
    except KeyError:
        raise _unknown_block() from None


def _unknown_block() -> errors.StorageError:
    return errors.StorageError(400, 'InvalidBlockList', 'The list names a block that was not sent, or is not there any '
                               'more.')


def _assemble(place: Place, blocks: list[Block], target: int) -> None:
    at = 0
    for block in blocks:
        try:
            source = os.open(block.file, os.O_RDONLY | os.O_CLOEXEC) if block.file \
                else place.container.tree.open(place.parts)
        except FileNotFoundError:  # another list was faster
            raise _unknown_block() from None
        try:
            if copy_range(source, ByteRange(block.offset, block.size), target, at) != block.size:
                raise _unknown_block()
        finally:
            os.close(source)
        at += block.size


def _is_changed(service: Service, blob: Blob) -> bool:
    now = find_blob(service, blob.place)
    return now is None or replace(now, notes=blob.notes).etag != blob.etag


def _shown(blocks: list[Block]) -> list[str]:
    return [xml.element('Block', {'Name': block.id, 'Size': block.size}) for block in blocks]
