from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import (
    AzureConnectionError, AzureResponseError, InvalidArgumentValueError, ResourceNotFoundError)

from azext_batchai.remote.job_waiting import JobWait, compiled
from azext_batchai.remote.trouble import JobGone, Trouble


def job(state, *errors):
    return SimpleNamespace(name='j', execution_state=state, node_count=2, additional_properties={},
                           execution_info=SimpleNamespace(exit_code=None, errors=list(errors)))


class FakeJob:
    """A job that is in one of `states` after the other, or whose service is in trouble; the last one stays.

    A `holding` service answers when the state has changed or the time is up, another one at once.
    """

    def __init__(self, *states, holding=True):
        self.name, self.seen, self.now = 'j', None, 0.0
        self.states, self.holding, self.holds = list(states), holding, []

    def look(self, hold=0.0):
        self.holds.append(hold)
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, Exception):
            raise state
        same = self.seen is not None and self.seen.execution_state == state
        self.now += hold if self.holding and same else 0.005
        self.seen = job(state)
        return self.seen

    @property
    def is_finished(self):
        return self.seen is not None and self.seen.execution_state in ('succeeded', 'failed')

    def standing(self):
        return f"job 'j' is {self.seen.execution_state}"

    def sleep(self, seconds):
        self.now += seconds
        assert self.now < 10_000, 'waits for ever'


def wait(fake, condition=None, **options):
    return JobWait(fake, condition, clock=lambda: fake.now, sleep=fake.sleep, **options).run().execution_state


def test_the_end_is_waited_for():
    assert wait(FakeJob('queued', 'running', 'running', 'failed')) == 'failed'


def test_a_job_that_was_seen_to_have_ended_is_not_asked_about():
    fake = FakeJob('running')
    fake.seen = job('succeeded')
    assert wait(fake) == 'succeeded' and not fake.holds


def test_each_change_of_state_is_followed_at_once():
    fake = FakeJob('queued', 'running', 'succeeded')
    wait(fake)
    assert fake.now < 0.05


def test_a_service_that_holds_requests_is_asked_every_five_seconds():
    fake = FakeJob(*['running'] * 100, 'succeeded')
    wait(fake)
    assert fake.now > 450


def test_a_service_that_does_not_is_asked_twice_a_second():
    fake = FakeJob(*['running'] * 100, 'succeeded', holding=False)
    wait(fake)
    assert 45 < fake.now < 55


def test_an_interval_is_the_pause_between_two_questions():
    fake = FakeJob(*['running'] * 10, 'succeeded')
    wait(fake, interval=5)
    assert 49 < fake.now < 51 and not any(fake.holds)


@pytest.mark.parametrize('interval', [None, 5.0])
def test_time_that_is_up_ends_the_wait_in_time(interval):
    fake = FakeJob('running')
    with pytest.raises(AzureResponseError, match=r"After 7.5 seconds \(--timeout\) job 'j' is running. It goes on."):
        wait(fake, interval=interval, timeout=7.5)
    assert 7.4 < fake.now < 7.6


def test_a_deleted_job_is_named():
    with pytest.raises(ResourceNotFoundError, match="Job 'j' was deleted while"):
        wait(FakeJob('running', JobGone()))


def test_a_restart_of_the_service_is_outlived():
    assert wait(FakeJob('running', *[Trouble('lost')] * 50, 'succeeded')) == 'succeeded'


def test_a_service_that_stays_away_ends_the_wait():
    with pytest.raises(AzureConnectionError, match="Waiting for job 'j' failed for 60 seconds: lost"):
        wait(FakeJob('running', Trouble('lost')))


def test_a_time_limit_holds_while_the_service_is_away():
    with pytest.raises(AzureResponseError, match='After 3 seconds'):
        wait(FakeJob('running', Trouble('lost')), timeout=3)


def test_why_a_job_stays_queued_is_said_once(caplog):
    fake = FakeJob(*['queued'] * 5, 'succeeded')
    original = fake.look

    def look(hold=0.0):
        found = original(hold)
        found.execution_info.errors = [SimpleNamespace(code='JobTooLargeForCluster', message='needs 3 nodes')]
        return found
    fake.look = look
    wait(fake)
    assert caplog.messages == ["Waiting; job 'j' is queued"]


# --custom

@pytest.mark.parametrize('expression', [
    "executionState=='running'", "nodeCount==`2` && executionState=='running'",
    "contains(['running'], executionState)"])
def test_a_condition_sees_the_job_as_az_shows_it(expression):
    fake = FakeJob('queued', 'queued', 'running')
    assert wait(fake, compiled(expression)) == 'running'


def test_a_condition_that_a_finished_job_does_not_meet_ends_the_wait():
    with pytest.raises(AzureResponseError, match="Job 'j' failed; what --custom asks for cannot come true any more"):
        wait(FakeJob('running', 'failed'), compiled("executionState=='succeeded'"))


def test_a_condition_may_be_met_by_a_failed_job():
    assert wait(FakeJob('running', 'failed'), compiled("executionState=='failed'")) == 'failed'


def test_a_condition_on_something_else_than_the_state_is_looked_at_every_second():
    fake = FakeJob('running')
    calls = []
    assert wait(fake, lambda job: calls.append(1) or len(calls) > 10) == 'running'
    assert 8 < fake.now < 12


@pytest.mark.parametrize('expression', ["executionState=='runn", '[', 'nonsense(@)', 'abs(executionState)'])
def test_an_unusable_expression_is_refused_in_one_line(expression):
    with pytest.raises(InvalidArgumentValueError) as caught:
        compiled(expression)(job('running'))
    assert f"--custom '{expression}' is not a usable JMESPath expression" in str(caught.value)
    assert '\n' not in str(caught.value) and "executionState=='running'" in str(caught.value)
