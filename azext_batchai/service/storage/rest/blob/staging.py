"""What is on its way to become a blob of a container.

The folder has the name of the container and the number of its folder: a new container of that name has none of what the
old one had. It goes with the account.
"""
from __future__ import annotations

from pathlib import Path
from typing import ContextManager

from azext_batchai.service.context import Service
from azext_batchai.service.engines.disposal import discard
from azext_batchai.service.storage import uploads
from azext_batchai.service.storage.folders import account_folder
from azext_batchai.service.storage.rest.blob.places import Container


def upload_folder(data_dir: Path, container: Container) -> Path:
    key = container.key
    return account_folder(data_dir, key.account) / uploads.UPLOADS / f'{key.container}-{container.status.st_ino}'


def staged_file(data_dir: Path, container: Container, is_beside: bool = False) -> ContextManager[uploads.Staged]:
    """A new file, removed at the end unless it was renamed. With `is_beside` it is on the file system of the container,
    so that a rename puts it into its place."""
    return uploads.staged_file(upload_folder(data_dir, container), container.tree.root if is_beside else None)


def forget_uploads(service: Service, container: Container) -> None:
    """Remove what is unfinished in a container that is to be deleted."""
    folder = upload_folder(service.settings.data_dir, container)
    if folder.exists():
        discard(folder, service.folders.trash)
