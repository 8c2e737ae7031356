"""`az batchai job wait`, `cluster wait` and `file-server wait`."""
from __future__ import annotations

from typing import Any


def wait_for_job(cmd: Any, client: Any, resource_group: str, job_name: str, workspace: str | None = None,
                 experiment: str | None = None, interval: float | None = None, timeout: float | None = None,
                 custom: str | None = None) -> None:
    """Wait until a job has ended and exit with its exit code, or until what `custom` asks for is true of it.

    `interval` are the seconds between two questions to the service, by default as few as it takes to notice at once;
    `timeout` seconds are the longest wait. A job that was terminated counts as 143, one that failed without an exit
    code as 1. Ctrl-C ends the wait, not the job.
    """
    from azext_batchai.remote.attending import remote_job, report_end, wait_until
    from azext_batchai.remote.job_waiting import compiled
    from azext_batchai.remote.placement import find_job
    condition = compiled(custom) if custom else None
    found = find_job(client, resource_group, job_name, workspace, experiment)
    ended = wait_until(cmd, remote_job(cmd, client, found.resource), condition, interval, timeout)
    if not condition:
        report_end(cmd, ended)


def wait_for_cluster(cmd: Any, client: Any, resource_group: str, cluster_name: str, workspace: str | None = None,
                     created: bool = False, updated: bool = False, deleted: bool = False, exists: bool = False,
                     custom: str | None = None, interval: float | None = None, timeout: float | None = None) -> None:
    """Wait until a cluster is as asked for, looking every `interval` seconds, for `timeout` seconds at most."""
    from azext_batchai.remote.placement import find_cluster
    from azext_batchai.remote.resource_waiting import Wish, wait_for_resource
    wait_for_resource(cmd.cli_ctx, lambda: find_cluster(client, resource_group, cluster_name, workspace).resource,
                      Wish(created, updated, deleted, exists, custom), f"cluster '{cluster_name}'",
                      "allocationState=='steady'", interval, timeout)


def wait_for_file_server(cmd: Any, client: Any, resource_group: str, file_server_name: str,
                         workspace: str | None = None, created: bool = False, updated: bool = False,
                         deleted: bool = False, exists: bool = False, custom: str | None = None,
                         interval: float | None = None, timeout: float | None = None) -> None:
    """Wait until a file server is as asked for, as `wait_for_cluster` does."""
    from azext_batchai.remote.placement import find_file_server
    from azext_batchai.remote.resource_waiting import Wish, wait_for_resource
    wait_for_resource(cmd.cli_ctx,
                      lambda: find_file_server(client, resource_group, file_server_name, workspace).resource,
                      Wish(created, updated, deleted, exists, custom), f"file server '{file_server_name}'",
                      "provisioningState=='succeeded'", interval, timeout)
