"""What a job wrote: listings of its output directories, and the signed links of the files in them."""
from __future__ import annotations

import errno
import os
from email.utils import formatdate
from pathlib import Path
from typing import Any, Iterator

from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse

from azext_batchai.arm.times import format_time
from azext_batchai.service import errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common
from azext_batchai.service.handlers.jobs import require_job
from azext_batchai.service.storage.links import file_link, is_valid_link
from azext_batchai.service.storage.listing import Entry, OutsideFolder, confined, list_folder
from azext_batchai.service.store.jobs import Job

_BLOCK_BYTES = 64 * 1024


async def list_output_files(service: Service, request: Request, subscription: str, group: str, workspace: str,
                            experiment: str, job: str) -> Response:
    """Files and folders of one directory, by name, not below it (wire facts sheet, section 12).

    A job that has not started yet has none.
    """
    found = require_job(service, subscription, group, workspace, experiment, job)
    directory = _directory_id(found, request.query_params.get('outputdirectoryid'))
    path = request.query_params.get('directory', '.').strip('/') or '.'
    minutes = common.number_parameter(request, 'linkexpiryinminutes', 60, 5, 600)
    page = common.page_of(request)  # here the token counts entries
    if directory not in found.directories:
        return common.reply_list([])
    try:
        entries = list_folder(Path(found.directories[directory]), path)
    except OutsideFolder as error:
        raise errors.invalid_parameter('directory', f'is not usable: {error}') from None
    except NotADirectoryError:
        raise errors.invalid_parameter('directory', f"is not usable: '{path}' is a file") from None
    except FileNotFoundError:
        if path == '.':
            return common.reply_list([])
        raise errors.ArmError(404, 'DirectoryNotFound', f"There is no directory '{path}' in the output directory "
                              f'{directory}.', 'directory') from None
    expiry = int(service.clock()) + minutes * 60

    def view(entry: Entry) -> dict[str, Any]:
        if entry.is_folder:
            return {'name': entry.name, 'fileType': 'directory'}
        inner = entry.name if path == '.' else f'{path}/{entry.name}'
        return {'name': entry.name, 'fileType': 'file',
                'downloadUrl': file_link(common.endpoint(request), service.link_key, found.guid, directory, inner,
                                         expiry),
                'properties': {'lastModified': format_time(int(entry.modified)), 'contentLength': entry.size}}
    rest = entries[page.after:page.after + page.size + 1]
    return common.reply_page(request, page, rest, lambda entry: page.after + page.size, view)


def _directory_id(job: Job, given: str | None) -> str:
    """The id as the job spells it; ids compare without case. Raises the 400 error that names those there are."""
    ids = ['stdouterr', *(directory['id'] for directory in job.resource.properties.get('outputDirectories', []))]
    match = next((known for known in ids if given and known.lower() == given.lower()), None)
    if match is None:
        what = f"'{given}' is not the id of an output directory" if given else 'is required'
        raise errors.invalid_parameter('outputdirectoryid', f"{what}; this job has {', '.join(ids)}")
    return match


async def download(service: Service, request: Request, job: str, directory: str, path: str) -> Response:
    """The content of one file, or of the range asked for. The signature stands in for the token."""
    query = request.query_params
    if not is_valid_link(service.link_key, job, directory, path, query.get('se', ''), query.get('sp', ''),
                         query.get('sig', ''), service.clock()):
        raise errors.link_refused()
    found = service.store.jobs.get(job)
    if found is None or directory not in found.directories:
        raise errors.ArmError(404, 'ResourceNotFound', 'The job of this link is gone.')
    try:
        file = confined(Path(found.directories[directory]), path)
        if not file.is_file():
            raise FileNotFoundError(errno.ENOENT, 'not a file')
    except (OSError, OutsideFolder):
        raise errors.ArmError(404, 'ResourceNotFound', f"There is no file '{path}' in the output directory "
                              f'{directory}.') from None
    if request.method == 'GET' and 'range' not in request.headers:
        return _whole_file(file)
    return FileResponse(file, media_type='application/octet-stream')


def _whole_file(file: Path) -> Response:
    """As much of the file as there is now: it may grow while it is sent, and the length is said first."""
    stream = open(file, 'rb')
    status = os.fstat(stream.fileno())

    def blocks() -> Iterator[bytes]:
        left = status.st_size
        with stream:
            while left and (block := stream.read(min(left, _BLOCK_BYTES))):
                left -= len(block)
                yield block
    return StreamingResponse(blocks(), media_type='application/octet-stream', headers={
        'content-length': str(status.st_size), 'accept-ranges': 'bytes',
        'last-modified': formatdate(status.st_mtime, usegmt=True)})
