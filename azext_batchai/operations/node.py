"""`az batchai cluster node exec`, `az batchai job node exec`: commands on a node, and ports forwarded to it."""
from __future__ import annotations

import os
from typing import Any, Iterable, Sequence

from azure.cli.core.azclierror import (
    FileOperationError, InvalidArgumentValueError, RequiredArgumentMissingError, ResourceNotFoundError, ValidationError)
from knack.log import get_logger

from azext_batchai.remote.exit_status import exit_with
from azext_batchai.remote.output import Output, ReaderLeft
from azext_batchai.remote.placement import find_cluster, find_job
from azext_batchai.remote.port_forwarding import Forward, PortForwarding, parse_forward, wait_for_interrupt

logger = get_logger(__name__)

# What a shell says of a command that Ctrl-C or a closed pipe ended: 128 + SIGINT, 128 + SIGPIPE.
_INTERRUPTED = 130
_READER_LEFT = 141


def exec_on_cluster_node(cmd: Any, client: Any, resource_group: str, cluster_name: str, workspace: str | None = None,
                         node_id: str | None = None, command_line: str | None = None,
                         address: str | Sequence[str] | None = None, password: str | None = None,
                         ssh_private_key: str | None = None) -> None:
    """Run a command on a node of the cluster, forward ports to it, or both; az exits with the command's exit code.

    `node_id` None means the first node. `password` and `ssh_private_key` are those of old scripts: the service lets
    in whoever has its token.
    """
    forwards = _checked(command_line, address, ssh_private_key)
    found = find_cluster(client, resource_group, cluster_name, workspace)
    nodes = client.clusters.list_remote_login_information(resource_group, found.workspace, found.resource.name)
    node = _chosen(nodes, node_id, f"Cluster '{cluster_name}'")
    _use(cmd, client, found.resource.id, node, command_line, forwards)


def exec_on_job_node(cmd: Any, client: Any, resource_group: str, job_name: str, workspace: str | None = None,
                     experiment: str | None = None, node_id: str | None = None, command_line: str | None = None,
                     address: str | Sequence[str] | None = None, password: str | None = None,
                     ssh_private_key: str | None = None) -> None:
    """As `exec_on_cluster_node`, on a node that the job runs or ran on, with the job's environment variables."""
    forwards = _checked(command_line, address, ssh_private_key)
    found = find_job(client, resource_group, job_name, workspace, experiment)
    nodes = client.jobs.list_remote_login_information(resource_group, found.workspace, found.experiment,
                                                      found.resource.name)
    node = _chosen(nodes, node_id, f"Job '{job_name}'")
    _use(cmd, client, found.resource.id, node, command_line, forwards)


def _checked(command_line: str | None, address: str | Sequence[str] | None, ssh_private_key: str | None
             ) -> list[Forward]:
    """What to forward. Raises the usage errors, before anything is asked of the service."""
    if command_line is not None and not command_line.strip():
        raise InvalidArgumentValueError('--exec must not be empty; write for example --exec "nvidia-smi".')
    addresses = [address] if isinstance(address, str) else list(address or [])
    if command_line is None and not addresses:
        raise RequiredArgumentMissingError('Say what to do on the node: --exec "nvidia-smi" runs a command, '
                                           '--address/-L 9000:localhost:9001 forwards a port; both may be given.')
    if ssh_private_key is not None and not os.path.isfile(os.path.expanduser(ssh_private_key)):
        raise FileOperationError(f"--ssh-private-key/-k '{ssh_private_key}' is not a file. It may be left out: the "
                                 'service needs no key.')
    return [parse_forward(text) for text in addresses]


def _chosen(nodes: Iterable[Any], node_id: str | None, owner: str) -> str:
    present = [node.node_id for node in nodes]
    if not present:
        raise ResourceNotFoundError(f'{owner} has no nodes now.')
    if node_id is None:
        if len(present) > 1:
            logger.info('This is about node %s, the first of %d.', present[0], len(present))
        return present[0]
    match = next((name for name in present if name.lower() == node_id.lower()), None)
    if match is None:
        raise ResourceNotFoundError(f"{owner} has no node '{node_id}'; it has {', '.join(present)}.")
    return match


def _use(cmd: Any, client: Any, owner_id: str, node: str, command_line: str | None, forwards: list[Forward]) -> None:
    if forwards:
        _check_is_here(client, forwards)
    with PortForwarding(forwards, logger.warning):
        for forward in forwards:
            if forward.is_direct:
                logger.warning('Port %d of node %s is port %d of this machine; connect to it directly.',
                               forward.port, node, forward.port)
            else:
                logger.warning('Forwarding %s of node %s.', forward, node)
        if command_line is None:
            logger.warning('Ctrl-C ends it.')
            wait_for_interrupt()
            return
        code = _run(client, owner_id, node, command_line)
    exit_with(cmd.cli_ctx, code)


def _run(client: Any, owner_id: str, node: str, command_line: str) -> int:
    from azext_batchai.remote.node_exec import ErrorOutput, run_on_node
    try:
        return run_on_node(client, owner_id, node, command_line, Output(), ErrorOutput())
    except KeyboardInterrupt:
        logger.warning('Interrupted; the command on node %s is ended.', node)
        return _INTERRUPTED
    except ReaderLeft:
        return _READER_LEFT


def _check_is_here(client: Any, forwards: list[Forward]) -> None:
    """Raises ValidationError when the nodes are not this machine: to them leads only SSH."""
    from urllib.parse import urlsplit
    from azext_batchai.remote.connection import Connection
    endpoint = client._client.format_url('/')
    if Connection(endpoint, token='').is_loopback:
        return
    host = urlsplit(endpoint).hostname
    options = ' '.join(f'-L {forward.text}' for forward in forwards)
    raise ValidationError(f"--address/-L works where the service runs, which is {host}. From here use "
                          f"'ssh -N {options} {host}'.")
