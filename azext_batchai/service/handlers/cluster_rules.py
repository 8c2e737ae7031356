"""Rules and defaults of clusters that a schema cannot say. Pure; each function raises the ARM error."""
from __future__ import annotations

import re
from typing import Any

from azext_batchai.arm.cluster_limits import MOST_NODES, node_limit_passed
from azext_batchai.arm.states import AllocationState
from azext_batchai.service import errors
from azext_batchai.service.handlers.vm_sizes import cluster_size
from azext_batchai.service.storage.mounts import MountError, resolve_mounts

_IMAGE_ID = re.compile(r'/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.Compute/images/[^/]+/?\Z',
                       re.IGNORECASE)
_DEFAULT_IMAGE = {'publisher': 'Canonical', 'offer': 'UbuntuServer', 'sku': '16.04-LTS', 'version': 'latest'}


def check_scale(scale: dict[str, Any]) -> None:
    """Exactly one of manual and autoScale, and limits in order (semantics sheet, section 6.1)."""
    target = 'properties.scaleSettings'
    if len(scale) != 1:
        raise errors.invalid_property(target, 'exactly one of manual and autoScale should be given')
    too_many = node_limit_passed(scale)
    if too_many:
        raise errors.invalid_property(f'{target}.{too_many}', f'a cluster has at most {MOST_NODES} nodes')
    auto = scale.get('autoScale')
    if auto:
        least, most = auto['minimumNodeCount'], auto['maximumNodeCount']
        if least > most:
            raise errors.invalid_property(f'{target}.autoScale.minimumNodeCount',
                                          f'{least} is above maximumNodeCount, which is {most}')
        if auto.get('initialNodeCount', 0) > most:
            raise errors.invalid_property(f'{target}.autoScale.initialNodeCount',
                                          f'{auto["initialNodeCount"]} is above maximumNodeCount, which is {most}')


def with_scale_defaults(scale: dict[str, Any]) -> dict[str, Any]:
    if 'autoScale' in scale:
        return {'autoScale': {'initialNodeCount': 0, **scale['autoScale']}}
    return {'manual': {'nodeDeallocationOption': 'requeue', **scale['manual']}}


def check_image(properties: dict[str, Any]) -> None:
    """Which image a node would run makes no difference here, but an id that is none is a mistake everywhere."""
    image = properties.get('virtualMachineConfiguration', {}).get('imageReference', {}).get('virtualMachineImageId')
    if image and not _IMAGE_ID.match(image):
        raise errors.invalid_property(
            'properties.virtualMachineConfiguration.imageReference.virtualMachineImageId',
            'should be the id of an image: /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Compute/'
            'images/<image>')


def with_subnet(properties: dict[str, Any], file_servers: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The properties with the subnet of the file servers that are mounted, by the name of each (semantics sheet,
    section 6.3). Raises the 400 error when they are to be in different ones."""
    for name, server in file_servers.items():
        if 'subnet' not in server:
            continue
        theirs = server['subnet']
        properties = {'subnet': theirs, **properties}
        if properties['subnet']['id'].lower() != theirs['id'].lower():
            raise errors.invalid_property('properties.subnet.id', f'is not the subnet of the file server {name}, which '
                                          f"the cluster mounts: {theirs['id']}")
    return properties


def check_account(account: dict[str, Any], target: str) -> None:
    """An administrator needs a password or a key, and cannot be called admin (semantics sheet, section 6.3)."""
    if account['adminUserName'].lower() == 'admin':
        raise errors.invalid_property(f'{target}.adminUserName', "'admin' is the name of a group on the nodes")
    if not account.get('adminUserPassword') and not account.get('adminUserSshPublicKey'):
        raise errors.invalid_property(target, 'adminUserPassword or adminUserSshPublicKey is required')


def check_relative_paths(volumes: dict[str, Any], target: str) -> None:
    """No two mounts in the same place or one inside another."""
    seen: list[str] = []
    for kind, mounts in volumes.items():
        for index, mount in enumerate(mounts):
            path = '/'.join(part for part in mount['relativeMountPath'].split('/') if part not in ('', '.'))
            for other in seen:
                if path == other or path.startswith(other + '/') or other.startswith(path + '/'):
                    raise errors.invalid_property(f'{target}.{kind}[{index}].relativeMountPath',
                                                  f"'{path}' overlaps with another mount, '{other}'")
            seen.append(path)


def check_volumes(volumes: dict[str, Any], target: str, service_data: Any, guid_of: Any) -> None:
    """Mounts that could never work are refused at once. `guid_of` finds a file server by ARM id."""
    check_relative_paths(volumes, target)
    try:
        resolve_mounts(volumes, service_data, guid_of)
    except MountError as problem:
        raise errors.invalid_property(target, str(problem)) from None


def with_mount_defaults(volumes: dict[str, Any]) -> dict[str, Any]:
    """File modes as the service filled them in; empty lists are dropped (wire facts sheet, sections 5 and 7)."""
    filled = {kind: mounts for kind, mounts in volumes.items() if mounts}
    if 'azureFileShares' in filled:
        filled['azureFileShares'] = [{'fileMode': '0777', 'directoryMode': '0777', **share}
                                     for share in filled['azureFileShares']]
    return filled


def with_defaults(properties: dict[str, Any]) -> dict[str, Any]:
    """The properties of a new cluster, defaults filled in (wire facts sheet, section 7)."""
    scale = properties.get('scaleSettings') or {'manual': {'targetNodeCount': 0}}
    image = properties.get('virtualMachineConfiguration', {}).get('imageReference', _DEFAULT_IMAGE)
    return {**properties, 'vmSize': cluster_size(properties['vmSize']),
            'vmPriority': properties.get('vmPriority', 'dedicated'), 'scaleSettings': with_scale_defaults(scale),
            'virtualMachineConfiguration': {'imageReference': {'version': 'latest', **image}}}


def first_allocation(scale: dict[str, Any]) -> AllocationState:
    """A cluster that starts with nodes starts out resizing (wire facts sheet, section 7)."""
    auto = scale.get('autoScale', {})
    first = max(auto.get('minimumNodeCount', 0), auto.get('initialNodeCount', 0),
                scale.get('manual', {}).get('targetNodeCount', 0))
    return AllocationState.RESIZING if first else AllocationState.STEADY
