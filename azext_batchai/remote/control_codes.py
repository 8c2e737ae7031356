"""What of a job's output reaches our own: everything on a terminal, text without control codes elsewhere.

Bytes stay bytes: nothing is decoded, and a character or a code that a read has cut in two is put together again.
"""
from __future__ import annotations

import re
from typing import Protocol

# ESC with what belongs to it: CSI sequences, strings (titles, links), and the short ones.
_SEQUENCE = rb'\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])'
_BEGUN = re.compile(rb'(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b\n]*\x1b?|[ -/]*)|\xc2)\Z')
# The one-byte codes but tab, newline and carriage return; those of two bytes in UTF-8 (U+0080 to U+009F).
_CODE = rb'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]'
_UNWANTED = re.compile(_SEQUENCE + b'|' + _CODE)
# Longer than any sequence that means something; a job that never ends one must not hold back its output.
_LONGEST_SEQUENCE = 4096

_CUT_CHARACTER = re.compile(rb'(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z')
_BINARY = re.compile(rb'[\x00-\x06\x0e-\x1a\x1c-\x1f]')


class Filter(Protocol):
    """Takes content as it comes and gives what to print of it."""

    def feed(self, content: bytes, /) -> bytes: ...

    def rest(self) -> bytes:
        """What was held back, at the end."""


class _HoldingBack:
    """Keeps an unfinished end until it is finished, or the output is."""

    def __init__(self) -> None:
        self._held = b''

    def _split(self, content: bytes, unfinished: re.Pattern[bytes], longest: int) -> bytes:
        content = self._held + content
        found = unfinished.search(content, max(0, len(content) - longest))
        end = found.start() if found else len(content)
        self._held = content[end:]
        return content[:end]


class WholeCharacters(_HoldingBack):
    """As written, a character at a time: a Windows console spoils one that comes in two writes."""

    def feed(self, content: bytes, /) -> bytes:
        return self._split(content, _CUT_CHARACTER, 3)

    def rest(self) -> bytes:
        held, self._held = self._held, b''
        return held


class WithoutControlCodes(_HoldingBack):
    """Text for a file, a pipe or another program, which colours and cursor movements would only garble."""

    def feed(self, content: bytes, /) -> bytes:
        return _UNWANTED.sub(b'', self._split(content, _BEGUN, _LONGEST_SEQUENCE))

    def rest(self) -> bytes:
        held, self._held = self._held, b''
        return _UNWANTED.sub(b'', held)


class UnlessBinary:
    """Text without control codes; a file that begins like no text, as a model does, is left as it is."""

    def __init__(self) -> None:
        self._filter: Filter | None = None

    def feed(self, content: bytes, /) -> bytes:
        if self._filter is None and content:
            self._filter = WholeCharacters() if _BINARY.search(content) else WithoutControlCodes()
        return self._filter.feed(content) if self._filter else b''

    def rest(self) -> bytes:
        return self._filter.rest() if self._filter else b''


def filter_for(terminal: bool, log: bool) -> Filter:
    """The filter for a `log` of the job, or for another of its files, on its way to a terminal or elsewhere."""
    if terminal:
        return WholeCharacters()
    return WithoutControlCodes() if log else UnlessBinary()
