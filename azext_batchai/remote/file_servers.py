"""Get and delete a file server: the two calls that azure-mgmt-batchai 7.0 leaves out."""
from __future__ import annotations

from typing import Any

from azext_batchai.remote.arm_requests import send

_PATH = '/resourceGroups/{group}/providers/Microsoft.BatchAI/workspaces/{workspace}/fileServers/{name}'


def get_file_server(client: Any, resource_group: str, workspace: str, name: str) -> Any:
    """The file server, or the ResourceNotFoundError the other ``get`` methods of the SDK raise."""
    return client._deserialize('FileServer', send(
        client, 'get', _PATH, {'group': resource_group, 'workspace': workspace, 'name': name}))


def begin_delete_file_server(client: Any, resource_group: str, workspace: str, name: str,
                             polling: Any = True) -> Any:
    """Begin the deletion, like the ``begin_delete`` of the other resources."""
    from azure.core.polling import LROPoller, NoPolling
    from azure.mgmt.core.polling.arm_polling import ARMPolling
    reply = send(client, 'delete', _PATH, {'group': resource_group, 'workspace': workspace, 'name': name},
                 expected=(200, 202, 204))
    method = NoPolling() if polling is False else ARMPolling() if polling is True else polling
    return LROPoller(client._client, reply, lambda _: None, method)
