"""`az batchai workspace`: what clusters, file servers and experiments are kept in."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.arm.ids import normalize_location
from azext_batchai.remote.errors import error_code
from azext_batchai.remote.resource_groups import resource_group_location
from azext_batchai.remote.waiting import run_operation


def create_workspace(cmd: Any, client: Any, resource_group: str, workspace: str, location: str | None = None) -> Any:
    """Create a workspace, or return the one that is there. Without a location it goes where the resource group is.

    Raises InvalidArgumentValueError when it is there in another location than the one asked for.
    """
    from azure.core.exceptions import ResourceExistsError
    from azure.mgmt.batchai.models import WorkspaceCreateParameters
    parameters = WorkspaceCreateParameters(location=location or resource_group_location(client, resource_group))
    try:
        found = run_operation(
            cmd.cli_ctx, lambda **polling: client.workspaces.begin_create(
                resource_group, workspace, parameters, **polling),
            False, f"The creation of workspace '{workspace}'")
    except ResourceExistsError as error:
        if error_code(error) != 'InvalidResourceLocation':
            raise
        found = client.workspaces.get(resource_group, workspace)
    # The default location of a CLI profile is no demand.
    asked = '' if getattr(location, 'is_default', False) else normalize_location(location or '')
    if asked and normalize_location(found.location) != asked:
        raise InvalidArgumentValueError(
            f"Workspace '{workspace}' of resource group '{resource_group}' is in {found.location} already and cannot "
            f'move to {asked}; leave out --location/-l to use it, or choose another --name/-n.')
    return found


def show_workspace(client: Any, resource_group: str, workspace: str) -> Any:
    """The workspace as it is now."""
    return client.workspaces.get(resource_group, workspace)


def list_workspaces(client: Any, resource_group: str | None = None) -> list[Any]:
    """The workspaces of a resource group, or of the subscription."""
    return list(client.workspaces.list_by_resource_group(resource_group) if resource_group
                else client.workspaces.list())


def delete_workspace(cmd: Any, client: Any, resource_group: str, workspace: str, no_wait: bool = False) -> None:
    """Delete a workspace with all that is in it. Job output on storage stays."""
    client.workspaces.get(resource_group, workspace)  # a name that is misspelled is an error
    run_operation(cmd.cli_ctx, lambda **polling: client.workspaces.begin_delete(resource_group, workspace, **polling),
                  no_wait, f"The deletion of workspace '{workspace}'")
