"""Files on their way into a share, where nobody sees them yet."""
from __future__ import annotations

from pathlib import Path
from typing import ContextManager

from azext_batchai.service.storage import uploads
from azext_batchai.service.storage.folders import account_folder
from azext_batchai.service.storage.rest.file.places import Place


def unfinished_file(data_dir: Path, place: Place) -> ContextManager[uploads.Staged]:
    """A new file on the file system of the share, so that a rename puts it into its place; removed at the end unless it
    was renamed."""
    # No container has a dot in its name.
    folder = account_folder(data_dir, place.key.account) / uploads.UPLOADS / f'{place.key.container}.file'
    return uploads.staged_file(folder, place.tree.root)
