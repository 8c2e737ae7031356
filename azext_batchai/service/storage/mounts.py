"""What a mount volume of the wire means on this machine: a link to a folder, or a command to run on the node."""
from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from azext_batchai.service.storage.folders import (
    container_folder, file_server_folder, share_folder, split_file_url)
from azext_batchai.service.storage.new_folders import make_folders


class MountError(Exception):
    """A volume cannot be mounted; `code` is an error code of the execution errors (wire facts, section 14). `node_id`
    is empty when the trouble is not that of one node."""

    def __init__(self, code: str, relative_path: str, problem: str):
        super().__init__(problem)
        self.code = code
        self.relative_path = relative_path
        self.node_id = ''


@dataclass(frozen=True)
class Mount:
    """`target` is the folder behind the mount, or None when `command` has to mount it.

    `create` says whether the target is ours to make when it is missing; `base` is then the share, container or file
    server that it lies in.
    """
    relative_path: str
    code: str
    target: Path | None = None
    command: str = ''
    create: bool = True
    base: Path | None = None


def resolve_mounts(volumes: dict[str, Any], data_dir: Path, file_server_guid: Callable[[str], str | None]
                   ) -> list[Mount]:
    """The mounts of a `mountVolumes` block, in the order the sheet lists the kinds.

    `file_server_guid` finds a file server by its ARM id. Raises MountError for a volume that cannot work.
    """
    mounts = []
    for share in volumes.get('azureFileShares', []):
        path = share['relativeMountPath']
        try:
            name, below = split_file_url(share['azureFileUrl'])
            base = share_folder(data_dir, share['accountName'], name)
            mounts.append(Mount(path, 'AZFMountError', base / below, base=base))
        except ValueError as error:
            raise MountError('AZFMountError', path, str(error)) from None
    for blob in volumes.get('azureBlobFileSystems', []):
        path = blob['relativeMountPath']
        try:
            base = container_folder(data_dir, blob['accountName'], blob['containerName'])
            mounts.append(Mount(path, 'BFSMountError', base, base=base))
        except ValueError as error:
            raise MountError('BFSMountError', path, str(error)) from None
    for server in volumes.get('fileServers', []):
        mounts.append(_file_server(server, data_dir, file_server_guid))
    for unmanaged in volumes.get('unmanagedFileSystems', []):
        path, command = unmanaged['relativeMountPath'], unmanaged['mountCommand']
        source = bind_source(command)
        mounts.append(Mount(path, 'UnmanagedMountError', Path(source), create=False) if source
                      else Mount(path, 'UnmanagedMountError', command=command))
    return mounts


def _file_server(server: dict[str, Any], data_dir: Path, file_server_guid: Callable[[str], str | None]) -> Mount:
    path, server_id = server['relativeMountPath'], server['fileServer']['id']
    guid = file_server_guid(server_id)
    if guid is None:
        raise MountError('FileServerMountError', path, f'the file server {server_id} is not there')
    below = server.get('sourceDirectory', '').strip('/')
    if '..' in below.split('/') or '\x00' in below:
        raise MountError('FileServerMountError', path, f"sourceDirectory {below!r} must not contain '..' or NUL")
    base = file_server_folder(data_dir, guid)
    return Mount(path, 'FileServerMountError', base / below, base=base)


def bind_source(command: str) -> str | None:
    """The folder of a bind mount (``mount --bind /path``, ``mount -t none -o bind /path``), else None.

    On one machine a bind mount is a link, which needs no privilege (design, section 9).
    """
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    if words[:1] == ['sudo']:
        words = words[1:]
    if words[:1] != ['mount']:
        return None
    bind, paths, rest = False, [], iter(words[1:])
    for word in rest:
        if word in ('--bind', '-B', '--rbind', '-R'):
            bind = True
        elif word in ('-t', '--types', '-o', '--options'):
            value = next(rest, '')
            bind = bind or bool({'bind', 'rbind'} & set(value.split(',')))
        elif word.startswith('-'):
            return None
        else:
            paths.append(word)
    return paths[0] if bind and len(paths) == 1 and paths[0].startswith('/') else None


def link_mounts(mounts: list[Mount], root: Path) -> None:
    """Make the links of those mounts that are folders below `root`. Repeating is harmless. Raises MountError."""
    make_folders(root)
    for mount in mounts:
        place = root / mount.relative_path
        try:
            if mount.target is None:
                make_folders(place)
                continue
            if mount.create:
                make_folders(mount.target)
            elif not mount.target.is_dir():
                raise MountError(mount.code, mount.relative_path, f'{mount.target} is not a folder on this machine')
            make_folders(place.parent)
            if place.is_symlink():
                place.unlink()
            place.symlink_to(mount.target, target_is_directory=True)
        except OSError as error:
            raise MountError(mount.code, mount.relative_path, f'{error.filename}: {error.strerror}') from None
