"""The states and enumerations of the wire, one spelling each (API 2018-05-01, lower case as the service sent them)."""
from __future__ import annotations

from enum import Enum


class _Text(str, Enum):
    def __str__(self) -> str:
        return self.value


class ProvisioningState(_Text):
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'
    DELETING = 'deleting'


class AllocationState(_Text):
    STEADY = 'steady'
    RESIZING = 'resizing'


class JobState(_Text):
    """`executionState` of a job."""
    QUEUED = 'queued'
    RUNNING = 'running'
    TERMINATING = 'terminating'
    SUCCEEDED = 'succeeded'
    FAILED = 'failed'


FINISHED_JOB_STATES = frozenset({JobState.SUCCEEDED, JobState.FAILED})


class NodeState(_Text):
    """What `nodeStateCounts` counts."""
    PREPARING = 'preparing'
    IDLE = 'idle'
    RUNNING = 'running'
    LEAVING = 'leaving'
    UNUSABLE = 'unusable'


class OperationStatus(_Text):
    """Status of a long-running operation; capitalised on the wire, unlike resource states."""
    IN_PROGRESS = 'InProgress'
    SUCCEEDED = 'Succeeded'
    FAILED = 'Failed'


class DeallocationOption(_Text):
    """What becomes of running jobs when a manual cluster shrinks."""
    REQUEUE = 'requeue'
    TERMINATE = 'terminate'
    WAIT = 'waitforjobcompletion'


# Higher runs first. The flat API versions had any number from -1000 to 1000, so a level stands for its end of them.
JOB_PRIORITIES = {'low': -1000, 'normal': 0, 'high': 1000}

# Settings block of a job -> the toolType the service computes from it.
TOOL_TYPES = {
    'cntkSettings': 'cntk',
    'pyTorchSettings': 'pytorch',
    'tensorFlowSettings': 'tensorflow',
    'caffeSettings': 'caffe',
    'caffe2Settings': 'caffe2',
    'chainerSettings': 'chainer',
    'customToolkitSettings': 'custom',
    'customMpiSettings': 'custommpi',
    'horovodSettings': 'horovod',
}
