"""Options that several nouns share."""
from __future__ import annotations

import argparse
from typing import Any

from azure.cli.core.commands.parameters import resource_group_name_type

from azext_batchai import _completers as complete
from azext_batchai import _validators as check

ACCOUNT = 'Admin Account'
ADVANCED = 'Advanced'
FILE_STORAGE = 'File Storage Mount'
NFS = 'NFS Mount'
CONFIG_OPTIONS = ['--config-file', '--config', '-c', '-f']
HIDDEN = argparse.SUPPRESS

_SEARCHED = 'Name of the workspace. Without it, every workspace of the resource group is searched, migrated ones first.'
_LOCATION_HELP = ('Location, for example eastus. You can configure the default location using `az configure --defaults '
                  'location=<location>`')


def place(loader: Any, scope: str, collection: str, workspace_help: str = _SEARCHED) -> None:
    """--resource-group, --workspace and --ids of every command below `scope`. `collection` is what --ids name."""
    with loader.argument_context(scope) as c:
        c.argument('resource_group', resource_group_name_type, completer=complete.resource_groups,
                   validator=check.group_validator(True, collection))
        c.argument('workspace', options_list=['--workspace', '-w'], id_part='name', completer=complete.workspaces,
                   validator=check.name_validator('workspace', '--workspace/-w'),
                   help=workspace_help)
    if workspace_help == _SEARCHED:
        with loader.argument_context(f'{scope} create') as c:
            c.argument('workspace',
                       help='Name of the workspace. Default: migrated-<location>, made on the way if missing.')


def list_place(loader: Any, command: str) -> None:
    """--resource-group and --workspace of a list, which may both be left out. Lists take no --ids."""
    with loader.argument_context(command) as c:
        c.argument('resource_group', resource_group_name_type, id_part=None, completer=complete.resource_groups,
                   validator=check.group_validator(False),
                   help="Name of resource group; '' for all groups of the subscription. You can configure the "
                        'default group using `az configure --defaults group=<name>`.')
        c.argument('workspace', id_part=None, help='Name of the workspace. Default: every workspace.')


def location(c: Any, otherwise: str = 'or specify it in the configuration file') -> None:
    c.argument('location', options_list=['--location', '-l'], configured_default='location', type=check.location,
               validator=check.filled('location', '--location/-l'), completer=complete.locations,
               help=f'{_LOCATION_HELP} {otherwise}.')


def config_file(c: Any, noun: str) -> None:
    c.argument('config_file', options_list=CONFIG_OPTIONS, completer=file_completer(), arg_group=ADVANCED,
               validator=check.filled('config_file', '--config-file/-c'),
               help=f'Path of a JSON file with the properties of the {noun}. Options win over the file.')


def dry_run(c: Any) -> None:
    c.argument('dry_run', options_list=['--dry-run'], action='store_true', validator=check.show_dry_run,
               help='Check everything and print the request that would be sent, secrets masked, without sending it.')


def subnet(c: Any) -> None:
    c.argument('subnet', options_list=['--subnet'], validator=check.filled('subnet', '--subnet'),
               help='Resource id of the virtual network subnet to use.')


def account(loader: Any, command: str, where: str) -> None:
    with loader.argument_context(command, arg_group=ACCOUNT) as c:
        c.argument('user_name', options_list=['--user-name', '--admin-user-name', '-u'],
                   validator=check.filled('user_name', '--user-name/-u'),
                   help=f'Name of the admin user of every {where}. Default: the current user.')
        c.argument('password', options_list=['--password', '-p'], help='Password of the admin user.',
                   validator=check.filled('password', '--password/-p'))
        c.argument('ssh_key', options_list=['--ssh-key', '-k'], completer=file_completer(),
                   validator=check.filled('ssh_key', '--ssh-key/-k'),
                   help='SSH public key of the admin user, or the path of one. Default without a password: '
                        '~/.ssh/id_rsa.pub.')
        c.argument('generate_ssh_keys', options_list=['--generate-ssh-keys'], action='store_true',
                   help='Make a pair of SSH keys in ~/.ssh, or at the path of --ssh-key, if there is none yet.')


