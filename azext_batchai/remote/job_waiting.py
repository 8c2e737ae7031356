"""Wait for the end of a job, or for what else is wished of it."""
from __future__ import annotations

import time
from typing import Any, Callable

from azure.cli.core.azclierror import AzureResponseError, InvalidArgumentValueError, ResourceNotFoundError
from knack.log import get_logger

from azext_batchai.arm.states import JobState
from azext_batchai.remote.job_end import ending
from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.trouble import JobGone, Patience, Trouble

logger = get_logger(__name__)

# How long the service may hold the question whether the state has changed, and how often a service is asked that does
# not. Other things than the state may be wished for; they are looked at every second.
_HOLD_SECONDS = 5.0
_HOLD_FOR_OTHERS_SECONDS = 1.0
_POLL_SECONDS = 0.5

Condition = Callable[[Any], bool]


def compiled(expression: str, example: str = "executionState=='running'") -> Condition:
    """A JMESPath expression as a test of a resource. Raises InvalidArgumentValueError, which shows the `example`, here
    or when it is applied."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    def refuse(error: Exception) -> InvalidArgumentValueError:
        problem = ' '.join(str(error).split())
        return InvalidArgumentValueError(f"--custom '{expression}' is not a usable JMESPath expression ({problem}). "
                                         f'Write for example --custom "{example}".')
    try:
        query = jmespath.compile(expression)
    except JMESPathError as error:
        raise refuse(error) from None

    def holds(job: Any) -> bool:
        from azure.cli.core.commands import AzCliCommandInvoker
        from azure.cli.core.util import todict
        try:
            return bool(query.search(todict(job, AzCliCommandInvoker.remove_additional_prop_layer)))
        except JMESPathError as error:
            raise refuse(error) from None
    return holds


class JobWait:
    """Waits for the end of `job`, or until `condition` holds of it.

    `interval` are the seconds between two questions; without it the service is left to say when there is news, and
    the end is known within moments. `timeout` seconds are the longest wait.
    """

    def __init__(self, job: RemoteJob, condition: Condition | None = None, interval: float | None = None,
                 timeout: float | None = None, say: Callable[[str], None] = lambda message: None,
                 clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep):
        self._job = job
        self._condition = condition
        self._interval = interval
        self._say = say
        self._clock = clock
        self._sleep = sleep
        self._timeout = timeout
        self._deadline = clock() + timeout if timeout is not None else float('inf')
        self._explained = False

    def run(self) -> Any:
        """The job as it was when the wait was over.

        Raises ResourceNotFoundError when the job is deleted, AzureResponseError when time is up or a job has ended
        without meeting the condition, AzureConnectionError when the service stays away.
        """
        patience = Patience(f"Waiting for job '{self._job.name}'", self._clock, self._sleep)
        if self._job.seen and self._is_over(self._job.seen):
            return self._job.seen
        while True:
            began, before = self._clock(), self._job.seen and self._job.seen.execution_state
            try:
                job = self._job.look(self._hold())
            except Trouble as trouble:
                patience.bear(trouble)
                self._check_time()
                continue
            except JobGone:
                raise ResourceNotFoundError(f"Job '{self._job.name}' was deleted while this command waited for it; "
                                            'how it would have ended is not known.') from None
            patience.relieve()
            if self._is_over(job):
                return job
            self._check_time()
            self._explain()
            self._pause(began, job.execution_state != before)

    def _pause(self, began: float, has_changed: bool) -> None:
        """Until the next question. A service that held the last one has paused already."""
        now = self._clock()
        pause = self._interval or (0.0 if has_changed else max(0.0, _POLL_SECONDS - (now - began)))
        self._sleep(min(pause, max(0.0, self._deadline - now)))

    def _hold(self) -> float:
        if self._interval is not None:
            return 0.0
        longest = _HOLD_FOR_OTHERS_SECONDS if self._condition else _HOLD_SECONDS
        return max(0.0, min(longest, self._deadline - self._clock()))

    def _is_over(self, job: Any) -> bool:
        if self._condition is None:
            return self._job.is_finished
        if self._condition(job):
            return True
        if self._job.is_finished:
            raise AzureResponseError(f'{ending(job)}; what --custom asks for cannot come true any more.')
        return False

    def _check_time(self) -> None:
        if self._clock() >= self._deadline:
            standing = self._job.standing() if self._job.seen else f"job '{self._job.name}' was not seen"
            raise AzureResponseError(f'After {self._timeout:g} seconds (--timeout) {standing}. It goes on.')

    def _explain(self) -> None:
        """Say once why the job waits, when its cluster as it is set never starts it."""
        standing = self._job.standing()
        self._say(f'Waiting: {standing}')
        info = self._job.seen.execution_info
        if self._job.seen.execution_state == JobState.QUEUED and info and info.errors and not self._explained:
            self._explained = True
            logger.warning('Waiting; %s', standing)
