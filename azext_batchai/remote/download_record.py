"""What earlier downloads wrote into a folder: the file ``.batchai-download`` in it, a line of JSON for each event.

It tells our own files from those of somebody else, and which state of a remote file a partial one belongs to. Lines
are only ever added, so neither a kill nor a second download into the same folder can spoil it.
"""
from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from azext_batchai.remote.local_names import RECORD_NAME


def origin_name(*parts: str) -> str:
    """A short name for a remote folder, different from that of every other folder of every other job."""
    return hashlib.sha256('/'.join(parts).encode('utf-8')).hexdigest()[:16]


@dataclass(frozen=True)
class Begun:
    """A partial file. `origin` names the remote folder it is from.

    `version` is the state of the remote file it is of, as its ETag names it.
    """
    name: str
    origin: str
    version: str


@dataclass(frozen=True)
class Done:
    """A complete file: `size` in bytes, `modified` (seconds) of the remote one, `stamp` (ns) of ours as written."""
    name: str
    origin: str
    size: int
    modified: int
    stamp: int


class Record:
    """The record of a folder, made with the first entry. Reading it and `add` raise OSError."""

    def __init__(self, folder: Path):
        self._path = folder / RECORD_NAME
        self._stream: IO[str] | None = None
        self._begun: dict[str, Begun] = {}
        self._done: dict[tuple[str, int, int], Done] = {}
        try:
            lines = self._path.read_text('utf-8', 'replace').splitlines()
        except FileNotFoundError:
            lines = []
        for line in lines:
            self._take(line)

    def close(self) -> None:
        if self._stream:
            self._stream.close()

    def begun(self, name: str, origin: str) -> Begun | None:
        """What the partial file of `name` is, if it is from `origin`."""
        entry = self._begun.get(name)
        return entry if entry and entry.origin == origin else None

    def done(self, name: str, status: os.stat_result) -> Done | None:
        """The download that left the file as it is now; None when somebody else made or changed it."""
        return self._done.get((name, status.st_size, status.st_mtime_ns))

    def add(self, entry: Begun | Done) -> None:
        """Note `entry`; it is in the file when this returns."""
        if self._stream is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = open(self._path, 'a', encoding='utf-8', newline='\n')
        # The line break goes first, because a kill may have torn the line before.
        self._stream.write('\n' + json.dumps({type(entry).__name__.lower(): asdict(entry)}))
        self._stream.flush()
        self._hold(entry)

    def _hold(self, entry: Begun | Done) -> None:
        if isinstance(entry, Begun):
            self._begun[entry.name] = entry
        else:
            self._done[entry.name, entry.size, entry.stamp] = entry

    def _take(self, line: str) -> None:
        try:
            (kind, fields), = json.loads(line).items()
            self._hold({'begun': Begun, 'done': Done}[kind](**fields))
        except (ValueError, KeyError, TypeError, AttributeError):
            pass  # torn by a kill
