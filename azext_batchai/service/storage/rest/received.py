"""From what came over the network to a storage request: taken apart, and known to be allowed."""
from __future__ import annotations

from typing import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, signatures
from azext_batchai.service.storage.rest.addresses import find_address
from azext_batchai.service.storage.rest.requests import Kind, StorageRequest

_MOST_PARAMETERS = 100


def authorized_request(service: Service, kind: Kind, request: Request, host: str, request_id: str
                       ) -> tuple[StorageRequest, Mapping[str, str]]:
    """The request, and the headers that its signature wants in the reply to reading.

    `kind` is the service of the port and `host` what the Host header says. Raises the 400, 401 and 403 errors.
    """
    address = find_address(service, host, kind, request.scope['raw_path'])
    query = split_query(request.scope['query_string'])
    authorized = signatures.authorize(service, request, address, query)
    return StorageRequest(
        kind=address.kind, method=request.method, account=authorized.account, parts=address.parts,
        query={key: value for key, value in query.items() if key not in authorized.used}, headers=request.headers,
        permissions=authorized.permissions, endpoint=address.endpoint,
        version=request.headers.get('x-ms-version') or query.get('sv', ''), request_id=request_id,
        now=service.clock(), body_seconds=service.settings.request_timeout_seconds, request=request,
    ), authorized.reply_headers


def split_query(query_string: bytes) -> dict[str, str]:
    """Keys in lower case, values decoded. Raises the 400 error for a key given twice: who signs and who reads might
    each take another one."""
    try:
        pairs = parse_qsl(query_string.decode('ascii'), keep_blank_values=True, errors='strict',
                          max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise errors.known('InvalidUri') from None
    found: dict[str, str] = {}
    for key, value in pairs:
        if key.lower() in found:
            raise errors.invalid_query(key[:60], 'is there twice')
        found[key.lower()] = value
    return found
