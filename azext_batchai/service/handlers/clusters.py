"""Clusters: create, scale, look at, delete."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.ids import ResourceId
from azext_batchai.arm.states import NodeState, ProvisioningState
from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import cluster_rules as rules, common
from azext_batchai.service.handlers.mount_keys import check_mount_keys
from azext_batchai.service.handlers.preconditions import check_conditions
from azext_batchai.service.handlers.secret_rules import check_secret_pairs, check_secret_references
from azext_batchai.service.handlers.secret_values import take_secrets
from azext_batchai.service.scheduler.queueing import wish_of
from azext_batchai.service.scheduler.snapshot import read_scale
from azext_batchai.service.store.clusters import Cluster, Node
from azext_batchai.service.versions import FlatParts

# Wire facts sheet, section 7.
_ORDER = ('provisioningState', 'allocationState', 'creationTime', 'allocationStateTransitionTime',
          'provisioningStateTransitionTime', 'vmSize', 'currentNodeCount', 'nodeStateCounts', 'vmPriority',
          'scaleSettings', 'virtualMachineConfiguration', 'userAccountSettings', 'nodeSetup', 'subnet', 'errors')


async def list_clusters(service: Service, request: Request, subscription: str, group: str, workspace: str) -> Response:
    parent = common.require(service, common.resource_id(subscription, group, workspace=workspace))
    page = common.page_of(request)
    found = service.store.clusters.list_children(parent.key, page)
    return common.reply_page(request, page, found, lambda cluster: cluster.resource.number,
                             lambda cluster: view(service, cluster))


async def put_cluster(service: Service, request: Request, subscription: str, group: str, workspace: str, cluster: str
                      ) -> Response:
    """Create a cluster. Over an existing one only the scale settings may differ; then it is scaled."""
    wanted = common.resource_id(subscription, group, workspace=workspace, cluster=cluster)
    given = (await common.checked_body(service, request, 'CLUSTER'))['properties']
    return create(service, request, wanted, given)


def create(service: Service, request: Request, wanted: ResourceId, given: dict[str, Any],
           flat: FlatParts | None = None) -> Response:
    """What a PUT does. `given` are properties of the right shape; `flat` is what comes with a flat API version."""
    properties, secrets = _accepted_properties(service, given)
    parent = common.require(service, wanted.parent)
    wanted = parent.id.child('clusters', wanted.name)
    with service.store.transaction():
        existing = service.store.clusters.find(wanted.key)
        check_conditions(request, existing.resource if existing else None, 'cluster', wanted.name)
        if existing is None:
            _check_engine(service, wanted.name, properties, flat)
            guid, now = service.new_guid(), service.clock()
            task = properties.get('nodeSetup', {}).get('setupTask')
            if task:
                task['stdOutErrPathSuffix'] = common.output_path(wanted, guid, flat is not None)
            resource = service.store.clusters.add(
                wanted, guid, parent.location, properties, secrets, rules.first_allocation(properties['scaleSettings']),
                now, flat.tags if flat else None, flat.extras if flat else None)
        else:
            resource = existing.resource
            _replace(service, existing, properties, flat)
        response = common.accepted(service, request, resource, finished=True)
    service.wake()
    return response


def _check_engine(service: Service, name: str, properties: dict[str, Any], flat: FlatParts | None) -> None:
    """Raises the 400 error for a cluster that the engine has no nodes for."""
    tags = flat.tags if flat else {}
    problem = service.queue.check_cluster(wish_of(name, properties, tags)) if service.queue else ''
    if problem:
        raise errors.ArmError(400, 'ClusterNotPossible', f'The cluster {name} cannot be made: {problem}.')


def _accepted_properties(service: Service, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Check what a schema cannot, fill in defaults, take the secrets out."""
    rules.check_account(given['userAccountSettings'], 'properties.userAccountSettings')
    check_secret_pairs(given)
    check_secret_references(given)
    rules.check_image(given)
    if 'scaleSettings' in given:
        rules.check_scale(given['scaleSettings'])
    setup = given.get('nodeSetup', {})
    if 'mountVolumes' in setup:
        rules.check_volumes(setup['mountVolumes'], 'properties.nodeSetup.mountVolumes', service.settings.data_dir,
                            service.store.resources.file_server_guid)
        check_mount_keys(service, setup['mountVolumes'], 'properties.nodeSetup.mountVolumes')
        given = {**given, 'nodeSetup': {**setup, 'mountVolumes': rules.with_mount_defaults(setup['mountVolumes'])}}
        given = rules.with_subnet(given, _mounted_servers(service, setup['mountVolumes']))
    return take_secrets(rules.with_defaults(given))


