"""What a turn costs beside a queue of the engine: steps of SQLite, which no clock changes."""
import pytest
from harness import Harness, manual

from azext_batchai.service.engines.fake import QueueingFakeEngine

# Jobs that wait are counted; nothing else is read of them.
STEPS_TO_COUNT_ONE = 5


@pytest.fixture
def service(tmp_path):
    harness = Harness(tmp_path / 'data', QueueingFakeEngine())
    harness.make_cluster(scaleSettings=manual(2))
    yield harness
    harness.close()


def fill(service, count):
    """Submit jobs until the engine has that many."""
    for number in range(len(service.engine.launches), count):
        service.submit(f'j{number}')
    while len(service.engine.launches) < count:
        service.turn()
    service.turn()


def steps(service, act):
    counted = []
    connection = service.store.database.connection
    connection.set_progress_handler(lambda: counted.append(1), 1)
    act()
    connection.set_progress_handler(None, 0)
    return len(counted)


def begin_one(service, name):
    service.engine.give(service.running_launch(name).id, 1)
    found = steps(service, service.turn)
    assert service.state(name) == 'running'
    service.end(name)
    return found


def test_jobs_that_wait_in_the_queue_of_the_engine_are_counted_and_not_read(service):
    fill(service, 20)
    few, few_with_a_start = steps(service, service.turn), begin_one(service, 'j0')
    fill(service, 220)
    assert steps(service, service.turn) - few <= 200 * STEPS_TO_COUNT_ONE
    assert begin_one(service, 'j1') - few_with_a_start <= 200 * STEPS_TO_COUNT_ONE
