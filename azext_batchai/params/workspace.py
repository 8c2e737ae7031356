"""Options of `workspace`, `experiment` and `list-usages`."""
from __future__ import annotations

from typing import Any

from azure.cli.core.commands.parameters import resource_group_name_type

from azext_batchai import _completers as complete
from azext_batchai import _validators as check
from azext_batchai.params import common


def load_arguments(loader: Any) -> None:
    _workspaces(loader)
    _experiments(loader)
    with loader.argument_context('batchai list-usages') as c:
        common.location(c, 'once for all')


def _workspaces(loader: Any) -> None:
    with loader.argument_context('batchai workspace') as c:
        c.argument('resource_group', resource_group_name_type, completer=complete.resource_groups,
                   validator=check.group_validator(True, 'workspaces'))
        c.argument('workspace', options_list=['--workspace', '--name', '-n', '-w'], id_part='name',
                   completer=complete.workspaces, action=check.NameOnce,
                   validator=check.name_validator('workspace', '--workspace/-n'), help='Name of the workspace.')
    with loader.argument_context('batchai workspace create') as c:
        common.location(c, 'once for all. Without one, that of the resource group is used')
    with loader.argument_context('batchai workspace list') as c:
        c.argument('resource_group', resource_group_name_type, id_part=None, completer=complete.resource_groups,
                   validator=check.group_validator(False),
                   help="Name of resource group; '' for all groups of the subscription. You can configure the "
                        'default group using `az configure --defaults group=<name>`.')
        c.extra('stray_workspace', options_list=['--workspace', '-w', '-n'], help=common.HIDDEN,
                validator=check.refuse(
                    'stray_workspace', 'lists every workspace; for one of them: az batchai workspace show -g {group} '
                    '-n {value}, for its experiments: az batchai experiment list -g {group} -w {value}'))


def _experiments(loader: Any) -> None:
    common.place(loader, 'batchai experiment', 'experiments', 'Name of the workspace.')
    with loader.argument_context('batchai experiment') as c:
        c.argument('experiment', options_list=['--name', '-n', '--experiment', '-e'], id_part='child_name_1',
                   completer=complete.experiments, help='Name of the experiment.',
                   validator=check.name_validator('experiment', '--name/-n'))
    with loader.argument_context('batchai experiment list') as c:
        c.argument('resource_group', resource_group_name_type, id_part=None, completer=complete.resource_groups,
                   validator=check.group_validator(True))
        c.argument('workspace', id_part=None)
