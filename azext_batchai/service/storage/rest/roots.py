"""Which folder a container or share is. It is there as soon as its folder is, whoever made it."""
from __future__ import annotations

from pathlib import Path

from azext_batchai.service.context import Service
from azext_batchai.service.storage.rest import errors, names
from azext_batchai.service.storage.rest.tree import Tree
from azext_batchai.service.storage.served import place_of, served_folder, served_names
from azext_batchai.service.store.stored_files import FileKey

_MISSING = {'blob': 'ContainerNotFound', 'file': 'ShareNotFound'}


def container_place(service: Service, kind: str, account: str, name: str) -> Path:
    """Where the folder of a container or share is, or would be. Raises the 400 error for a name none can have."""
    names.check_container(kind, name)
    return place_of(service.settings.data_dir, account, kind, name)


def require_tree(service: Service, kind: str, account: str, name: str) -> Tree:
    """What is in a container or share. Raises the 404 error when there is none, and the 400 error as above.

    A folder of the user's own may be linked there; a link that is not on record was left by a job, and is not served.
    """
    names.check_container(kind, name)
    # Not resolved after it was looked at: a link that comes into its place then leads nowhere.
    data_dir = service.settings.data_dir.resolve()
    folder = served_folder(service.store.linked_folders, data_dir, account, kind, name)
    if folder is None:
        raise errors.known(_MISSING[kind])
    return Tree(folder)


def container_names(service: Service, kind: str, account: str) -> list[str]:
    """All containers or shares of an account, sorted."""
    found = served_names(service.store.linked_folders, service.settings.data_dir, account, kind)
    return [name for name in found if _has_container_name(kind, name)]


def file_key(kind: str, account: str, container: str, parts: tuple[str, ...] = ()) -> FileKey:
    """The key of the notes of a container, or of what is at `parts` in it."""
    return FileKey(account, kind, container, '/'.join(parts))


def _has_container_name(kind: str, name: str) -> bool:
    try:
        names.check_container(kind, name)
    except errors.StorageError:
        return False
    return True
