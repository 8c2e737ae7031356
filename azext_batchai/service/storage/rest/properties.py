"""What is said of a file in headers: its own properties from the disk, the rest from the notes in the store."""
from __future__ import annotations

import hashlib
import os
import re
from dataclasses import replace
from email.utils import formatdate
from typing import Mapping

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.store.stored_files import FileNotes

DEFAULT_TYPE = 'application/octet-stream'
# The headers that clients set under another name: as they come, by what they are in the notes.
CONTENT_HEADERS = ('content-type', 'content-encoding', 'content-language', 'content-disposition', 'cache-control')
_METADATA_NAME = re.compile(r'[A-Za-z_][A-Za-z0-9_]*\Z')
_LONGEST_METADATA = 8192


def etag(status: os.stat_result, notes: FileNotes) -> str:
    """In quotes. Another one after every change of the content or of what is said of it."""
    text = f'{status.st_mtime_ns} {status.st_size} {status.st_ino} {notes.changed}'
    return f'"0x{hashlib.blake2b(text.encode(), digest_size=8).hexdigest().upper()}"'


def modified(status: os.stat_result, notes: FileNotes) -> float:
    """When the content or what is said of it changed last, in seconds since the epoch."""
    return max(status.st_mtime_ns, notes.changed) / 1e9


def http_date(seconds: float) -> str:
    return formatdate(int(seconds), usegmt=True)


def version_headers(status: os.stat_result, notes: FileNotes) -> dict[str, str]:
    """``etag`` and ``last-modified``."""
    return {'etag': etag(status, notes), 'last-modified': http_date(modified(status, notes))}


def content_headers(status: os.stat_result, notes: FileNotes) -> dict[str, str]:
    """The content headers of a file, without its length; a type when none was said."""
    md5 = content_md5(status, notes)
    return {'content-type': DEFAULT_TYPE, **notes.headers, **({'content-md5': md5} if md5 else {})}


def content_md5(status: os.stat_result, notes: FileNotes) -> str:
    """The MD5 in base64 as long as it is that of what is in the file: a job may have written since. Else ``''``."""
    same = (status.st_mtime_ns, status.st_size) == (notes.mtime_ns, notes.size)
    return notes.md5 if same else ''


def with_md5(notes: FileNotes, md5: str, status: os.stat_result) -> FileNotes:
    """The notes with the MD5 (base64, or ``''``) of the content that has this status."""
    return replace(notes, md5=md5, mtime_ns=status.st_mtime_ns, size=status.st_size)


def metadata_headers(notes: FileNotes) -> dict[str, str]:
    return {f'x-ms-meta-{name}': value for name, value in notes.metadata.items()}


def given_headers(headers: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The content headers that a request sets: ``x-ms-blob-content-type`` with the `prefix` ``x-ms-blob-``, and so on.

    ``x-ms-content-type`` with ``x-ms-``. Empty ones unset. The MD5 is not among them.
    """
    found = {name: headers.get(prefix + name, '') for name in CONTENT_HEADERS}
    for name, value in found.items():
        _check_value(prefix + name, value)
    return {name: value for name, value in found.items() if value}


def check_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a request. Raises the 400 error for names that are no identifiers, and for too much of it."""
    for name, value in metadata.items():
        if not _METADATA_NAME.match(name):
            raise errors.StorageError(400, 'InvalidMetadata', f"The metadata name '{name[:60]}' should be letters, "
                                      'digits and _, and not begin with a digit.')
        _check_value(f'x-ms-meta-{name}', value)
    if sum(len(name) + len(value) for name, value in metadata.items()) > _LONGEST_METADATA:
        raise errors.StorageError(400, 'MetadataTooLarge', f'The metadata is more than {_LONGEST_METADATA} bytes.')
    return dict(metadata)


def _check_value(name: str, value: str) -> None:
    if any(letter < ' ' and letter != '\t' or letter == '\x7f' for letter in value):
        raise errors.invalid_header(name, 'should have no control characters')
