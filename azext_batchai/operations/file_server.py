"""`az batchai file-server`: storage shared by the nodes of clusters."""
from __future__ import annotations

from typing import Any

from azext_batchai.payloads import ssh_keys
from azext_batchai.payloads.accounts import AccountOptions
from azext_batchai.payloads.config_file import read_config
from azext_batchai.payloads.file_server import FileServerOptions, file_server_body, from_older
from azext_batchai.remote.file_servers import begin_delete_file_server
from azext_batchai.remote.placement import chosen_location, find_file_server, placed, workspaces_of
from azext_batchai.remote.waiting import NEW_ONLY, run_operation


def create_file_server(cmd: Any, client: Any, resource_group: str, file_server_name: str, location: str | None = None,
                       workspace: str | None = None, config_file: str | None = None, vm_size: str | None = None,
                       disk_count: int | None = None, disk_size: int | None = None, storage_sku: str | None = None,
                       caching_type: str | None = None, user_name: str | None = None, password: str | None = None,
                       ssh_key: str | None = None, generate_ssh_keys: bool = False, subnet: str | None = None,
                       no_wait: bool = False) -> Any:
    """Create a file server and return it as the service made it; with `no_wait` return None."""
    config = read_config(config_file, 'FILE_SERVER', from_older)
    options = FileServerOptions(vm_size, disk_count, disk_size, storage_sku, caching_type, subnet,
                                AccountOptions(user_name, password, ssh_key, generate_ssh_keys))
    body = file_server_body(options, config)
    if generate_ssh_keys:
        ssh_keys.make_missing(ssh_key)
        body = file_server_body(options, config)
    from azure.mgmt.batchai.models import FileServerCreateParameters
    parameters = FileServerCreateParameters.deserialize(body)
    place = chosen_location(location, config.location)
    return placed(client, resource_group, workspace, place, lambda w: run_operation(
        cmd.cli_ctx, lambda **polling: client.file_servers.begin_create(
            resource_group, w, file_server_name, parameters, headers=NEW_ONLY, **polling),
        no_wait, f"The creation of file server '{file_server_name}'"))


def show_file_server(client: Any, resource_group: str, file_server_name: str, workspace: str | None = None) -> Any:
    """The file server as it is now."""
    return find_file_server(client, resource_group, file_server_name, workspace).resource


def list_file_servers(client: Any, resource_group: str | None = None, workspace: str | None = None) -> list[Any]:
    """The file servers of a workspace, a resource group, or the subscription."""
    return [server for group, name in workspaces_of(client, resource_group, workspace)
            for server in client.file_servers.list_by_workspace(group, name)]


def delete_file_server(cmd: Any, client: Any, resource_group: str, file_server_name: str,
                       workspace: str | None = None, no_wait: bool = False) -> None:
    """Delete a file server with what it stores."""
    found = find_file_server(client, resource_group, file_server_name, workspace)
    run_operation(cmd.cli_ctx, lambda **polling: begin_delete_file_server(
        client, resource_group, found.workspace, file_server_name, **polling),
        no_wait, f"The deletion of file server '{file_server_name}'")
