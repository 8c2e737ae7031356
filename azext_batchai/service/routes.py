"""The API as a table. Paths compare without case, as ARM's do."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Awaitable, Callable

from starlette.responses import Response

from azext_batchai.arm.identity import METADATA_PATH, TOKEN_PATH
from azext_batchai.service import errors, gateway
from azext_batchai.service.handlers import (
    clusters, experiments, file_servers, flat_clusters, flat_file_servers, flat_jobs, identity, jobs,
    linked_folders, metadata, node_exec, operations, operations_list, output_files, providers, remote_login,
    resource_groups, service_info, setup_output, storage_accounts, storage_shares, subscriptions, usages, workspaces)
from azext_batchai.service.handlers.parents import within_parents
from azext_batchai.service.versions import API_VERSIONS, FLAT_VERSIONS, WORKSPACE_VERSION

Handler = Callable[..., Awaitable[Response]]

_SUBSCRIPTION = '/subscriptions/{subscription}'
_PROVIDER = '/providers/Microsoft.BatchAI'
_STORAGE = '/providers/Microsoft.Storage'
_GROUP = f'{_SUBSCRIPTION}/resourceGroups/{{group}}{_PROVIDER}'
_WORKSPACE = f'{_GROUP}/workspaces/{{workspace}}'
_CLUSTER = f'{_WORKSPACE}/clusters/{{cluster}}'
_FILE_SERVER = f'{_WORKSPACE}/fileServers/{{file_server}}'
_EXPERIMENT = f'{_WORKSPACE}/experiments/{{experiment}}'
_JOB = f'{_EXPERIMENT}/jobs/{{job}}'
_RESOURCE_GROUP = f'{_SUBSCRIPTION}/resourceGroups/{{group}}'
_ACCOUNTS = f'{_RESOURCE_GROUP}{_STORAGE}/storageAccounts'
_ACCOUNT = f'{_ACCOUNTS}/{{account}}'
_SHARES = f'{_ACCOUNT}/fileServices/default/shares'
_CONTAINERS = f'{_ACCOUNT}/blobServices/default/containers'
_FOLDER = '/batchai/storage/{account}/{collection}/{name}'
_LOCATION = f'{_SUBSCRIPTION}{_PROVIDER}/locations/{{location}}'


@dataclass(frozen=True)
class Route:
    """`versioned` routes need an api-version: one of `versions`, or with `any_version` whatever looks like one, for
    resources of which we serve what all versions have."""
    method: str
    path: str
    handler: Handler
    versioned: bool = True
    any_version: bool = False
    versions: tuple[str, ...] = (WORKSPACE_VERSION,)


def _other(method: str, path: str, handler: Handler) -> Route:
    """A route to what is not Batch AI's own."""
    return Route(method, path, handler, any_version=True)


def _flat(method: str, path: str, handler: Handler) -> Route:
    """A route of the versions before there were workspaces."""
    return Route(method, path, handler, versions=FLAT_VERSIONS)


def _always(path: str, handler: Handler) -> Route:
    """A route of every version."""
    return Route('GET', path, handler, versions=API_VERSIONS)


