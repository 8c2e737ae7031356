"""What the shell offers on Tab: names of resources, directories and nodes, and published values."""
from __future__ import annotations

from typing import Any, Iterable

from azure.cli.core.decorators import Completer

from azext_batchai.arm.catalogue import LOCATIONS, VM_SIZES
from azext_batchai.payloads.images import ALIASES


@Completer
def resource_groups(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    """Groups that hold a workspace."""
    return _unique(group for group, _ in _workspaces(cmd, None))


@Completer
def workspaces(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    return _unique(name for _, name in _workspaces(cmd, namespace.resource_group))


@Completer
def experiments(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    from azext_batchai.remote.placement import experiments_of
    found = experiments_of(_client(cmd), namespace.resource_group, getattr(namespace, 'workspace', None), None)
    return _unique(name for _, _, name in found)


@Completer
def clusters(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    from azext_batchai.operations.cluster import list_clusters
    group = getattr(namespace, 'cluster_resource_group', None) or namespace.resource_group
    return _names(list_clusters(_client(cmd), group))


@Completer
def jobs(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    from azext_batchai.operations.job import list_jobs
    return _names(list_jobs(_client(cmd), namespace.resource_group, namespace.workspace,
                            getattr(namespace, 'experiment', None)))


@Completer
def file_servers(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    from azext_batchai.operations.file_server import list_file_servers
    group = getattr(namespace, 'nfs_resource_group', None) or namespace.resource_group
    return _names(list_file_servers(_client(cmd), group))


@Completer
def nodes(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    """Ids of the nodes of the cluster or job that the line names."""
    if hasattr(namespace, 'cluster_name'):
        from azext_batchai.operations.cluster import list_cluster_nodes
        found = list_cluster_nodes(_client(cmd), namespace.resource_group, namespace.cluster_name, namespace.workspace)
    else:
        from azext_batchai.operations.job import list_job_nodes
        found = list_job_nodes(_client(cmd), namespace.resource_group, namespace.job_name, namespace.workspace,
                               namespace.experiment)
    return [node.node_id for node in found]


@Completer
def directory_ids(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    """The output directories of the job that the line names, and that of its logs."""
    from azext_batchai.operations.job import show_job
    job = show_job(_client(cmd), namespace.resource_group, namespace.job_name, namespace.workspace,
                   namespace.experiment)
    return ['stdouterr', *(directory.id for directory in job.output_directories or [])]


@Completer
def output_file_names(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    from azext_batchai.operations.job_file import list_job_files
    found = list_job_files(_client(cmd), namespace.resource_group, namespace.job_name,
                           namespace.output_directory_id or 'stdouterr', namespace.path,
                           workspace=namespace.workspace, experiment=namespace.experiment)
    return [item.name for item in found if item.download_url]


@Completer
def locations(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    return list(LOCATIONS)


@Completer
def vm_sizes(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    return list(VM_SIZES)


@Completer
def images(cmd: Any, prefix: str, namespace: Any) -> list[str]:
    return list(ALIASES)


def _client(cmd: Any) -> Any:
    from azext_batchai._client_factory import batchai_client
    return batchai_client(cmd.cli_ctx)


def _workspaces(cmd: Any, group: str | None) -> list[tuple[str, str]]:
    from azext_batchai.remote.placement import workspaces_of
    return workspaces_of(_client(cmd), group)


def _names(resources: Iterable[Any]) -> list[str]:
    return _unique(resource.name for resource in resources)


def _unique(names: Iterable[str]) -> list[str]:
    return sorted(set(names))
