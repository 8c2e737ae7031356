import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.payloads.node_machines import check_node_limit, check_vm_size


def test_what_the_service_takes_passes():
    check_vm_size('Standard_NC6')
    check_node_limit({'manual': {'targetNodeCount': 100}})


@pytest.mark.parametrize('size', ['NC6', 'Standard_A0', 'Nope'])
def test_no_vm_size_is_told_one(size):
    with pytest.raises(InvalidArgumentValueError, match=f"'{size}' is not a VM size; write .* --vm-size Standard_NC6"):
        check_vm_size(size)


def test_size_of_file_servers_is_none_of_clusters():
    check_vm_size('Standard_DS14')
    with pytest.raises(InvalidArgumentValueError, match="'Standard_DS14' is for file servers only"):
        check_vm_size('Standard_DS14', of_cluster=True)


@pytest.mark.parametrize('scale, said', [
    ({'manual': {'targetNodeCount': 101}}, r'--target \(scaleSettings.manual.targetNodeCount'),
    ({'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 101}}, r'--max \(scaleSettings.autoScale')])
def test_too_many_nodes_are_told_the_limit(scale, said):
    with pytest.raises(InvalidArgumentValueError, match=f'at most 100 nodes; give {said}'):
        check_node_limit(scale)
