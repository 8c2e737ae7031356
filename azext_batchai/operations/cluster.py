"""`az batchai cluster`: groups of nodes that jobs run on."""
from __future__ import annotations

import os
from typing import Any

from azext_batchai.payloads import cluster as payload
from azext_batchai.payloads import scale
from azext_batchai.payloads.accounts import AccountOptions
from azext_batchai.payloads.config_file import read_config
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.payloads.storage_account import storage_account
from azext_batchai.remote.placement import chosen_location, find_cluster, placed, workspaces_of
from azext_batchai.remote.references import modern_file_server_ids, referred_file_server
from azext_batchai.remote.waiting import NEW_ONLY, run_operation


def create_cluster(cmd: Any, client: Any, resource_group: str, cluster_name: str, location: str | None = None,
                   workspace: str | None = None, config_file: str | None = None,
                   vm_size: str | None = None, vm_priority: str | None = None, image: str | None = None,
                   minimum: int | None = None, maximum: int | None = None, target: int | None = None,
                   user_name: str | None = None, password: str | None = None, ssh_key: str | None = None,
                   storage_account_name: str | None = None, storage_account_key: str | None = None,
                   afs_name: str | None = None, afs_mount_path: str | None = None,
                   bfs_name: str | None = None, bfs_mount_path: str | None = None,
                   nfs: str | None = None, nfs_mount_path: str | None = None, nfs_resource_group: str | None = None,
                   setup_task: str | None = None, setup_task_output: str | None = None, subnet: str | None = None,
                   no_wait: bool = False) -> Any:
    """Create a cluster and return it as the service made it; with `no_wait` return None."""
    config = read_config(config_file, 'CLUSTER', payload.from_older)
    storage = storage_account(storage_account_name, storage_account_key,
                              cmd.cli_ctx.cloud.suffixes.storage_endpoint, os.environ)

    def options(nfs_id: str | None) -> payload.ClusterOptions:
        return payload.ClusterOptions(
            vm_size, vm_priority, image, minimum, maximum, target, setup_task, setup_task_output, subnet,
            AccountOptions(user_name, password, ssh_key),
            MountOptions(afs_name, afs_mount_path, bfs_name, bfs_mount_path, nfs_id, nfs_mount_path))

    body = payload.cluster_body(options(nfs), config, storage)  # mistakes show before anything is asked of the service
    if nfs:
        found, _ = referred_file_server(client, nfs, nfs_resource_group or resource_group,
                                        None if nfs_resource_group else workspace)
        body = payload.cluster_body(options(found.resource.id), config, storage)
    modern_file_server_ids(client, body['properties'].get('nodeSetup', {}).get('mountVolumes'))

    from azure.mgmt.batchai.models import ClusterCreateParameters
    parameters = ClusterCreateParameters.deserialize(body)
    place = chosen_location(location, config.location)
    return placed(client, resource_group, workspace, place, lambda w: run_operation(
        cmd.cli_ctx, lambda **polling: client.clusters.begin_create(
            resource_group, w, cluster_name, parameters, headers=NEW_ONLY, **polling),
        no_wait, f"The creation of cluster '{cluster_name}'"))


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
                   workspace: str | None = None) -> Any:
    """Ask for a fixed number of nodes."""
    return _rescale(client, resource_group, cluster_name, workspace, scale.manual_scale(target))


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
