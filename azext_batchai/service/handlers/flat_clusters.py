"""Clusters as the flat API versions have them."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.checking import ShapeError
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import clusters, common, flat_places as flat, remote_login
from azext_batchai.service.handlers.flat_lists import reply_list
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.store.clusters import Cluster
from azext_batchai.service.store.resources import Resource
from azext_batchai.service.versions import FlatParts
from azext_batchai.service.versions.clusters import modern_cluster, modern_scale, older_cluster


async def list_clusters(service: Service, request: Request, subscription: str, group: str | None = None) -> Response:
    return await reply_list(request, 'CLUSTER', subscription, group, service.store.clusters.list_flat,
                            lambda cluster: cluster.resource.number, lambda cluster: _view(service, request, cluster))


async def put_cluster(service: Service, request: Request, subscription: str, group: str, cluster: str) -> Response:
    """Create a cluster. Over an existing one only scale settings and tags may differ."""
    wanted = flat.flat_id(subscription, group, 'clusters', cluster)
    body = await flat.older_body(service, request, 'CLUSTER')
    try:
        modern = modern_cluster(body['properties'], body['location'], flat.finder(service))
    except ShapeError as error:
        raise common.wrong_shape(error) from None
    with service.store.transaction():
        place = flat.make_place(service, wanted, body['location'])
        return clusters.create(service, request, place, modern.properties,
                               FlatParts(body.get('tags', {}), modern.extras))


async def patch_cluster(service: Service, request: Request, subscription: str, group: str, cluster: str) -> Response:
    """New scale settings, and new tags in place of the old ones."""
    wanted = flat.flat_id(subscription, group, 'clusters', cluster)
    body = await flat.older_body(service, request, 'CLUSTER_UPDATE')
    scale = body.get('properties', {}).get('scaleSettings')
    with service.store.transaction():
        found = flat.require(service, wanted)
        check_conditions(request, found, 'cluster', wanted.name)
        modern = modern_scale(scale) if scale is not None else None
        clusters.rescale(service, found.id, modern.properties if modern else None)
        if modern:
            kept = {key: value for key, value in found.extras.items() if key != 'scaleSettings'}
            service.store.resources.update_extras(found.guid, {**kept, **modern.extras})
        if 'tags' in body and body['tags'] != found.tags:
            service.store.resources.update_tags(found.guid, body['tags'], service.clock())
    return _reply(service, request, found)


async def get_cluster(service: Service, request: Request, subscription: str, group: str, cluster: str) -> Response:
    return _reply(service, request, flat.require(service, flat.flat_id(subscription, group, 'clusters', cluster)))


async def delete_cluster(service: Service, request: Request, subscription: str, group: str, cluster: str) -> Response:
    """202 while its jobs end and its nodes leave; 204 when there is no such cluster."""
    found = flat.find_leaving(service, request, flat.flat_id(subscription, group, 'clusters', cluster))
    if found is None:
        return Response(status_code=204)
    return await clusters.delete_cluster(service, request, subscription, group, found.id.workspace, found.id.name)


async def list_nodes(service: Service, request: Request, subscription: str, group: str, cluster: str) -> Response:
    """Where to log in to each node."""
    found = flat.require(service, flat.flat_id(subscription, group, 'clusters', cluster))
    return await remote_login.list_cluster_nodes(service, request, subscription, group, found.id.workspace,
                                                 found.id.name)


def _reply(service: Service, request: Request, found: Resource) -> Response:
    cluster = service.store.clusters.get(found.guid)
    assert cluster is not None
    return common.reply(_view(service, request, cluster), cluster.resource)


def _view(service: Service, request: Request, cluster: Cluster) -> dict[str, Any]:
    return older_cluster(clusters.view(service, cluster), flat.stored(cluster.resource), flat.version_of(request))
