"""Run a command on a node of a cluster or of a job, for `az batchai cluster node exec` and `job node exec`.

Not part of Azure's API, where this was a login by SSH. The body is ``{"commandLine": "nvidia-smi"}``; the reply is
described in `execution_stream`.
"""
from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from typing import Callable

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.states import NodeState
from azext_batchai.service import auth, errors
from azext_batchai.service.context import Service
from azext_batchai.service.engines.base import EngineNode, EngineUnavailable, LaunchRejected, QueueingEngine
from azext_batchai.service.execution import Execution, NodeCommand
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.execution_stream import ExecutionStream
from azext_batchai.service.handlers.jobs import require_job
from azext_batchai.service.scheduler import environment as env
from azext_batchai.service.scheduler.launching import job_layout, job_place, node_place
from azext_batchai.service.scheduler.queueing import Gangs
from azext_batchai.service.store.clusters import Node
from azext_batchai.service.store.jobs import Job
from azext_batchai.service.store.launches import LaunchRecord


async def exec_on_cluster_node(service: Service, request: Request, subscription: str, group: str, workspace: str,
                               cluster: str, node: str) -> Response:
    """The command sees what the cluster's set-up task sees. It may run on any node but one that leaves."""
    line = await _command_line(service, request)
    found = common.require(service, common.resource_id(subscription, group, workspace=workspace, cluster=cluster))
    nodes = service.store.clusters.nodes(found.guid)
    if not nodes:
        raise errors.conflict('ClusterHasNoNodes', f'The cluster {cluster} has no nodes now; give it some with '
                              f"'az batchai cluster resize', or submit a job.")
    chosen = _chosen(nodes, node, f'cluster {cluster}')
    place = _places(service, [chosen])[0]
    variables = {**env.inherited(os.environ, service.folders.job_user), **env.node_variables(node_place(place))}
    return _begin(service, NodeCommand(place, line, variables, place.folder))


async def exec_on_job_node(service: Service, request: Request, subscription: str, group: str, workspace: str,
                           experiment: str, job: str, node: str) -> Response:
    """The command sees what the job sees, but for its secrets, and begins in its folder while there is one."""
    line = await _command_line(service, request)
    found = require_job(service, subscription, group, workspace, experiment, job)
    launches = service.store.launches.of_owner(found.guid)
    if not launches:
        raise errors.conflict('JobHasNoNodes', f'The job {job} has not run on any node yet; it is {found.state}.')
    nodes = [known for node_id in launches[-1].nodes if (known := service.store.clusters.node(node_id))]
    if not nodes:
        raise errors.conflict('JobHasNoNodes', f'The nodes that the job {job} ran on are gone.')
    chosen = _chosen(nodes, node, f'job {job}')
    others = [other for other in nodes if other != chosen]
    places = _places(service, [chosen, *others])
    if service.queue:
        places = _gang(service, found, launches[-1], places[0])
    temp = job_place(found, places[0]).temp
    return _begin(service, NodeCommand(places[0], line, _job_variables(service, found, places),
                                       temp if temp.is_dir() else places[0].folder))


async def _command_line(service: Service, request: Request) -> str:
    body = await auth.read_json(request, service.settings)
    if not isinstance(body, dict):
        raise errors.invalid_body('it should be an object like {"commandLine": "nvidia-smi"}')
    unknown = next((key for key in body if key != 'commandLine'), None)
    if unknown is not None:
        raise errors.invalid_property(unknown[:40], 'is not a known key; known here: commandLine')
    line = body.get('commandLine')
    if line is None:
        raise errors.invalid_property('commandLine', 'is required')
    if not isinstance(line, str):
        raise errors.invalid_property('commandLine', 'should be a string')
    if not line.strip():
        raise errors.invalid_property('commandLine', 'must not be empty')
    return line


def _chosen(nodes: list[Node], node_id: str, owner: str) -> Node:
    """The node of that id, as long as it stays. Raises the 404 or 409 error."""
    found = next((node for node in nodes if node.id.lower() == node_id.lower()), None)
    if found is None:
        names = ', '.join(node.id for node in nodes[:10]) + (' ...' if len(nodes) > 10 else '')
        raise errors.ArmError(404, 'NodeNotFound', f"The {owner} has no node '{node_id[:80]}'; it has {names}.")
    if found.state == NodeState.LEAVING:
        raise errors.conflict('NodeLeaving', f'The node {found.id} is about to leave its cluster.')
    return found


def _places(service: Service, nodes: list[Node]) -> list[EngineNode]:
    """The nodes as the engine has them, those it has no more left out; but the first one must be there."""
    there = {node.id: node for node in service.engine.nodes(service.folders.cluster(nodes[0].cluster))
             if not node.lost}
    if nodes[0].id not in there:
        raise errors.conflict('NodeLeaving', f'The node {nodes[0].id} is gone.')
    return [there[node.id] for node in nodes if node.id in there]


def _gang(service: Service, job: Job, launch: LaunchRecord, chosen: EngineNode) -> list[EngineNode]:
    """The nodes of an allocation as the job sees them, the chosen one first. The chosen one alone when it is over."""
    node = service.store.clusters.node(chosen.id)
    places = Gangs(service.queue, service.folders).nodes(job, node.cluster, launch) if service.queue and node else []
    first = [place for place in places if place.id == chosen.id]
    return [*first, *(place for place in places if place.id != chosen.id)] if first else [chosen]


def _job_variables(service: Service, job: Job, places: list[EngineNode]) -> dict[str, str]:
    """The job's variables on the first of `places`. Its secrets stay out: a reply would carry them."""
    ordered = sorted(places, key=lambda place: place.number)
    try:
        return job_layout(job, ordered, {}, service.folders.job_user).variables(ordered.index(places[0]))
    except ValueError:  # a path of the job that names no folder, for which it failed
        return {**env.inherited(os.environ, service.folders.job_user), **env.job_variables(
            node_place(places[0]), job_place(job, places[0]), [place.address for place in ordered])}


def _reach(service: Service, queue: QueueingEngine, node_id: str) -> Callable[[str], str]:
    node = service.store.clusters.node(node_id)
    if node is None:
        raise LaunchRejected('the node is gone')
    return partial(queue.reach, service.folders.cluster(node.cluster), node_id)


def _begin(service: Service, command: NodeCommand) -> Response:
    execution = Execution(service.store, service.engine, service.folders, f'{service.new_guid()}-exec')
    try:
        if service.queue:
            command = replace(command, reach=_reach(service, service.queue, command.node.id))
        execution.start(command, service.clock())
    except EngineUnavailable as unavailable:
        raise errors.ArmError(503, 'NodeUnavailable', f'The command cannot be started on node {command.node.id} now: '
                              f'{unavailable}') from None
    except LaunchRejected as rejected:
        raise errors.ArmError(400, 'CommandRejected', f'The command cannot be started on node {command.node.id}: '
                              f'{rejected}') from None
    return ExecutionStream(service, execution, command.node.id)
