import pytest

from azext_batchai.arm.cluster_limits import node_limit_passed


@pytest.mark.parametrize('scale, path', [
    ({'manual': {'targetNodeCount': 100}}, None), ({'manual': {'targetNodeCount': 101}}, 'manual.targetNodeCount'),
    ({'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 100}}, None),
    ({'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 101}, 'manual': None}, 'autoScale.maximumNodeCount')])
def test_more_nodes_than_a_cluster_can_have_are_found(scale, path):
    assert node_limit_passed(scale) == path
