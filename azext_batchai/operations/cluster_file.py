"""`az batchai cluster file`: what the set-up task of a cluster wrote."""
from __future__ import annotations

from typing import Any

from azext_batchai.remote.placement import find_cluster
from azext_batchai.remote.setup_task_output import list_setup_task_output


def list_cluster_files(cmd: Any, client: Any, resource_group: str, cluster_name: str, workspace: str | None = None,
                       path: str | None = None, expiry: int = 60) -> list[Any]:
    """The output files of the set-up task, each with a link that works for `expiry` minutes.

    `path` is below the folder of the task's output.
    """
    where = workspace or find_cluster(client, resource_group, cluster_name).workspace
    return list_setup_task_output(cmd.cli_ctx, client, resource_group, where, cluster_name, path or '.', expiry)
