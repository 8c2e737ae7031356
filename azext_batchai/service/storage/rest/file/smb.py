"""What SMB says of files and folders beyond HTTP: attributes, four times, ids and a permission key.

Clients want it in every reply. Most of it comes from the disk; attributes and a creation time that a client sets are
notes, for there is no place for them there.
"""
from __future__ import annotations

import os
import re
import stat
from calendar import timegm
from dataclasses import replace
from datetime import datetime, timezone
from typing import Mapping

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.requests import StorageRequest
from azext_batchai.service.store.stored_files import FileNotes

# The only permission there is: that of the folder. The form of the key is Azure's.
PERMISSION_KEY = '1*1'
PERMISSION = 'O:SYG:SYD:(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1301bf;;;AU)(A;;FA;;;WD)'
# What a client sends to have the usual or keep what there is.
_UNCHANGED = frozenset({'', 'preserve', 'none', 'inherit', 'now', 'source', PERMISSION_KEY})
_ATTRIBUTES = {name.lower(): name for name in (
    'ReadOnly', 'Hidden', 'System', 'Archive', 'Directory', 'Temporary', 'Offline', 'NotContentIndexed', 'NoScrubData')}
_TIME = re.compile(r'(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|\+00:00)\Z', re.ASCII)
_TIME_HEADER = 'x-ms-file-last-write-time'


def headers(status: os.stat_result, parent: os.stat_result | None, notes: FileNotes) -> dict[str, str]:
    """Of a file or folder and the folder it is in; that is None for the root of a share."""
    found = {
        'x-ms-file-attributes': attributes(status, notes),
        'x-ms-file-creation-time': format_time(created_ns(status, notes)),
        'x-ms-file-last-write-time': format_time(status.st_mtime_ns),
        'x-ms-file-change-time': format_time(max(status.st_ctime_ns, notes.changed)),
        'x-ms-file-permission-key': PERMISSION_KEY,
        'x-ms-file-id': str(status.st_ino),
    }
    return {**found, 'x-ms-file-parent-id': str(parent.st_ino if parent else 0)}


def attributes(status: os.stat_result, notes: FileNotes) -> str:
    """For example ``Archive`` or ``Directory | Hidden``."""
    said = notes.extras.get('attributes', '')
    if stat.S_ISDIR(status.st_mode):
        return f'Directory | {said}' if said else 'Directory'
    return said or 'Archive'


def created_ns(status: os.stat_result, notes: FileNotes) -> int:
    """In nanoseconds since the epoch. Linux has no such time for Python; the earliest one known stands for it."""
    said = notes.extras.get('created')
    birth: float | None = getattr(status, 'st_birthtime', None)
    if said:
        return int(said)
    return int(birth * 1e9) if birth is not None else min(status.st_mtime_ns, status.st_ctime_ns)


def format_time(nanoseconds: int) -> str:
    """``2018-06-06T12:00:00.0000000Z``"""
    seconds, rest = divmod(nanoseconds, 10**9)
    return f'{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest // 100:07d}Z'


def given_notes(request: StorageRequest, notes: FileNotes) -> FileNotes:
    """The notes with the attributes and the creation time of the request. Raises the 400 errors, also for a permission:
    files here have the mode that the folder gives them."""
    for name in ('x-ms-file-permission', 'x-ms-file-permission-key'):
        if request.headers.get(name, '').lower() not in _UNCHANGED:
            raise errors.not_supported('Permissions of single files')
    extras = dict(notes.extras)
    text = request.headers.get('x-ms-file-attributes', '')
    if text.lower() not in ('', 'preserve'):
        extras['attributes'] = ' | '.join(_attributes(text))
    created = given_time(request.headers, 'x-ms-file-creation-time', request.now)
    if created is not None:
        extras['created'] = str(created)
    return replace(notes, extras=extras)


def written_ns(request: StorageRequest) -> int | None:
    """When the file should have been written last, in nanoseconds; None when the request does not say it."""
    return given_time(request.headers, _TIME_HEADER, request.now)


def keeps_written(request: StorageRequest) -> bool:
    """Whether the request leaves the time of the last writing as it was."""
    return request.headers.get(_TIME_HEADER, '').lower() == 'preserve'


def given_time(given: Mapping[str, str], name: str, now: float) -> int | None:
    text = given.get(name, '')
    if text.lower() in _UNCHANGED:
        return int(now * 1e9) if text.lower() == 'now' else None
    found = _TIME.match(text)
    try:
        if not found:
            raise ValueError(text)
        seconds = timegm(datetime.strptime(found[1], '%Y-%m-%dT%H:%M:%S').timetuple())
        if seconds < 0:
            raise ValueError(text)
    except ValueError:
        raise errors.invalid_header(name, "should be a time such as 2018-06-06T12:00:00.0000000Z, 'now' or 'preserve'"
                                    ) from None
    return seconds * 10**9 + int((found[2] or '0').ljust(9, '0'))


def _attributes(text: str) -> list[str]:
    found = []
    for part in text.split('|'):
        name = part.strip().lower()
        if name in ('none', 'directory'):
            continue
        if name not in _ATTRIBUTES:
            raise errors.invalid_header('x-ms-file-attributes', f"has '{part.strip()[:40]}'; it should be of "
                                        f"{' | '.join(_ATTRIBUTES.values())}")
        found.append(_ATTRIBUTES[name])
    return found
