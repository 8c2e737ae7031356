"""Clusters and file servers that a command line or a config file refers to, by name or by resource id."""
from __future__ import annotations

import re
from typing import Any, Callable

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.arm.ids import ResourceId, is_valid_flat_name, parse_resource_id
from azext_batchai.remote.file_servers import get_file_server
from azext_batchai.remote.placement import Found, find_cluster, find_file_server

# Resource ids of the flat API had no workspace in them; config files of 2017 still do.
_FLAT_ID = re.compile(r'/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)'
                      r'/providers/Microsoft\.BatchAI/(?P<collection>clusters|fileServers)/(?P<name>[^/]+)/?\Z',
                      re.IGNORECASE)

_NOUNS = {'clusters': 'The cluster', 'fileServers': 'The file server'}


def referred_cluster(client: Any, reference: str, group: str, workspace: str | None) -> tuple[Found, str]:
    """The cluster, and the resource group it is in. `group` and `workspace` complete a mere name."""
    return _referred(client, reference, group, workspace, 'clusters', find_cluster,
                     lambda id: client.clusters.get(id.resource_group, id.workspace, id.name))


def referred_file_server(client: Any, reference: str, group: str, workspace: str | None) -> tuple[Found, str]:
    """The file server, and the resource group it is in."""
    return _referred(client, reference, group, workspace, 'fileServers', find_file_server,
                     lambda id: get_file_server(client, id.resource_group, id.workspace, id.name))


def modern_file_server_ids(client: Any, volumes: dict[str, Any] | None) -> None:
    """Replace flat ids of file servers in `mountVolumes`, in place, by the ids these servers have now."""
    for mount in (volumes or {}).get('fileServers') or []:
        if _FLAT_ID.match(mount['fileServer']['id']):
            found, _ = referred_file_server(client, mount['fileServer']['id'], '', None)
            mount['fileServer'] = {'id': found.resource.id}


def _referred(client: Any, reference: str, group: str, workspace: str | None, collection: str,
              find: Callable[..., Found], get: Callable[[ResourceId], Any]) -> tuple[Found, str]:
    if reference.startswith('/'):
        reference = re.sub(r'[\\\s]+', '', reference)  # published lines break long ids with blanks and backslashes
    flat = _FLAT_ID.match(reference)
    if flat and flat['collection'].lower() == collection.lower():
        _check_subscription(client, flat['subscription'], reference)
        return find(client, flat['group'], flat['name']), flat['group']
    if flat:
        raise _wrong_type(reference, collection)
    if '/' in reference:
        resource_id = _parsed(reference, collection)
        _check_subscription(client, resource_id.subscription, reference)
        return Found(get(resource_id), resource_id.workspace), resource_id.resource_group
    if not is_valid_flat_name(reference):
        raise InvalidArgumentValueError(f"{_NOUNS[collection]} '{reference}' is neither a name nor a resource id.")
    return find(client, group, reference, workspace), group


def _check_subscription(client: Any, subscription: str, reference: str) -> None:
    mine = client._config.subscription_id
    if subscription.lower() != mine.lower():
        raise InvalidArgumentValueError(f"'{reference}' is in another subscription than this command, "
                                        f'which works in {mine}; add --subscription {subscription}.')


def _parsed(reference: str, collection: str) -> ResourceId:
    try:
        resource_id = parse_resource_id(reference)
    except ValueError as error:
        raise InvalidArgumentValueError(f'{_NOUNS[collection]} is not understood: {error}') from None
    if resource_id.path[-1][0] != collection:
        raise _wrong_type(reference, collection)
    return resource_id


def _wrong_type(reference: str, collection: str) -> InvalidArgumentValueError:
    return InvalidArgumentValueError(f"{_NOUNS[collection]} '{reference}' should be the id of one of the {collection}, "
                                     f'.../workspaces/<workspace>/{collection}/<name>, or a name.')
