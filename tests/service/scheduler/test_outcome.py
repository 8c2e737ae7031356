import pytest

from azext_batchai.arm.states import JobState
from azext_batchai.service.engines.base import LaunchState, Observation
from azext_batchai.service.scheduler.outcome import (
    MOST_LOST_ATTEMPTS, Finished, NextStage, Requeued, error, failed, outcome, stopped)
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.store.launches import MAIN, PREPARATION


def ended(*codes):
    return Observation(LaunchState.ENDED, codes)


LOST = Observation(LaunchState.LOST, (None,))


@pytest.mark.parametrize('purpose, codes, state, exit_code, error_code', [
    (MAIN, (0,), JobState.SUCCEEDED, 0, None),
    (MAIN, (0, 0), JobState.SUCCEEDED, 0, None),
    (MAIN, (1,), JobState.FAILED, 1, 'JobFailed'),
    (MAIN, (127,), JobState.FAILED, 127, 'JobFailed'),
    (MAIN, (0, 3, 5), JobState.FAILED, 3, 'JobFailed'),
    (PREPARATION, (0, 2), JobState.FAILED, 2, 'JobPreparationFailed'),
])
def test_the_exit_codes_decide(purpose, codes, state, exit_code, error_code):
    found = outcome(purpose, ended(*codes), None, 1)
    assert (found.state, found.exit_code) == (state, exit_code)
    assert [problem['code'] for problem in found.errors] == ([error_code] if error_code else [])


def test_a_preparation_that_worked_is_followed_by_the_job():
    assert outcome(PREPARATION, ended(0, 0), None, 1) == NextStage()


@pytest.mark.parametrize('reason, code, said', [
    (StopReason.TERMINATE, 'JobTerminated', 'The specified job has been terminated by the user'),
    (StopReason.DELETE, 'JobTerminated', 'The specified job has been terminated by the user'),
    (StopReason.RESIZE_TERMINATE, 'JobTerminated', 'resized'),
    (StopReason.CLUSTER_DELETED, 'JobTerminated', 'cluster was deleted'),
    (StopReason.WALL_CLOCK, 'JobMaxWallClockTimeExceeded', 'maxWallClockTime'),
])
@pytest.mark.parametrize('observation', [ended(143), ended(0), LOST], ids=['stopped', 'ended by itself', 'lost'])
def test_a_job_stopped_for_good_fails_without_exit_code(reason, code, said, observation):
    found = outcome(MAIN, observation, reason, 1)
    assert (found.state, found.exit_code) == (JobState.FAILED, None)
    assert found.errors[0]['code'] == code
    assert said in found.errors[0]['message']
    assert found == stopped(reason)


@pytest.mark.parametrize('observation', [ended(143), LOST], ids=['stopped', 'lost'])
def test_a_job_in_the_way_of_a_resize_is_queued_again_however_often(observation):
    found = outcome(MAIN, observation, StopReason.RESIZE_REQUEUE, 99)
    assert isinstance(found, Requeued) and 'resized' in found.why


@pytest.mark.parametrize('observation, reason', [
    pytest.param(LOST, None, id='the launch is lost'),
    pytest.param(ended(143), StopReason.NODE_LOST, id='a node is lost'),
])
def test_a_lost_attempt_is_repeated_but_not_for_ever(observation, reason):
    for attempt in range(1, MOST_LOST_ATTEMPTS):
        assert isinstance(outcome(MAIN, observation, reason, attempt), Requeued), attempt
    found = outcome(MAIN, observation, reason, MOST_LOST_ATTEMPTS)
    assert isinstance(found, Finished)
    assert (found.state, found.exit_code, found.errors[0]['code']) == (JobState.FAILED, None, 'JobNodeLost')


def test_a_lost_preparation_is_no_failed_preparation():
    assert isinstance(outcome(PREPARATION, LOST, None, 1), Requeued)


def test_reasons_that_requeue_have_no_end():
    with pytest.raises(KeyError):
        stopped(StopReason.RESIZE_REQUEUE)


def test_errors_have_the_shape_of_the_wire():
    assert error('C', 'm') == {'code': 'C', 'message': 'm'}
    assert error('C', 'm', nodeId='n') == {'code': 'C', 'message': 'm', 'details': [{'name': 'nodeId', 'value': 'n'}]}
    assert failed('C', 'm', -1) == Finished(JobState.FAILED, -1, [{'code': 'C', 'message': 'm'}])
