"""`az batchai job`: what runs on clusters."""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.ids import FLAT_EXPERIMENT
from azext_batchai.remote.placement import Found, experiments_of, find_job
from azext_batchai.remote.waiting import run_operation


def show_job(client: Any, resource_group: str, job_name: str, workspace: str | None = None,
             experiment: str | None = None) -> Any:
    """The job as it is now."""
    return find_job(client, resource_group, job_name, workspace, experiment).resource


def list_jobs(client: Any, resource_group: str | None = None, workspace: str | None = None,
              experiment: str | None = None) -> list[Any]:
    """The jobs of an experiment, a workspace, a resource group, or the subscription."""
    if resource_group and workspace and experiment:
        return list(client.jobs.list_by_experiment(resource_group, workspace, experiment))
    experiments = experiments_of(client, resource_group, workspace, experiment)
    return [job for place in experiments for job in client.jobs.list_by_experiment(*place)]


def list_job_nodes(client: Any, resource_group: str, job_name: str, workspace: str | None = None,
                   experiment: str | None = None) -> list[Any]:
    """Where to reach by SSH the nodes that the job runs or ran on."""
    found = find_job(client, resource_group, job_name, workspace, experiment)
    return list(client.jobs.list_remote_login_information(*_place(resource_group, found)))


def terminate_job(cmd: Any, client: Any, resource_group: str, job_name: str, workspace: str | None = None,
                  experiment: str | None = None, no_wait: bool = False) -> None:
    """Stop a job, keeping its record and its output."""
    found = find_job(client, resource_group, job_name, workspace, experiment)
    run_operation(cmd.cli_ctx, lambda **polling: client.jobs.begin_terminate(*_place(resource_group, found), **polling),
                  no_wait, f"The termination of job '{job_name}'")


def delete_job(cmd: Any, client: Any, resource_group: str, job_name: str, workspace: str | None = None,
               experiment: str | None = None, no_wait: bool = False) -> None:
    """Delete a job, stopping it first if it runs. Its output stays."""
    found = find_job(client, resource_group, job_name, workspace, experiment)
    run_operation(cmd.cli_ctx, lambda **polling: client.jobs.begin_delete(*_place(resource_group, found), **polling),
                  no_wait, f"The deletion of job '{job_name}'")


def _place(group: str, found: Found) -> tuple[str, str, str, str]:
    return group, found.workspace, found.experiment or FLAT_EXPERIMENT, found.resource.name
