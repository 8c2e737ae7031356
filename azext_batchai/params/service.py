"""Options of `service`."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import get_enum_type

from azext_batchai import _completers as complete
from azext_batchai import _validators as check


def load_arguments(loader: Any) -> None:
    with loader.argument_context('batchai service') as c:
        c.argument('port', options_list=['--port'], type=check.positive,
                   help='TCP port on the loopback interface. Default: the one used before, else a free one.')
        c.argument('data_dir', options_list=['--data-dir'], validator=check.filled('data_dir', '--data-dir'),
                   help='Folder for the database, the logs and the stored files. Default: the one used before, else '
                        'batchai in the folder of the az settings.')
        c.argument('engine', options_list=['--engine'], arg_type=get_enum_type(['process', 'slurm']),
                   help='What runs the jobs: processes of this machine, or a Slurm cluster whose commands and whose '
                        'shared folder for the data this machine has. Default: the one used before, else process.')
        c.argument('container_runtime', options_list=['--container-runtime'],
                   arg_type=get_enum_type(['podman', 'docker', 'none']),
                   help='What runs jobs that ask for a container; with none, they run directly on the node. Default: '
                        'podman where it is installed, else docker.')
        c.argument('job_user', options_list=['--job-user'], validator=check.filled('job_user', '--job-user'),
                   help='User of this machine that jobs run as, when you start the service as root. Default: the '
                        'user who starts it. Not with the engine slurm.')
        c.argument('follow', options_list=['--follow', '-f'], action='store_true',
                   help='Go on printing what is added, until Ctrl-C.')
        c.argument('tail', options_list=['--tail'], type=check.count, help='Number of lines to begin with.')
        c.argument('shell', options_list=['--shell'], arg_type=get_enum_type(['sh', 'powershell', 'fish']),
                   help='The shell that is to read the lines; sh is any that descends from it, such as bash or zsh.')

    with loader.argument_context('batchai service env') as c:
        c.argument('storage_account', options_list=['--storage-account'],
                   validator=check.filled('storage_account', '--storage-account'),
                   help='Storage account of the service that az storage is to work with in that shell.')
        # Without the configured default: names of accounts are unique, and it may be a group of Azure.
        c.argument('resource_group', options_list=['--resource-group', '-g'], completer=complete.resource_groups,
                   validator=check.group_of_account,
                   help='Resource group of the storage account, if it is to be found there only.')

    for verb in ('mount', 'unmount'):
        with loader.argument_context(f'batchai service {verb}') as c:
            c.argument('storage_account', options_list=['--storage-account'],
                       help='Storage account that has the share or container.')
            c.argument('share', options_list=['--share'], validator=check.share_or_container,
                       help='Share that the folder is.')
            c.argument('container', options_list=['--container'], help='Container that the folder is.')
    with loader.argument_context('batchai service mount') as c:
        c.argument('path', options_list=['--path'], validator=check.filled('path', '--path'),
                   help="Existing folder on the service's machine, outside of the service's own data.")
