"""The API as a table. Paths compare without case, as ARM's do."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Awaitable, Callable

from starlette.responses import Response

from azext_batchai.service import errors
from azext_batchai.service.handlers import (
    clusters, experiments, file_servers, jobs, operations, output_files, remote_login, service_info, workspaces)

Handler = Callable[..., Awaitable[Response]]

_SUBSCRIPTION = '/subscriptions/{subscription}'
_PROVIDER = '/providers/Microsoft.BatchAI'
_GROUP = f'{_SUBSCRIPTION}/resourceGroups/{{group}}{_PROVIDER}'
_WORKSPACE = f'{_GROUP}/workspaces/{{workspace}}'
_CLUSTER = f'{_WORKSPACE}/clusters/{{cluster}}'
_FILE_SERVER = f'{_WORKSPACE}/fileServers/{{file_server}}'
_EXPERIMENT = f'{_WORKSPACE}/experiments/{{experiment}}'
_JOB = f'{_EXPERIMENT}/jobs/{{job}}'
_LOCATION = f'{_SUBSCRIPTION}{_PROVIDER}/locations/{{location}}'


@dataclass(frozen=True)
class Route:
    """`versioned` routes need an api-version."""
    method: str
    path: str
    handler: Handler
    versioned: bool = True


ROUTES = [
    Route('GET', f'{_SUBSCRIPTION}{_PROVIDER}/workspaces', workspaces.list_by_subscription),
    Route('GET', f'{_GROUP}/workspaces', workspaces.list_by_group),
    Route('PUT', _WORKSPACE, workspaces.put_workspace),
    Route('GET', _WORKSPACE, workspaces.get_workspace),

    Route('GET', f'{_WORKSPACE}/experiments', experiments.list_experiments),
    Route('PUT', _EXPERIMENT, experiments.put_experiment),
    Route('GET', _EXPERIMENT, experiments.get_experiment),

    Route('GET', f'{_WORKSPACE}/clusters', clusters.list_clusters),
    Route('PUT', _CLUSTER, clusters.put_cluster),
    Route('PATCH', _CLUSTER, clusters.patch_cluster),
    Route('GET', _CLUSTER, clusters.get_cluster),
    Route('DELETE', _CLUSTER, clusters.delete_cluster),
    Route('POST', f'{_CLUSTER}/listRemoteLoginInformation', remote_login.list_cluster_nodes),

    Route('GET', f'{_WORKSPACE}/fileServers', file_servers.list_file_servers),
    Route('PUT', _FILE_SERVER, file_servers.put_file_server),
    Route('GET', _FILE_SERVER, file_servers.get_file_server),
    Route('DELETE', _FILE_SERVER, file_servers.delete_file_server),

    Route('GET', f'{_EXPERIMENT}/jobs', jobs.list_jobs),
    Route('PUT', _JOB, jobs.put_job),
    Route('GET', _JOB, jobs.get_job),
    Route('DELETE', _JOB, jobs.delete_job),
    Route('POST', f'{_JOB}/terminate', jobs.terminate_job),
    Route('POST', f'{_JOB}/listOutputFiles', output_files.list_output_files),
    Route('GET', f'{_JOB}/listOutputFiles', output_files.list_output_files),  # clients follow a nextLink with GET
    Route('POST', f'{_JOB}/listRemoteLoginInformation', remote_login.list_job_nodes),

    Route('GET', f'{_LOCATION}/operationresults/{{operation}}', operations.get_operation_result),
    Route('GET', f'{_LOCATION}/operationstatuses/{{operation}}', operations.get_operation_status),

    Route('GET', '/files/{job}/{directory}/{path:path}', output_files.download, versioned=False),
    Route('HEAD', '/files/{job}/{directory}/{path:path}', output_files.download, versioned=False),

    Route('GET', '/batchai/service', service_info.show_service, versioned=False),
]


def is_signed_path(path: str) -> bool:
    """Whether a signature in the query stands in for the token: links to output files, and nothing else."""
    return path.startswith('/files/')


def _compile(path: str) -> re.Pattern[str]:
    pattern = re.sub(r'\{(\w+)(:path)?\}', lambda found: f'(?P<{found[1]}>{".+" if found[2] else "[^/]+"})', path)
    return re.compile(f'{pattern}/?\\Z', re.IGNORECASE | re.DOTALL)


_COMPILED = [(_compile(route.path), route) for route in ROUTES]


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request and its path arguments. Raises the errors for an unknown path or method."""
    known_path = False
    for pattern, route in _COMPILED:
        match = pattern.match(path)
        if match:
            if route.method == method:
                return route, match.groupdict()
            known_path = True
    raise errors.method_not_allowed(method) if known_path else errors.unknown_route(path)
