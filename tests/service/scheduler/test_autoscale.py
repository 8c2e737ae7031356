import pytest

from azext_batchai.service.scheduler.autoscale import wanted_nodes


@pytest.mark.parametrize('minimum, maximum, busy, queued, idle_recent, wanted', [
    pytest.param(0, 4, 0, 0, 0, 0, id='nothing to do'),
    pytest.param(1, 4, 0, 0, 0, 1, id='never below the minimum'),
    pytest.param(0, 4, 0, 3, 0, 3, id='a node for all that waits'),
    pytest.param(0, 4, 2, 1, 0, 3, id='beside those that run'),
    pytest.param(0, 4, 0, 100, 0, 4, id='never above the maximum'),
    pytest.param(0, 4, 1, 0, 2, 3, id='idle nodes stay for a while'),
    pytest.param(0, 4, 1, 2, 2, 3, id='idle nodes take what waits'),
    pytest.param(0, 0, 0, 5, 0, 0, id='a maximum of nothing'),
    pytest.param(2, 2, 2, 5, 0, 2, id='no room'),
    pytest.param(0, 2, 3, 0, 0, 2, id='the maximum was lowered below what runs'),
])
def test_the_node_count_follows_the_work(minimum, maximum, busy, queued, idle_recent, wanted):
    assert wanted_nodes(minimum, maximum, busy, queued, idle_recent) == wanted
