"""What clients may ask of Azure Files and not of ours. Ignoring it would be a lie, so the request is refused."""
from __future__ import annotations

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.requests import StorageRequest

_HEADERS = {
    'x-ms-structured-body': 'Structured bodies with CRC-64 checks (validate_content; MD5 is)',
    'x-ms-content-crc64': 'CRC-64 checks (MD5 checks are)',
    'x-ms-copy-source-authorization': 'Tokens for the source of a copy (signed links are)',
    'x-ms-owner': 'Owners, groups and modes of files (those of NFS)',
    'x-ms-group': 'Owners, groups and modes of files (those of NFS)',
    'x-ms-mode': 'Owners, groups and modes of files (those of NFS)',
}
_COMPONENTS = {'lease': 'Leases', 'snapshot': 'Snapshots of shares', 'undelete': 'Soft deletions',
               'userdelegationkey': 'User delegation keys (account keys are)'}
_KINDS = {'symboliclink': 'Links', 'hardlink': 'Links'}


def check(request: StorageRequest) -> None:
    """Raises the 400 error for what is not supported, and the 412 error for a lease, of which there are none."""
    for name, title in _HEADERS.items():
        if request.headers.get(name):
            raise errors.not_supported(title)
    if request.query.get('sharesnapshot'):
        raise errors.not_supported('Snapshots of shares')
    if request.headers.get('x-ms-lease-id') and request.query.get('comp') != 'lease':
        what = 'Container' if len(request.parts) == 1 else 'File'
        raise errors.StorageError(412, f'LeaseNotPresentWith{what}Operation', 'There is no lease; this service has '
                                  'none. Leave out the lease id.')


def refuse(request: StorageRequest) -> None:
    """Raises the 400 error for an operation that Azure has."""
    title = _COMPONENTS.get(request.query.get('comp', '').lower()) or _KINDS.get(
        request.query.get('restype', '').lower())
    if title:
        raise errors.not_supported(title)
