"""The blobs below a folder, in the order of their names, from any name on."""
from __future__ import annotations

import os
from typing import Iterator, Optional

from azext_batchai.service.storage.rest.errors import StorageError
from azext_batchai.service.storage.rest.tree import Entry, Tree

# Name, and the status of its file; None for what several blobs have in common up to the delimiter.
Item = tuple[str, Optional[os.stat_result]]


def walk(tree: Tree, prefix: str = '', start: str = '', delimiter: str = '') -> Iterator[Item]:
    """Blobs whose names begin with `prefix`, from the name `start` on. With a `delimiter`, those that have it behind
    the prefix are one item, which ends with it.

    Links to files inside the container count as files. Links to folders are not gone along, unless the prefix leads
    through them: links of folders to each other would never end.
    """
    found = _folder(tree, _folders_of(prefix), prefix, start, delimiter == '/')
    return _collapsed(found, prefix, delimiter) if delimiter and delimiter != '/' else found


def _folders_of(prefix: str) -> tuple[str, ...]:
    return tuple(prefix.split('/')[:-1])


def _folder(tree: Tree, parts: tuple[str, ...], prefix: str, start: str, is_shallow: bool) -> Iterator[Item]:
    above = ''.join(f'{part}/' for part in parts)
    for entry in _entries(tree, parts):
        name = _full_name(above, entry)
        if not name.startswith(prefix):
            continue
        if not entry.is_folder:
            if name >= start:
                yield name, entry.status
        elif (name >= start or start.startswith(name)) and not _is_link(tree, parts, entry):
            inner = _folder(tree, (*parts, entry.name), prefix, start, False)
            if not is_shallow:
                yield from inner
            elif next(inner, None):
                yield name, None


def _entries(tree: Tree, parts: tuple[str, ...]) -> list[Entry]:
    """In the order that their blobs have among all names: ``a-b`` comes before ``a/b``."""
    try:
        found = tree.scan(parts)
    except (OSError, StorageError):  # not there, not readable, removed a moment ago; or a prefix no name can have
        return []
    return sorted(found, key=lambda entry: _full_name('', entry))


def _full_name(above: str, entry: Entry) -> str:
    return f"{above}{entry.name}{'/' if entry.is_folder else ''}"


def _is_link(tree: Tree, parts: tuple[str, ...], entry: Entry) -> bool:
    return tree.root.joinpath(*parts, entry.name).is_symlink()


def _collapsed(found: Iterator[Item], prefix: str, delimiter: str) -> Iterator[Item]:
    last = None
    for name, status in found:
        at = name.find(delimiter, len(prefix))
        if at < 0:
            yield name, status
            continue
        common = name[:at + len(delimiter)]
        if common != last:
            last = common
            yield common, None
