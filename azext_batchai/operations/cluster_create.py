"""`az batchai cluster create`."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from azext_batchai.payloads import cluster as payload
from azext_batchai.payloads import ssh_keys
from azext_batchai.payloads.accounts import AccountOptions
from azext_batchai.payloads.config_file import read_config
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.remote import auto_storage
from azext_batchai.remote.dry_run import dry_run_request
from azext_batchai.remote.placement import chosen_location, location_for, placed, planned_workspace
from azext_batchai.remote.references import modern_file_server_ids, referred_file_server
from azext_batchai.remote.storage_accounts import command_account, complete_keys
from azext_batchai.remote.waiting import NEW_ONLY, run_operation


def create_cluster(cmd: Any, client: Any, resource_group: str, cluster_name: str, location: str | None = None,
                   workspace: str | None = None, config_file: str | None = None,
                   vm_size: str | None = None, vm_priority: str | None = None, image: str | None = None,
                   custom_image: str | None = None, minimum: int | None = None, maximum: int | None = None,
                   target: int | None = None, user_name: str | None = None, password: str | None = None,
                   ssh_key: str | None = None, generate_ssh_keys: bool = False,
                   storage_account_name: str | None = None, storage_account_key: str | None = None,
                   afs_name: str | None = None, afs_mount_path: str | None = None,
                   bfs_name: str | None = None, bfs_mount_path: str | None = None, use_auto_storage: bool = False,
                   nfs: str | None = None, nfs_mount_path: str | None = None, nfs_resource_group: str | None = None,
                   setup_task: str | None = None, setup_task_output: str | None = None, subnet: str | None = None,
                   no_wait: bool = False, dry_run: bool = False) -> Any:
    """Create a cluster and return it as the service made it; with `no_wait` return None, with `dry_run` the request
    that would be sent."""
    config = read_config(config_file, 'CLUSTER', payload.from_older)
    storage = command_account(cmd.cli_ctx, storage_account_name, storage_account_key)
    options = payload.ClusterOptions(
        vm_size, vm_priority, image, custom_image, minimum, maximum, target, setup_task, setup_task_output, subnet,
        AccountOptions(user_name, password, ssh_key, generate_ssh_keys),
        MountOptions(afs_name, afs_mount_path, bfs_name, bfs_mount_path, nfs, nfs_mount_path,
                     auto_storage.PLANNED if use_auto_storage else None))
    if use_auto_storage and (storage_account_name or storage_account_key):
        payload.check_auto_storage(options.mounts, config)
    body = payload.cluster_body(options, config, storage)  # mistakes show before anything is asked for or made

    mounts = options.mounts
    if nfs:
        found, _ = referred_file_server(client, nfs, nfs_resource_group or resource_group,
                                        None if nfs_resource_group else workspace)
        payload.check_same_subnet(body, found.resource)
        mounts = replace(mounts, nfs_id=found.resource.id)
    place = chosen_location(location, config.location)
    if use_auto_storage:
        place = location_for(client, resource_group, workspace, place)
        find = auto_storage.planned_auto_storage if dry_run else auto_storage.auto_storage
        mounts = replace(mounts, auto=find(cmd.cli_ctx, client, place))
    if generate_ssh_keys and not dry_run:
        ssh_keys.make_missing(ssh_key)
    body = payload.cluster_body(replace(options, mounts=mounts), config, storage)
    modern_file_server_ids(client, body['properties'].get('nodeSetup', {}).get('mountVolumes'))
    body = complete_keys(cmd.cli_ctx, client, body, storage)
    if dry_run:
        where = planned_workspace(client, resource_group, workspace, place)
        return dry_run_request(client, 'PUT', resource_group, f'workspaces/{where}/clusters/{cluster_name}', body)

    from azure.mgmt.batchai.models import ClusterCreateParameters
    parameters = ClusterCreateParameters.deserialize(body)
    return placed(client, resource_group, workspace, place, lambda w: run_operation(
        cmd.cli_ctx, lambda **polling: client.clusters.begin_create(
            resource_group, w, cluster_name, parameters, headers=NEW_ONLY, **polling),
        no_wait, f"The creation of cluster '{cluster_name}'"))
