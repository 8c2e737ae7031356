"""Lines of the service's log: what comes from clients and jobs can neither begin one nor steer a terminal."""
from __future__ import annotations

import logging
import re

# Ends of lines, escapes and their eight-bit kin, and what turns the direction of text around.
_CONTROL = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\n|\t')
_BUT_LINE_ENDS = re.compile('[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]')


class PlainFormatter(logging.Formatter):
    """Shows control characters rather than obeying them; only a traceback has more than one line, and its own are
    indented."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = _CONTROL.sub(_shown, record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:
        text: str = super().formatException(ei)  # type: ignore[arg-type]
        return '\n'.join(f'    {line}' for line in _BUT_LINE_ENDS.sub(_shown, text).split('\n'))


def _shown(match: re.Match[str]) -> str:
    return match[0].encode('unicode_escape').decode('ascii')
