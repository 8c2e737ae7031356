import itertools

import pytest

from azext_batchai.arm.states import JobState, NodeState
from azext_batchai.service.scheduler.lifecycle import IllegalTransition, check_job, check_node

JOB = {
    ('queued', 'running'), ('queued', 'failed'),
    ('running', 'succeeded'), ('running', 'failed'), ('running', 'terminating'), ('running', 'queued'),
    ('terminating', 'failed'),
}
NODE = {
    ('preparing', 'idle'), ('preparing', 'unusable'), ('preparing', 'leaving'),
    ('idle', 'running'), ('idle', 'unusable'), ('idle', 'leaving'),
    ('running', 'idle'), ('running', 'leaving'),
    ('unusable', 'preparing'), ('unusable', 'idle'), ('unusable', 'leaving'),
}


@pytest.mark.parametrize('current, following', list(itertools.product(JobState, JobState)))
def test_job(current, following):
    if (current.value, following.value) in JOB:
        check_job(current.value, following)
    else:
        with pytest.raises(IllegalTransition, match=f'a job cannot go from {current} to {following}'):
            check_job(current.value, following)


@pytest.mark.parametrize('current, following', list(itertools.product(NodeState, NodeState)))
def test_node(current, following):
    if (current.value, following.value) in NODE:
        check_node(current.value, following)
    else:
        with pytest.raises(IllegalTransition, match=f'a node cannot go from {current} to {following}'):
            check_node(current.value, following)
