"""`az batchai experiment`: a name for jobs that belong together."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError as NotFound

from azext_batchai.remote.errors import is_missing_parent
from azext_batchai.remote.waiting import run_operation


def create_experiment(cmd: Any, client: Any, resource_group: str, workspace: str, experiment: str) -> Any:
    """Create an experiment, or return the one that is there."""
    from azure.core.exceptions import ResourceNotFoundError
    try:
        return run_operation(
            cmd.cli_ctx, lambda **polling: client.experiments.begin_create(
                resource_group, workspace, experiment, **polling),
            False, f"The creation of experiment '{experiment}'")
    except ResourceNotFoundError as error:
        if not is_missing_parent(error):
            raise
        raise NotFound(f"There is no workspace '{workspace}' in resource group '{resource_group}'; make it with: "
                       f'az batchai workspace create -g {resource_group} -n {workspace}') from None


def show_experiment(client: Any, resource_group: str, workspace: str, experiment: str) -> Any:
    """The experiment as it is now."""
    return client.experiments.get(resource_group, workspace, experiment)


def list_experiments(client: Any, resource_group: str, workspace: str) -> list[Any]:
    """The experiments of a workspace."""
    return list(client.experiments.list_by_workspace(resource_group, workspace))


def delete_experiment(cmd: Any, client: Any, resource_group: str, workspace: str, experiment: str,
                      no_wait: bool = False) -> None:
    """Delete an experiment with its jobs. Their output on storage stays."""
    client.experiments.get(resource_group, workspace, experiment)  # a name that is misspelled is an error
    run_operation(cmd.cli_ctx, lambda **polling: client.experiments.begin_delete(
        resource_group, workspace, experiment, **polling),
        no_wait, f"The deletion of experiment '{experiment}'")