ROUTES = [
    Route('GET', f'{_SUBSCRIPTION}{_PROVIDER}/workspaces', workspaces.list_by_subscription),
    Route('GET', f'{_GROUP}/workspaces', workspaces.list_by_group),
    Route('PUT', _WORKSPACE, workspaces.put_workspace),
    Route('PATCH', _WORKSPACE, workspaces.patch_workspace),
    Route('GET', _WORKSPACE, workspaces.get_workspace),
    Route('DELETE', _WORKSPACE, workspaces.delete_workspace),

    Route('GET', f'{_WORKSPACE}/experiments', experiments.list_experiments),
    Route('PUT', _EXPERIMENT, experiments.put_experiment),
    Route('GET', _EXPERIMENT, experiments.get_experiment),
    Route('DELETE', _EXPERIMENT, experiments.delete_experiment),

    Route('GET', f'{_WORKSPACE}/clusters', clusters.list_clusters),
    Route('PUT', _CLUSTER, within_parents(clusters.put_cluster)),
    Route('PATCH', _CLUSTER, clusters.patch_cluster),
    Route('GET', _CLUSTER, clusters.get_cluster),
    Route('DELETE', _CLUSTER, clusters.delete_cluster),
    Route('POST', f'{_CLUSTER}/listRemoteLoginInformation', remote_login.list_cluster_nodes),
    Route('POST', f'{_CLUSTER}/listSetupTaskOutputFiles', setup_output.list_setup_output),
    Route('GET', f'{_CLUSTER}/listSetupTaskOutputFiles', setup_output.list_setup_output),  # for a nextLink, as below
    Route('POST', f'{_CLUSTER}/nodes/{{node}}/exec', node_exec.exec_on_cluster_node),

    Route('GET', f'{_WORKSPACE}/fileServers', file_servers.list_file_servers),
    Route('PUT', _FILE_SERVER, within_parents(file_servers.put_file_server)),
    Route('GET', _FILE_SERVER, file_servers.get_file_server),
    Route('DELETE', _FILE_SERVER, file_servers.delete_file_server),

    Route('GET', f'{_EXPERIMENT}/jobs', jobs.list_jobs),
    Route('PUT', _JOB, within_parents(jobs.put_job)),
    Route('GET', _JOB, jobs.get_job),
    Route('DELETE', _JOB, jobs.delete_job),
    Route('POST', f'{_JOB}/terminate', jobs.terminate_job),
    Route('POST', f'{_JOB}/listOutputFiles', output_files.list_output_files),
    Route('GET', f'{_JOB}/listOutputFiles', output_files.list_output_files),  # clients follow a nextLink with GET
    Route('POST', f'{_JOB}/listRemoteLoginInformation', remote_login.list_job_nodes),
    Route('POST', f'{_JOB}/nodes/{{node}}/exec', node_exec.exec_on_job_node),

    _flat('GET', f'{_SUBSCRIPTION}{_PROVIDER}/clusters', flat_clusters.list_clusters),
    _flat('GET', f'{_GROUP}/clusters', flat_clusters.list_clusters),
    _flat('PUT', f'{_GROUP}/clusters/{{cluster}}', flat_clusters.put_cluster),
    _flat('PATCH', f'{_GROUP}/clusters/{{cluster}}', flat_clusters.patch_cluster),
    _flat('GET', f'{_GROUP}/clusters/{{cluster}}', flat_clusters.get_cluster),
    _flat('DELETE', f'{_GROUP}/clusters/{{cluster}}', flat_clusters.delete_cluster),
    _flat('POST', f'{_GROUP}/clusters/{{cluster}}/listRemoteLoginInformation', flat_clusters.list_nodes),

    _flat('GET', f'{_SUBSCRIPTION}{_PROVIDER}/fileServers', flat_file_servers.list_file_servers),
    _flat('GET', f'{_GROUP}/fileServers', flat_file_servers.list_file_servers),
    _flat('PUT', f'{_GROUP}/fileServers/{{file_server}}', flat_file_servers.put_file_server),
    _flat('PATCH', f'{_GROUP}/fileServers/{{file_server}}', flat_file_servers.patch_file_server),
    _flat('GET', f'{_GROUP}/fileServers/{{file_server}}', flat_file_servers.get_file_server),
    _flat('DELETE', f'{_GROUP}/fileServers/{{file_server}}', flat_file_servers.delete_file_server),

    _flat('GET', f'{_SUBSCRIPTION}{_PROVIDER}/jobs', flat_jobs.list_jobs),
    _flat('GET', f'{_GROUP}/jobs', flat_jobs.list_jobs),
    _flat('PUT', f'{_GROUP}/jobs/{{job}}', flat_jobs.put_job),
    _flat('PATCH', f'{_GROUP}/jobs/{{job}}', flat_jobs.patch_job),
    _flat('GET', f'{_GROUP}/jobs/{{job}}', flat_jobs.get_job),
    _flat('DELETE', f'{_GROUP}/jobs/{{job}}', flat_jobs.delete_job),
    _flat('POST', f'{_GROUP}/jobs/{{job}}/terminate', flat_jobs.terminate_job),
    _flat('POST', f'{_GROUP}/jobs/{{job}}/listOutputFiles', flat_jobs.list_files),
    _flat('GET', f'{_GROUP}/jobs/{{job}}/listOutputFiles', flat_jobs.list_files),  # for a nextLink, as above
    _flat('POST', f'{_GROUP}/jobs/{{job}}/listRemoteLoginInformation', flat_jobs.list_nodes),

    _always(f'{_PROVIDER}/operations', operations_list.list_operations),
    _always(f'{_LOCATION}/usages', usages.list_usages),
    _always(f'{_LOCATION}/operationresults/{{operation}}', operations.get_operation_result),
    _always(f'{_LOCATION}/operationstatuses/{{operation}}', operations.get_operation_status),

    _other('GET', f'{_SUBSCRIPTION}/resourceGroups', resource_groups.list_groups),
    _other('PUT', _RESOURCE_GROUP, resource_groups.put_group),
    _other('GET', _RESOURCE_GROUP, resource_groups.get_group),
    _other('HEAD', _RESOURCE_GROUP, resource_groups.has_group),
    _other('DELETE', _RESOURCE_GROUP, resource_groups.delete_group),
    _other('GET', f'{_SUBSCRIPTION}/operationresults/delete/{{group}}', resource_groups.get_deletion),

    _other('GET', f'{_SUBSCRIPTION}{_STORAGE}/storageAccounts', storage_accounts.list_by_subscription),
    _other('POST', f'{_SUBSCRIPTION}{_STORAGE}/checkNameAvailability', storage_accounts.check_name),
    _other('GET', _ACCOUNTS, storage_accounts.list_by_group),
    _other('PUT', _ACCOUNT, storage_accounts.put_account),
    _other('GET', _ACCOUNT, storage_accounts.get_account),
    _other('DELETE', _ACCOUNT, storage_accounts.delete_account),
    _other('POST', f'{_ACCOUNT}/listKeys', storage_accounts.list_keys),
    _other('POST', f'{_ACCOUNT}/regenerateKey', storage_accounts.regenerate_key),
    _other('GET', _SHARES, storage_shares.list_shares),
    _other('PUT', f'{_SHARES}/{{share}}', storage_shares.put_share),
    _other('GET', f'{_SHARES}/{{share}}', storage_shares.get_share),
    _other('DELETE', f'{_SHARES}/{{share}}', storage_shares.delete_share),
    _other('GET', _CONTAINERS, storage_shares.list_containers),
    _other('PUT', f'{_CONTAINERS}/{{container}}', storage_shares.put_container),
    _other('GET', f'{_CONTAINERS}/{{container}}', storage_shares.get_container),
    _other('DELETE', f'{_CONTAINERS}/{{container}}', storage_shares.delete_container),

    _other('GET', '/subscriptions', subscriptions.list_subscriptions),
    _other('GET', _SUBSCRIPTION, subscriptions.get_subscription),
    _other('GET', f'{_SUBSCRIPTION}/locations', subscriptions.list_locations),
    _other('GET', '/tenants', subscriptions.list_tenants),
    _other('GET', '/providers', providers.list_providers),
    _other('GET', '/providers/{provider}', providers.get_provider),
    _other('GET', f'{_SUBSCRIPTION}/providers', providers.list_providers),
    _other('GET', f'{_SUBSCRIPTION}/providers/{{provider}}', providers.get_provider),
    _other('POST', f'{_SUBSCRIPTION}/providers/{{provider}}/register', providers.register),
    _other('POST', f'{_SUBSCRIPTION}/providers/{{provider}}/unregister', providers.unregister),

    Route('GET', METADATA_PATH, metadata.show_endpoints, versioned=False),
    Route('GET', TOKEN_PATH, identity.get_token, versioned=False),

    Route('GET', '/files/{owner}/{directory}/{path:path}', output_files.download, versioned=False),
    Route('HEAD', '/files/{owner}/{directory}/{path:path}', output_files.download, versioned=False),

    Route('GET', '/batchai/service', service_info.show_service, versioned=False),
    Route('PUT', _FOLDER, linked_folders.put_folder, versioned=False),
    Route('DELETE', _FOLDER, linked_folders.delete_folder, versioned=False),
]


