"""A submission that can change nothing now costs no turn of the scheduler."""
import pytest
from harness import Harness, auto, manual

from azext_batchai.service.engines.fake import QueueingFakeEngine


@pytest.fixture
def service(tmp_path):
    harness = Harness(tmp_path / 'data')
    yield harness
    harness.close()


def wakes_of(service, name):
    before = service.wakes
    service.submit(name)
    return service.wakes - before


def test_a_cluster_whose_nodes_are_all_at_work_is_not_planned_for_again(service):
    service.make_cluster(scaleSettings=manual(1))
    assert wakes_of(service, 'a') == 1
    service.turn()
    assert service.state('a') == 'running'
    assert wakes_of(service, 'b') == 0
    service.end('a', 0)
    assert service.state('b') == 'running'


def test_a_cluster_that_scales_by_itself_is_planned_for(service):
    service.make_cluster(scaleSettings=auto(0, 2))
    assert wakes_of(service, 'a') == 1
    service.settle()
    assert service.state('a') == 'running' and wakes_of(service, 'b') == 1


def test_an_engine_with_a_queue_of_its_own_is_given_the_job_at_once(tmp_path):
    service = Harness(tmp_path / 'queueing', QueueingFakeEngine())
    try:
        service.make_cluster(scaleSettings=manual(1))
        assert wakes_of(service, 'a') == 1 and wakes_of(service, 'b') == 1
    finally:
        service.close()
