import json

import pytest

from azext_batchai.arm.states import JobState
from azext_batchai.service.scheduler.outcome import (
    MOST_LOST_ATTEMPTS, REJECTED, Finished, LaunchEnd, NextStage, Requeued, error, failed, outcome, read_end, stopped)
from azext_batchai.service.scheduler.plan import StopReason
from azext_batchai.service.store.launches import CONTAINER, MAIN, PREPARATION


def ended(code=0, reason=None):
    failure = error('JobFailed', 'it failed') if code else None
    return LaunchEnd('ended', (code,), reason, failure, code)


def lost(reason=None):
    return LaunchEnd('lost', (None,), reason)


def test_a_job_whose_processes_ended_well_has_succeeded():
    assert outcome(MAIN, ended(), 0) == Finished(JobState.SUCCEEDED, 0)


@pytest.mark.parametrize('purpose', [MAIN, PREPARATION, CONTAINER])
@pytest.mark.parametrize('reason', [None, StopReason.TASK_FAILED])
def test_a_failure_is_that_of_the_job(purpose, reason):
    assert outcome(purpose, ended(3, reason), 0) == Finished(JobState.FAILED, 3, [error('JobFailed', 'it failed')])


def test_processes_that_were_ended_when_the_work_was_done_are_no_failure():
    assert outcome(MAIN, LaunchEnd('ended', (0, 143), StopReason.WORK_DONE), 0) == Finished(JobState.SUCCEEDED, 0)


def test_a_launch_that_could_not_begin_is_a_failure_before_the_users_code():
    failure = error('AZFMountError', 'no such share')
    assert outcome(PREPARATION, LaunchEnd(REJECTED, (), None, failure, -1), 0) == Finished(
        JobState.FAILED, -1, [failure])


def test_how_a_launch_ended_survives_the_store():
    end = LaunchEnd('ended', (0, 3), StopReason.TASK_FAILED, error('JobFailed', 'm', nodeId='n'), 3)
    assert read_end(json.loads(json.dumps(end.as_record()))) == end


def test_a_preparation_that_worked_is_followed_by_the_job():
    assert outcome(PREPARATION, ended(), 0) == NextStage()


@pytest.mark.parametrize('reason, code, said', [
    (StopReason.TERMINATE, 'JobTerminated', 'The specified job has been terminated by the user'),
    (StopReason.DELETE, 'JobTerminated', 'The specified job has been terminated by the user'),
    (StopReason.RESIZE_TERMINATE, 'JobTerminated', 'resized'),
    (StopReason.CLUSTER_DELETED, 'JobTerminated', 'cluster was deleted'),
    (StopReason.WALL_CLOCK, 'JobMaxWallClockTimeExceeded', 'maxWallClockTime'),
])
@pytest.mark.parametrize('end', [lambda reason: ended(143, reason), lambda reason: ended(0, reason), lost],
                         ids=['stopped', 'ended by itself', 'lost'])
def test_a_job_stopped_for_good_fails_without_exit_code(reason, code, said, end):
    found = outcome(MAIN, end(reason), 1)
    assert (found.state, found.exit_code) == (JobState.FAILED, None)
    assert found.errors[0]['code'] == code
    assert said in found.errors[0]['message']
    assert found == stopped(reason)


@pytest.mark.parametrize('reason, why', [(StopReason.RESIZE_REQUEUE, 'resized'), (StopReason.EVICTED, 'taken away')])
@pytest.mark.parametrize('end', [lambda reason: ended(143, reason), lost], ids=['stopped', 'lost'])
def test_a_job_in_the_way_is_queued_again_however_often(end, reason, why):
    found = outcome(MAIN, end(reason), 99)
    assert isinstance(found, Requeued) and why in found.why


@pytest.mark.parametrize('end', [
    pytest.param(lost(), id='the launch is lost'),
    pytest.param(ended(143, StopReason.NODE_LOST), id='a node is lost'),
])
def test_a_lost_attempt_is_repeated_but_not_for_ever(end):
    for attempt in range(1, MOST_LOST_ATTEMPTS):
        assert isinstance(outcome(MAIN, end, attempt), Requeued), attempt
    found = outcome(MAIN, end, MOST_LOST_ATTEMPTS)
    assert isinstance(found, Finished)
    assert (found.state, found.exit_code, found.errors[0]['code']) == (JobState.FAILED, None, 'JobNodeLost')


def test_a_lost_preparation_is_no_failed_preparation():
    assert isinstance(outcome(PREPARATION, lost(), 1), Requeued)


def test_reasons_that_requeue_have_no_end():
    with pytest.raises(KeyError):
        stopped(StopReason.RESIZE_REQUEUE)


def test_errors_have_the_shape_of_the_wire():
    assert error('C', 'm') == {'code': 'C', 'message': 'm'}
    assert error('C', 'm', nodeId='n') == {'code': 'C', 'message': 'm', 'details': [{'name': 'nodeId', 'value': 'n'}]}
    assert failed('C', 'm', -1) == Finished(JobState.FAILED, -1, [{'code': 'C', 'message': 'm'}])
