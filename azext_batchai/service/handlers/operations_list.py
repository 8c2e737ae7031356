"""What a client may do with Microsoft.BatchAI, for those who write roles (wire facts sheet, section 13)."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.service.context import Service
from azext_batchai.service.handlers import common

_READ_WRITE_DELETE = {
    'read': ('Get {a} or list {many}', 'Look at one of the {many}, or at all of them.'),
    'write': ('Create or update {a}', 'Create {a}, or change one.'),
    'delete': ('Delete {a}', 'Delete {a} with what is in it.'),
}

# Resource type below Microsoft.BatchAI -> what one and what several are called, and the actions it has of its own.
_TYPES: dict[str, tuple[str, str, dict[str, tuple[str, str]]]] = {
    'workspaces': ('a workspace', 'workspaces', {}),
    'workspaces/clusters': ('a cluster', 'clusters', {
        'remoteLoginInformation/action': ('List the nodes of a cluster', 'Tell where to log in to each node.'),
        'nodes/exec/action': ('Run a command on a node', 'Run a command on a node and get its output.'),
        'listSetupTaskOutputFiles/action': ('List the output of set-up tasks', 'List what the set-up tasks of the '
                                            'nodes wrote, with links to the files.')}),
    'workspaces/experiments': ('an experiment', 'experiments', {}),
    'workspaces/experiments/jobs': ('a job', 'jobs', {
        'listoutputfiles/action': ('List the output of a job', 'List the files in an output directory of the job, with '
                                   'links to them.'),
        'nodes/exec/action': ('Run a command for a job', 'Run a command on a node of the job and get its output.'),
        'remoteLoginInformation/action': ('List the nodes of a job', 'Tell where to log in to each node.'),
        'terminate/action': ('Terminate a job', 'Stop a job and keep its record and output.')}),
    'workspaces/fileservers': ('a file server', 'file servers', {}),
}

# The flat API versions have these types outside of workspaces, without the actions that are this service's own.
_FLAT_TYPES = {'clusters': 'workspaces/clusters', 'jobs': 'workspaces/experiments/jobs',
               'fileservers': 'workspaces/fileservers'}
_OWN_ACTIONS = frozenset({'nodes/exec/action', 'listSetupTaskOutputFiles/action'})

_OF_LOCATIONS = {
    'locations/operationresults': ('Get the status of an operation', 'Tell how far a long-running operation is.'),
    'locations/operationstatuses': ('Get the result of an operation', 'Tell what became of a long-running operation.'),
    'locations/usages': ('List usages', 'Tell how many clusters and cores are in use, and how many there are.'),
}

_OF_THE_PROVIDER = {
    'register': ('Register the provider', 'Let a subscription use Batch AI.'),
    'unregister': ('Unregister the provider', 'Let a subscription use Batch AI no longer.'),
}


async def list_operations(service: Service, request: Request) -> Response:
    return common.reply_list(_OPERATIONS)


def _operations() -> list[dict[str, Any]]:
    found = []
    flat = {name: (*_TYPES[same][:2], {verb: texts for verb, texts in _TYPES[same][2].items()
                                       if verb not in _OWN_ACTIONS}) for name, same in _FLAT_TYPES.items()}
    for resource, (one, many, actions) in {**_TYPES, **flat}.items():
        for verb, texts in {**_READ_WRITE_DELETE, **actions}.items():
            found.append(_view(resource, verb, *(text.format(a=one, many=many) for text in texts)))
    found += [_view(resource, 'read', *texts) for resource, texts in _OF_LOCATIONS.items()]
    return found + [_view(verb, 'action', *texts) for verb, texts in _OF_THE_PROVIDER.items()]


def _view(resource: str, verb: str, operation: str, description: str) -> dict[str, Any]:
    return {'name': f'Microsoft.BatchAI/{resource}/{verb}',
            'display': {'provider': 'Microsoft Batch AI', 'resource': resource, 'operation': operation,
                        'description': description},
            'origin': 'user,system'}


_OPERATIONS = _operations()
