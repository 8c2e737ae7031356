"""File systems to mount: those of the command line joined to those of the config file."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError

from azext_batchai.payloads.storage_account import StorageAccount

Json = dict[str, Any]

DEFAULT_BLOB_OPTIONS = (
    '--use-https=true -o big_writes -o max_read=131072 -o max_write=131072 -o attr_timeout=240 -o fsname=blobfuse '
    '-o kernel_cache -o entry_timeout=240 -o negative_timeout=120 -o allow_other')

# What --use-auto-storage mounts, and where (semantics sheet, section 6.4).
AUTO_SHARE, AUTO_SHARE_PATH = 'batchaishare', 'autoafs'
AUTO_CONTAINER, AUTO_CONTAINER_PATH = 'batchaicontainer', 'autobfs'


@dataclass(frozen=True)
class MountOptions:
    """The mounts a command line can ask for. `nfs_id` is the resource id the name of --nfs stands for, `auto` the
    account that --use-auto-storage stands for."""
    afs_name: str | None = None
    afs_path: str | None = None
    bfs_name: str | None = None
    bfs_path: str | None = None
    nfs_id: str | None = None
    nfs_path: str | None = None
    auto: StorageAccount | None = None


def mount_volumes(options: MountOptions, account: StorageAccount, configured: Json | None = None) -> Json | None:
    """The `mountVolumes` of a request, or None when nothing is mounted."""
    volumes = {kind: list(items or []) for kind, items in (configured or {}).items()}
    shares, containers = volumes.setdefault('azureFileShares', []), volumes.setdefault('azureBlobFileSystems', [])
    if _wanted(options.afs_name, options.afs_path, '--afs-name', '--afs-mount-path'):
        account.required_name('--afs-name')
        shares.append(_file_share(account, options.afs_name, _path(options.afs_path, 'afs', '--afs-mount-path')))
    if _wanted(options.bfs_name, options.bfs_path, '--bfs-name', '--bfs-mount-path'):
        account.required_name('--bfs-name')
        containers.append(_container(account, options.bfs_name,
                                     _path(options.bfs_path, 'bfs', '--bfs-mount-path')))
    if options.auto:
        shares.append(_file_share(options.auto, AUTO_SHARE, AUTO_SHARE_PATH))
        containers.append(_container(options.auto, AUTO_CONTAINER, AUTO_CONTAINER_PATH))
    if _wanted(options.nfs_id, options.nfs_path, '--nfs', '--nfs-mount-path'):
        volumes.setdefault('fileServers', []).append({
            'fileServer': {'id': options.nfs_id}, 'relativeMountPath': _path(options.nfs_path, 'nfs',
                                                                             '--nfs-mount-path')})
    volumes['azureBlobFileSystems'] = [_with_blob_options(_with_credentials(item, account)) for item in containers]
    volumes['azureFileShares'] = [_with_credentials(item, account) for item in shares]
    for index, share in enumerate(volumes['azureFileShares']):
        _check_one_account(share, index)
    volumes = {kind: items for kind, items in volumes.items() if items}
    _check_paths_differ(volumes)
    return volumes or None


def complete_storage(configured: Any) -> Any:
    """`mountVolumes` of a config file, whose storage mounts may leave out the credentials, and the account that the
    address of a share names. API 2017-09-01-preview said `credentialsInfo`."""
    if not isinstance(configured, dict):
        return configured
    return {kind: [_complete(item) if isinstance(item, dict) else item for item in items]
            if kind in ('azureFileShares', 'azureBlobFileSystems') and isinstance(items, list) else items
            for kind, items in configured.items()}


def storage_mounts(volumes: Json | None) -> list[Json]:
    """The mounts of a `mountVolumes` that are of a storage account."""
    return [item for kind in ('azureFileShares', 'azureBlobFileSystems') for item in (volumes or {}).get(kind) or []]


def _file_share(account: StorageAccount, share: str | None, path: str) -> Json:
    return {'accountName': account.name, 'azureFileUrl': f'https://{account.name}.file.{account.suffix}/{share}',
            'credentials': account.credentials, 'relativeMountPath': path}


def _container(account: StorageAccount, container: str | None, path: str) -> Json:
    return {'accountName': account.name, 'containerName': container, 'credentials': account.credentials,
            'relativeMountPath': path}


def _wanted(name: str | None, path: str | None, name_option: str, path_option: str) -> bool:
    if path and not name:
        raise ArgumentUsageError(f'{path_option} {path} needs {name_option} as well.')
    return bool(name)


def _path(given: str | None, default: str, option: str) -> str:
    path = given or default
    if path.startswith('/') or '..' in path.split('/'):
        raise InvalidArgumentValueError(f"{option} '{path}' should be a path below the mount root, without .. in it.")
    return path


def _complete(mount: Json) -> Json:
    complete = dict(mount)
    older = complete.pop('credentialsInfo', None)
    if complete.get('credentials') is None:
        complete['credentials'] = {} if older is None else older
    if not complete.get('accountName') and (account := _account_of(complete.get('azureFileUrl'))):
        complete['accountName'] = account
    return complete


def _with_credentials(mount: Json, account: StorageAccount) -> Json:
    """A mount that leaves its credentials out gets those of the command's account, if it is from there."""
    credentials = mount.get('credentials') or (account.credentials if account.is_named(mount['accountName']) else {})
    return {**mount, 'credentials': credentials}


def _with_blob_options(mount: Json) -> Json:
    return {**mount, 'mountOptions': mount.get('mountOptions') or DEFAULT_BLOB_OPTIONS}


def _account_of(url: Any) -> str | None:
    """The account in ``https://<account>.file.<suffix>/...``; None when the address is of another form."""
    try:
        name, _, rest = (urlsplit(url).netloc if isinstance(url, str) else '').partition('.')
    except ValueError:
        return None
    return name if name and rest.startswith('file.') else None


def _check_one_account(share: Json, index: int) -> None:
    in_address = _account_of(share['azureFileUrl'])
    if in_address and in_address.lower() != share['accountName'].lower():
        raise InvalidArgumentValueError(
            f"mountVolumes.azureFileShares[{index}] has two storage accounts: accountName '{share['accountName']}' and "
            f"'{in_address}' in azureFileUrl; make them the same.")


def _check_paths_differ(volumes: Json) -> None:
    taken: set[str] = set()
    for item in (item for items in volumes.values() for item in items):
        path = item['relativeMountPath'].strip('/')
        if path in taken:
            raise InvalidArgumentValueError(f"Two file systems are to be mounted at '{path}'; "
                                            'give one of them another mount path.')
        taken.add(path)
