"""Options and config file -> the body of a file server request."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azure.cli.core.azclierror import RequiredArgumentMissingError

from azext_batchai.payloads import older_dialects
from azext_batchai.payloads.accounts import AccountOptions, user_account
from azext_batchai.payloads.config_file import Config
from azext_batchai.payloads.final_check import checked_body
from azext_batchai.payloads.foreign_ids import subnet
from azext_batchai.payloads.node_machines import check_vm_size

DEFAULT_STORAGE_SKU = 'Premium_LRS'


@dataclass(frozen=True)
class FileServerOptions:
    """What the command line says about a new file server."""
    vm_size: str | None = None
    disk_count: int | None = None
    disk_size: int | None = None
    storage_sku: str | None = None
    caching_type: str | None = None
    subnet: str | None = None
    account: AccountOptions = field(default_factory=AccountOptions)


def from_older(properties: dict[str, Any]) -> dict[str, Any]:
    """Properties of a config file of any dialect in the form of 2018-05-01."""
    return older_dialects.modern_file_server(properties)


def file_server_body(options: FileServerOptions, config: Config) -> dict[str, Any]:
    """The body of the PUT; options win over the config file."""
    properties = dict(config.properties)
    if options.vm_size:
        properties['vmSize'] = options.vm_size
    if not properties.get('vmSize'):
        raise RequiredArgumentMissingError('Say what machine the file server is: --vm-size/-s Standard_D2, '
                                           'or vmSize in the config file.')
    check_vm_size(properties['vmSize'])
    properties['dataDisks'] = _data_disks(options, properties.get('dataDisks') or {})
    ssh = properties.get('sshConfiguration') or {}
    properties['sshConfiguration'] = {
        **ssh, 'userAccountSettings': user_account(options.account, ssh.get('userAccountSettings'))}
    reference = subnet(options.subnet, properties.get('subnet'))
    if reference:
        properties['subnet'] = reference
    return checked_body('FILE_SERVER', properties, config)


def _data_disks(options: FileServerOptions, configured: dict[str, Any]) -> dict[str, Any]:
    given = {'diskCount': options.disk_count, 'diskSizeInGB': options.disk_size,
             'storageAccountType': options.storage_sku, 'cachingType': options.caching_type}
    disks = {**configured, **{key: value for key, value in given.items() if value is not None}}
    for key, option in (('diskCount', '--disk-count 2'), ('diskSizeInGB', '--disk-size 10')):
        if disks.get(key) is None:
            raise RequiredArgumentMissingError(f'Say what disks the file server has: {option}, '
                                               f'or dataDisks.{key} in the config file.')
    if disks.get('storageAccountType') is None:
        disks['storageAccountType'] = DEFAULT_STORAGE_SKU
    return disks
