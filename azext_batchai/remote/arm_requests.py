"""Requests that the SDK has no method for, through the client's own pipeline: same token, same trace, same errors."""
from __future__ import annotations

from typing import Any

BATCHAI_VERSION = '2018-05-01'


def send(client: Any, method: str, path: str, names: dict[str, str], query: dict[str, str] | None = None,
         api_version: str = BATCHAI_VERSION, expected: tuple[int, ...] = (200,)) -> Any:
    """Send a request without a body and return the reply of the pipeline.

    `path` follows the subscription and has the keys of `names` in braces: ``/resourceGroups/{group}``. Raises the
    errors of the SDK's own methods for a status that is not `expected`.
    """
    names = {'subscription': client._config.subscription_id, **names}
    url = client._client.format_url('/subscriptions/{subscription}' + path, **{
        name: client._serialize.url(name, value, 'str') for name, value in names.items()})
    options = {name: client._serialize.query(name, value, 'str')
               for name, value in {'api-version': api_version, **(query or {})}.items()}
    return send_to(client, method, url, options, expected)


def send_to(client: Any, method: str, url: str, query: dict[str, str], expected: tuple[int, ...] = (200,)) -> Any:
    """As `send`, to a whole URL, that of the next page of a list for example."""
    from azure.core.exceptions import (
        ClientAuthenticationError, HttpResponseError, ResourceExistsError, ResourceNotFoundError, map_error)
    from azure.mgmt.core.exceptions import ARMErrorFormat
    request = getattr(client._client, method)(url, query, {'Accept': 'application/json'})
    reply = client._client._pipeline.run(request, stream=False)
    response = reply.http_response
    if response.status_code not in expected:
        map_error(response.status_code, response, {
            401: ClientAuthenticationError, 404: ResourceNotFoundError, 409: ResourceExistsError})
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)
    return reply
