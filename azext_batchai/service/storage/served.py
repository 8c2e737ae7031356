"""Which folder a share or container is: its own below the account's, or one of the user's that was linked there.

Jobs write into the service's data, and could leave a link in the place of a share; what such a link leads to is served
to nobody. Only a folder on record is the user's own.
"""
from __future__ import annotations

import stat
from pathlib import Path

from azext_batchai.service.storage.folders import account_folder, container_folder, share_folder
from azext_batchai.service.store.linked_folders import LinkedFolders

_PLACES = {'file': share_folder, 'blob': container_folder}


def place_of(data_dir: Path, account: str, kind: str, name: str) -> Path:
    """Where the share (`kind` ``file``) or container (``blob``) lies in the service's data, be it there or not: what
    mounts lead to. Raises ValueError for a name none can have."""
    return _PLACES[kind](data_dir, account, name)


def served_folder(links: LinkedFolders, data_dir: Path, account: str, kind: str, name: str) -> Path | None:
    """The folder that holds the files, None when there is no such share or container. No part of the path that the
    service makes is a link. Raises ValueError as `place_of`."""
    linked = links.find(account, kind, name)
    if linked:
        own = Path(linked.path)
        return own if _is_folder(own) else None
    place = place_of(data_dir, account, kind, name)
    return place if all(map(_is_folder, (account_folder(data_dir, account), place.parent, place))) else None


def served_names(links: LinkedFolders, data_dir: Path, account: str, kind: str) -> list[str]:
    """The names of what an account has of that kind, sorted; of folders whose names none can have as well."""
    root = place_of(data_dir, account, kind, 'any').parent
    try:
        names = {path.name for path in root.iterdir()} if _is_folder(root.parent) and _is_folder(root) else set()
    except OSError:
        names = set()
    names |= {linked.name for linked in links.all() if (linked.account, linked.kind) == (account.lower(), kind)}
    return sorted(name for name in names if _is_served(links, data_dir, account, kind, name))


def _is_served(links: LinkedFolders, data_dir: Path, account: str, kind: str, name: str) -> bool:
    try:
        return place_of(data_dir, account, kind, name).name == name and \
            served_folder(links, data_dir, account, kind, name) is not None
    except ValueError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False
