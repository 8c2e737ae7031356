"""What the system says of files, as errors of the storage services.

Handlers say what they know first. What is left comes from jobs and other clients, who change files between two steps of
a request, and from disks.
"""
from __future__ import annotations

import errno

from azext_batchai.service.storage.rest import bodies, errors
from azext_batchai.service.storage.rest.requests import Kind
from azext_batchai.service.storage.rest.tree import OutsideTree

_CODES = {errno.ENOENT: 'ResourceNotFound', errno.ENOTDIR: 'ParentNotFound', errno.EISDIR: 'ResourceTypeMismatch',
          errno.EEXIST: 'ResourceAlreadyExists', errno.ENOTEMPTY: 'DirectoryNotEmpty', errno.ELOOP: 'ResourceNotFound',
          errno.ENXIO: 'ResourceTypeMismatch'}
_BLOB_CODES = {errno.ENOENT: 'BlobNotFound', errno.ENOTDIR: 'BlobNotFound', errno.ELOOP: 'BlobNotFound'}


def storage_error(error: OSError, kind: Kind) -> errors.StorageError | None:
    """None for what nobody expects: the service failed."""
    if isinstance(error, OutsideTree):
        return errors.StorageError(403, 'AuthorizationFailure', 'The path leads out of its container or share.')
    if isinstance(error, PermissionError):
        return errors.StorageError(409, 'ResourceNotUsable', 'The service may not use this file or folder: its '
                                   'permissions do not let it.')
    if error.errno == errno.ENAMETOOLONG:
        return errors.invalid_name('The path is longer than the disk of the service can have it.')
    if error.errno == errno.EROFS:
        return errors.StorageError(409, 'ReadOnlyAttribute', 'The disk of the service is read-only.')
    code = (_BLOB_CODES if kind == 'blob' else {}).get(error.errno or 0) or _CODES.get(error.errno or 0)
    return errors.known(code) if code else bodies.full_disk(error)
