"""Copy files of a job to this machine, each into a partial file first that a later download continues."""
from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Callable, ContextManager, Iterator, Protocol

from azure.cli.core.azclierror import FileOperationError
from knack.log import get_logger

from azext_batchai.remote.download_plan import Step
from azext_batchai.remote.download_record import Begun, Done, Record
from azext_batchai.remote.local_names import part_of
from azext_batchai.remote.output_folder import Content, Listing
from azext_batchai.remote.trouble import LinkExpired, Patience, Rewritten, Trouble

logger = get_logger(__name__)

DOWNLOADED, RESUMED, SKIPPED = 'downloaded', 'resumed', 'skipped'


class Source(Protocol):
    """Where the files come from, as OutputFolder. Every method may raise Trouble or JobGone."""

    def listed(self, folder: str = '') -> Listing: ...
    def opened(self, link: str, offset: int, version: str) -> ContextManager[Content]: ...


class Progress(Protocol):
    """Hears how far a download is: bytes of the present file, and that it is finished."""

    def at(self, size: int) -> None: ...
    def finished(self, size: int) -> None: ...


@dataclass(frozen=True)
class Fetched:
    """A file of the result: `name` is its path in the output directory, `path` that on this machine."""
    name: str
    path: str
    size: int
    state: str


class _Vanished(Exception):
    """The job removed the file."""


def make_folders(destination: Path, folders: list[str]) -> None:
    """Make folders that may hold no file. Raises FileOperationError."""
    for folder in folders:
        path = destination.joinpath(*folder.split('/'))
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _write_error(path, error, 'Choose another folder with --destination.') from None


class Downloader:
    """Carries out the steps of a plan."""

    def __init__(self, source: Source, record: Record, progress: Progress,
                 patience: Callable[[str], Patience] = Patience):
        self._source = source
        self._record = record
        self._progress = progress
        self._patience = patience
        self._links: dict[str, str] = {}

    def run(self, steps: list[Step]) -> list[Fetched]:
        """What is here in the end. Raises FileOperationError, AzureConnectionError and JobGone; parts stay."""
        results = []
        for step in steps:
            try:
                results.append(self._fetch(step) if step.wanted else _fetched(step, step.file.size, SKIPPED))
            except _Vanished:
                logger.warning('%r is not there any more: the job has removed it.', step.file.name)
            except OSError as error:
                raise _write_error(step.target, error, 'What was fetched is kept; the same command goes on from '
                                   'there.') from None
        return results

    def _fetch(self, step: Step) -> Fetched:
        step.target.parent.mkdir(parents=True, exist_ok=True)
        path = part_of(step.target)
        with _claimed(path) as stream:
            part = _Part(stream, step, self._record)
            try:
                self._fill(part)
            except _Vanished:
                stream.close()
                path.unlink()
                raise
            if os.name == 'nt':
                stream.close()  # Windows renames no open file
            os.utime(path, (part.modified, part.modified))
            if not step.replaces and os.path.lexists(step.target):
                raise OSError(errno.EEXIST, 'a file of that name has come into being meanwhile')
            # Noted first: killed in between, the next download finds a part that is whole.
            self._record.add(Done(step.file.name, step.origin, part.size, part.modified, path.stat().st_mtime_ns))
            os.replace(path, step.target)
        self._progress.finished(step.file.size)
        return _fetched(step, part.size, RESUMED if part.kept else DOWNLOADED)

    def _fill(self, part: _Part) -> None:
        """Read until the part is whole. Raises _Vanished."""
        patience = self._patience(f'Downloading {part.step.file.name!r}')
        complete = not part.step.file.size
        if complete:
            part.begin_anew('')
        while not complete:
            try:
                with self._source.opened(self._link(part.step), part.size, part.version) as content:
                    complete = part.take(content, self._noticed(patience))
            except Rewritten:
                part.begin_anew('')
            except LinkExpired as trouble:
                patience.bear(trouble)
                self._links[part.step.file.name] = ''
            except Trouble as trouble:
                patience.bear(trouble)
        part.stream.flush()

    def _noticed(self, patience: Patience) -> Callable[[int], None]:
        def notice(size: int) -> None:
            patience.relieve()
            self._progress.at(size)
        return notice

    def _link(self, step: Step) -> str:
        """The link of the file, asked for again with those of its whole folder when it has expired."""
        name = step.file.name
        if not self._links.get(name, step.file.link):
            folder = name.rpartition('/')[0]
            files = self._source.listed(folder).files
            self._links.update({f'{folder}/{file.name}' if folder else file.name: file.link for file in files})
            if not self._links[name]:
                raise _Vanished
        return self._links.get(name, step.file.link)


class _Part:
    """A partial file: its first `size` bytes are those of `version` of the remote one, `kept` of them from before."""

    def __init__(self, stream: IO[bytes], step: Step, record: Record):
        self.stream = stream
        self.step = step
        self.modified = step.file.modified
        self._record = record
        begun = record.begun(step.file.name, step.origin)
        self.version = begun.version if begun else ''
        self.kept = self.size = stream.seek(0, os.SEEK_END)
        if self.size and not self.version:
            self.begin_anew('')

    def begin_anew(self, version: str) -> None:
        self.stream.seek(0)
        self.stream.truncate()
        self.size = self.kept = 0
        self.version = version
        self._record.add(Begun(self.step.file.name, self.step.origin, version))

    def take(self, content: Content, notice: Callable[[int], None]) -> bool:
        """Add `content`; False when it has to be asked for again, from the start. Raises Trouble when it breaks off."""
        if (content.version, content.start) != (self.version, self.size) or not content.version:
            self.begin_anew(content.version)
            if content.start:
                return False
        self.modified = self.step.file.modified if content.modified is None else content.modified
        for block in content.blocks:
            self.stream.write(block)
            self.size += len(block)
            notice(self.size)
        if self.size < content.size:
            raise Trouble('the connection to the storage of the service ended early')
        return True


@contextmanager
def _claimed(path: Path) -> Iterator[IO[bytes]]:
    """The partial file, open and ours alone. Raises OSError, also when another download has it."""
    flags = os.O_RDWR | os.O_CREAT | getattr(os, 'O_BINARY', 0) | getattr(os, 'O_NOFOLLOW', 0)
    with os.fdopen(os.open(path, flags, 0o666), 'r+b') as stream:
        if not _lock(stream) or not os.path.samestat(os.fstat(stream.fileno()), path.stat()):
            raise OSError(errno.EBUSY, 'another download is writing it')
        yield stream


def _lock(stream: IO[bytes]) -> bool:
    """Whether nobody else has it. Where there are no such locks nobody is asked."""
    try:
        import fcntl
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass
    return True


def _write_error(path: Path, error: OSError, advice: str) -> FileOperationError:
    reason = error.strerror or str(error)
    return FileOperationError(f"Cannot write '{path}': {reason[:1].lower()}{reason[1:]}. {advice}")


def _fetched(step: Step, size: int, state: str) -> Fetched:
    return Fetched(step.file.name, str(step.target), size, state)
