"""The output of a cluster's set-up task: the self-hosted service lists it; of Azure's, the storage account is asked."""
from __future__ import annotations

from typing import Any

from azext_batchai.payloads.setup_output import setup_output_folder
from azext_batchai.remote.arm_requests import send, send_to
from azext_batchai.remote.storage_accounts import account_key
from azext_batchai.remote.stored_folder import list_stored_folder

_PATH = ('/resourceGroups/{group}/providers/Microsoft.BatchAI/workspaces/{workspace}/clusters/{cluster}'
         '/listSetupTaskOutputFiles')


def list_setup_task_output(cli_ctx: Any, client: Any, resource_group: str, workspace: str, cluster: str, path: str,
                           expiry: int) -> list[Any]:
    """All files and folders in `path`, as `File` models of the SDK. Links work for `expiry` minutes.

    Raises the errors of the SDKs' own methods, and CLI errors.
    """
    if client.connection:
        return _listed_by_service(client, resource_group, workspace, cluster, path, expiry)
    found = client.clusters.get(resource_group, workspace, cluster)
    folder = setup_output_folder(found.name, found.serialize(keep_readonly=True)['properties'], path)
    return list_stored_folder(cli_ctx, folder, account_key(cli_ctx, client, folder.account), expiry)


def _listed_by_service(client: Any, resource_group: str, workspace: str, cluster: str, path: str, expiry: int
                       ) -> list[Any]:
    """Azure's own API has no such request."""
    reply = send(client, 'post', _PATH, {'group': resource_group, 'workspace': workspace, 'cluster': cluster},
                 {'directory': path, 'linkexpiryinminutes': str(expiry)})
    files: list[Any] = []
    while True:
        page = client._deserialize('FileListResult', reply)
        files += page.value or []
        if not page.next_link:
            return files
        reply = send_to(client, 'get', page.next_link, {})
