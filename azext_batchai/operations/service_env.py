"""`az batchai service env`: a shell whose az, extension or not, has the service for its cloud."""
from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Mapping
from urllib.parse import urlsplit

from azext_batchai._client_factory import subscription_id
from azext_batchai.arm.identity import METADATA_PATH, TOKEN_PATH, identity_header
from azext_batchai.remote.azure_profile import CLOUD, profile_folder, write_authorities, write_profile
from azext_batchai.remote.connection import Connection, find_connection
from azext_batchai.remote.connection_string import connection_string
from azext_batchai.remote.daemon import connect, profile_daemon
from azext_batchai.remote.errors import not_connected
from azext_batchai.remote.output import Output, ReaderLeft
from azext_batchai.remote.service_request import get_json
from azext_batchai.remote.shells import set_up_lines

_COMMAND = 'az batchai service env'
_SUBSCRIPTIONS = '/subscriptions?api-version=2022-12-01'
_STORAGE = 'AZURE_STORAGE_CONNECTION_STRING'
_SECRETS = frozenset({'IDENTITY_HEADER', _STORAGE})
_CLOUD_NAME = 'AZURE_CLOUD_NAME'
_PROXIES = ('https_proxy', 'all_proxy', 'http_proxy')


def print_environment(cmd: Any, shell: str = 'sh', storage_account: str | None = None,
                      resource_group: str | None = None) -> None:
    """Prepare a profile of its own for the service and print the lines with which a shell turns to it.

    With `storage_account`, which may be narrowed down to a `resource_group`, az storage works with that account there.
    """
    config_dir = cmd.cli_ctx.config.config_dir
    connection = _connection(config_dir)
    folder = profile_folder(config_dir)
    subscriptions = _prepare(cmd.cli_ctx, folder, connection)
    variables = _variables(folder, connection)
    if storage_account:
        variables[_STORAGE] = connection_string(connection, subscriptions, storage_account, resource_group)
    command = _COMMAND + (f' --storage-account {storage_account}' if storage_account else '')
    before = {} if str(folder) == config_dir else os.environ  # in a shell that is set up already
    out = Output()
    try:
        lines = set_up_lines(shell, variables, before, _SECRETS, command)
        out.write('\n'.join([*lines, '']).encode('utf-8', 'surrogateescape'))
        out.flush()
    except ReaderLeft:
        return


def _connection(config_dir: str) -> Connection:
    """The service, at its present address: it may have been started anew from the other one of its two profiles."""
    connection = find_connection(config_dir, os.environ)
    if connection is None:
        raise not_connected()
    if connection.is_of_environment or os.name != 'posix':
        return connection
    daemon = profile_daemon(config_dir)
    state = daemon.state()
    if state is None or state['endpoint'] == connection.endpoint or not daemon.is_running():
        return connection
    connect(config_dir, daemon)
    return find_connection(config_dir, os.environ) or connection


def _prepare(cli_ctx: Any, folder: Path, connection: Connection) -> list[str]:
    """Returns the ids of the subscriptions there, that of the user first."""
    subscriptions = get_json(connection, _SUBSCRIPTIONS)['value']
    config_dir = cli_ctx.config.config_dir
    default = subscription_id(cli_ctx)
    suffix = get_json(connection, f'{METADATA_PATH}?api-version=2022-09-01')['suffixes']['storage']
    write_profile(folder, config_dir, connection.endpoint, suffix, subscriptions, default)
    if not connection.is_of_environment:  # variables reach the other shell by themselves
        connect(str(folder), profile_daemon(config_dir))
    return list(dict.fromkeys([default, *(found['subscriptionId'] for found in subscriptions)]))


def _variables(folder: Path, connection: Connection) -> dict[str, str]:
    variables = {'AZURE_CONFIG_DIR': str(folder), 'AZURE_EXTENSION_DIR': _extensions()}
    if connection.ca_file:
        trusted = os.environ.get('REQUESTS_CA_BUNDLE') or os.environ.get('CURL_CA_BUNDLE')  # as requests reads them
        bundle = write_authorities(folder, connection.ca_file, trusted)
        variables['REQUESTS_CA_BUNDLE'] = str(bundle)
    return {**variables, 'IDENTITY_ENDPOINT': f'{connection.endpoint}{TOKEN_PATH}',
            'IDENTITY_HEADER': identity_header(connection.token), **_cloud_name(os.environ),
            **_past_proxies(connection.endpoint, os.environ)}


def _cloud_name(environ: Mapping[str, str]) -> dict[str, str]:
    """Where a variable names the cloud, what the profile says does not count."""
    return {_CLOUD_NAME: CLOUD} if environ.get(_CLOUD_NAME) else {}


def _extensions() -> str:
    """The folder of the installed extensions, which would move with the profile."""
    from azure.cli.core.extension import EXTENSIONS_DIR
    return os.path.abspath(EXTENSIONS_DIR)


def _past_proxies(endpoint: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Where a proxy is set, what goes to the service must not go there."""
    if not any(environ.get(name) or environ.get(name.upper()) for name in _PROXIES):
        return {}
    host = str(urlsplit(endpoint).hostname)
    known = [name for name in (environ.get('no_proxy') or environ.get('NO_PROXY') or '').split(',') if name]
    text = ','.join(known if host in known else [*known, host])
    return {'NO_PROXY': text, 'no_proxy': text}
