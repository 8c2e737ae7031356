"""What jobs and set-up tasks wrote: listings of their directories, and the signed links of the files in them."""
from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path
from typing import Any, BinaryIO, Iterator

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from azext_batchai.arm.held_requests import FILES, NAMES, folder_digest
from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common, holding
from azext_batchai.service.handlers.jobs import require_job
from azext_batchai.service.storage.links import file_link, is_valid_link
from azext_batchai.service.storage.listing import Entry, OutsideFolder, confined, list_folder
from azext_batchai.service.storage.unlinked import open_unlinked
from azext_batchai.service.store.jobs import Job

# The directory in links to what the set-up tasks of a cluster wrote.
SETUP_OUTPUT = 'setuptask'
_BLOCK_BYTES = 64 * 1024
_FROM_HERE_ON = re.compile(r'bytes=([0-9]{1,18})-\Z')


@dataclass(frozen=True)
class OutputDirectory:
    """A folder that clients may look into. `owner` is the guid of the job or cluster it belongs to and `id` its name
    there, `folder` an absolute path, None until something is written. `title` says in messages what it is."""
    owner: str
    id: str
    folder: str | None
    title: str


async def list_output_files(service: Service, request: Request, subscription: str, group: str, workspace: str,
                            experiment: str, job: str) -> Response:
    """What is in one of the output directories of a job. One that has not started yet has nothing there."""
    found = require_job(service, subscription, group, workspace, experiment, job)
    directory = _directory_id(found, request.query_params.get('outputdirectoryid'))
    if holding.asked(request)[0]:
        await _until_listing_changes(service, request, found, directory)
        found = require_job(service, subscription, group, workspace, experiment, job)
    return list_directory(service, request, OutputDirectory(
        found.guid, directory, found.directories.get(directory), f'output directory {directory}'))


def list_directory(service: Service, request: Request, directory: OutputDirectory) -> Response:
    """Files and folders of one directory, by name, not below it (wire facts sheet, section 12)."""
    path = request.query_params.get('directory', '.').strip('/') or '.'
    minutes = common.number_parameter(request, 'linkexpiryinminutes', 60, 5, 600)
    page = common.page_of(request)  # here the token counts entries
    entries = _entries(directory, path)
    expiry = int(service.clock()) + minutes * 60

    def view(entry: Entry) -> dict[str, Any]:
        if entry.is_folder:
            return {'name': entry.name, 'fileType': 'directory'}
        inner = entry.name if path == '.' else f'{path}/{entry.name}'
        return {'name': entry.name, 'fileType': 'file',
                'downloadUrl': file_link(common.endpoint(request), service.link_key, directory.owner, directory.id,
                                         inner, expiry),
                'properties': {'lastModified': format_time(int(entry.modified)), 'contentLength': entry.size}}
    rest = entries[page.after:page.after + page.size + 1]
    return common.reply_page(request, page, rest, lambda entry: page.after + page.size, view)


async def _until_listing_changes(service: Service, request: Request, job: Job, directory: str) -> None:
    """Hold the request while the directory lists the names, or the names and sizes, that the client knows."""
    seconds, known = holding.asked(request)
    path = request.query_params.get('directory', '.').strip('/') or '.'

    def has_changed() -> bool:
        now = service.store.jobs.get(job.guid) if directory not in job.directories else job
        if now is None:
            return True
        try:
            entries = _entries(OutputDirectory(job.guid, directory, now.directories.get(directory), ''), path)
        except errors.ArmError as error:
            if error.status != 404:
                return True
            entries = []
        files = folder_digest((entry.name, entry.size) for entry in entries)
        names = folder_digest((entry.name, 0) for entry in entries)
        return known.get(FILES, files) != files or known.get(NAMES, names) != names
    if known.keys() & {FILES, NAMES}:
        await holding.until_file(service, job.guid, has_changed, seconds)