def mounts(loader: Any, command: str) -> None:
    with loader.argument_context(command, arg_group=FILE_STORAGE) as c:
        c.argument('storage_account_name', options_list=['--storage-account-name'], validator=check.account_name,
                   help='Storage account of the file share and container, and for <AZURE_BATCHAI_STORAGE_ACCOUNT> in '
                        'the config file. Can be set with the environment variable AZURE_BATCHAI_STORAGE_ACCOUNT or '
                        '`az config set batchai.storage_account=<name>`.')
        c.argument('storage_account_key', options_list=['--storage-account-key'],
                   validator=check.filled('storage_account_key', '--storage-account-key'),
                   help='Its key, and for <AZURE_BATCHAI_STORAGE_KEY> in the config file. Can be set with the '
                        'environment variable AZURE_BATCHAI_STORAGE_KEY or `az config set batchai.storage_key=<key>`. '
                        'Default: looked up.')
        c.argument('afs_name', options_list=['--afs-name'], validator=check.filled('afs_name', '--afs-name'),
                   help='Azure file share to mount.')
        c.argument('afs_mount_path', options_list=['--afs-mount-path'],
                   validator=check.filled('afs_mount_path', '--afs-mount-path'),
                   help='Where to mount it, below the mount root. Default: afs.')
        c.argument('bfs_name', options_list=['--bfs-name', '--container-name'], help='Storage container to mount.',
                   validator=check.filled('bfs_name', '--bfs-name/--container-name'))
        c.argument('bfs_mount_path', options_list=['--bfs-mount-path', '--container-mount-path'],
                   validator=check.filled('bfs_mount_path', '--bfs-mount-path/--container-mount-path'),
                   help='Where to mount it, below the mount root. Default: bfs.')
    with loader.argument_context(command, arg_group=NFS) as c:
        c.argument('nfs', options_list=['--nfs', '--nfs-name'], validator=check.filled('nfs', '--nfs'),
                   completer=complete.file_servers, help='Name or resource id of the file server to mount.')
        c.argument('nfs_mount_path', options_list=['--nfs-mount-path'],
                   validator=check.filled('nfs_mount_path', '--nfs-mount-path'),
                   help='Where to mount it, below the mount root. Default: nfs.')
        c.argument('nfs_resource_group', options_list=['--nfs-resource-group'], validator=check.nfs_group,
                   completer=complete.resource_groups,
                   help='Resource group of the file server, if it is another one.')


def path(c: Any, directory: str = 'that directory') -> None:
    c.argument('path', options_list=['--path', '-p'], validator=check.path_validator,
               help=f'Path below {directory}. Default: the directory itself.')


def expiry(c: Any, *spellings: str) -> None:
    c.argument('expiry', options_list=['--expiry', *spellings], type=check.expiry_minutes,
               help='Minutes that the download links work: 5 to 600.')


def node_exec(c: Any) -> None:
    """Options of the two `node exec` commands."""
    c.argument('node_id', options_list=['--node-id', '-n'], completer=complete.nodes,
               validator=check.filled('node_id', '--node-id/-n'),
               help='Id of the node, as the list of nodes shows it. Default: the first one.')
    c.argument('command_line', options_list=['--exec'], validator=check.in_turn,
               help='Command line to run on the node.')
    c.argument('address', options_list=['--address', '-L'], action='append',
               help='Port to forward, as of ssh: [bind_address:]port:host:hostport. May be given several times.')
    c.argument('password', options_list=['--password', '-p'],
               help='Password of the admin user. Not needed with a self-hosted service, whose token lets in.')
    c.argument('ssh_private_key', options_list=['--ssh-private-key', '-k'], completer=file_completer(),
               help='Path of the private SSH key. Not needed with a self-hosted service, whose token lets in.')


def waiting(loader: Any, command: str, noun: str) -> None:
    """The options of the `wait` commands of resources that just are, and do not end as jobs do."""
    with loader.argument_context(command) as c:
        wait_times(c, noun, 'every second')
    with loader.argument_context(command, arg_group='Wait Condition') as c:
        for name, wish in (('created', f'the {noun} has been created'), ('updated', f'the {noun} has been updated'),
                           ('deleted', f'there is no such {noun}'), ('exists', f'there is such a {noun}')):
            c.argument(name, options_list=[f'--{name}'], action='store_true', help=f'Wait until {wish}.')
        c.argument('custom', options_list=['--custom'], validator=check.filled('custom', '--custom'),
                   help=f'Wait until this JMESPath condition holds for the {noun} as `show` prints it, for example '
                        "\"provisioningState=='succeeded'\".")


def wait_times(c: Any, noun: str, often: str) -> None:
    c.argument('interval', options_list=['--interval'], type=check.seconds, validator=check.in_turn,
               help=f'Seconds between two looks at the {noun}. Default: {often}.')
    c.argument('timeout', options_list=['--timeout'], type=check.seconds,
               help='Seconds to wait at most. Default: without end.')


def file_completer() -> Any:
    from argcomplete.completers import FilesCompleter
    return FilesCompleter()
