"""The machines of a cluster or a file server, checked before anything is made for them."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.arm.cluster_limits import MOST_NODES, node_limit_passed, vm_size_name


def check_vm_size(size: str) -> None:
    """Raises InvalidArgumentValueError for what is no VM size."""
    if vm_size_name(size) is None:
        raise InvalidArgumentValueError(f"'{size}' is not a VM size; write for example --vm-size Standard_NC6, or the "
                                        'like for vmSize in the config file.')


def check_node_limit(scale: dict[str, Any]) -> None:
    """Raises InvalidArgumentValueError when `scaleSettings` ask for more nodes than a cluster can have."""
    path = node_limit_passed(scale)
    if path:
        option = '--target' if path.startswith('manual') else '--max'
        raise InvalidArgumentValueError(f'A cluster has at most {MOST_NODES} nodes; give {option} '
                                        f'(scaleSettings.{path} in the config file) a number up to that.')
