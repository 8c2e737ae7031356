"""VM sizes of requests, checked and spelled as the service shows them."""
from __future__ import annotations

from azext_batchai.arm.catalogue import VM_SIZES
from azext_batchai.arm.vm_sizes import canonical_size, is_cluster_size
from azext_batchai.service import errors


def cluster_size(size: str) -> str:
    """The size of a cluster's nodes. Raises the 400 error for what it never took."""
    if not is_cluster_size(size):
        raise _unsupported(size, 'Cluster')
    return _canonical(size, 'Cluster')


def file_server_size(size: str) -> str:
    """The size of a file server. Raises the 400 error for what it never took."""
    return _canonical(size, 'FileServer')


def _canonical(size: str, kind: str) -> str:
    canonical = canonical_size(size)
    if canonical is None:
        raise _unsupported(size, kind)
    return canonical


def _unsupported(size: str, kind: str) -> errors.ArmError:
    sizes = ','.join(sorted(known.upper() for known in VM_SIZES))
    return errors.invalid_property(
        'properties.vmSize', f'the value {size[:64]} for property {kind}.Properties.VMSize is not a supported VM size',
        [{'code': 'SupportedVMSizes', 'message': sizes}])
