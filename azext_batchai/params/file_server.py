"""Options of `file-server`."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import get_enum_type

from azext_batchai import _completers as complete
from azext_batchai import _validators as check
from azext_batchai.params import common

_STORAGE = 'Storage'


def load_arguments(loader: Any) -> None:
    common.place(loader, 'batchai file-server', 'fileServers')
    common.list_place(loader, 'batchai file-server list')
    with loader.argument_context('batchai file-server') as c:
        c.argument('file_server_name', options_list=['--name', '-n'], id_part='child_name_1',
                   completer=complete.file_servers, help='Name of the file server.',
                   validator=check.known_name_validator('file_server_name', '--name/-n'))
    common.waiting(loader, 'batchai file-server wait', 'file server')
    with loader.argument_context('batchai file-server create') as c:
        c.argument('file_server_name', validator=check.name_validator('file_server_name', '--name/-n'))
        common.location(c)
        c.argument('vm_size', options_list=['--vm-size', '-s'], completer=complete.vm_sizes,
                   validator=check.filled('vm_size', '--vm-size/-s'), help='VM size, for example Standard_D2.')
        common.config_file(c, 'file server')
    with loader.argument_context('batchai file-server create', arg_group=common.ADVANCED) as c:
        common.subnet(c)
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
    common.account(loader, 'batchai file-server create', 'file server')
