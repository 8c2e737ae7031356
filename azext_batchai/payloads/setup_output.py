"""Where the set-up task of a cluster writes its output: which share or container, and which folder of it. Pure."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

Json = dict[str, Any]

# How the root of the mounts is written: by its variable, or as the path that it has on the nodes of Azure.
_MOUNT_ROOT = re.compile(r'(\$AZ_BATCHAI_MOUNT_ROOT|\$\{AZ_BATCHAI_MOUNT_ROOT\}|/mnt/batch/tasks/shared/LS_root/mounts)'
                         r'(?:/+|\Z)')


@dataclass(frozen=True)
class StoredFolder:
    """A folder in a share (`is_share`) or container, which is `name`; `path` is without a slash at either end."""
    account: str
    is_share: bool
    name: str
    path: str


def setup_output_folder(cluster: str, properties: Json, path: str) -> StoredFolder:
    """The folder `path` of the output of the set-up task of a cluster with these properties, as ARM shows them.

    Raises the CLI errors: for a cluster without such a task, for output that is in no share or container, and for a
    path that leads out of the output.
    """
    setup = properties.get('nodeSetup') or {}
    task = setup.get('setupTask')
    if not task:
        raise ResourceNotFoundError(f'The cluster {cluster} has no set-up task, so there is no output of one.')
    if path.startswith('/') or '..' in path.split('/'):
        raise ValidationError(f"--path/-p '{path}' should be a path below the folder of the output, without .. in it.")
    prefix = task.get('stdOutErrPathPrefix') or ''
    below = _MOUNT_ROOT.match(prefix)
    place = _segments(prefix[below.end():]) if below else []
    for mount in _mounts(setup.get('mountVolumes') or {}):
        at = _segments(mount['relativeMountPath'])
        if at and place[:len(at)] == at:
            inner = place[len(at):] + _segments(task.get('stdOutErrPathSuffix') or '') + _segments(path)
            return _in_mount(mount, inner)
    raise ValidationError(f"The set-up task of the cluster {cluster} writes to '{prefix}', which is in no file share "
                          'and in no container; look for its output there with: az batchai cluster node exec')


def _mounts(volumes: Json) -> list[Json]:
    """Those of storage accounts, the longest paths first: one may be mounted below another."""
    found = [*(volumes.get('azureFileShares') or []), *(volumes.get('azureBlobFileSystems') or [])]
    return sorted(found, key=lambda mount: -len(_segments(mount['relativeMountPath'])))


def _in_mount(mount: Json, inner: list[str]) -> StoredFolder:
    if 'containerName' in mount:
        return StoredFolder(mount['accountName'], False, mount['containerName'], '/'.join(inner))
    share, *above = _segments(unquote(urlsplit(mount['azureFileUrl']).path))
    return StoredFolder(mount['accountName'], True, share, '/'.join([*above, *inner]))


def _segments(path: str) -> list[str]:
    return [part for part in path.split('/') if part not in ('', '.')]
