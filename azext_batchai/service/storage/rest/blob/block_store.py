"""The blocks of block blobs: those that wait for a block list, and a record of those that a blob was made of."""
from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from azext_batchai.service.context import Service
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.blob.places import Blob, Place
from azext_batchai.service.storage.rest.blob.staging import upload_folder
from azext_batchai.service.storage.rest.bodies import full_disk

_LONGEST_ID_BYTES = 64
_RECORD = 'made-of.json'
_SUFFIX = '.block'


@dataclass(frozen=True)
class Block:
    """`id` as clients write it, in base64; `size` in bytes. A waiting one is the whole `file`; a committed one is in
    the blob, from `offset` on."""
    id: str
    size: int
    file: Path | None = None
    offset: int = 0


class BlockStore:
    """The blocks of one blob, be it there or not."""

    def __init__(self, service: Service, place: Place):
        name = hashlib.sha256(place.path.encode()).hexdigest()
        self._folder = upload_folder(service.settings.data_dir, place.container) / 'blocks' / name
        self._trash = service.folders.trash

    def file_of(self, block_id: str) -> Path:
        """Where the waiting block is, or would be. Raises the 400 error for an id that is none."""
        return self._folder / f'{_decoded(block_id).hex()}{_SUFFIX}'

    def add(self, block_id: str, body: Path) -> None:
        """Keep a file as a block, instead of the waiting one with that id. Raises the 400 error for an id of another
        length than those of the blocks that wait, as Azure does."""
        file = self.file_of(block_id)
        self._folder.mkdir(parents=True, exist_ok=True)
        with os.scandir(self._folder) as found:
            other = next((item.name for item in found if item.name.endswith(_SUFFIX)), file.name)
        if len(other) != len(file.name):
            raise errors.StorageError(400, 'InvalidBlobOrBlock', 'The block ids of a blob should all have the same '
                                      'length.')
        os.replace(body, file)

    def waiting(self) -> list[Block]:
        """The blocks that no block list has named yet, by id."""
        try:
            with os.scandir(self._folder) as found:
                return sorted((Block(_encoded(item.name), item.stat().st_size, Path(item.path))
                               for item in found if item.name.endswith(_SUFFIX)), key=lambda block: block.id)
        except FileNotFoundError:
            return []

    def committed(self, blob: Blob) -> list[Block]:
        """The blocks that the blob was made of, in its order. None when it was not made of blocks, or a job has
        written it since."""
        try:
            record = json.loads((self._folder / _RECORD).read_text('utf-8'))
        except (FileNotFoundError, ValueError):  # half of it, when the disk was full
            return []
        if record['content'] != _content(blob.status):
            return []
        blocks, offset = [], 0
        for block_id, size in record['blocks']:
            blocks.append(Block(block_id, size, offset=offset))
            offset += size
        return blocks

    def record(self, status: os.stat_result, blocks: list[Block]) -> None:
        """Remember what the blob with that status was made of, and forget all that waited. Without room for it nothing
        is remembered: the blob is there, and that counts."""
        self.forget()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / _RECORD).write_text(json.dumps({
                'content': _content(status), 'blocks': [[block.id, block.size] for block in blocks]}), 'utf-8')
        except OSError as error:
            if not full_disk(error):
                raise

    def forget_waiting(self) -> None:
        """The disk is full: an upload that failed must not keep it so."""
        for block in self.waiting():
            if block.file:
                block.file.unlink(missing_ok=True)

    def forget(self) -> None:
        """The blob was written as a whole, or deleted. Gigabytes of blocks are deleted in the background."""
        if self._folder.exists():
            discard(self._folder, self._trash)


def _content(status: os.stat_result) -> list[int]:
    return [status.st_mtime_ns, status.st_size, status.st_ino]


def _decoded(block_id: str) -> bytes:
    try:
        found = base64.b64decode(block_id, validate=True)
    except (binascii.Error, ValueError):
        found = b''
    if not 0 < len(found) <= _LONGEST_ID_BYTES:
        raise errors.invalid_query('blockid', f'should be base64 of 1 to {_LONGEST_ID_BYTES} bytes')
    return found


def _encoded(file_name: str) -> str:
    return base64.b64encode(bytes.fromhex(file_name.removesuffix(_SUFFIX))).decode()
