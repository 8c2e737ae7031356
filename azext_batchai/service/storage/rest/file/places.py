"""What a request for a file or directory is about: the share, the path in it, and what is there."""
from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, properties
from azext_batchai.service.storage.rest.file import smb
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.storage.rest.roots import file_key, require_tree
from azext_batchai.service.storage.rest.tree import Tree
from azext_batchai.service.store.stored_files import FileKey, FileNotes


@dataclass(frozen=True)
class Place:
    """A path in a share, `parts` being empty for the share's root; there may be nothing, a file or a folder."""
    tree: Tree
    parts: tuple[str, ...]
    key: FileKey
    service: Service

    @property
    def notes(self) -> FileNotes:
        return self.service.store.stored_files.find(self.key)

    def inner_notes(self, name: str) -> FileNotes:
        """Of what is directly in the folder."""
        return self.service.store.stored_files.find(replace(self.key, path='/'.join((*self.parts, name))))

    def put_notes(self, notes: FileNotes) -> None:
        self.service.store.stored_files.put(self.key, notes)

    def status(self) -> os.stat_result | None:
        """Of the file or folder; None when there is nothing. Raises the 404 error when the folder above is missing."""
        try:
            return self.tree.status(self.parts)
        except (FileNotFoundError, NotADirectoryError):
            self.parent_status()
            return None

    def parent_status(self) -> os.stat_result | None:
        """Of the folder above, None for the root. Raises the 404 error when there is none."""
        if not self.parts:
            return None
        try:
            found = self.tree.status(self.parts[:-1])
        except (FileNotFoundError, NotADirectoryError):
            raise errors.known('ParentNotFound') from None
        if not stat.S_ISDIR(found.st_mode):
            raise errors.known('ParentNotFound')
        return found

    def require_file(self) -> os.stat_result:
        """Raises the 404 errors."""
        found = self.status()
        if found is None or not stat.S_ISREG(found.st_mode):
            raise errors.known('ResourceNotFound')
        return found

    def require_folder(self) -> os.stat_result:
        """Raises the 404 errors."""
        found = self.status()
        if found is None or not stat.S_ISDIR(found.st_mode):
            raise errors.known('ResourceNotFound')
        return found

    def headers(self) -> dict[str, str]:
        """ETag, times and what else is said of the file or folder in every reply. It is there."""
        status, notes = self.tree.status(self.parts), self.notes
        parent = self.tree.status(self.parts[:-1]) if self.parts else None
        return {**properties.version_headers(status, notes), **smb.headers(status, parent, notes),
                'x-ms-request-server-encrypted': 'false'}


def changed(notes: FileNotes, request: StorageRequest) -> FileNotes:
    """The notes as changed now: later than before, so that there is another ETag."""
    return replace(notes, changed=max(int(request.now * 1e9), notes.changed + 1))


def place_of(service: Service, request: StorageRequest) -> Place:
    """Where the request points. Raises the 400 errors for names that cannot be and the 404 error without a share."""
    return place_at(service, request, request.name, request.below)


def place_at(service: Service, request: StorageRequest, share: str, parts: tuple[str, ...]) -> Place:
    """Another path in the account of the request; raises as `place_of`."""
    account = request.account.name
    return Place(require_tree(service, 'file', account, share), parts, file_key('file', account, share, parts), service)


def set_written(place: Place, nanoseconds: int | None) -> None:
    """Have the file or folder written at that time, as far as the client says one."""
    if nanoseconds is not None:
        with place.tree.parent(place.parts) as (folder, name):
            os.utime(name, ns=(nanoseconds, nanoseconds), dir_fd=folder, follow_symlinks=False)
