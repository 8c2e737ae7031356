"""The output of a cluster's set-up task, which the self-hosted service lists: Azure's own API had no such request."""
from __future__ import annotations

from typing import Any

_API_VERSION = '2018-05-01'
_HEADERS = {'Accept': 'application/json'}


def list_setup_task_output(client: Any, resource_group: str, workspace: str, cluster: str, path: str,
                           expiry: int) -> list[Any]:
    """All files and folders in `path`, as `File` models of the SDK. Links work for `expiry` minutes.

    Raises the errors of the SDK's own methods.
    """
    names = {'subscription': client._config.subscription_id, 'group': resource_group, 'workspace': workspace,
             'cluster': cluster}
    url = client._client.format_url(
        '/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.BatchAI/workspaces/{workspace}'
        '/clusters/{cluster}/listSetupTaskOutputFiles',
        **{key: client._serialize.url(key, value, 'str') for key, value in names.items()})
    query = {'api-version': _API_VERSION, 'directory': path, 'linkexpiryinminutes': str(expiry)}
    page = _page(client, client._client.post(url, {
        key: client._serialize.query(key, value, 'str') for key, value in query.items()}, _HEADERS))
    files = list(page.value or [])
    while page.next_link:
        page = _page(client, client._client.get(page.next_link, {}, _HEADERS))
        files += page.value or []
    return files


def _page(client: Any, request: Any) -> Any:
    from azure.core.exceptions import (
        ClientAuthenticationError, HttpResponseError, ResourceNotFoundError, map_error)
    from azure.mgmt.core.exceptions import ARMErrorFormat
    response = client._client._pipeline.run(request, stream=False)
    if response.http_response.status_code != 200:
        map_error(response.http_response.status_code, response.http_response, {
            401: ClientAuthenticationError, 404: ResourceNotFoundError})
        raise HttpResponseError(response=response.http_response, error_format=ARMErrorFormat)
    return client._deserialize('FileListResult', response)
