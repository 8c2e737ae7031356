"""Where to log in to nodes. With the process engine every node is this machine itself."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.jobs import require_job
from azext_batchai.service.store.clusters import Node

# The real service gave each node a port of one public address, from 50000 (wire facts sheet, section 13).
_FIRST_PORT = 50000
_SSH = 22


async def list_cluster_nodes(service: Service, request: Request, subscription: str, group: str, workspace: str,
                             cluster: str) -> Response:
    found = common.require(service, common.resource_id(subscription, group, workspace=workspace, cluster=cluster))
    return common.reply_list(_views(service, service.store.clusters.nodes(found.guid)))


async def list_job_nodes(service: Service, request: Request, subscription: str, group: str, workspace: str,
                         experiment: str, job: str) -> Response:
    """The nodes of the last attempt that still exist (semantics sheet, section 6.3)."""
    found = require_job(service, subscription, group, workspace, experiment, job)
    launches = service.store.launches.of_owner(found.guid)
    node_ids = launches[-1].nodes if launches else []
    nodes = [service.store.clusters.node(node_id) for node_id in node_ids]
    return common.reply_list(_views(service, [node for node in nodes if node]))


def _views(service: Service, nodes: list[Node]) -> list[dict[str, Any]]:
    """`nodes` are all of one cluster."""
    if service.queue and nodes:
        addresses = {node.id: node.address for node in service.queue.nodes(service.folders.cluster(nodes[0].cluster))}
        return [{'nodeId': node.id, 'ipAddress': addresses[node.id], 'port': _SSH} for node in nodes
                if node.id in addresses]
    return [{'nodeId': node.id, 'ipAddress': '127.0.0.1', 'port': _FIRST_PORT + node.number - 1} for node in nodes]
