"""tensorFlowSettings: workers and parameter servers that find each other by host lists and TF_CONFIG.

Who runs where, ports and log names: semantics sheet, section 3.1. The first worker is the master: it gets arguments of
its own, and TF_CONFIG calls it the chief, as TensorFlow does since 1.4.
"""
from __future__ import annotations

import json
from dataclasses import dataclass

from azext_batchai.service.toolkits.base import Gang, Settings, TaskPlan, ToolkitError
from azext_batchai.service.toolkits.process_counts import check_process_count, process_count
from azext_batchai.service.toolkits.python_command import python_command
from azext_batchai.service.toolkits.required_settings import require

BLOCK = 'tensorFlowSettings'


def check(settings: Settings, node_count: int) -> None:
    """Raises ToolkitError without a script, for too many workers, and for parameter servers that are more than the
    nodes or have no distributed job to serve."""
    require(BLOCK, settings, 'pythonScriptFilePath')
    check_process_count(BLOCK, settings, node_count, 'workerCount')
    servers = settings.get('parameterServerCount', 0)
    if servers > node_count:
        raise ToolkitError(f'{BLOCK}.parameterServerCount', f'{servers} is above nodeCount, which is {node_count}; a '
                                                            'node has one parameter server at most')
    if servers and not _is_distributed(settings, node_count):
        raise ToolkitError(f'{BLOCK}.parameterServerCount', 'is for distributed jobs; this one has one worker on one '
                                                            'node')


def with_defaults(settings: Settings, node_count: int) -> Settings:
    """The counts only for a distributed job: others cannot have them."""
    if not _is_distributed(settings, node_count):
        return settings
    return {**settings, 'workerCount': process_count(settings, node_count, 'workerCount'),
            'parameterServerCount': settings.get('parameterServerCount', 1)}


def _is_distributed(settings: Settings, node_count: int) -> bool:
    return node_count > 1 or process_count(settings, node_count, 'workerCount') > 1


@dataclass(frozen=True)
class _Hosts:
    """``host:port`` of every process, by role and index; `nodes` are those of the workers."""
    servers: list[str]
    workers: list[str]
    nodes: list[int]


def tasks(settings: Settings, gang: Gang) -> list[TaskPlan]:
    """A parameter server never ends by itself, so the job does not wait for it."""
    node_count = len(gang.addresses)
    resolved = with_defaults(settings, node_count)
    hosts = _place(resolved.get('parameterServerCount', 0), resolved.get('workerCount', 1), gang)
    config = _is_distributed(settings, node_count)
    return [*(_worker(settings, hosts, index, config) for index in range(len(hosts.workers))),
            *(_server(settings, hosts, index) for index in range(len(hosts.servers)))]


def _place(server_count: int, worker_count: int, gang: Gang) -> _Hosts:
    """Server j on node j; workers one on each node, then again from the first. Servers take their ports first."""
    servers = list(range(server_count))
    workers = [index % len(gang.addresses) for index in range(worker_count)]
    endpoints = gang.endpoints([*servers, *workers])
    return _Hosts(endpoints[:server_count], endpoints[server_count:], workers)


def _worker(settings: Settings, hosts: _Hosts, index: int, config: bool) -> TaskPlan:
    command = python_command(settings, 'workerCommandLineArgs' if index else 'masterCommandLineArgs')
    environment = _environment(hosts, index)
    if config:  # without it TensorFlow stays local; for a cluster of one it would open a server that nobody needs
        environment['LOCAL_RANK'] = str(hosts.nodes[:index].count(hosts.nodes[index]))
        environment['TF_CONFIG'] = _config(hosts, *(('worker', index - 1) if index else ('chief', 0)))
    return TaskPlan(node=hosts.nodes[index], command=command.text, name=f'worker {index}',
                    stdout=f'stdout-wk-{index}.txt', stderr=f'stderr-wk-{index}.txt', environment=environment,
                    shown=command.shown)


def _server(settings: Settings, hosts: _Hosts, index: int) -> TaskPlan:
    command = python_command(settings, 'parameterServerCommandLineArgs')
    environment = {**_environment(hosts, index), 'TF_CONFIG': _config(hosts, 'ps', index)}
    return TaskPlan(node=index, command=command.text, name=f'parameter server {index}',
                    stdout=f'stdout-ps-{index}.txt', stderr=f'stderr-ps-{index}.txt', environment=environment,
                    essential=False, shown=command.shown)


def _environment(hosts: _Hosts, index: int) -> dict[str, str]:
    """Here workers count from 0, the master included."""
    return {'AZ_BATCHAI_TASK_INDEX': str(index), 'AZ_BATCHAI_WORKER_HOSTS': ','.join(hosts.workers),
            'AZ_BATCHAI_PS_HOSTS': ','.join(hosts.servers), 'KERAS_BACKEND': 'tensorflow'}


def _config(hosts: _Hosts, role: str, index: int) -> str:
    cluster = {'chief': hosts.workers[:1], 'worker': hosts.workers[1:], 'ps': hosts.servers}
    return json.dumps({'cluster': {name: found for name, found in cluster.items() if found},
                       'task': {'type': role, 'index': index}, 'environment': 'cloud'}, separators=(',', ':'))
