"""`az batchai cluster`: groups of nodes that jobs run on."""
from __future__ import annotations

from typing import Any

from azext_batchai.payloads import scale
from azext_batchai.remote.placement import find_cluster, workspaces_of
from azext_batchai.remote.waiting import run_operation


def show_cluster(client: Any, resource_group: str, cluster_name: str, workspace: str | None = None) -> Any:
    """The cluster as it is now."""
    return find_cluster(client, resource_group, cluster_name, workspace).resource


def list_clusters(client: Any, resource_group: str | None = None, workspace: str | None = None) -> list[Any]:
    """The clusters of a workspace, a resource group, or the subscription."""
    return [cluster for group, name in workspaces_of(client, resource_group, workspace)
            for cluster in client.clusters.list_by_workspace(group, name)]


def list_cluster_nodes(client: Any, resource_group: str, cluster_name: str, workspace: str | None = None) -> list[Any]:
    """Where to reach each node by SSH."""
    found = find_cluster(client, resource_group, cluster_name, workspace)
    return list(client.clusters.list_remote_login_information(resource_group, found.workspace, found.resource.name))


def resize_cluster(client: Any, resource_group: str, cluster_name: str, target: int,
                   workspace: str | None = None, deallocation: str | None = None) -> Any:
    """Ask for a fixed number of nodes. What becomes of jobs on nodes that go stays as it is without `deallocation`."""
    found = find_cluster(client, resource_group, cluster_name, workspace)
    before = found.resource.scale_settings
    if deallocation is None and before and before.manual:
        deallocation = before.manual.node_deallocation_option
    return _rescale(client, resource_group, cluster_name, found.workspace, scale.manual_scale(target, deallocation))


def auto_scale_cluster(client: Any, resource_group: str, cluster_name: str, minimum: int, maximum: int,
                       workspace: str | None = None) -> Any:
    """Let the number of nodes follow the jobs."""
    return _rescale(client, resource_group, cluster_name, workspace, scale.auto_scale(minimum, maximum))


def delete_cluster(cmd: Any, client: Any, resource_group: str, cluster_name: str, workspace: str | None = None,
                   no_wait: bool = False) -> None:
    """Delete a cluster and release its nodes."""
    found = find_cluster(client, resource_group, cluster_name, workspace)
    run_operation(cmd.cli_ctx, lambda **polling: client.clusters.begin_delete(
        resource_group, found.workspace, cluster_name, **polling),
        no_wait, f"The deletion of cluster '{cluster_name}'")


def _rescale(client: Any, resource_group: str, name: str, workspace: str | None, settings: dict[str, Any]) -> Any:
    from azure.mgmt.batchai.models import ClusterUpdateParameters
    parameters = ClusterUpdateParameters.deserialize({'properties': {'scaleSettings': settings}})
    where = workspace or find_cluster(client, resource_group, name).workspace
    return client.clusters.update(resource_group, where, name, parameters)