def _entries(directory: OutputDirectory, path: str) -> list[Entry]:
    if directory.folder is None:
        return []
    try:
        return list_folder(Path(directory.folder), path)
    except OutsideFolder as error:
        raise errors.invalid_parameter('directory', f'is not usable: {error}') from None
    except NotADirectoryError:
        raise errors.invalid_parameter('directory', f"is not usable: '{path}' is a file") from None
    except PermissionError:
        raise errors.conflict('DirectoryNotReadable', f"The service may not read the directory '{path}' in the "
                              f'{directory.title}: the job changed its permissions.') from None
    except FileNotFoundError:
        if path == '.':
            return []
        raise errors.ArmError(404, 'DirectoryNotFound', f"There is no directory '{path}' in the {directory.title}.",
                              'directory') from None


def _directory_id(job: Job, given: str | None) -> str:
    """The id as the job spells it; ids compare without case. Raises the 400 error that names those there are."""
    ids = ['stdouterr', *(directory['id'] for directory in job.resource.properties.get('outputDirectories', []))]
    match = next((known for known in ids if given and known.lower() == given.lower()), None)
    if match is None:
        what = f"'{given}' is not the id of an output directory" if given else 'is required'
        raise errors.invalid_parameter('outputdirectoryid', f"{what}; this job has {', '.join(ids)}")
    return match


async def download(service: Service, request: Request, owner: str, directory: str, path: str) -> Response:
    """The content of one file, or of the range asked for. The signature stands in for the token."""
    query = request.query_params
    if not is_valid_link(service.link_key, owner, directory, path, query.get('se', ''), query.get('sp', ''),
                         query.get('sig', ''), service.clock()):
        raise errors.link_refused()
    folder = _folder(service, owner, directory)
    if folder is None:
        raise errors.ArmError(404, 'ResourceNotFound', 'What this link belongs to is gone.')
    await _until_it_grows(service, request, owner, Path(folder), path)
    try:
        file = confined(Path(folder), path)
        descriptor = open_unlinked(file, os.O_RDONLY)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, 'not a file for us')
        if request.method == 'GET' and 'range' not in request.headers:
            return _whole_file(descriptor)
    except (OSError, OutsideFolder):
        raise errors.ArmError(404, 'ResourceNotFound', f"There is no file '{path}' in the output directory "
                              f'{directory}.') from None
    return _OpenFile(descriptor)


async def _until_it_grows(service: Service, request: Request, owner: str, folder: Path, path: str) -> None:
    """Hold a request for what is beyond the end of the file, while that is its end."""
    seconds, _ = holding.asked(request)
    start = _FROM_HERE_ON.match(request.headers.get('range', ''))
    if not seconds or not start:
        return
    try:
        file, size = confined(folder, path), int(start[1])
    except (OSError, OutsideFolder):
        return

    def has_changed() -> bool:
        try:
            return os.stat(file).st_size != size
        except OSError:
            return True
    await holding.until_file(service, owner, has_changed, seconds)


def _folder(service: Service, owner: str, directory: str) -> str | None:
    """The folder of a directory of the job or cluster with guid `owner`."""
    job = service.store.jobs.get(owner)
    if job:
        return job.directories.get(directory)
    cluster = service.store.clusters.get(owner)
    return cluster.setup_output if cluster and directory == SETUP_OUTPUT else None


class _ClosingResponse(StreamingResponse):
    """Closes the file however the reply ends. A generator that nobody asks any more would keep it open for long."""

    def __init__(self, stream: BinaryIO, content: Iterator[bytes], **more: Any):
        super().__init__(content, **more)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._stream:
            await super().__call__(scope, receive, send)


class _OpenFile(FileResponse):
    """The parts asked for of an open file, which it closes. By its path, a job might have put a link there since."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        super().__init__(f'/dev/fd/{descriptor}', media_type='application/octet-stream',
                         stat_result=os.fstat(descriptor))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            os.close(self._descriptor)


def _whole_file(descriptor: int) -> Response:
    """As much of the file as there is now: it may grow while it is sent, and the length is said first. Closes it."""
    stream = open(descriptor, 'rb')
    status = os.fstat(stream.fileno())

    def blocks() -> Iterator[bytes]:
        left = status.st_size
        while left and (block := stream.read(min(left, _BLOCK_BYTES))):
            left -= len(block)
            yield block
    return _ClosingResponse(stream, blocks(), media_type='application/octet-stream', headers={
        'content-length': str(status.st_size), 'accept-ranges': 'bytes',
        'last-modified': formatdate(status.st_mtime, usegmt=True)})
