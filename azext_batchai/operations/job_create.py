"""`az batchai job create`."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import MutuallyExclusiveArgumentError, RequiredArgumentMissingError

from azext_batchai.arm.ids import FLAT_EXPERIMENT
from azext_batchai.payloads import job as payload
from azext_batchai.payloads.config_file import read_config
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.remote.dry_run import dry_run_request
from azext_batchai.remote.placement import chosen_location, location_of, placed_job, planned_workspace
from azext_batchai.remote.references import modern_file_server_ids, referred_cluster, referred_file_server
from azext_batchai.remote.storage_accounts import command_account, complete_keys
from azext_batchai.remote.waiting import NEW_ONLY, run_operation


def create_job(cmd: Any, client: Any, resource_group: str, job_name: str, config_file: str,
               cluster: str | None = None, cluster_resource_group: str | None = None, location: str | None = None,
               workspace: str | None = None, experiment: str | None = None,
               storage_account_name: str | None = None, storage_account_key: str | None = None,
               afs_name: str | None = None, afs_mount_path: str | None = None,
               bfs_name: str | None = None, bfs_mount_path: str | None = None,
               nfs: str | None = None, nfs_mount_path: str | None = None, nfs_resource_group: str | None = None,
               no_wait: bool = False, wait: bool = False, stream: bool = False, dry_run: bool = False) -> Any:
    """Submit a job and return it as the service made it; with `no_wait` return None.

    With `wait` return it once it has ended, with `stream` print its log until then; az exits with its exit code.
    With `dry_run` submit nothing and return the request.
    """
    if no_wait and (wait or stream):
        raise MutuallyExclusiveArgumentError(f"--no-wait is at odds with {'--wait' if wait else '--stream'}; "
                                             'leave one of them out.')
    config = read_config(config_file, 'JOB', payload.from_older)
    storage = command_account(cmd.cli_ctx, storage_account_name, storage_account_key)
    reference = cluster or payload.configured_cluster(config)
    if not reference:
        raise RequiredArgumentMissingError('Say which cluster runs the job: --cluster/-r MyCluster, '
                                           'or cluster.id in the config file.')

    def body_for(cluster_id: str, nfs_id: str | None) -> dict[str, Any]:
        options = MountOptions(afs_name, afs_mount_path, bfs_name, bfs_mount_path, nfs_id, nfs_mount_path)
        return payload.job_body(cluster_id, options, config, storage)

    body = body_for(reference, nfs)  # mistakes show before anything is asked of the service
    target, target_group = referred_cluster(client, reference, cluster_resource_group or resource_group,
                                            None if cluster_resource_group else workspace)
    payload.check_fits(body['properties']['nodeCount'], _auto_scale_limits(target.resource), target.resource.name,
                       target_group)
    nfs_id = _file_server_id(client, nfs, nfs_resource_group, resource_group, workspace)
    body = body_for(target.resource.id, nfs_id)
    modern_file_server_ids(client, body['properties'].get('mountVolumes'))
    body = complete_keys(cmd.cli_ctx, client, body, storage)

    place = chosen_location(location, config.location)
    if not workspace and not place:
        place = location_of(client, target_group, target.workspace)
    if dry_run:
        where = planned_workspace(client, resource_group, workspace, place, experiment)
        return dry_run_request(client, 'PUT', resource_group, f'workspaces/{where}/experiments/'
                               f'{experiment or FLAT_EXPERIMENT}/jobs/{job_name}', body)

    from azure.mgmt.batchai.models import JobCreateParameters
    parameters = JobCreateParameters.deserialize(body)
    job = placed_job(client, resource_group, workspace, experiment, place, lambda w, e: run_operation(
        cmd.cli_ctx, lambda **polling: client.jobs.begin_create(
            resource_group, w, e, job_name, parameters, headers=NEW_ONLY, **polling),
        no_wait, f"The submission of job '{job_name}'"))
    return _attended(cmd, client, job, stream) if wait or stream else job


def _attended(cmd: Any, client: Any, job: Any, stream: bool) -> Any:
    from azext_batchai.remote.attending import remote_job, stream_to_the_end, wait_to_the_end
    followed = remote_job(cmd, client, job)
    return stream_to_the_end(cmd, followed) if stream else wait_to_the_end(cmd, followed)


def _file_server_id(client: Any, nfs: str | None, nfs_group: str | None, group: str,
                    workspace: str | None) -> str | None:
    if not nfs:
        return None
    found, _ = referred_file_server(client, nfs, nfs_group or group, None if nfs_group else workspace)
    return found.resource.id


def _auto_scale_limits(cluster: Any) -> tuple[int, int] | None:
    """How few and how many nodes the cluster has by itself; None when its size is set by hand."""
    scale = cluster.scale_settings.auto_scale if cluster.scale_settings else None
    return (scale.minimum_node_count, scale.maximum_node_count) if scale else None
