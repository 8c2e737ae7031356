"""Follow what a job writes, from the first byte to the last: one file, or every log of a directory line by line."""
from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Protocol

from knack.log import get_logger

from azext_batchai.remote.control_codes import Filter
from azext_batchai.remote.job_files import FileEntry
from azext_batchai.remote.trouble import LinkExpired, Patience, Rewritten, Trouble

logger = get_logger(__name__)

# How long the service may hold a request for news, and how often a service is asked that does not hold them.
HOLD_SECONDS = 5.0
POLL_SECONDS = 0.15
STATE_SECONDS = 0.25
# Waiting longer than this for a file to appear deserves a word.
QUIET_SECONDS = 2.0
# After news a moment's pause, so that a job that writes without end is read in larger pieces.
_GATHER_SECONDS = 0.03
_LONGEST_LINE = 1 << 20


class Files(Protocol):
    """What there is to know of a job's files (`job_files.RemoteJobFiles`). Each method may raise Trouble or JobGone."""

    def entries(self, hold: float = 0.0, growth: bool = False) -> list[FileEntry]: ...
    def read(self, link: str, offset: int, hold: float = 0.0) -> Iterator[bytes]: ...
    def is_finished(self) -> bool: ...
    def standing(self) -> str: ...


class Writer(Protocol):
    """Where it is copied to."""

    def write(self, content: bytes, /) -> Any: ...
    def flush(self) -> None: ...


class _Following:
    """Looks for news until the job has ended and one more look is over."""

    def __init__(self, files: Files, what: str, out: Writer, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], None] = time.sleep):
        self.files = files
        self.what = what
        self.out = out
        self.clock = clock
        self.sleep = sleep
        self.appeared = False
        self._finished = False
        self._state_due = float('-inf')
        self._quiet_until: float | None = None
        self._said: set[str] = set()

    def run(self) -> bool:
        """Whether there ever was something to follow. Raises JobGone, and AzureConnectionError for lasting trouble."""
        self._quiet_until = self.clock() + QUIET_SECONDS
        patience = Patience(f'Reading {self.what}', self.clock, self.sleep)
        while True:
            try:
                done = self._step()
            except Trouble as trouble:
                patience.bear(trouble)
                continue
            patience.relieve()
            if done:
                self._finish()
                self.out.flush()
                return self.appeared

    def _step(self) -> bool:
        """One look for news; True after the look that followed the news that the job has finished."""
        last_look, began = self._finished, self.clock()
        has_news = self._look(0.0 if last_look else QUIET_SECONDS if self._quiet_until else HOLD_SECONDS)
        self.out.flush()
        if last_look:
            return True
        if has_news:
            self.sleep(_GATHER_SECONDS)
            return False
        if self.clock() >= self._state_due:
            self._finished = self.files.is_finished()
            self._state_due = self.clock() + STATE_SECONDS
            if self._finished:
                return False
            self._explain_waiting()
        self.sleep(max(0.0, POLL_SECONDS - (self.clock() - began)))
        return False

    def _look(self, hold: float) -> bool:
        """Copy what is new, waiting up to `hold` seconds for it if the service can. Whether there was anything."""
        raise NotImplementedError

    def _finish(self) -> None:
        """Copy what was held back."""
        raise NotImplementedError

    def _explain_waiting(self) -> None:
        """Say once what is waited for, when nothing appears."""
        if self.appeared:
            self._quiet_until = None
        elif self._quiet_until and self.clock() >= self._quiet_until:
            self._quiet_until = None
            logger.warning('Waiting for %s; %s', self.what, self.files.standing())

    def _say_once(self, text: str, name: str) -> None:
        said = text % name
        if said not in self._said:
            self._said.add(said)
            logger.warning(said)


