"""Get and delete a file server: the two calls that azure-mgmt-batchai 7.0 leaves out, through its own pipeline."""
from __future__ import annotations

from typing import Any

_API_VERSION = '2018-05-01'


def get_file_server(client: Any, resource_group: str, workspace: str, name: str) -> Any:
    """The file server, or the ResourceNotFoundError the other ``get`` methods of the SDK raise."""
    request = client._client.get(_url(client, resource_group, workspace, name), {'api-version': _API_VERSION},
                                 {'Accept': 'application/json'})
    response = client._client._pipeline.run(request, stream=False)
    _expect(response.http_response, 200)
    return client._deserialize('FileServer', response)


def begin_delete_file_server(client: Any, resource_group: str, workspace: str, name: str,
                             polling: Any = True) -> Any:
    """Begin the deletion, like the ``begin_delete`` of the other resources."""
    from azure.core.polling import LROPoller, NoPolling
    from azure.mgmt.core.polling.arm_polling import ARMPolling

    request = client._client.delete(_url(client, resource_group, workspace, name), {'api-version': _API_VERSION}, {})
    response = client._client._pipeline.run(request, stream=False)
    _expect(response.http_response, 200, 202, 204)
    method = NoPolling() if polling is False else ARMPolling() if polling is True else polling
    return LROPoller(client._client, response, lambda _: None, method)


def _url(client: Any, resource_group: str, workspace: str, name: str) -> str:
    names = {'subscription': client._config.subscription_id, 'group': resource_group, 'workspace': workspace,
             'name': name}
    return client._client.format_url(
        '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.BatchAI/workspaces/{workspace}'
        '/fileServers/{name}', **{key: client._serialize.url(key, value, 'str') for key, value in names.items()})


def _expect(response: Any, *codes: int) -> None:
    from azure.core.exceptions import (
        ClientAuthenticationError, HttpResponseError, ResourceExistsError, ResourceNotFoundError, map_error)
    from azure.mgmt.core.exceptions import ARMErrorFormat
    if response.status_code not in codes:
        map_error(response.status_code, response, {
            401: ClientAuthenticationError, 404: ResourceNotFoundError, 409: ResourceExistsError})
        raise HttpResponseError(response=response, error_format=ARMErrorFormat)
