"""The storage account of a command line: options, environment, and the placeholders of config files."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from azure.cli.core.azclierror import RequiredArgumentMissingError

ACCOUNT_VARIABLE = 'AZURE_BATCHAI_STORAGE_ACCOUNT'
KEY_VARIABLE = 'AZURE_BATCHAI_STORAGE_KEY'
ACCOUNT_PLACEHOLDER = f'<{ACCOUNT_VARIABLE}>'
KEY_PLACEHOLDER = f'<{KEY_VARIABLE}>'


@dataclass(frozen=True)
class StorageAccount:
    """An account to mount from. `suffix` is that of the cloud, for example ``core.windows.net``."""
    name: str | None = None
    key: str | None = field(default=None, repr=False)
    suffix: str = 'core.windows.net'

    @property
    def credentials(self) -> dict[str, str]:
        return {'accountKey': self.key} if self.key else {}

    def required_name(self, option: str) -> str:
        if not self.name:
            raise RequiredArgumentMissingError(f'{option} needs a storage account: give --storage-account-name or set '
                                               f'{ACCOUNT_VARIABLE}.')
        return self.name


def storage_account(name: str | None, key: str | None, suffix: str, environ: Mapping[str, str]) -> StorageAccount:
    """The options win; a key from the environment belongs to the account of the environment only."""
    configured = environ.get(ACCOUNT_VARIABLE) or None
    configured_key = environ.get(KEY_VARIABLE) or None
    same = name is None or configured is None or name.lower() == configured.lower()
    return StorageAccount(name or configured, key or (configured_key if same else None), suffix)


def replace_placeholders(value: Any, account: StorageAccount, path: str) -> Any:
    """`value` with the account's name and key where the file at `path` leaves them open.

    An `accountKey` that is not known is left out: whoever mounts has to find it.
    """
    if isinstance(value, dict):
        return {key: replace_placeholders(item, account, path) for key, item in value.items()
                if account.key or not _is_open_key(key, item)}
    if isinstance(value, list):
        return [replace_placeholders(item, account, path) for item in value]
    if not isinstance(value, str):
        return value
    if KEY_PLACEHOLDER in value:
        if not account.key:
            raise RequiredArgumentMissingError(f"The config file '{path}' has {KEY_PLACEHOLDER}: give "
                                               f'--storage-account-key or set {KEY_VARIABLE}.')
        value = value.replace(KEY_PLACEHOLDER, account.key)
    if ACCOUNT_PLACEHOLDER in value:
        if not account.name:
            raise RequiredArgumentMissingError(f"The config file '{path}' has {ACCOUNT_PLACEHOLDER}: give "
                                               f'--storage-account-name or set {ACCOUNT_VARIABLE}.')
        value = value.replace(ACCOUNT_PLACEHOLDER, account.name)
    return value


def _is_open_key(key: str, item: Any) -> bool:
    return key == 'accountKey' and isinstance(item, str) and KEY_PLACEHOLDER in item
