from types import SimpleNamespace

import pytest

from azext_batchai.remote.job_end import ending, exit_status, report


def job(state, code=None, *errors, info=True):
    found = [SimpleNamespace(code=name, message=message) for name, message in errors]
    return SimpleNamespace(name='j', execution_state=state, execution_info=SimpleNamespace(
        exit_code=code, errors=found or None) if info else None)


TERMINATED = ('JobTerminated', 'The specified job has been terminated by the user')
FAILED = ('JobFailed', 'Job failed with non-zero\n exit code')


@pytest.mark.parametrize('finished, status', [
    (job('succeeded', 0), 0),
    (job('succeeded', None), 0),
    (job('succeeded', info=False), 0),
    (job('failed', 7, FAILED), 7),
    (job('failed', 255), 255),
    (job('failed', 127, TERMINATED), 127),
    (job('failed', None, TERMINATED), 143),
    (job('failed', None, ('JobMaxWallClockTimeExceeded', 'too long')), 1),
    (job('failed', info=False), 1),
    (job('failed', 0), 1),
    (job('failed', -1), 255),
    (job('failed', 256), 1),
    (job('failed', 3 << 8 | 9), 9),
    (job('failed', -1073741819), 5),
], ids=['succeeded', 'no code', 'no info', 'own code', 'largest', 'code before reason', 'terminated', 'too long',
        'failed without a word', 'failed with 0', 'negative', '256', 'beyond a byte', 'a Windows code'])
def test_the_exit_status_is_the_jobs_own_and_never_hides_a_failure(finished, status):
    assert exit_status(finished) == status


@pytest.mark.parametrize('finished, said', [
    (job('failed', 7, FAILED), "Job 'j' failed with exit code 7: Job failed with non-zero exit code (JobFailed)"),
    (job('failed', None, TERMINATED),
     "Job 'j' failed: The specified job has been terminated by the user (JobTerminated)"),
    (job('failed', 1), "Job 'j' failed with exit code 1"),
    (job('failed', info=False), "Job 'j' failed"),
    (job('failed', -1, ('X', None), FAILED),
     "Job 'j' failed with exit code -1: Job failed with non-zero exit code (JobFailed)"),
])
def test_the_end_is_told_in_one_line(finished, said):
    assert ending(finished) == said


def failure(**details):
    found = job('failed', 1, ('JobFailed', 'the first to fail was rank 0'))
    found.execution_info.errors[0].details = [SimpleNamespace(name=name, value=value)
                                              for name, value in details.items()]
    return found


def test_the_report_adds_the_details_that_the_line_does_not_have():
    assert report(failure(nodeId='tvm-1', process='rank 0', stderr='Traceback:\nKeyError: 1')).split('\n') == [
        "Job 'j' failed with exit code 1: the first to fail was rank 0 (JobFailed)",
        '  nodeId: tvm-1',
        '  stderr:',
        '    Traceback:',
        '    KeyError: 1']


def test_the_report_shows_of_a_progress_bar_what_a_terminal_would():
    assert report(failure(stderr='\x1b[31m10%\r99%\x1b[0m')).split('\n')[1:] == ['  stderr: 99%']


def test_the_report_of_a_job_without_details_is_the_line_alone():
    done = job('failed', None, TERMINATED)
    done.execution_info.errors[0].details = None
    assert report(done) == ending(done)
