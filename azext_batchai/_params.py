"""The options of each command. Names of all three published dialects are synonyms here."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import get_enum_type, resource_group_name_type

from azext_batchai import _validators as check
from azext_batchai.payloads.images import FORMS

_LISTS = ('batchai cluster list', 'batchai job list', 'batchai file-server list')
_ACCOUNT = 'Admin Account'
_AUTO_SCALE = 'Auto Scale'
_FILE_STORAGE = 'File Storage Mount'
_NFS = 'NFS Mount'
_ADVANCED = 'Advanced'
_STORAGE = 'Storage'
_CONFIG_OPTIONS = ['--config-file', '--config', '-c', '-f']


def load_arguments(loader: Any, _command: str) -> None:
    for noun in ('cluster', 'job', 'file-server'):
        _common(loader, f'batchai {noun}')
    _clusters(loader)
    _jobs(loader)
    _file_servers(loader)
    _service(loader)


def _common(loader: Any, scope: str) -> None:
    with loader.argument_context(scope) as c:
        c.argument('resource_group', resource_group_name_type, id_part=None,
                   validator=check.group_validator(required=True))
        c.argument('workspace', options_list=['--workspace', '-w'],
                   validator=check.name_validator('workspace', '--workspace/-w'),
                   help='Name of the workspace. Without it, every workspace of the resource group is searched, '
                        'migrated ones first.')
        c.argument('location', options_list=['--location', '-l'], configured_default='location',
                   type=check.location,
                   help='Location. You can configure the default location using `az configure --defaults '
                        'location=<location>` or specify it in the configuration file.')
        c.argument('config_file', options_list=_CONFIG_OPTIONS, completer=_file_completer(),
                   validator=check.filled('config_file', '--config-file/-c'))
    with loader.argument_context(f'{scope} create') as c:
        c.argument('workspace', help='Name of the workspace. Default: migrated-<location>, made on the way if missing.')
    for command in _LISTS:
        with loader.argument_context(command) as c:
            c.argument('resource_group', resource_group_name_type, id_part=None,
                       validator=check.group_validator(required=False),
                       help="Name of resource group; '' for all groups of the subscription. You can configure the "
                            'default group using `az configure --defaults group=<name>`.')
            c.argument('workspace', help='Name of the workspace. Default: every workspace.')


def _clusters(loader: Any) -> None:
    with loader.argument_context('batchai cluster') as c:
        c.argument('cluster_name', options_list=['--name', '-n'], help='Name of the cluster.',
                   validator=check.name_validator('cluster_name', '--name/-n'))
        c.argument('minimum', options_list=['--min'], type=check.count, help='Minimum number of nodes.')
        c.argument('maximum', options_list=['--max'], type=check.count, help='Maximum number of nodes.')
        c.argument('target', options_list=['--target', '-t'], type=check.count, help='Number of nodes.')
    with loader.argument_context('batchai cluster resize') as c:
        c.argument('target', help='Number of nodes.')  # az's own batchai module has a text for this command
    with loader.argument_context('batchai cluster create') as c:
        c.argument('vm_size', options_list=['--vm-size', '-s'], help='VM size, for example Standard_NC6.')
        c.argument('image', options_list=['--image', '-i'], help=f'Operating system image: {FORMS}.')
        c.argument('config_file', arg_group=_ADVANCED,
                   help='Path of a JSON file with the properties of the cluster. Options win over the file.')
    with loader.argument_context('batchai cluster create', arg_group=_AUTO_SCALE) as c:
        c.argument('minimum', help='Minimum number of nodes. Equal to --max: a cluster of that many nodes, '
                                   'scaled manually.')
        c.argument('maximum', help='Maximum number of nodes.')
        c.argument('target', help='Number of nodes of a manually scaled cluster; beside --min and --max, '
                                  'the number auto-scale begins with.')
    with loader.argument_context('batchai cluster create', arg_group=_ADVANCED) as c:
        c.argument('vm_priority', options_list=['--vm-priority'], arg_type=get_enum_type(['dedicated', 'lowpriority']),
                   help='Priority of the VMs.')
        c.argument('setup_task', options_list=['--setup-task'],
                   help='Command line to run on each node when it is prepared.')
        c.argument('setup_task_output', options_list=['--setup-task-output'],
                   help="Directory for the set-up task's output, for example $AZ_BATCHAI_MOUNT_ROOT/afs.")
        _subnet(c)
    _account(loader, 'batchai cluster create', 'cluster node')
    _mounts(loader, 'batchai cluster create')


def _jobs(loader: Any) -> None:
    with loader.argument_context('batchai job') as c:
        c.argument('job_name', options_list=['--name', '-n'], help='Name of the job.',
                   validator=check.name_validator('job_name', '--name/-n'))
        c.argument('experiment', options_list=['--experiment', '-e'],
                   validator=check.name_validator('experiment', '--experiment/-e'),
                   help='Name of the experiment. Without it, every experiment is searched, migrated ones first.')
        c.argument('output_directory_id', options_list=['--output-directory-id', '-d'],
                   validator=check.filled('output_directory_id', '--output-directory-id/-d'),
                   help="Id of the job's output directory, as in outputDirectories of its config file; stdouterr is "
                        'that of the standard output and error files.')
        c.argument('path', options_list=['--path', '-p'],
                   help='Path below that directory. Default: the directory itself.')
    with loader.argument_context('batchai job list') as c:
        c.argument('experiment', help='Name of the experiment. Default: every experiment.')
    with loader.argument_context('batchai job create') as c:
        c.argument('experiment', help='Name of the experiment. Default: migrated, made on the way if missing.')
        c.argument('config_file', options_list=['--config-file', '--config', '-f'], required=False,
                   validator=None, help='Path of a JSON file with the properties of the job.')
        c.extra('cluster_or_config', options_list=['-c'], validator=check.sort_out_c,
                help='The config file; beside --config-file/-f, the cluster.')
        c.argument('cluster', options_list=['--cluster-name', '--cluster', '-r'],
                   validator=check.filled('cluster', '--cluster-name/-r'),
                   help='Name or resource id of the cluster to run on, instead of the one in the config file.')
        c.argument('cluster_resource_group', options_list=['--cluster-resource-group'],
                   validator=check.validate_other_groups,
                   help='Resource group of the cluster, if it is not that of the job.')
    _mounts(loader, 'batchai job create')
    with loader.argument_context('batchai job list-files') as c:
        c.argument('expiry', options_list=['--expiry'], type=check.expiry_minutes,
                   help='Minutes that the download links work: 5 to 600.')
    with loader.argument_context('batchai job stream-file') as c:
        c.argument('job_name', options_list=['--job-name', '--job', '-j'],
                   validator=check.name_validator('job_name', '--job-name/-j'))
        c.argument('file_name', options_list=['--name', '--file-name', '-n', '-f'],
                   validator=check.filled('file_name', '--name/-n'),
                   help='Name of the file, for example stdout.txt.')


def _file_servers(loader: Any) -> None:
    with loader.argument_context('batchai file-server') as c:
        c.argument('file_server_name', options_list=['--name', '-n'], help='Name of the file server.',
                   validator=check.name_validator('file_server_name', '--name/-n'))
    with loader.argument_context('batchai file-server create') as c:
        c.argument('vm_size', options_list=['--vm-size', '-s'], help='VM size, for example Standard_D2.')
        c.argument('config_file', arg_group=_ADVANCED,
                   help='Path of a JSON file with the properties of the file server. Options win over the file.')
    with loader.argument_context('batchai file-server create', arg_group=_ADVANCED) as c:
        _subnet(c)
    with loader.argument_context('batchai file-server create', arg_group=_STORAGE) as c:
        c.argument('disk_count', options_list=['--disk-count'], type=check.positive,
                   help='Number of disks; several become one volume.')
        c.argument('disk_size', options_list=['--disk-size'], type=check.positive,
                   help='Size of each disk in gigabytes.')
        c.argument('storage_sku', options_list=['--storage-sku'],
                   arg_type=get_enum_type(['Premium_LRS', 'Standard_GRS', 'Standard_LRS', 'Standard_RAGRS',
                                           'Standard_ZRS']),
                   help='Storage the disks are made of. Default: Premium_LRS.')
        c.argument('caching_type', options_list=['--caching-type'],
                   arg_type=get_enum_type(['none', 'readonly', 'readwrite']),
                   help='Caching of the disks. Default: none.')
    _account(loader, 'batchai file-server create', 'file server')


def _service(loader: Any) -> None:
    with loader.argument_context('batchai service') as c:
        c.argument('port', options_list=['--port'], type=check.positive,
                   help='TCP port on the loopback interface. Default: the one used before, else a free one.')
        c.argument('data_dir', options_list=['--data-dir'],
                   help='Folder for the database, the logs and the stored files.')
        c.argument('engine', options_list=['--engine'], arg_type=get_enum_type(['process']), help='What runs the jobs.')
        c.argument('follow', options_list=['--follow', '-f'], action='store_true',
                   help='Go on printing what is added, until Ctrl-C.')
        c.argument('tail', options_list=['--tail'], type=check.count, help='Number of lines to begin with.')


def _account(loader: Any, command: str, where: str) -> None:
    with loader.argument_context(command, arg_group=_ACCOUNT) as c:
        c.argument('user_name', options_list=['--user-name', '--admin-user-name', '-u'],
                   help=f'Name of the admin user of every {where}. Default: the current user.')
        c.argument('password', options_list=['--password', '-p'], help='Password of the admin user.')
        c.argument('ssh_key', options_list=['--ssh-key', '-k'],
                   help='SSH public key of the admin user, or the path of one. Default without a password: '
                        '~/.ssh/id_rsa.pub.')


def _mounts(loader: Any, command: str) -> None:
    with loader.argument_context(command, arg_group=_FILE_STORAGE) as c:
        c.argument('storage_account_name', options_list=['--storage-account-name'],
                   help='Storage account of the file share and container, and for <AZURE_BATCHAI_STORAGE_ACCOUNT> in '
                        'the config file. Can be set with the environment variable AZURE_BATCHAI_STORAGE_ACCOUNT.')
        c.argument('storage_account_key', options_list=['--storage-account-key'],
                   help='Its key, and for <AZURE_BATCHAI_STORAGE_KEY> in the config file. Can be set with the '
                        'environment variable AZURE_BATCHAI_STORAGE_KEY.')
        c.argument('afs_name', options_list=['--afs-name'], validator=check.filled('afs_name', '--afs-name'),
                   help='Azure file share to mount.')
        c.argument('afs_mount_path', options_list=['--afs-mount-path'],
                   help='Where to mount it, below the mount root. Default: afs.')
        c.argument('bfs_name', options_list=['--container-name', '--bfs-name'],
                   validator=check.filled('bfs_name', '--container-name'), help='Storage container to mount.')
        c.argument('bfs_mount_path', options_list=['--container-mount-path', '--bfs-mount-path'],
                   help='Where to mount it, below the mount root. Default: bfs.')
    with loader.argument_context(command, arg_group=_NFS) as c:
        c.argument('nfs', options_list=['--nfs', '--nfs-name'], validator=check.filled('nfs', '--nfs'),
                   help='Name or resource id of the file server to mount.')
        c.argument('nfs_mount_path', options_list=['--nfs-mount-path'],
                   help='Where to mount it, below the mount root. Default: nfs.')
        c.argument('nfs_resource_group', options_list=['--nfs-resource-group'], validator=check.validate_other_groups,
                   help='Resource group of the file server, if it is another one.')


def _subnet(c: Any) -> None:
    c.argument('subnet', options_list=['--subnet'], validator=check.validate_subnet,
               help='Resource id of the virtual network subnet to use.')


def _file_completer() -> Any:
    from argcomplete.completers import FilesCompleter
    return FilesCompleter()
