"""A profile folder of az for which the service is the cloud: registered, selected, and logged in to.

The files are those that `az cloud register`, `az cloud set` and `az login --identity` would write; written here, they
are there in no time. What the user changes in that profile later stays.
"""
from __future__ import annotations

import configparser
import json
import os
import uuid
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import FileOperationError

from azext_batchai.arm.identity import TENANT
from azext_batchai.remote.connection import connection_file
from azext_batchai.remote.replaced_file import replace_file

CLOUD = 'BatchAI'
_FOLDER = 'azure'
_CLOUDS = 'clouds.config'
_OWN_PART = '# The authority of the Batch AI service\n'


def profile_folder(config_dir: str) -> Path:
    """Where that profile is: in the batchai folder of the profile in `config_dir`, unless this is one itself."""
    folder = Path(config_dir).absolute()
    outer = folder.parent.parent
    if folder == connection_file(str(outer)).parent / _FOLDER and _is_ours(folder):
        return folder
    return connection_file(str(folder)).parent / _FOLDER


def _is_ours(folder: Path) -> bool:
    """Whether the cloud is registered there; a user's own profile may be in a folder of that name by chance."""
    clouds = _parser()
    _read(clouds, folder / _CLOUDS)
    return clouds.has_section(CLOUD)


def write_profile(folder: Path, config_dir: str, endpoint: str, storage_suffix: str,
                  subscriptions: list[dict[str, Any]], default: str) -> None:
    """Make `folder` a profile for the service at `endpoint`, with the settings of the profile in `config_dir`.

    `storage_suffix` is behind ``account.blob.`` there, `subscriptions` are as ARM shows them,
    `default` is the id of the one to begin with. Raises the CLI error.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        _write_settings(folder / 'config', Path(config_dir) / 'config')
        _write_cloud(folder / _CLOUDS, endpoint, storage_suffix)
        _write_accounts(folder / 'azureProfile.json', subscriptions, default)
    except OSError as error:
        raise FileOperationError(f"Cannot write into '{folder}': {error.strerror}.") from None


def write_authorities(folder: Path, ca_file: str, bundle: str | None) -> Path:
    """A file with the authorities that requests trusts anyway and with that of the service. Raises the CLI error.

    `bundle` is the file that stands in for those of requests, if one does.
    """
    path = folder / 'ca-bundle.pem'
    try:
        own = Path(ca_file).read_text('ascii')
        others = Path(bundle).read_text('utf-8') if bundle and os.path.isfile(bundle) else _usual_authorities()
        replace_file(path, f'{others.partition(_OWN_PART)[0].rstrip()}\n{_OWN_PART}{own}')
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, 'strerror', None) or 'it is not text'
        raise FileOperationError(f"Cannot put the certificate authorities together in '{path}': {reason}.") from None
    return path


def _usual_authorities() -> str:
    import certifi
    return certifi.contents()


def _write_settings(path: Path, model: Path) -> None:
    settings = _parser()
    _read(settings, path if path.exists() else model)
    if not settings.has_section('cloud'):
        settings.add_section('cloud')
    settings.set('cloud', 'name', CLOUD)
    _save(settings, path)


def _write_cloud(path: Path, endpoint: str, storage_suffix: str) -> None:
    clouds = _parser()
    _read(clouds, path)
    clouds[CLOUD] = {
        'profile': 'latest', 'endpoint_resource_manager': endpoint, 'endpoint_management': endpoint,
        'endpoint_active_directory': endpoint, 'endpoint_active_directory_resource_id': endpoint,
        'suffix_storage_endpoint': storage_suffix}
    _save(clouds, path)


def _write_accounts(path: Path, subscriptions: list[dict[str, Any]], default: str) -> None:
    """As `az login --identity` does, but that the subscription chosen before stays the chosen one."""
    before = _read_accounts(path)
    listed = {found['subscriptionId']: found['displayName'] for found in subscriptions}
    listed.setdefault(default, default)
    chosen = next((account['id'] for account in before.get('subscriptions', [])
                   if account.get('isDefault') and account.get('id') in listed), default)
    replace_file(path, json.dumps({
        'installationId': before.get('installationId') or str(uuid.uuid1()),
        'subscriptions': [_account(identity, name, identity == chosen) for identity, name in listed.items()]}))


def _read_accounts(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text('utf-8-sig'))
        good = isinstance(content, dict) and all(isinstance(each, dict) for each in content.get('subscriptions', []))
        return content if good else {}
    except (OSError, ValueError, TypeError):
        return {}


def _account(identity: str, name: str, chosen: bool) -> dict[str, Any]:
    return {'id': identity, 'name': name, 'state': 'Enabled', 'isDefault': chosen, 'tenantId': TENANT,
            'environmentName': CLOUD, 'homeTenantId': TENANT, 'managedByTenants': [],
            'user': {'name': 'systemAssignedIdentity', 'type': 'servicePrincipal', 'assignedIdentityInfo': 'MSI'}}


def _parser() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    return parser


def _read(parser: configparser.RawConfigParser, path: Path) -> None:
    """What can be read of a file of settings; az forgets one that is damaged, too."""
    try:
        parser.read(path, 'utf-8')
    except (configparser.Error, UnicodeDecodeError):
        parser.clear()


def _save(parser: configparser.RawConfigParser, path: Path) -> None:
    import io
    text = io.StringIO()
    parser.write(text)
    replace_file(path, text.getvalue())
