from types import SimpleNamespace

import pytest

from azext_batchai.remote.job_end import ending, exit_status


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
