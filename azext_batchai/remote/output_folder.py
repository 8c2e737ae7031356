"""An output directory of a job as a download sees it: folders to list, and files of a known version to read."""
from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, Iterator

from azure.cli.core.azclierror import AzureConnectionError

from azext_batchai.remote.linked_file import LinkReader
from azext_batchai.remote.remote_job import RemoteJob
from azext_batchai.remote.trouble import ConnectionLost, Rewritten

_BLOCK = 256 * 1024


@dataclass(frozen=True)
class RemoteFile:
    """`size` in bytes and `modified` in seconds since the epoch, both as listed: the file may have changed since."""
    name: str
    size: int
    modified: int
    link: str


@dataclass(frozen=True)
class Listing:
    """What lies directly in a folder, by name."""
    files: list[RemoteFile] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Content:
    """A file from byte `start` to byte `size`, its end. `version` stays the same as long as the file does.

    Without `version` nothing is known to compare; without `modified` (seconds) the time is that of the listing.
    """
    version: str
    modified: int | None
    start: int
    size: int
    blocks: Iterator[bytes]


class OutputFolder:
    """The folder `path` (``.`` for all of it) of the output directory `directory_id`.

    Every method may raise Trouble or JobGone.
    """

    def __init__(self, job: RemoteJob, directory_id: str, path: str = '.'):
        self.job = job
        self.directory_id = directory_id
        self.path = path
        self._reader: LinkReader | None = None

    def listed(self, folder: str = '') -> Listing:
        """What lies in `folder`, a path below our own; nothing when it has gone. Our own is an error when missing."""
        from azure.mgmt.batchai.models import JobsListOutputFilesOptions
        options = JobsListOutputFilesOptions(outputdirectoryid=self.directory_id, directory=self._inner(folder))
        items: list[Any] = self.job.asked(
            lambda: list(self.job.client.jobs.list_output_files(*self.job.place, options)),
            missing=[] if folder else None)
        return Listing([RemoteFile(item.name, item.content_length or 0, int(item.last_modified.timestamp()),
                                   item.download_url) for item in items if item.download_url],
                       [item.name for item in items if not item.download_url])

    def _inner(self, folder: str) -> str:
        return '/'.join(part for part in (self.path, folder) if part not in ('', '.')) or '.'

    @contextmanager
    def opened(self, link: str, offset: int, version: str) -> Iterator[Content]:
        """The file from `offset` on while it is still `version`, else from its start.

        Raises Rewritten when it is now too short for that.
        """
        headers = {'Range': f'bytes={offset}-', **({'If-Range': version} if version else {})}
        if self._reader is None:
            self._reader = LinkReader(self.job.client.connection)
        try:
            with self._reader.answer(link, headers) as response:
                yield _content(response, offset, version)
        except (ConnectionLost, AzureConnectionError):
            self._reader = None
            self.job.reconnect()
            raise


def _content(response: Any, offset: int, version: str) -> Content:
    headers = response.headers
    span, _, size = headers.get('Content-Range', '').rpartition('/')
    if response.status_code == 416:
        if size != str(offset) or (offset and not version):
            raise Rewritten
        return Content(version, None, offset, offset, iter(()))  # all of it is there
    modified = _seconds(headers.get('Last-Modified'))
    version = headers.get('ETag') or headers.get('Last-Modified') or ''
    if response.status_code == 200:
        return Content(version, modified, 0, int(headers['Content-Length']), response.iter_content(_BLOCK))
    start = int(span.removeprefix('bytes ').partition('-')[0])
    return Content(version, modified, start, int(size), response.iter_content(_BLOCK))


def _seconds(date: str | None) -> int | None:
    """An HTTP date in seconds since the epoch."""
    try:
        moment = parsedate_to_datetime(date or '')
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp())
