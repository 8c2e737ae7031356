"""How much of what there is is in use (wire facts sheet, section 13)."""
from __future__ import annotations

from typing import Any, Iterator

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.gateway import check_location
from azext_batchai.service.handlers import common
from azext_batchai.service.store.clusters import Cluster

# As the wire said it since 2021: there is no limit.
_UNLIMITED = -1


async def list_usages(service: Service, request: Request, subscription: str, location: str) -> Response:
    """Clusters of the subscription in that location, and the cores their nodes have.

    The limit of cores is what there is to run jobs on. Nodes beyond it share cores, so it is never exceeded.
    """
    common.checked_subscription(subscription)
    place = common.checked_location(location)
    check_location(place, request.query_params.get('api-version', ''), 'locations/usages',
                   service.store.resources.is_anything_in(place))
    clusters = list(_clusters(service, subscription, place))
    cores = service.capacity()['cores']
    return common.reply_list([
        _view('Clusters', 'Clusters', len(clusters), _UNLIMITED),
        _view('Total Cluster Dedicated Regional vCPUs', 'Total Cluster Dedicated Regional vCPUs',
              min(cores, _cores_in_use(service, clusters, 'dedicated')), cores),
        _view('Total Cluster LowPriority Regional vCPUs', 'Total Cluster Low Priority Regional vCPUs',
              min(cores, _cores_in_use(service, clusters, 'lowpriority')), cores)])


def _clusters(service: Service, subscription: str, location: str) -> Iterator[Cluster]:
    for cluster in service.store.clusters.all():
        resource = cluster.resource
        if resource.location == location and resource.id.subscription.lower() == subscription.lower():
            yield cluster


def _cores_in_use(service: Service, clusters: list[Cluster], priority: str) -> int:
    return sum(node.cores for cluster in clusters if cluster.resource.properties['vmPriority'] == priority
               for node in service.engine.nodes(service.folders.cluster(cluster.resource.guid)) if not node.lost)


def _view(name: str, localized: str, value: int, limit: int) -> dict[str, Any]:
    return {'unit': 'Count', 'currentValue': value, 'limit': limit,
            'name': {'value': name, 'localizedValue': localized}}
