"""Follow a file that a job writes, from its first byte to its last."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Protocol

from azure.cli.core.azclierror import AzCLIError, AzureConnectionError, ResourceNotFoundError
from knack.log import get_logger

from azext_batchai.arm.states import FINISHED_JOB_STATES
from azext_batchai.remote import errors

logger = get_logger(__name__)

POLL_SECONDS = 0.15
STATE_SECONDS = 0.5
PATIENCE_SECONDS = 60.0
QUIET_SECONDS = 2.0
_TROUBLE_PAUSE = 0.5
_BLOCK = 64 * 1024


class Trouble(Exception):
    """Something on the way that may pass: no connection, a server error, an expired link."""


class LinkExpired(Trouble):
    """The link has to be asked for again."""


class Rewritten(Exception):
    """The file is shorter than what was read of it: a requeued job writes it anew."""


class JobGone(Exception):
    """The job was deleted."""


class JobFiles(Protocol):
    """What there is to know of a job's files. Each method may raise Trouble or JobGone."""

    def link(self, name: str) -> str | None: ...
    def names(self) -> list[str]: ...
    def is_finished(self) -> bool: ...
    def standing(self) -> str: ...
    def read(self, link: str, offset: int) -> Iterator[bytes]: ...


class Writer(Protocol):
    """Where the file is copied to."""

    def write(self, content: bytes, /) -> Any: ...
    def flush(self) -> None: ...


@dataclass
class Follower:
    """Copies the file `name` to `out` as it grows, until the job has finished and the file is read to its end."""
    files: JobFiles
    name: str
    out: Writer
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    _link: str | None = None
    _offset: int = 0
    _finished: bool = False
    _state_due: float = float('-inf')
    _trouble_since: float | None = None
    _quiet_until: float | None = None

    def run(self) -> bool:
        """Whether the file ever appeared."""
        self._quiet_until = self.clock() + QUIET_SECONDS
        while True:
            try:
                done = self._step()
            except Trouble as trouble:
                self._endure(trouble)
                continue
            self._trouble_since = None
            if done:
                return self._link is not None

    def _step(self) -> bool:
        """One look at the file; True after the look that followed the news that the job has finished."""
        last_look = self._finished
        self._link = self._link or self.files.link(self.name)
        copied = self._copy() if self._link else 0
        if last_look:
            return True
        if copied:
            self.sleep(POLL_SECONDS)
        elif self.clock() >= self._state_due:
            self._finished = self.files.is_finished()
            self._state_due = self.clock() + STATE_SECONDS
            if not self._finished:
                self._explain_waiting()
                self.sleep(POLL_SECONDS)
        else:
            self.sleep(POLL_SECONDS)
        return False

    def _explain_waiting(self) -> None:
        """Say once what is waited for, when the file lets itself be waited for."""
        if self._link or self._quiet_until is None or self.clock() < self._quiet_until:
            return
        self._quiet_until = None
        logger.warning("Waiting for '%s'; %s", self.name, self.files.standing())

    def _copy(self) -> int:
        """Everything the file holds beyond what was copied before."""
        start = self._offset
        try:
            for block in self.files.read(str(self._link), start):
                self.out.write(block)
                self._offset += len(block)
        except Rewritten:
            start = self._offset = 0
        finally:
            self.out.flush()
        return self._offset - start

    def _endure(self, trouble: Trouble) -> None:
        now = self.clock()
        if self._trouble_since is None:
            self._trouble_since = now
            logger.info('%s; trying again for %d seconds', trouble, PATIENCE_SECONDS)
        elif now - self._trouble_since > PATIENCE_SECONDS:
            raise AzureConnectionError(f"Reading '{self.name}' failed for {PATIENCE_SECONDS:.0f} seconds: {trouble}. "
                                       "The job goes on; the service's log: 'az batchai service logs'.") from trouble
        if isinstance(trouble, LinkExpired):
            self._link = None
        self.sleep(_TROUBLE_PAUSE)


