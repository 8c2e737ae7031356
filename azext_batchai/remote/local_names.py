"""Names that a job gave its files, as names of files on this machine."""
from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

PART_SUFFIX = '.batchai-part'
RECORD_NAME = '.batchai-download'

_LONGEST_NAME = 255
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\\x00-\x1f]')
_WINDOWS_DEVICE = re.compile(r'(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9¹²³])\s*(\.|$)', re.IGNORECASE)


class UnusableName(ValueError):
    """No file here can have this name; the text says why."""


def checked_name(name: str, windows: bool = os.name == 'nt') -> str:
    """`name`, one step of a path, if a file or folder here can have it. Raises UnusableName.

    What passes stays in the folder it is joined to.
    """
    if name in ('', '.', '..') or '/' in name or '\x00' in name:
        raise UnusableName('it is not the name of a file')
    if name.endswith(PART_SUFFIX) or name == RECORD_NAME:
        raise UnusableName('downloads use that name themselves')
    try:
        name.encode('utf-8')
    except UnicodeEncodeError:
        raise UnusableName('it is not proper Unicode') from None
    if windows and (_NOT_ON_WINDOWS.search(name) or _WINDOWS_DEVICE.match(name) or name[-1] in '. '):
        raise UnusableName('Windows allows no such name')
    return name


def part_of(target: Path) -> Path:
    """The file beside `target` that holds what was fetched of it so far."""
    name = target.name + PART_SUFFIX
    if len(name.encode('utf-8')) > _LONGEST_NAME:
        name = hashlib.sha256(target.name.encode('utf-8')).hexdigest() + PART_SUFFIX
    return target.with_name(name)