def is_signed_path(path: str) -> bool:
    """Whether a signature in the query stands in for the token: links to output files, and nothing else."""
    return path.startswith('/files/')


def is_open_path(path: str) -> bool:
    """Whether the token is not asked for: something else stands in for it, or there is nothing to protect."""
    return is_signed_path(path) or path in (METADATA_PATH, TOKEN_PATH)


def _compile(path: str) -> re.Pattern[str]:
    pattern = re.sub(r'\{(\w+)(:path)?\}', lambda found: f'(?P<{found[1]}>{".+" if found[2] else "[^/]+"})', path)
    return re.compile(f'{pattern}/?\\Z', re.IGNORECASE | re.DOTALL)


def _by_length() -> dict[int, list[tuple[re.Pattern[str], Route]]]:
    """The routes by how many slashes their paths have, of which there are many; those of any length under 0."""
    found: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
    for route in ROUTES:
        found.setdefault(0 if ':path' in route.path else route.path.count('/'), []).append(
            (_compile(route.path), route))
    return found


_COMPILED = _by_length()


def find_route(method: str, path: str, version: str) -> tuple[Route, dict[str, str]]:
    """The route of a request and its path arguments. Raises the errors for an unknown path or method."""
    allowed = []
    for pattern, route in (*_COMPILED.get(path.rstrip('/').count('/'), ()), *_COMPILED[0]):
        match = pattern.match(path)
        if match:
            if route.method == method:
                return route, match.groupdict()
            allowed.append(route.method)
    raise errors.method_not_allowed(method, sorted(allowed)) if allowed else gateway.unknown_path(path, version)
