"""Options of `cluster`, `cluster node` and `cluster file`."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import get_enum_type

from azext_batchai import _completers as complete
from azext_batchai import _validators as check
from azext_batchai.params import common
from azext_batchai.payloads.images import FORMS

_AUTO_SCALE = 'Auto Scale'
# Commands for what a cluster has, whose own -n may be something else.
_OF_A_CLUSTER = ['--cluster', '-c', '--cluster-name']


def load_arguments(loader: Any) -> None:
    common.place(loader, 'batchai cluster', 'clusters')
    common.list_place(loader, 'batchai cluster list')
    with loader.argument_context('batchai cluster') as c:
        c.argument('cluster_name', options_list=['--name', '-n'], id_part='child_name_1', help='Name of the cluster.',
                   completer=complete.clusters, validator=check.known_name_validator('cluster_name', '--name/-n'))
        c.argument('minimum', options_list=['--min'], type=check.count, help='Minimum number of nodes.')
        c.argument('maximum', options_list=['--max'], type=check.count, help='Maximum number of nodes.')
        c.argument('target', options_list=['--target', '-t'], type=check.count, help='Number of nodes.')
    with loader.argument_context('batchai cluster resize') as c:
        c.argument('target', help='Number of nodes.')  # az's own batchai module has a text for this command
        c.argument('deallocation', options_list=['--node-deallocation-option'],
                   arg_type=get_enum_type(['requeue', 'terminate', 'waitforjobcompletion']),
                   help='What becomes of jobs on nodes that go: they are queued again, are ended for good, or run to '
                        'their end first. Default: as the cluster has it, else requeue.')
    common.waiting(loader, 'batchai cluster wait', 'cluster')
    _create(loader)
    _nodes_and_files(loader)


def _create(loader: Any) -> None:
    with loader.argument_context('batchai cluster create') as c:
        c.argument('cluster_name', validator=check.name_validator('cluster_name', '--name/-n'))
        common.location(c)
        common.dry_run(c)
        c.argument('vm_size', options_list=['--vm-size', '-s'], completer=complete.vm_sizes,
                   validator=check.filled('vm_size', '--vm-size/-s'), help='VM size, for example Standard_NC6.')
        c.argument('image', options_list=['--image', '-i'], completer=complete.images,
                   validator=check.filled('image', '--image/-i'),
                   help=f'Operating system image: {FORMS}.')
        c.argument('custom_image', options_list=['--custom-image'],
                   validator=check.filled('custom_image', '--custom-image'),
                   help='Resource id of a virtual machine image; --image names the image it was made from.')
        common.config_file(c, 'cluster')
    with loader.argument_context('batchai cluster create', arg_group=_AUTO_SCALE) as c:
        c.argument('minimum', help='Minimum number of nodes. Equal to --max: a cluster of that many nodes, '
                                   'scaled manually.')
        c.argument('maximum', help='Maximum number of nodes.')
        c.argument('target', help='Number of nodes of a manually scaled cluster; beside --min and --max, '
                                  'the number auto-scale begins with.')
    with loader.argument_context('batchai cluster create', arg_group=common.ADVANCED) as c:
        c.argument('vm_priority', options_list=['--vm-priority'], arg_type=get_enum_type(['dedicated', 'lowpriority']),
                   help='Priority of the VMs. Default: dedicated.')
        c.argument('setup_task', options_list=['--setup-task'], validator=check.filled('setup_task', '--setup-task'),
                   help='Command line to run on each node when it is prepared.')
        c.argument('setup_task_output', options_list=['--setup-task-output'],
                   validator=check.filled('setup_task_output', '--setup-task-output'),
                   help="Directory for the set-up task's output, for example $AZ_BATCHAI_MOUNT_ROOT/afs.")
        common.subnet(c)
    common.account(loader, 'batchai cluster create', 'cluster node')
    common.mounts(loader, 'batchai cluster create')
    with loader.argument_context('batchai cluster create', arg_group=common.FILE_STORAGE) as c:
        c.argument('use_auto_storage', options_list=['--use-auto-storage'], action='store_true',
                   help='Mount a file share at autoafs and a container at autobfs, of a storage account of resource '
                        'group batchaiautostorage; made if missing.')


def _nodes_and_files(loader: Any) -> None:
    for command in ('list-nodes', 'list-files', 'node list', 'file list'):
        with loader.argument_context(f'batchai cluster {command}') as c:
            c.argument('cluster_name', options_list=[*_OF_A_CLUSTER, '--name', '-n'])
    with loader.argument_context('batchai cluster node exec') as c:
        c.argument('cluster_name', options_list=_OF_A_CLUSTER,
                   validator=check.known_name_validator('cluster_name', '--cluster/-c'))
        common.node_exec(c)
    for command in ('list-files', 'file list'):
        with loader.argument_context(f'batchai cluster {command}') as c:
            common.path(c, "the directory of the set-up task's output")
            common.expiry(c, '-e')
