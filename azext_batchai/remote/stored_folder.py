"""What is in a folder of a file share or container, each file with a signed link: asked of Azure Storage itself."""
from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

from azure.cli.core.azclierror import ResourceNotFoundError

from azext_batchai.payloads.setup_output import StoredFolder


def list_stored_folder(cli_ctx: Any, folder: StoredFolder, key: str, expiry: int) -> list[Any]:
    """Files and folders directly in `folder`, by name, as `File` models of azure-mgmt-batchai. Links to files are good
    for `expiry` minutes. Empty when there is no such folder.

    Raises the CLI error when there is no such share or container, and the errors of the storage SDKs.
    """
    until = datetime.now(timezone.utc) + timedelta(minutes=expiry)
    found = _in_share(cli_ctx, folder, key, until) if folder.is_share else _in_container(cli_ctx, folder, key, until)
    return sorted(found, key=lambda file: str(file.name))


def _in_share(cli_ctx: Any, folder: StoredFolder, key: str, until: datetime) -> list[Any]:
    from azure.common import AzureMissingResourceHttpError
    from azure.storage.file import FileService
    from azure.storage.file.models import Directory, FilePermissions
    logging.getLogger('azure.storage').setLevel(logging.WARNING)  # it would log what it signs
    files = FileService(folder.account, key, endpoint_suffix=cli_ctx.cloud.suffixes.storage_endpoint)
    shown = []
    try:
        for item in files.list_directories_and_files(folder.name, folder.path or None):
            if isinstance(item, Directory):
                shown.append(_folder(item.name))
                continue
            token = files.generate_file_shared_access_signature(
                folder.name, folder.path or None, item.name, FilePermissions.READ, until, protocol='https')
            link = files.make_file_url(folder.name, quote(folder.path) or None, quote(item.name), 'https', token)
            shown.append(_file(item.name, link, item.properties.content_length, None))
    except AzureMissingResourceHttpError as error:
        if error.error_code == 'ShareNotFound':
            raise _gone(folder) from None
        return []
    return shown


def _in_container(cli_ctx: Any, folder: StoredFolder, key: str, until: datetime) -> list[Any]:
    from azure.cli.core.profiles import ResourceType, get_sdk
    from azure.core.exceptions import ResourceNotFoundError as Missing
    client_type, sign = get_sdk(cli_ctx, ResourceType.DATA_STORAGE_BLOB, '_blob_service_client#BlobServiceClient',
                                '_shared_access_signature#generate_blob_sas')
    address = f'https://{folder.account}.blob.{cli_ctx.cloud.suffixes.storage_endpoint}'
    container = client_type(address, credential={'account_name': folder.account, 'account_key': key}
                            ).get_container_client(folder.name)
    prefix = f'{folder.path}/' if folder.path else ''
    shown = []
    try:
        for item in container.walk_blobs(name_starts_with=prefix):
            name = item.name[len(prefix):].rstrip('/')
            if item.name.endswith('/'):
                shown.append(_folder(name))
                continue
            token = sign(folder.account, folder.name, item.name, account_key=key, permission='r', expiry=until,
                         protocol='https')
            link = f'{container.get_blob_client(item.name).url}?{token}'
            shown.append(_file(name, link, item.size, item.last_modified))
    except Missing:
        raise _gone(folder) from None
    return shown


def _folder(name: str) -> Any:
    return _model(name=name, file_type='directory')


def _file(name: str, link: str, size: int | None, modified: datetime | None) -> Any:
    return _model(name=name, file_type='file', download_url=link, content_length=size, last_modified=modified)


def _model(**values: Any) -> Any:
    from azure.mgmt.batchai.models import File
    file = File()
    for name, value in values.items():  # read-only for its constructor
        setattr(file, name, value)
    return file


def _gone(folder: StoredFolder) -> ResourceNotFoundError:
    what = 'file share' if folder.is_share else 'container'
    return ResourceNotFoundError(f"There is no {what} '{folder.name}' in the storage account '{folder.account}' any "
                                 'more, and so no output of the set-up task.')