@dataclass
class RemoteJobFiles:
    """JobFiles of a job of the service. `reconnected` makes a client of what this profile is connected to by then."""
    client: Any
    group: str
    workspace: str
    experiment: str
    job: str
    directory_id: str
    path: str
    reconnected: Callable[[], Any] | None = None
    _session: Any = None
    _job: Any = None

    def link(self, name: str) -> str | None:
        return next((item.download_url for item in self._list() if item.name == name and item.download_url), None)

    def names(self) -> list[str]:
        return [item.name for item in self._list() if item.download_url]

    def is_finished(self) -> bool:
        self._job = self._asked(lambda: self.client.jobs.get(self.group, self.workspace, self.experiment, self.job))
        return self._job.execution_state in FINISHED_JOB_STATES

    def standing(self) -> str:
        """How the job stood at the last `is_finished`, and what keeps it queued if the service knows."""
        info = self._job.execution_info
        reasons = [item.message for item in info.errors or [] if item.message] if info else []
        return ': '.join([f"job '{self.job}' is {self._job.execution_state}", *reasons[:1]])

    def read(self, link: str, offset: int) -> Iterator[bytes]:
        import requests
        headers = {'Range': f'bytes={offset}-', 'Accept-Encoding': 'identity'}
        try:
            with self._http(link).get(link, headers=headers, stream=True, timeout=(10, 60)) as response:
                yield from self._content(response, offset)
        except requests.exceptions.SSLError as error:
            self._reconnect()
            raise AzureConnectionError(f'The storage of the service shows a certificate that is not trusted: {error}')
        except requests.exceptions.RequestException:
            self._reconnect()
            raise Trouble('the connection to the storage of the service was lost') from None

    def _content(self, response: Any, offset: int) -> Iterator[bytes]:
        if response.status_code == 416:  # nothing beyond what was read
            size = response.headers.get('Content-Range', '').rpartition('/')[2]
            if size.isdigit() and int(size) < offset:
                raise Rewritten
            return
        if response.status_code in (401, 403, 404, 410):
            raise LinkExpired(f'the link to the file was refused (HTTP {response.status_code})')
        if response.status_code not in (200, 206):
            raise Trouble(f'the storage of the service answered HTTP {response.status_code}')
        skip = offset if response.status_code == 200 else 0  # the range was not honoured
        for block in response.iter_content(_BLOCK):
            if skip < len(block):
                yield block[skip:]
            skip = max(0, skip - len(block))

    def _list(self) -> list[Any]:
        from azure.mgmt.batchai.models import JobsListOutputFilesOptions
        options = JobsListOutputFilesOptions(outputdirectoryid=self.directory_id, directory=self.path)
        return self._asked(lambda: list(self.client.jobs.list_output_files(
            self.group, self.workspace, self.experiment, self.job, options)), missing=[])

    def _asked(self, ask: Callable[[], Any], missing: Any = None) -> Any:
        """The service's answer; `missing` when it knows no such directory, which the job may still make."""
        from azure.core.exceptions import (
            ClientAuthenticationError, HttpResponseError, ServiceRequestError, ServiceResponseError)
        try:
            return ask()
        except (ServiceRequestError, ServiceResponseError):
            self._reconnect()
            raise Trouble('the connection to the service was lost') from None
        except ClientAuthenticationError:
            self._reconnect()
            raise
        except HttpResponseError as error:
            if errors.error_code(error) == 'DirectoryNotFound':
                return missing
            if errors.is_job_gone(error):
                raise JobGone from None
            if error.status_code is None or error.status_code >= 500 or error.status_code == 429:
                raise Trouble(errors.arm_message(error)) from None
            raise

    def _reconnect(self) -> None:
        """Raises LinkExpired when the service is to be found elsewhere by now, as after a restart on another port."""
        try:
            client = self.reconnected() if self.reconnected else None
        except AzCLIError:
            return  # the service is about to be started or stopped
        if client and client.connection and client.connection != self.client.connection:
            self.client, self._session = client, None
            raise LinkExpired('the service has moved')

    def _http(self, link: str) -> Any:
        """A session without the token: the link itself carries the permission."""
        if self._session is None:
            import requests
            self._session = requests.Session()
            connection = self.client.connection
            if connection and connection.reaches(link):
                self._session.verify = connection.ca_file or True
                self._session.trust_env = not connection.is_loopback
        return self._session


def follow(files: JobFiles, name: str, job: str, out: Writer) -> None:
    """Stream the file `name` of `job` to `out`."""
    try:
        appeared = Follower(files, name, out).run()
    except JobGone:
        raise ResourceNotFoundError(f"Job '{job}' was deleted while '{name}' was being streamed.") from None
    if not appeared:
        present = ', '.join(files.names()) or 'no files'
        raise ResourceNotFoundError(f"Job '{job}' has ended without writing '{name}'; the directory holds: {present}.")
