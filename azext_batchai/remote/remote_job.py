"""A job that is asked about again and again, past restarts of the service."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from azure.cli.core.azclierror import AzCLIError

from azext_batchai.arm.held_requests import STATE, prefer
from azext_batchai.arm.states import FINISHED_JOB_STATES
from azext_batchai.remote import errors
from azext_batchai.remote.trouble import ConnectionLost, JobGone, LinkExpired, Trouble

T = TypeVar('T')


@dataclass
class RemoteJob:
    """A job of the service. `reconnected` makes a client of what this profile is connected to by then."""
    client: Any
    group: str
    workspace: str
    experiment: str
    name: str
    reconnected: Callable[[], Any] | None = None
    seen: Any = None

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What the SDK's methods for a job begin with."""
        return self.group, self.workspace, self.experiment, self.name

    def look(self, hold: float = 0.0) -> Any:
        """The job as it is now, kept as `seen`. Raises Trouble or JobGone.

        With `hold` the service may wait that many seconds for its state to be another one than that seen before.
        """
        headers = prefer(hold, STATE, self.seen.execution_state) if self.seen else {}
        self.seen = self.asked(lambda: self.client.jobs.get(*self.place, headers=headers))
        return self.seen

    @property
    def is_finished(self) -> bool:
        return self.seen is not None and self.seen.execution_state in FINISHED_JOB_STATES

    def standing(self) -> str:
        """How the job stood when it was last seen, and what keeps it queued if the service knows."""
        info = self.seen.execution_info
        reasons = [item.message for item in info.errors or [] if item.message] if info else []
        return ': '.join([f"job '{self.name}' is {self.seen.execution_state}", *reasons[:1]])

    def asked(self, ask: Callable[[], T], missing: T | None = None) -> T:
        """The service's answer to a request about this job. Raises Trouble or JobGone.

        `missing` is returned when the service knows no such directory, which the job may still make.
        """
        from azure.core.exceptions import (
            ClientAuthenticationError, HttpResponseError, ServiceRequestError, ServiceResponseError)
        try:
            return ask()
        except (ServiceRequestError, ServiceResponseError):
            self.reconnect()
            raise ConnectionLost('the connection to the service was lost') from None
        except ClientAuthenticationError:
            self.reconnect()
            raise
        except HttpResponseError as error:
            if missing is not None and errors.error_code(error) == 'DirectoryNotFound':
                return missing
            if errors.is_job_gone(error):
                raise JobGone from None
            if error.status_code is None or error.status_code >= 500 or error.status_code == 429:
                raise Trouble(errors.arm_message(error)) from None
            raise

    def reconnect(self) -> None:
        """Raises LinkExpired when the service is to be found elsewhere by now, as after a restart on another port."""
        try:
            client = self.reconnected() if self.reconnected else None
        except AzCLIError:
            return  # the service is about to be started or stopped
        if client and client.connection and client.connection != self.client.connection:
            self.client = client
            raise LinkExpired('the service has moved')
