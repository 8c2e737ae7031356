"""The output of a cluster's set-up task, which the self-hosted service lists: Azure's own API had no such request."""
from __future__ import annotations

from typing import Any

from azext_batchai.remote.arm_requests import send, send_to

_PATH = ('/resourceGroups/{group}/providers/Microsoft.BatchAI/workspaces/{workspace}/clusters/{cluster}'
         '/listSetupTaskOutputFiles')


def list_setup_task_output(client: Any, resource_group: str, workspace: str, cluster: str, path: str,
                           expiry: int) -> list[Any]:
    """All files and folders in `path`, as `File` models of the SDK. Links work for `expiry` minutes.

    Raises the errors of the SDK's own methods.
    """
    reply = send(client, 'post', _PATH, {'group': resource_group, 'workspace': workspace, 'cluster': cluster},
                 {'directory': path, 'linkexpiryinminutes': str(expiry)})
    files: list[Any] = []
    while True:
        page = client._deserialize('FileListResult', reply)
        files += page.value or []
        if not page.next_link:
            return files
        reply = send_to(client, 'get', page.next_link, {})
