import pytest

from azext_batchai.arm.states import DeallocationOption
from azext_batchai.service.scheduler.snapshot import Scale, read_scale


@pytest.mark.parametrize('properties, scale, limit', [
    ({}, Scale(target=0), 0),
    ({'scaleSettings': {'manual': {'targetNodeCount': 3}}}, Scale(target=3), 3),
    ({'scaleSettings': {'manual': {'targetNodeCount': 1, 'nodeDeallocationOption': 'terminate'}}},
     Scale(target=1, deallocation=DeallocationOption.TERMINATE), 1),
    ({'scaleSettings': {'autoScale': {'minimumNodeCount': 1, 'maximumNodeCount': 4}}}, Scale(minimum=1, maximum=4), 4),
    ({'scaleSettings': {'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 4, 'initialNodeCount': 2}}},
     Scale(minimum=0, maximum=4, initial=2), 4),
])
def test_scale_settings_as_planning_sees_them(properties, scale, limit):
    assert read_scale(properties) == scale
    assert read_scale(properties).limit == limit
