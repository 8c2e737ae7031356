"""The service in one process with an engine that has a queue of its own. Fixtures and helpers, for tests to import."""
import pytest
from harness import Harness, manual

from azext_batchai.service.engines.fake import QueueingFakeEngine


@pytest.fixture
def service(tmp_path):
    harness = Harness(tmp_path / 'data', QueueingFakeEngine())
    yield harness
    harness.close()


@pytest.fixture
def cluster(service):
    """Four idle nodes."""
    service.make_cluster(scaleSettings=manual(4))
    return service


def give(service, name, *numbers):
    service.engine.give(service.running_launch(name).id, *numbers)
    service.turn()


def launch(service, name):
    return service.engine.launches[service.running_launch(name).id]


def errors(service, name):
    return [error['message'] for error in service.job(name)['executionInfo']['errors']]
