"""execution.log: the story of an attempt, in lines a person can read. Writing it never stops a job."""
from __future__ import annotations

import os
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Sequence

from azext_batchai.service.job_user import JobUser, files_as


class Journal:
    """The logs of one attempt, one a node; a single node's has no suffix (semantics sheet, section 3.3). They lie in a
    folder of the job's, and are written with no more than the rights of `job_user`."""

    def __init__(self, folder: Path, node_ids: Sequence[str], job_user: JobUser | None = None):
        self._job_user = job_user
        self._files = {node_id: folder / ('execution.log' if len(node_ids) == 1 else f'execution-{node_id}.log')
                       for node_id in node_ids}

    def note(self, now: float, text: str, node_id: str | None = None) -> None:
        """Append a line, with the time and the node, to the log of one node or of all. `now` is in seconds since the
        epoch."""
        for each in self._files if node_id is None else (node_id,):
            try:
                with files_as(self._job_user):
                    _append(self._files[each], f'{_stamp(now)} {each} {one_line(text)}\n')
            except OSError:
                continue


def _stamp(now: float) -> str:
    """Always of one length, so that the lines stand below each other."""
    return datetime.fromtimestamp(now, timezone.utc).isoformat(timespec='milliseconds').replace('+00:00', 'Z')


def one_line(text: str) -> str:
    """Control characters, line ends among them, shown rather than obeyed."""
    return ''.join(character if character.isprintable() else
                   character.encode('unicode_escape').decode('ascii') for character in text)


def duration(seconds: float) -> str:
    """A length of time for people: ``0.004 s``, ``12.3 s``, ``3 min 20 s``."""
    if seconds < 60:
        return f'{max(seconds, 0.0):.3g} s' if seconds >= 0.001 else '0.001 s'
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours} h {minutes} min' if hours else f'{minutes} min {rest} s'


def _append(file: Path, line: str) -> None:
    """Append to an ordinary file only: the folder belongs to the job, and a pipe put there would make us wait."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
    descriptor = os.open(file, flags, 0o644)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.write(descriptor, line.encode('utf-8', 'replace'))
    finally:
        os.close(descriptor)
