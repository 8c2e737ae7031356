"""File systems to mount: those of the command line joined to those of the config file."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError

from azext_batchai.payloads.storage_account import StorageAccount

Json = dict[str, Any]

DEFAULT_BLOB_OPTIONS = (
    '--use-https=true -o big_writes -o max_read=131072 -o max_write=131072 -o attr_timeout=240 -o fsname=blobfuse '
    '-o kernel_cache -o entry_timeout=240 -o negative_timeout=120 -o allow_other')


@dataclass(frozen=True)
class MountOptions:
    """The mounts a command line can ask for. `nfs_id` is the resource id the name of --nfs stands for."""
    afs_name: str | None = None
    afs_path: str | None = None
    bfs_name: str | None = None
    bfs_path: str | None = None
    nfs_id: str | None = None
    nfs_path: str | None = None


def mount_volumes(options: MountOptions, account: StorageAccount, configured: Json | None = None) -> Json | None:
    """The `mountVolumes` of a request, or None when nothing is mounted."""
    added: dict[str, Json] = {}
    if _wanted(options.afs_name, options.afs_path, '--afs-name', '--afs-mount-path'):
        added['azureFileShares'] = _file_share(options, account)
    if _wanted(options.bfs_name, options.bfs_path, '--container-name', '--container-mount-path'):
        added['azureBlobFileSystems'] = _container(options, account)
    if _wanted(options.nfs_id, options.nfs_path, '--nfs', '--nfs-mount-path'):
        added['fileServers'] = {'fileServer': {'id': options.nfs_id},
                                'relativeMountPath': _path(options.nfs_path, 'nfs', '--nfs-mount-path')}
    volumes = {kind: list(items or []) for kind, items in (configured or {}).items()}
    for kind, mount in added.items():
        volumes.setdefault(kind, []).append(mount)
    volumes['azureBlobFileSystems'] = [_with_blob_options(item) for item in volumes.get('azureBlobFileSystems', [])]
    volumes['azureFileShares'] = [_with_credentials(item) for item in volumes.get('azureFileShares', [])]
    volumes = {kind: items for kind, items in volumes.items() if items}
    _check_paths_differ(volumes)
    return volumes or None


def complete_credentials(configured: Any) -> Any:
    """`mountVolumes` of a config file, whose storage mounts may leave the credentials out."""
    if not isinstance(configured, dict):
        return configured
    return {kind: [_with_credentials(item) if isinstance(item, dict) else item for item in items]
            if kind in ('azureFileShares', 'azureBlobFileSystems') and isinstance(items, list) else items
            for kind, items in configured.items()}


def _file_share(options: MountOptions, account: StorageAccount) -> Json:
    name = account.required_name('--afs-name')
    return {'accountName': name, 'azureFileUrl': f'https://{name}.file.{account.suffix}/{options.afs_name}',
            'credentials': account.credentials,
            'relativeMountPath': _path(options.afs_path, 'afs', '--afs-mount-path')}


def _container(options: MountOptions, account: StorageAccount) -> Json:
    return {'accountName': account.required_name('--container-name'), 'containerName': options.bfs_name,
            'credentials': account.credentials,
            'relativeMountPath': _path(options.bfs_path, 'bfs', '--container-mount-path')}


def _wanted(name: str | None, path: str | None, name_option: str, path_option: str) -> bool:
    if path and not name:
        raise ArgumentUsageError(f'{path_option} {path} needs {name_option} as well.')
    return bool(name)


def _path(given: str | None, default: str, option: str) -> str:
    path = given or default
    if path.startswith('/') or '..' in path.split('/'):
        raise InvalidArgumentValueError(f"{option} '{path}' should be a path below the mount root, without .. in it.")
    return path


def _with_credentials(mount: Json) -> Json:
    return {**mount, 'credentials': mount['credentials'] if mount.get('credentials') is not None else {}}


def _with_blob_options(mount: Json) -> Json:
    return {**_with_credentials(mount), 'mountOptions': mount.get('mountOptions') or DEFAULT_BLOB_OPTIONS}


def _check_paths_differ(volumes: Json) -> None:
    taken: set[str] = set()
    for item in (item for items in volumes.values() for item in items):
        path = item['relativeMountPath'].strip('/')
        if path in taken:
            raise InvalidArgumentValueError(f"Two file systems are to be mounted at '{path}'; "
                                            'give one of them another mount path.')
        taken.add(path)