def _mounted_servers(service: Service, volumes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of the file servers that are mounted, by name."""
    found = (service.store.resources.find_key(mount['fileServer']['id'].lower().rstrip('/'))
             for mount in volumes.get('fileServers', []))
    return {server.id.name: server.properties for server in found if server}


def _replace(service: Service, existing: Cluster, properties: dict[str, Any], flat: FlatParts | None) -> None:
    """A PUT over an existing cluster. Raises the 409 error when more than the scale would change."""
    resource = existing.resource
    _refuse_deleting(existing)
    task = properties.get('nodeSetup', {}).get('setupTask')
    if task:
        task['stdOutErrPathSuffix'] = resource.properties.get('nodeSetup', {}).get('setupTask', {}).get(
            'stdOutErrPathSuffix')
    changed = [key for key in {**resource.properties, **properties}
               if key != 'scaleSettings' and resource.properties.get(key) != properties.get(key)]
    if flat:
        changed += [key for key in {**resource.extras, **flat.extras}
                    if key != 'scaleSettings' and resource.extras.get(key) != flat.extras.get(key)]
    if changed:
        raise errors.conflict('PropertyChangeNotAllowed', f"The cluster {resource.id.name} already exists, and "
                              f"{', '.join(sorted({*changed}))} cannot be changed; delete it first, or use another "
                              'name.')
    if resource.properties != properties:
        service.store.resources.update_properties(resource.guid, properties, service.clock())
        service.store.clusters.set_resized(resource.guid, service.clock())
    if flat:
        common.update_flat(service, resource, flat)


async def patch_cluster(service: Service, request: Request, subscription: str, group: str, workspace: str,
                        cluster: str) -> Response:
    """New scale settings; the reply still shows the old allocation state (wire facts sheet, section 7)."""
    wanted = common.resource_id(subscription, group, workspace=workspace, cluster=cluster)
    update = (await common.checked_body(service, request, 'CLUSTER_UPDATE')).get('properties', {})
    check_conditions(request, service.store.resources.find(wanted), 'cluster', cluster)
    found = rescale(service, wanted, update.get('scaleSettings'))
    return common.reply(view(service, found), found.resource)


def rescale(service: Service, wanted: ResourceId, scale: dict[str, Any] | None) -> Cluster:
    """The cluster with new scale settings; None leaves them. Raises the 404 error, and 409 while it is deleted."""
    with service.store.transaction():
        found = _require(service, wanted)
        _refuse_deleting(found)
        if scale is not None:
            rules.check_scale(scale)
            service.store.resources.update_properties(found.resource.guid, {
                **found.resource.properties, 'scaleSettings': rules.with_scale_defaults(scale)}, service.clock())
            service.store.clusters.set_resized(found.resource.guid, service.clock())
        found = _require(service, wanted)
    service.wake()
    return found


async def get_cluster(service: Service, request: Request, subscription: str, group: str, workspace: str, cluster: str
                      ) -> Response:
    found = _require(service, common.resource_id(subscription, group, workspace=workspace, cluster=cluster))
    return common.reply(view(service, found), found.resource)


async def delete_cluster(service: Service, request: Request, subscription: str, group: str, workspace: str,
                         cluster: str) -> Response:
    """202 while its jobs end and its nodes leave; 204 when there is no such cluster."""
    wanted = common.resource_id(subscription, group, workspace=workspace, cluster=cluster)
    with service.store.transaction():
        found = service.store.resources.find(wanted)
        check_conditions(request, found, 'cluster', cluster)
        if found is None:
            return Response(status_code=204)
        if found.provisioning_state != ProvisioningState.DELETING:
            service.store.resources.mark_deleting(found.guid, service.clock())
        response = common.accepted(service, request, found, finished=False)
    service.wake()
    return response


def _require(service: Service, wanted: Any) -> Cluster:
    found = service.store.clusters.find(wanted.key)
    if found is None:
        common.require(service, wanted.parent)
        raise errors.not_found('clusters', wanted.name)
    return found


def _refuse_deleting(cluster: Cluster) -> None:
    if cluster.resource.provisioning_state == ProvisioningState.DELETING:
        raise errors.conflict('ClusterBeingDeleted', f'The cluster {cluster.resource.id.name} is being deleted.')


def _awake(service: Service, guid: str, nodes: list[Node]) -> list[Node]:
    """The nodes without those that the engine has switched off."""
    if not service.queue:
        return nodes
    asleep = {node.id for node in service.queue.nodes(service.folders.cluster(guid)) if node.asleep}
    return [node for node in nodes if node.id not in asleep]


def _scheduler_problems(service: Service, cluster: Cluster, node_count: int) -> list[dict[str, Any]]:
    """What an engine with a queue of its own lacks: itself, or nodes."""
    if not service.queue:
        return []
    trouble = service.queue.trouble()
    if trouble:
        return [{'code': 'SchedulerUnavailable', 'message': trouble}]
    scale = read_scale(cluster.resource.properties)
    limit = max(scale.minimum, min(1, scale.maximum)) if scale.target is None else scale.target
    if node_count >= limit or cluster.resource.provisioning_state == ProvisioningState.DELETING:
        return []
    return [{'code': 'NodesUnavailable', 'message': (
        f'The cluster is to have {limit} nodes, and {service.queue.name} has {node_count} for it: the others of its '
        'size and partition belong to other clusters, or there are none; it gets more as soon as there are')}]


def view(service: Service, cluster: Cluster) -> dict[str, Any]:
    """A cluster as the wire shows it."""
    resource = cluster.resource
    known = service.store.clusters.nodes(resource.guid)
    nodes = _awake(service, resource.guid, known)
    order = (NodeState.RUNNING, NodeState.IDLE, NodeState.UNUSABLE, NodeState.PREPARING, NodeState.LEAVING)
    status = {
        'provisioningState': resource.provisioning_state,
        'allocationState': cluster.allocation_state,
        'creationTime': format_time(resource.created),
        'allocationStateTransitionTime': format_time(cluster.allocation_time),
        'provisioningStateTransitionTime': format_time(resource.provisioning_time),
        'currentNodeCount': len(nodes),
        'nodeStateCounts': {f'{state}NodeCount': sum(node.state == state for node in nodes) for state in order},
    }
    problems = [node.error for node in nodes if node.error] + _scheduler_problems(service, cluster, len(known))
    if problems:
        status['errors'] = problems
    shown = {**status, **resource.properties}
    return {**common.base_view(resource), 'properties': {key: shown[key] for key in _ORDER if key in shown}}
