"""Options and config file -> the body of a job request."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.arm.states import TOOL_TYPES
from azext_batchai.payloads import mounts, older_dialects
from azext_batchai.payloads.config_file import Config
from azext_batchai.payloads.final_check import checked_body
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.payloads.storage_account import StorageAccount, replace_placeholders

Json = dict[str, Any]


def from_older(properties: Json) -> Json:
    """Properties of a config file of any dialect in the form of 2018-05-01."""
    modern = older_dialects.modern_job(properties)
    if 'mountVolumes' in modern:
        modern = {**modern, 'mountVolumes': mounts.complete_storage(modern['mountVolumes'])}
    return modern


def configured_cluster(config: Config) -> str | None:
    """The id of the cluster that the config file names, if it names one."""
    return (config.properties.get('cluster') or {}).get('id')


def job_body(cluster_id: str, mount_options: MountOptions, config: Config, storage: StorageAccount) -> Json:
    """The body of the PUT; options win over the config file."""
    properties = replace_placeholders(config.properties, storage, config.path)
    properties['cluster'] = {'id': cluster_id}
    volumes = mounts.mount_volumes(mount_options, storage, properties.get('mountVolumes'))
    if volumes:
        properties['mountVolumes'] = volumes
    body = checked_body('JOB', properties, config)
    _check_one_toolkit(body['properties'], config.path)
    return body


def check_fits(node_count: int, limits: tuple[int, int] | None, cluster_name: str, group: str) -> None:
    """A job wider than its auto-scale cluster can become would wait forever.

    `limits` are the cluster's minimum and maximum; None when its size is set by hand.
    """
    if limits is not None and node_count > limits[1]:
        raise InvalidArgumentValueError(
            f"The job needs {node_count} nodes (nodeCount), but cluster '{cluster_name}' scales to {limits[1]} at "
            f'most; raise it with: az batchai cluster auto-scale -g {group} -n {cluster_name} --min {limits[0]} '
            f'--max {node_count}')


def _check_one_toolkit(properties: Json, path: str | None) -> None:
    given = [key for key in TOOL_TYPES if properties.get(key) is not None]
    if not given:
        raise InvalidArgumentValueError(
            f'{path}: properties: does not say what to run; give for example "customToolkitSettings": '
            '{"commandLine": "echo hello"}.')
    if len(given) > 1:
        raise InvalidArgumentValueError(f'{path}: properties.{given[1]}: cannot be combined with {given[0]}; a job has '
                                        'one toolkit.')
