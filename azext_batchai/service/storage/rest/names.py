"""Names that clients give, as the names of files on this machine."""
from __future__ import annotations

import re
from typing import Sequence
from urllib.parse import unquote

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.uploads import HIDDEN_PREFIX

_LONGEST_BYTES = 255  # of a name in a folder, on the file systems of Linux and macOS
_DEEPEST = 250
# Jobs open files by their whole path, which ends at 4096 bytes on Linux, the folder of the share included.
_LONGEST_PATH_BYTES = 3072
_CONTROL = re.compile('[\x00-\x1f\x7f]')
_CONTAINER = re.compile(r'[a-z0-9](?!.*--)[a-z0-9-]{1,61}[a-z0-9]\Z')
_SPECIAL_CONTAINERS = frozenset({'$root', '$web', '$logs'})


def split_path(raw_path: bytes, kind: str, levels: int) -> tuple[str, ...]:
    """The decoded segments of a request's path. Raises the 400 error for one that is not UTF-8.

    A slash at the end counts only in names of blobs, which begin behind so many `levels`.
    """
    try:
        path = unquote(raw_path.decode('ascii'), errors='strict')
    except UnicodeDecodeError:
        raise errors.known('InvalidUri') from None
    if not path.startswith('/'):
        raise errors.known('InvalidUri')
    parts = path[1:].split('/')
    if parts[-1] == '' and (kind == 'file' or len(parts) <= levels + 1):
        parts.pop()
    return tuple(parts)


def check_container(kind: str, name: str) -> None:
    """Raises the 400 error for a name that no container (or share, for `kind` file) can have."""
    if not _CONTAINER.match(name) and not (kind == 'blob' and name in _SPECIAL_CONTAINERS):
        raise errors.invalid_name(
            f"The name of a {'share' if kind == 'file' else 'container'} should be 3 to 63 lower-case letters, digits "
            'and single hyphens, beginning and ending with a letter or digit.')


def check_parts(parts: Sequence[str]) -> None:
    """Raises the 400 error for a path in a container or share that cannot be one of files on a disk."""
    if len(parts) > _DEEPEST:
        raise errors.invalid_name(f'The path is more than {_DEEPEST} folders deep.')
    for part in parts:
        check_part(part)
    if sum(len(part.encode('utf-8')) + 1 for part in parts) > _LONGEST_PATH_BYTES:
        raise errors.invalid_name(f'The path is longer than {_LONGEST_PATH_BYTES} bytes.')


def check_part(part: str) -> None:
    """Raises the 400 error unless a file or folder may have this name."""
    if part in ('', '.', '..'):
        raise errors.invalid_name(f"A part of the path is '{part}'; files here cannot have that name.")
    if '/' in part or '\\' in part or _CONTROL.search(part):
        raise errors.invalid_name('A part of the path has a backslash or a control character.')
    if part.startswith(HIDDEN_PREFIX):
        raise errors.invalid_name(f'Names that begin with {HIDDEN_PREFIX} are of files that are on their way.')
    try:
        length = len(part.encode('utf-8'))
    except UnicodeEncodeError:
        raise errors.invalid_name('A part of the path is not Unicode.') from None
    if length > _LONGEST_BYTES:
        raise errors.invalid_name(f'A part of the path is longer than {_LONGEST_BYTES} bytes.')


def is_servable(name: str) -> bool:
    """Whether a name found on the disk is one that a client can ask for; a job may have made any."""
    try:
        check_part(name)
    except errors.StorageError:
        return False
    return True
