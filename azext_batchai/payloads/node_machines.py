"""The machines of a cluster or a file server, checked before anything is made for them."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.arm.cluster_limits import MOST_NODES, node_limit_passed
from azext_batchai.arm.vm_sizes import canonical_size, is_cluster_size


def check_vm_size(size: str, of_cluster: bool = False) -> None:
    """Raises InvalidArgumentValueError for what is no VM size, or not one of clusters."""
    if of_cluster and not is_cluster_size(size):
        raise InvalidArgumentValueError(f"'{size}' is for file servers only, as all sizes with premium storage (DS, "
                                        'GS) are; write for example --vm-size Standard_NC6.')
    if canonical_size(size) is None:
        raise InvalidArgumentValueError(f"'{size}' is not a VM size; write for example --vm-size Standard_NC6, or the "
                                        'like for vmSize in the config file.')


def check_node_limit(scale: dict[str, Any]) -> None:
    """Raises InvalidArgumentValueError when `scaleSettings` ask for more nodes than a cluster can have."""
    path = node_limit_passed(scale)
    if path:
        option = '--target' if path.startswith('manual') else '--max'
        raise InvalidArgumentValueError(f'A cluster has at most {MOST_NODES} nodes; give {option} '
                                        f'(scaleSettings.{path} in the config file) a number up to that.')
