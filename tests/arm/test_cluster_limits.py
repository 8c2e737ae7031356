import pytest

from azext_batchai.arm.cluster_limits import node_limit_passed, vm_size_name


@pytest.mark.parametrize('size, name', [
    ('Standard_NC6', 'NC6'), ('STANDARD_D2_v2', 'D2_v2'), ('standard_d1', 'd1'), ('Standard_A0', None), ('NC6', None),
    ('Standard_', None), ('Standard_NC6\n', None), ('', None)])
def test_size_is_taken_apart(size, name):
    assert vm_size_name(size) == name


@pytest.mark.parametrize('scale, path', [
    ({'manual': {'targetNodeCount': 100}}, None), ({'manual': {'targetNodeCount': 101}}, 'manual.targetNodeCount'),
    ({'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 100}}, None),
    ({'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 101}, 'manual': None}, 'autoScale.maximumNodeCount')])
def test_more_nodes_than_a_cluster_can_have_are_found(scale, path):
    assert node_limit_passed(scale) == path
