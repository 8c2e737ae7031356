"""Options and config file -> the body of a cluster request."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from azure.cli.core.azclierror import (
    InvalidArgumentValueError, MutuallyExclusiveArgumentError, RequiredArgumentMissingError)

from azext_batchai.payloads import images, mounts, older_dialects
from azext_batchai.payloads.accounts import AccountOptions, user_account
from azext_batchai.payloads.config_file import Config
from azext_batchai.payloads.final_check import checked_body
from azext_batchai.payloads.foreign_ids import subnet
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.payloads.node_machines import check_node_limit, check_vm_size
from azext_batchai.payloads.scale import scale_settings
from azext_batchai.payloads.storage_account import StorageAccount, has_placeholder, replace_placeholders

Json = dict[str, Any]


@dataclass(frozen=True)
class ClusterOptions:
    """What the command line says about a new cluster."""
    vm_size: str | None = None
    vm_priority: str | None = None
    image: str | None = None
    custom_image: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    target: int | None = None
    setup_task: str | None = None
    setup_task_output: str | None = None
    subnet: str | None = None
    account: AccountOptions = field(default_factory=AccountOptions)
    mounts: MountOptions = field(default_factory=MountOptions)


def from_older(properties: Json) -> Json:
    """Properties of a config file of any dialect in the form of 2018-05-01."""
    modern = older_dialects.modern_cluster(properties)
    node_setup = modern.get('nodeSetup')
    if not isinstance(node_setup, dict) or 'mountVolumes' not in node_setup:
        return modern
    volumes = mounts.complete_storage(node_setup['mountVolumes'])
    return {**modern, 'nodeSetup': {**node_setup, 'mountVolumes': volumes}}


def cluster_body(options: ClusterOptions, config: Config, storage: StorageAccount) -> Json:
    """The body of the PUT; options win over the config file."""
    properties = replace_placeholders(config.properties, storage, config.path)
    _set(properties, 'vmSize', options.vm_size)
    _set(properties, 'vmPriority', options.vm_priority)
    if not properties.get('vmSize'):
        raise RequiredArgumentMissingError('Say what machines the cluster is made of: --vm-size/-s Standard_NC6, '
                                           'or vmSize in the config file.')
    check_vm_size(properties['vmSize'], of_cluster=True)
    properties['scaleSettings'] = scale_settings(options.minimum, options.maximum, options.target,
                                                 properties.get('scaleSettings'))
    check_node_limit(properties['scaleSettings'])
    properties['userAccountSettings'] = user_account(options.account, properties.get('userAccountSettings'))
    _set(properties, 'virtualMachineConfiguration', images.virtual_machine_configuration(
        options.image, options.custom_image, properties.get('virtualMachineConfiguration')))
    _set(properties, 'subnet', subnet(options.subnet, properties.get('subnet')))
    _set(properties, 'nodeSetup', _node_setup(options, storage, properties.get('nodeSetup') or {}))
    return checked_body('CLUSTER', properties, config)


def check_auto_storage(options: MountOptions, config: Config) -> None:
    """Beside --use-auto-storage an account makes sense for what else is mounted from it, and for nothing more."""
    configured = mounts.storage_mounts((config.properties.get('nodeSetup') or {}).get('mountVolumes'))
    if options.afs_name or options.bfs_name or configured or has_placeholder(config.properties):
        return
    raise MutuallyExclusiveArgumentError('--use-auto-storage finds or makes a storage account of its own: leave out '
                                         '--storage-account-name and --storage-account-key, or say with --afs-name or '
                                         '--bfs-name what to mount from that account as well.')


def check_same_subnet(body: Json, file_server: Any) -> None:
    """What mounts a file server has to be in its subnet."""
    wanted = (body['properties'].get('subnet') or {}).get('id')
    theirs = file_server.subnet.id if file_server.subnet else None
    if wanted and theirs and wanted.rstrip('/').lower() != theirs.rstrip('/').lower():
        raise InvalidArgumentValueError(f"The file server '{file_server.name}' is in another subnet than the cluster: "
                                        f'leave --subnet out, or give {theirs}')


def _node_setup(options: ClusterOptions, storage: StorageAccount, configured: Json) -> Json:
    node_setup = dict(configured)
    _set(node_setup, 'setupTask', _setup_task(options, configured.get('setupTask')))
    _set(node_setup, 'mountVolumes', mounts.mount_volumes(options.mounts, storage, configured.get('mountVolumes')))
    return node_setup


def _setup_task(options: ClusterOptions, configured: Json | None) -> Json | None:
    task = dict(configured or {})
    _set(task, 'commandLine', options.setup_task)
    _set(task, 'stdOutErrPathPrefix', options.setup_task_output)
    if task and not task.get('stdOutErrPathPrefix'):
        raise RequiredArgumentMissingError('Say where the output of the set-up task goes, for example '
                                           "--setup-task-output '$AZ_BATCHAI_MOUNT_ROOT/afs'.")
    if task and not task.get('commandLine'):
        raise RequiredArgumentMissingError('Say what the set-up task runs: --setup-task with its command line, '
                                           'or nodeSetup.setupTask.commandLine in the config file.')
    return task or None


def _set(target: Json, key: str, value: Any) -> None:
    """An option that was not given leaves the config file's word as it is."""
    if value:
        target[key] = value
