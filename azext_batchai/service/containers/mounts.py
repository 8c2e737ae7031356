"""What a container has to see of its node, so that every path of the job means there what it means here.

Folders are bound at the places they have on the node. Mounts of a job are links, and a link is only as good as what
it points at: that is bound as well.
"""
from __future__ import annotations

import os
from pathlib import Path
from typing import Iterable, Iterator

# Bound over those of an image, these would leave nothing of it that works.
_SYSTEM = frozenset(map(Path, ('/', '/bin', '/dev', '/etc', '/lib', '/lib64', '/proc', '/sbin', '/sys', '/usr')))


class BindError(ValueError):
    """A path cannot be shared with a container; the text says which and why."""


def bound_paths(paths: Iterable[Path]) -> list[Path]:
    """The fewest places to bind, each at its own path, so that all of `paths` are there, links and what they point at.

    `paths` are absolute; what does not exist is left out. Raises BindError.
    """
    needed = {Path(os.path.normpath(path)) for path in paths}
    while True:
        roots = _outermost(needed)
        found = {target for path in needed for target in _link_targets(path, roots)} - needed
        if not found:
            break
        needed |= found
    places = sorted(root for root in roots if root.exists())
    for place in places:
        if place in _SYSTEM:
            raise BindError(f"{place} of the node cannot be shared with a container: it would hide the image's own")
        if '\n' in str(place) or '"' in str(place):
            raise BindError(f'{str(place)!r} cannot be shared with a container: its name has a quote or a line break')
    return places


def mount_links(root: Path) -> list[Path]:
    """The links below a mount root, which may lie deeper. Neither links nor mounted file systems are looked into."""
    found: list[Path] = []
    for folder, names, files in os.walk(root):
        here = [os.path.join(folder, name) for name in (*names, *files)]
        found += [Path(path) for path in here if os.path.islink(path)]
        names[:] = [name for name in names if not os.path.ismount(os.path.join(folder, name))]
    return sorted(found)


def _outermost(paths: Iterable[Path]) -> set[Path]:
    kept: set[Path] = set()
    for path in sorted(paths, key=lambda each: len(each.parts)):
        if path not in kept and not kept & set(path.parents):
            kept.add(path)
    return kept


def _link_targets(path: Path, roots: set[Path]) -> Iterator[Path]:
    """Where the links lead that are met between the root that has `path` and its end: the target of the first, and
    what of the path lies behind it. Above a root there are no links for a container."""
    root = next(each for each in (path, *path.parents) if each in roots)
    place = root
    for index, part in enumerate(path.parts[len(root.parts):], len(root.parts) + 1):
        place = place / part
        if place.is_symlink():
            target = Path(os.path.normpath(place.parent / os.readlink(place)))
            yield target
            yield target.joinpath(*path.parts[index:])
            return
