import pytest
from azure.cli.core.azclierror import ManualInterrupt

from azext_batchai.remote.waiting import quick_polling, run_operation


class Poller:
    def __init__(self, outcome):
        self.outcome = outcome

    def wait(self, timeout=None):
        if self.outcome is KeyboardInterrupt:
            raise KeyboardInterrupt

    def done(self):
        return True

    def result(self):
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def test_result_is_waited_for():
    assert run_operation(None, lambda polling: Poller('made'), False, 'It') == 'made'


def test_no_wait_neither_polls_nor_returns():
    asked = []
    assert run_operation(None, lambda polling: asked.append(polling), True, 'It') is None
    assert asked == [False]


def test_failure_passes():
    with pytest.raises(ValueError):
        run_operation(None, lambda polling: Poller(ValueError()), False, 'It')


def test_interrupted_wait_says_what_goes_on():
    with pytest.raises(ManualInterrupt, match="The deletion of job 'j' goes on in the background"):
        run_operation(None, lambda polling: Poller(KeyboardInterrupt), False, "The deletion of job 'j'")


def test_pauses_start_short_and_stay_below_a_second(monkeypatch):
    monkeypatch.setattr('azure.core.polling.base_polling.get_retry_after', lambda response: None)
    polling = quick_polling()
    polling._pipeline_response = None
    pauses = [polling._extract_delay() for _ in range(30)]
    assert pauses[0] < 0.05 and pauses == sorted(pauses) and pauses[-1] <= 1.0


def test_retry_after_rules(monkeypatch):
    monkeypatch.setattr('azure.core.polling.base_polling.get_retry_after', lambda response: 7)
    polling = quick_polling()
    polling._pipeline_response = None
    assert polling._extract_delay() == 7
