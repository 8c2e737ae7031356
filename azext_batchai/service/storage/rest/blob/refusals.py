"""What clients may ask of Azure's blobs and not of ours. Ignoring it would be a lie, so the request is refused."""
from __future__ import annotations

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.requests import StorageRequest

_HEADERS = {
    'x-ms-encryption-key': 'Encryption keys of clients',
    'x-ms-encryption-scope': 'Encryption scopes',
    'x-ms-default-encryption-scope': 'Encryption scopes',
    'x-ms-structured-body': 'CRC-64 checks, unlike MD5 checks,',
    'x-ms-content-crc64': 'CRC-64 checks, unlike MD5 checks,',
    'x-ms-range-get-content-crc64': 'CRC-64 checks, unlike MD5 checks,',
    'x-ms-source-content-crc64': 'CRC-64 checks, unlike MD5 checks,',
    'x-ms-tags': 'Tags of blobs, unlike metadata,',
    'x-ms-if-tags': 'Tags of blobs, unlike metadata,',
    'x-ms-source-if-tags': 'Tags of blobs, unlike metadata,',
    'x-ms-immutability-policy-until-date': 'Immutability policies',
    'x-ms-legal-hold': 'Legal holds',
    'x-ms-copy-source-authorization': 'Tokens for the source of a copy, unlike signed links,',
}
_QUERY = {'snapshot': 'Snapshots', 'versionid': 'Versions of blobs', 'deletetype': 'Permanent deletions'}
# Operation -> what the refusal calls it.
COMPONENTS = {
    'lease': 'Leases', 'snapshot': 'Snapshots', 'tags': 'Tags of blobs, unlike metadata,',
    'blobs': 'Tags of blobs, unlike metadata,',
    'page': 'Page blobs', 'pagelist': 'Page blobs', 'incrementalcopy': 'Page blobs', 'query': 'Queries of blobs',
    'undelete': 'Soft deletions', 'rename': 'Renames of containers', 'immutabilitypolicies': 'Immutability policies',
    'legalhold': 'Legal holds', 'expiry': 'Expiry times of blobs', 'seal': 'Sealed append blobs',
    'stats': 'Statistics of replication', 'userdelegationkey': 'User delegation keys, unlike account keys,',
}
_TIERS = ('Hot', 'Cool', 'Cold')


def check(request: StorageRequest) -> None:
    """Raises the 400 error for what is not supported, and the 412 error for a lease, of which there are none."""
    for name, title in _HEADERS.items():
        if request.headers.get(name, '').lower() not in ('', 'false'):
            raise errors.not_supported(title)
    for name, title in _QUERY.items():
        if request.query.get(name):
            raise errors.not_supported(title)
    if request.headers.get('x-ms-lease-id'):
        what = 'Container' if len(request.parts) == 1 else 'Blob'
        raise errors.StorageError(412, f'LeaseNotPresentWith{what}Operation', 'There is no lease; this service has '
                                  'none. Leave out the lease id.')
    check_tier(request)


def check_tier(request: StorageRequest) -> None:
    """Every blob lies on the same disk. Tiers that only differ in price are the same here, Archive is not."""
    tier = request.headers.get('x-ms-access-tier', 'Hot')
    if tier not in _TIERS:
        raise errors.invalid_header('x-ms-access-tier', f"should be {' or '.join(_TIERS)}: blobs of this service can "
                                    'always be read')


def refuse_component(component: str) -> None:
    """Raises the 400 error for an operation that Azure has."""
    if component in COMPONENTS:
        raise errors.not_supported(COMPONENTS[component])