class FileFollowing(_Following):
    """Copies one file as it grows. `pick` names it once it is among the names it is given; `what` is it in messages."""

    def __init__(self, files: Files, pick: Callable[[list[str]], str | None], what: str, out: Writer, filter: Filter,
                 **collaborators: Any):
        super().__init__(files, what, out, **collaborators)
        self._pick = pick
        self._filter = filter
        self._name: str | None = None
        self._link: str | None = None
        self._offset = 0

    def _look(self, hold: float) -> bool:
        if self._link is None and not self._find(hold):
            return False
        try:
            return self._copy(hold)
        except LinkExpired:
            self._link = None
            raise

    def _find(self, hold: float) -> bool:
        entries = self.files.entries(hold)
        self._name = self._name or self._pick([entry.name for entry in entries])
        self._link = next((entry.link for entry in entries if entry.name == self._name), None)
        if self._link is None and self._name:
            self._say_once("'%s' is gone; if the job writes it again, it is shown from its beginning.", self._name)
            self._begin_again()
        self.appeared = self.appeared or self._link is not None
        return self._link is not None

    def _copy(self, hold: float) -> bool:
        start = self._offset
        try:
            for block in self.files.read(str(self._link), start, hold):
                self.out.write(self._filter.feed(block))
                self._offset += len(block)
        except Rewritten:
            self._say_once("'%s' has become shorter; it is shown from its beginning again.", str(self._name))
            self._begin_again()
            self._copy(0.0)
            return True
        return self._offset > start

    def _begin_again(self) -> None:
        self._finish()
        self._offset = 0

    def _finish(self) -> None:
        self.out.write(self._filter.rest())


@dataclass
class _Log:
    """One of the logs followed together: what was read of it, and the line that is not finished."""
    prefix: bytes
    filter: Filter
    offset: int = 0
    line: bytes = field(default=b'', repr=False)

    def lines(self, content: bytes) -> bytes:
        """The lines that `content` completes, prefixed. One without an end is broken after a mebibyte."""
        *whole, self.line = (self.line + self.filter.feed(content)).split(b'\n')
        if len(self.line) > _LONGEST_LINE:
            whole.append(self.line)
            self.line = b''
        return b''.join(self._prefixed(line) for line in whole)

    def unfinished(self) -> bytes:
        """The line without an end, ended so that the next one does not run into it."""
        line, self.line = self.line + self.filter.rest(), b''
        return self._prefixed(line) if line else b''

    def _prefixed(self, line: bytes) -> bytes:
        return self.prefix + line + b'\n'


def _prefix(name: str) -> bytes:
    """A name may have codes in it that no log has to bear."""
    return re.sub(rb'[\x00-\x1f\x7f]', b'?', name.encode('utf-8', 'replace')) + b': '


class FolderFollowing(_Following):
    """Copies whole lines of every file that is `wanted`, also of those that appear later, prefixed with their names."""

    def __init__(self, files: Files, wanted: Callable[[str], bool], out: Writer, make_filter: Callable[[], Filter],
                 **collaborators: Any):
        super().__init__(files, 'the logs', out, **collaborators)
        self._wanted = wanted
        self._make_filter = make_filter
        self._logs: dict[str, _Log] = {}

    def _look(self, hold: float) -> bool:
        entries = [entry for entry in self.files.entries(hold, growth=True) if self._wanted(entry.name)]
        self.appeared = self.appeared or bool(entries)
        has_news = False
        for entry in entries:
            log = self._logs.setdefault(entry.name, _Log(_prefix(entry.name), self._make_filter()))
            if entry.size != log.offset:
                has_news = self._copy(log, entry) or has_news
        for name in self._logs.keys() - {entry.name for entry in entries}:
            self._say_once("'%s' is gone; if the job writes it again, it is shown from its beginning.", name)
            self._begin_again(self._logs[name])
        return has_news

    def _copy(self, log: _Log, entry: FileEntry) -> bool:
        start = log.offset
        try:
            for block in self.files.read(entry.link, start):
                self.out.write(log.lines(block))
                log.offset += len(block)
        except Rewritten:
            self._say_once("'%s' has become shorter; it is shown from its beginning again.", entry.name)
            self._begin_again(log)
            self._copy(log, entry)
            return True
        return log.offset > start

    def _begin_again(self, log: _Log) -> None:
        self.out.write(log.unfinished())
        log.offset = 0

    def _finish(self) -> None:
        for name in sorted(self._logs):
            self.out.write(self._logs[name].unfinished())
