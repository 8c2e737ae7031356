"""The files in one of a job's output directories, as the service lists and sends them."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterator

from azure.cli.core.azclierror import AzureConnectionError

from azext_batchai.arm.held_requests import FILES, NAMES, folder_digest, prefer
from azext_batchai.remote.linked_file import LinkReader
from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.trouble import ConnectionLost


@dataclass(frozen=True)
class FileEntry:
    """`size` in bytes as listed; the file may have grown since."""
    name: str
    link: str
    size: int


class RemoteJobFiles:
    """The files directly in `path` of the directory `directory_id`. Every method may raise Trouble or JobGone."""

    def __init__(self, job: RemoteJob, directory_id: str = 'stdouterr', path: str = '.'):
        self.job = job
        self.directory_id = directory_id
        self.path = path
        self._reader: LinkReader | None = None
        self._known: list[tuple[str, int]] | None = None

    def entries(self, hold: float = 0.0, growth: bool = False) -> list[FileEntry]:
        """The files there are, by name; none while the directory itself is missing.

        With `hold` the service may wait that many seconds for a name to come or go or, with `growth`, a size to change.
        """
        from azure.mgmt.batchai.models import JobsListOutputFilesOptions
        options = JobsListOutputFilesOptions(outputdirectoryid=self.directory_id, directory=self.path)
        items: list[Any] = self.job.asked(
            lambda: list(self.job.client.jobs.list_output_files(*self.job.place, options,
                                                                headers=self._held(hold, growth))), missing=[])
        self._known = [(item.name, item.content_length or 0) for item in items]
        return [FileEntry(item.name, item.download_url, item.content_length or 0) for item in items
                if item.download_url]

    def _held(self, hold: float, growth: bool) -> dict[str, str]:
        if self._known is None:
            return {}
        known = [(name, size if growth else 0) for name, size in self._known]
        return prefer(hold, FILES if growth else NAMES, folder_digest(known))

    def read(self, link: str, offset: int, hold: float = 0.0) -> Iterator[bytes]:
        """As LinkReader.read. Raises LinkExpired too when the service has moved."""
        if self._reader is None:
            self._reader = LinkReader(self.job.client.connection)
        try:
            yield from self._reader.read(link, offset, hold)
        except (ConnectionLost, AzureConnectionError):
            self._reader = None
            self.job.reconnect()
            raise

    def is_finished(self) -> bool:
        """Whether the job has ended, as it is now."""
        self.job.look()
        return self.job.is_finished

    def standing(self) -> str:
        return self.job.standing()
