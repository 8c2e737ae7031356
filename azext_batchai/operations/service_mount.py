"""`az batchai service mount`: a folder of one's own as a share or container, without copying."""
from __future__ import annotations

import os
from typing import Any
from urllib.parse import quote

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.remote.connection import Connection, find_connection
from azext_batchai.remote.errors import not_connected
from azext_batchai.remote.service_request import send_json


def mount_folder(cmd: Any, storage_account: str, path: str, share: str | None = None, container: str | None = None
                 ) -> dict[str, Any]:
    """Have the service serve the folder `path` as that share or container."""
    connection = _connection(cmd)
    folder = os.path.abspath(os.path.expanduser(path))
    if connection.is_loopback and not connection.is_of_environment and not os.path.isdir(folder):
        raise InvalidArgumentValueError(f"--path '{path}' is not a folder; make it first, or correct the path.")
    _refuse_settings(folder, cmd.cli_ctx.config.config_dir, path)
    return send_json(connection, 'PUT', _address(storage_account, share, container), {'path': folder})


def _refuse_settings(folder: str, config_dir: str, path: str) -> None:
    """The settings of az hold the token of the service, wherever its data are."""
    served, settings = os.path.realpath(folder), os.path.realpath(config_dir)
    try:
        common = os.path.commonpath([served, settings])
    except ValueError:  # two drives of Windows
        return
    if common in (served, settings):
        raise InvalidArgumentValueError(f"--path '{path}' holds the settings of az, or is part of them ({config_dir}), "
                                        'and with them tokens; give another folder.')


def unmount_folder(cmd: Any, storage_account: str, share: str | None = None, container: str | None = None) -> None:
    """Have the service serve it no longer; the folder stays as it is."""
    send_json(_connection(cmd), 'DELETE', _address(storage_account, share, container))


def _connection(cmd: Any) -> Connection:
    connection = find_connection(cmd.cli_ctx.config.config_dir, os.environ)
    if connection is None:
        raise not_connected()
    return connection


def _address(account: str, share: str | None, container: str | None) -> str:
    collection, name = ('shares', share) if share else ('containers', container)
    return f"/batchai/storage/{quote(account, safe='')}/{collection}/{quote(str(name), safe='')}"
