"""What the service says of itself: capacity, trouble and findings of an engine with a queue of its own."""
import os
import threading

import pytest
from harness import SUBSCRIPTION, Harness, manual

from azext_batchai.service.engines.fake import QueueingFakeEngine
from azext_batchai.service.handlers import service_info

USAGES = f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/locations/eastus/usages'


class Telling(QueueingFakeEngine):
    """Says what it is told to."""
    told: list[str] = []

    def capacity(self):
        return {'cores': 4096, 'gpus': 512}

    def findings(self):
        return self.told


@pytest.fixture
def queueing(tmp_path):
    made = Harness(tmp_path / 'data', Telling())
    yield made
    made.close()


def show(harness):
    response = harness.get('/batchai/service')
    assert response.status_code == 200, response.text
    return response.json()


def test_processes_have_the_capacity_of_this_machine_and_nothing_to_complain_of(harness):
    shown = show(harness)
    assert shown['capacity']['cores'] == os.cpu_count()
    assert (shown['trouble'], shown['findings']) == (None, [])


def test_capacity_and_findings_are_those_of_the_engine(queueing):
    queueing.engine.told = ['set batch_sched_delay=0', 'set Epilog=/bin/true']
    shown = show(queueing)
    assert shown['engine'] == queueing.engine.name and shown['capacity'] == {'cores': 4096, 'gpus': 512}
    assert shown['findings'] == queueing.engine.told and shown['trouble'] is None


def test_trouble_is_told_and_nobody_is_asked_for_findings_then(queueing):
    def fail():
        raise AssertionError('asked')
    queueing.engine.findings = fail
    queueing.engine.said = 'slurmctld does not answer'
    shown = show(queueing)
    assert (shown['trouble'], shown['findings']) == ('slurmctld does not answer', [])


def test_findings_that_take_long_are_left_out(queueing, monkeypatch):
    monkeypatch.setattr(service_info, '_PATIENCE_SECONDS', 0.05)
    told = threading.Event()
    queueing.engine.findings = lambda: [str(told.wait(20))]
    try:
        assert show(queueing)['findings'] == []
    finally:
        told.set()


def test_the_limit_of_cores_is_what_the_engine_has(queueing):
    queueing.engine.cores = 48
    queueing.make_cluster(scaleSettings=manual(3))
    _, dedicated, low = queueing.get(USAGES).json()['value']
    assert (dedicated['currentValue'], dedicated['limit']) == (144, 4096)
    assert (low['currentValue'], low['limit']) == (0, 4096)
