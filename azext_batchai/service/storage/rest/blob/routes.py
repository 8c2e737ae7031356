"""The blob service as a table: method, level, ``restype`` and ``comp`` of a request, and who answers it."""
from __future__ import annotations

from typing import Awaitable, Callable

from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.blob import (
    account, append, batch, blobs, blocks, containers, copying, listing, put_blob, refusals)
from azext_batchai.service.storage.rest.requests import StorageRequest

Handler = Callable[[Service, StorageRequest], Awaitable[Response]]

_LEVELS = ('service', 'container', 'blob')

# HEAD is answered as GET; the reply's body is not sent.
ROUTES: dict[tuple[str, str, str, str], Handler] = {
    ('GET', 'service', '', 'list'): listing.list_containers,
    ('GET', 'service', 'service', 'properties'): account.get_service_properties,
    ('PUT', 'service', 'service', 'properties'): account.set_service_properties,
    ('GET', 'service', 'account', 'properties'): account.get_account_information,
    ('POST', 'service', '', 'batch'): batch.submit_batch,

    ('PUT', 'container', 'container', ''): containers.create_container,
    ('GET', 'container', 'container', ''): containers.get_container,
    ('DELETE', 'container', 'container', ''): containers.delete_container,
    ('GET', 'container', 'container', 'metadata'): containers.get_container,
    ('PUT', 'container', 'container', 'metadata'): containers.set_metadata,
    ('GET', 'container', 'container', 'acl'): containers.get_acl,
    ('PUT', 'container', 'container', 'acl'): containers.set_acl,
    ('GET', 'container', 'container', 'list'): listing.list_blobs,
    ('GET', 'container', 'account', 'properties'): account.get_account_information,
    ('POST', 'container', 'container', 'batch'): batch.submit_batch,

    ('PUT', 'blob', '', ''): put_blob.put_blob,
    ('GET', 'blob', '', ''): blobs.get_blob,
    ('DELETE', 'blob', '', ''): blobs.delete_blob,
    ('GET', 'blob', '', 'metadata'): blobs.get_metadata,
    ('PUT', 'blob', '', 'metadata'): blobs.set_metadata,
    ('PUT', 'blob', '', 'properties'): blobs.set_properties,
    ('PUT', 'blob', '', 'tier'): blobs.set_tier,
    ('PUT', 'blob', '', 'block'): blocks.put_block,
    ('PUT', 'blob', '', 'blocklist'): blocks.put_block_list,
    ('GET', 'blob', '', 'blocklist'): blocks.get_block_list,
    ('PUT', 'blob', '', 'appendblock'): append.append_block,
    ('PUT', 'blob', '', 'copy'): copying.abort_copy,
    ('GET', 'blob', 'account', 'properties'): account.get_account_information,
}


async def handle(service: Service, request: StorageRequest) -> Response:
    """The reply to a request that is authorized. Raises StorageError."""
    level = _LEVELS[min(len(request.parts), 2)]
    restype, comp = request.query.get('restype', '').lower(), request.query.get('comp', '').lower()
    method = 'GET' if request.method == 'HEAD' else request.method
    handler = ROUTES.get((method, level, restype, comp))
    if handler is None:
        refusals.refuse_component(comp)
        raise _unknown(level, restype, comp)
    refusals.check(request)
    return await handler(service, request)


def _unknown(level: str, restype: str, comp: str) -> errors.StorageError:
    known = {(kind, component) for _, where, kind, component in ROUTES if where == level}
    if (restype, comp) in known:
        return errors.known('UnsupportedHttpVerb')
    if level == 'container' and not restype:
        return errors.invalid_query('restype', 'should be container; blobs of the container $root have addresses with '
                                    '$root')
    return errors.invalid_query('comp' if comp else 'restype', 'is not of an operation of this service')
