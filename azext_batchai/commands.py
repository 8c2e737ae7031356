"""The table of commands: noun, verb, function."""
from __future__ import annotations

from functools import partial
from typing import Any

from azure.cli.core.commands import CliCommandType

from azext_batchai._client_factory import batchai_client
from azext_batchai._format import cluster_table, file_server_table, file_table, job_table, node_table, service_table


def load_command_table(loader: Any, _args: list[str] | None) -> None:
    clusters = _module(loader, 'cluster')
    jobs = _module(loader, 'job')
    file_servers = _module(loader, 'file_server')
    service = CliCommandType(operations_tmpl='azext_batchai.operations.service#{}')

    with loader.command_group('batchai'):
        pass

    with loader.command_group('batchai cluster', clusters) as g:
        g.command('create', 'create_cluster', supports_no_wait=True, table_transformer=cluster_table)
        g.command('show', 'show_cluster', table_transformer=cluster_table)
        g.command('list', 'list_clusters', table_transformer=cluster_table)
        g.command('list-nodes', 'list_cluster_nodes', table_transformer=node_table)
        g.command('resize', 'resize_cluster', table_transformer=cluster_table)
        g.command('auto-scale', 'auto_scale_cluster', table_transformer=cluster_table)
        g.command('delete', 'delete_cluster', confirmation=True, supports_no_wait=True)

    with loader.command_group('batchai job', jobs) as g:
        g.command('create', 'create_job', supports_no_wait=True, table_transformer=job_table)
        g.command('show', 'show_job', table_transformer=job_table)
        g.command('list', 'list_jobs', table_transformer=job_table)
        g.command('list-files', 'list_job_files', table_transformer=file_table)
        g.command('stream-file', 'stream_job_file')
        g.command('list-nodes', 'list_job_nodes', table_transformer=node_table)
        g.command('terminate', 'terminate_job', confirmation=True, supports_no_wait=True)
        g.command('delete', 'delete_job', confirmation=True, supports_no_wait=True)

    with loader.command_group('batchai file-server', file_servers) as g:
        g.command('create', 'create_file_server', supports_no_wait=True, table_transformer=file_server_table)
        g.command('show', 'show_file_server', table_transformer=file_server_table)
        g.command('list', 'list_file_servers', table_transformer=file_server_table)
        g.command('delete', 'delete_file_server', confirmation=True, supports_no_wait=True)

    with loader.command_group('batchai service', service) as g:
        g.command('start', 'start_service', table_transformer=service_table)
        g.command('stop', 'stop_service')
        g.command('show', 'show_service', table_transformer=service_table)
        g.command('logs', 'show_logs')
        g.command('reset', 'reset_service', confirmation=partial(_confirm_reset, loader.cli_ctx))


def _module(loader: Any, noun: str) -> CliCommandType:
    from azext_batchai.remote.errors import explain
    return CliCommandType(operations_tmpl=f'azext_batchai.operations.{noun}#{{}}', client_factory=batchai_client,
                          exception_handler=partial(explain, loader.cli_ctx))


def _confirm_reset(cli_ctx: Any, arguments: Any) -> bool:
    from azext_batchai.operations.service import confirm_reset
    return confirm_reset(cli_ctx, arguments)
