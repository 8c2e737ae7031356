"""The table of commands: noun, verb, function. Spellings of older dialects stand beside those of 2018-05."""
from __future__ import annotations

from functools import partial
from typing import Any, NoReturn

from azure.cli.core.commands import CliCommandType

from azext_batchai import _format as show
from azext_batchai._client_factory import batchai_client


def load_command_table(loader: Any, _args: list[str] | None) -> None:
    with loader.command_group('batchai', _module(loader, 'usage')) as g:
        g.command('list-usages', 'list_usages', table_transformer=show.usage_table)
    _workspaces(loader)
    _clusters(loader)
    _jobs(loader)
    _file_servers(loader)
    _service(loader)


def _workspaces(loader: Any) -> None:
    with loader.command_group('batchai workspace', _module(loader, 'workspace')) as g:
        g.command('create', 'create_workspace', table_transformer=show.workspace_table)
        g.command('show', 'show_workspace', table_transformer=show.workspace_table)
        g.command('list', 'list_workspaces', table_transformer=show.workspace_table)
        g.command('delete', 'delete_workspace', confirmation=_confirm, supports_no_wait=True)

    with loader.command_group('batchai experiment', _module(loader, 'experiment')) as g:
        g.command('create', 'create_experiment', table_transformer=show.experiment_table)
        g.command('show', 'show_experiment', table_transformer=show.experiment_table)
        g.command('list', 'list_experiments', table_transformer=show.experiment_table)
        g.command('delete', 'delete_experiment', confirmation=_confirm, supports_no_wait=True)


def _clusters(loader: Any) -> None:
    files, nodes = _module(loader, 'cluster_file'), _module(loader, 'node')
    with loader.command_group('batchai cluster', _module(loader, 'cluster')) as g:
        g.command('create', 'create_cluster', command_type=_module(loader, 'cluster_create'), supports_no_wait=True,
                  table_transformer=show.cluster_table)
        g.command('show', 'show_cluster', table_transformer=show.cluster_table)
        g.command('list', 'list_clusters', table_transformer=show.cluster_table)
        g.command('resize', 'resize_cluster', table_transformer=show.cluster_table)
        g.command('auto-scale', 'auto_scale_cluster', table_transformer=show.cluster_table)
        g.command('delete', 'delete_cluster', confirmation=_confirm, supports_no_wait=True)
        g.command('node list', 'list_cluster_nodes', table_transformer=show.node_table)
        g.command('list-nodes', 'list_cluster_nodes', table_transformer=show.node_table)
        g.command('node exec', 'exec_on_cluster_node', command_type=nodes)
        g.command('file list', 'list_cluster_files', command_type=files, table_transformer=show.file_table)
        g.command('list-files', 'list_cluster_files', command_type=files, table_transformer=show.file_table)
        g.command('wait', 'wait_for_cluster', command_type=_module(loader, 'wait'))


def _jobs(loader: Any) -> None:
    files, nodes = _module(loader, 'job_file'), _module(loader, 'node')
    with loader.command_group('batchai job', _module(loader, 'job')) as g:
        g.command('create', 'create_job', command_type=_module(loader, 'job_create'), supports_no_wait=True,
                  table_transformer=show.job_table)
        g.command('show', 'show_job', table_transformer=show.job_table)
        g.command('list', 'list_jobs', table_transformer=show.job_table)
        g.command('terminate', 'terminate_job', confirmation=_confirm, supports_no_wait=True)
        g.command('delete', 'delete_job', confirmation=_confirm, supports_no_wait=True)
        g.command('wait', 'wait_for_job', command_type=_module(loader, 'wait'))
        g.command('node list', 'list_job_nodes', table_transformer=show.node_table)
        g.command('list-nodes', 'list_job_nodes', table_transformer=show.node_table)
        g.command('node exec', 'exec_on_job_node', command_type=nodes)
        g.command('file list', 'list_job_files', command_type=files, table_transformer=show.file_table)
        g.command('list-files', 'list_job_files', command_type=files, table_transformer=show.file_table)
        g.command('file stream', 'stream_job_file', command_type=files)
        g.command('stream-file', 'stream_job_file', command_type=files)
        g.command('file download', 'download_job_files', command_type=_module(loader, 'job_download'),
                  table_transformer=show.download_table)


def _file_servers(loader: Any) -> None:
    with loader.command_group('batchai file-server', _module(loader, 'file_server')) as g:
        g.command('create', 'create_file_server', supports_no_wait=True, table_transformer=show.file_server_table)
        g.command('show', 'show_file_server', table_transformer=show.file_server_table)
        g.command('list', 'list_file_servers', table_transformer=show.file_server_table)
        g.command('delete', 'delete_file_server', confirmation=_confirm, supports_no_wait=True)
        g.command('wait', 'wait_for_file_server', command_type=_module(loader, 'wait'))


def _service(loader: Any) -> None:
    service = CliCommandType(operations_tmpl='azext_batchai.operations.service#{}')
    with loader.command_group('batchai service', service) as g:
        g.command('start', 'start_service', table_transformer=show.service_table)
        g.command('stop', 'stop_service')
        g.command('show', 'show_service', table_transformer=show.service_table)
        g.command('env', 'print_environment', command_type=_module(loader, 'service_env', client_factory=None))
        g.command('mount', 'mount_folder', command_type=_module(loader, 'service_mount', client_factory=None))
        g.command('unmount', 'unmount_folder', command_type=_module(loader, 'service_mount', client_factory=None))
        g.command('logs', 'show_logs')
        g.command('reset', 'reset_service', confirmation=partial(_confirm_reset, loader.cli_ctx))


def _module(loader: Any, noun: str, client_factory: Any = batchai_client) -> CliCommandType:
    return CliCommandType(operations_tmpl=f'azext_batchai.operations.{noun}#{{}}', client_factory=client_factory,
                          exception_handler=partial(_explain, loader.cli_ctx))


def _explain(cli_ctx: Any, error: Exception) -> NoReturn:
    from azext_batchai.remote.errors import explain
    explain(cli_ctx, error)


def _confirm(_arguments: Any) -> bool:
    from azext_batchai.remote.confirming import confirm
    return confirm('Are you sure you want to perform this operation?')


def _confirm_reset(cli_ctx: Any, arguments: Any) -> bool:
    from azext_batchai.operations.service import confirm_reset
    return confirm_reset(cli_ctx, arguments)
