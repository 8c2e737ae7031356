"""Containers and blobs as they are found: a folder, a file in it, and what is noted of them."""
from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Iterator

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import conditions, errors, names, properties, roots
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.tree import Tree
from azext_batchai.service.store.stored_files import FileKey, FileNotes

APPEND = 'AppendBlob'
BLOCK = 'BlockBlob'


@dataclass(frozen=True)
class Container:
    """A container that is there; `key` is that of its notes."""
    tree: Tree
    key: FileKey

    @property
    def status(self) -> os.stat_result:
        """Raises the 404 error when it was deleted meanwhile."""
        try:
            return self.tree.root.stat()
        except FileNotFoundError:
            raise errors.known('ContainerNotFound') from None


@dataclass(frozen=True)
class Place:
    """Where a blob is, or would be."""
    container: Container
    parts: tuple[str, ...]

    @property
    def path(self) -> str:
        return '/'.join(self.parts)

    @property
    def key(self) -> FileKey:
        return FileKey(*self.container.key.place, self.path)


@dataclass(frozen=True)
class Blob:
    """A blob that is there."""
    place: Place
    status: os.stat_result
    notes: FileNotes

    @property
    def kind(self) -> str:
        return self.notes.extras.get('type', BLOCK)

    @property
    def etag(self) -> str:
        return properties.etag(self.status, self.notes)

    @property
    def modified(self) -> float:
        return properties.modified(self.status, self.notes)

    @property
    def created(self) -> float:
        """In seconds since the epoch. An upload makes a new file, so its time is that of the file."""
        noted = self.notes.extras.get('created')
        return float(noted) if noted else min(self.status.st_mtime, self.status.st_ctime)


def container_of(service: Service, request: StorageRequest) -> Container:
    """The container that the request names. Raises the 400 and 404 errors."""
    account = request.account.name
    return Container(roots.require_tree(service, 'blob', account, request.name),
                     roots.file_key('blob', account, request.name))


def place_of(service: Service, request: StorageRequest) -> Place:
    """Where the blob is that the request names. Raises the errors of names that no blob can have, and of a container
    that is not there."""
    container = container_of(service, request)
    names.check_parts(request.below)
    return Place(container, request.below)


def find_blob(service: Service, place: Place) -> Blob | None:
    """None also where a folder is: that is no blob, only blobs are in it."""
    try:
        with file_errors():
            status = place.container.tree.status(place.parts)
    except errors.StorageError as error:
        if error.status == 404:
            return None
        raise
    if stat.S_ISDIR(status.st_mode):
        return None
    return Blob(place, status, service.store.stored_files.find(place.key))


def require_blob(service: Service, request: StorageRequest, reading: bool = False) -> Blob:
    """The blob that the request names, with its conditions checked. Raises the 404, 412 and 304 errors."""
    blob = find_blob(service, place_of(service, request))
    if blob is None:
        raise errors.known('BlobNotFound')
    conditions.check(request.headers, blob.etag, blob.modified, reading)
    return blob


@contextmanager
def file_errors() -> Iterator[None]:
    """Turns what files say when there is no blob into the errors of blobs; `dispatch` knows the rest."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise errors.known('BlobNotFound') from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise errors.invalid_name('The name is longer than a path on the disk of the service can be.') from None
        raise
