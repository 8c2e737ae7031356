"""Tell a full or unwritable disk from a defect."""
from __future__ import annotations

import errno
import sqlite3

_NUMBERS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
# SQLite's words; its codes reach Python since 3.11 only.
_WORDS = ('database or disk is full', 'disk I/O error', 'readonly database', 'unable to open database file')


def is_storage_problem(error: Exception) -> bool:
    """Whether the error says that something cannot be written to disk now."""
    if isinstance(error, sqlite3.OperationalError):
        return any(words in str(error) for words in _WORDS)
    return isinstance(error, OSError) and error.errno in _NUMBERS
