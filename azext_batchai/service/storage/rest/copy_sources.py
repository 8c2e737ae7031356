"""Where a copy comes from: the address of something in this service, with a signature or with the copier's own."""
from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, signatures
from azext_batchai.service.storage.rest.addresses import Address, find_address, kind_of_port
from azext_batchai.service.storage.rest.requests import Kind, StorageRequest


@dataclass(frozen=True)
class CopySource:
    """What may be read: `parts` begin with the container or share."""
    kind: Kind
    account: str
    parts: tuple[str, ...]


def copy_source(service: Service, request: StorageRequest, header: str = 'x-ms-copy-source') -> CopySource:
    """The source that a header names, once it is known that the client may read it. Whether it is there is not known.

    Without a signature of its own, the source is readable for who may do everything with the same account. Raises the
    400 error for an address that is not of this service, and the 403 error.
    """
    address = request.headers.get(header)
    if not address:
        raise errors.missing_header(header)
    try:
        url = urlsplit(address)
        kind = kind_of_port(service, url.port or 443) if url.scheme == 'https' else None
        raw_path = url.path.encode('ascii')
        query = {key.lower(): value for key, value in parse_qsl(url.query, keep_blank_values=True, errors='strict')}
    except ValueError:
        raise errors.invalid_header(header, 'should be an address of this service, with %-encoding') from None
    if kind is None:
        raise errors.StorageError(400, 'CannotVerifyCopySource', f'The header {header} should be an address of this '
                                  'service; nothing is fetched from elsewhere.')
    found = find_address(service, url.netloc, kind, raw_path)
    if len(found.parts) < 2:
        raise errors.invalid_header(header, 'should be the address of a blob or file')
    if 'snapshot' in query or 'sharesnapshot' in query or 'versionid' in query:
        raise errors.not_supported('Snapshots')
    if 'sig' in query:
        _check_link(service, request, found, query)
    elif found.account != request.account.name or request.permissions.letters is not None:
        raise errors.known('CannotVerifyCopySource')
    return CopySource(found.kind, found.account, found.parts)


def _check_link(service: Service, request: StorageRequest, source: Address, query: dict[str, str]) -> None:
    client = signatures.client_address(request.request)
    try:
        signatures.by_link(service, source, query, client).permissions.require('read')
    except errors.StorageError as error:
        raise errors.StorageError(403, 'CannotVerifyCopySource', f'The source of the copy: {error.message}',
                                  details=error.details) from None
