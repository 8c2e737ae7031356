"""The storage account of a command line: options, environment, az config, and the placeholders of config files."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping

from azure.cli.core.azclierror import InvalidArgumentValueError, RequiredArgumentMissingError

ACCOUNT_VARIABLE = 'AZURE_BATCHAI_STORAGE_ACCOUNT'
KEY_VARIABLE = 'AZURE_BATCHAI_STORAGE_KEY'
ACCOUNT_PLACEHOLDER = f'<{ACCOUNT_VARIABLE}>'
KEY_PLACEHOLDER = f'<{KEY_VARIABLE}>'
# The names the two have in section [batchai] of the az config; knack derives the variables from them.
ACCOUNT_OPTION, KEY_OPTION = 'storage_account', 'storage_key'

_SOURCES = f"set {ACCOUNT_VARIABLE}, or once for all 'az config set batchai.{ACCOUNT_OPTION}=MyAccount'"


@dataclass(frozen=True)
class StorageAccount:
    """An account to mount from. `suffix` is that of the cloud, for example ``core.windows.net``."""
    name: str | None = None
    key: str | None = field(default=None, repr=False)
    suffix: str = 'core.windows.net'

    @property
    def credentials(self) -> dict[str, str]:
        return {'accountKey': self.key} if self.key else {}

    def is_named(self, name: str) -> bool:
        return self.name is not None and self.name.lower() == name.lower()

    def required_name(self, option: str) -> str:
        if not self.name:
            raise RequiredArgumentMissingError(f'{option} needs a storage account: give --storage-account-name, '
                                               f'{_SOURCES}.')
        return self.name


def storage_account(name: str | None, key: str | None, suffix: str, environ: Mapping[str, str],
                    *files: Mapping[str, str]) -> StorageAccount:
    """The options win over the environment, and that over the section [batchai] of each of the config `files`.

    A key belongs to the account it is configured with only; one that is configured without an account fits any.
    """
    places = [{ACCOUNT_OPTION: environ.get(ACCOUNT_VARIABLE), KEY_OPTION: environ.get(KEY_VARIABLE)}, *files]
    chosen = name or next((place[ACCOUNT_OPTION] for place in places if place.get(ACCOUNT_OPTION)), None)

    def fits(place: Mapping[str, str | None]) -> bool:
        owner = place.get(ACCOUNT_OPTION)
        return not owner or chosen is None or owner.lower() == chosen.lower()
    found = next((place[KEY_OPTION] for place in places if place.get(KEY_OPTION) and fits(place)), None)
    return StorageAccount(chosen, key or found, suffix)


def replace_placeholders(value: Any, account: StorageAccount, path: str) -> Any:
    """`value` with the account's name and key where the file at `path` leaves them open.

    Of a key that is not known the `accountKey` is left out, for whoever mounts can find it; anywhere else the
    placeholder stays, for the key to be looked up when all else is in order.
    """
    if isinstance(value, dict):
        _check_owner(value, account, path)
        return {key: replace_placeholders(item, account, path) for key, item in value.items()
                if account.key or not _is_open_key(key, item)}
    if isinstance(value, list):
        return [replace_placeholders(item, account, path) for item in value]
    if not isinstance(value, str):
        return value
    if ACCOUNT_PLACEHOLDER in value:
        if not account.name:
            raise RequiredArgumentMissingError(f"The config file '{path}' has {ACCOUNT_PLACEHOLDER}: give "
                                               f'--storage-account-name, {_SOURCES}.')
        value = value.replace(ACCOUNT_PLACEHOLDER, account.name)
    if KEY_PLACEHOLDER in value:
        if not account.key and not account.name:
            raise RequiredArgumentMissingError(
                f"The config file '{path}' has {KEY_PLACEHOLDER}: give --storage-account-key, or the account to look "
                f'it up for with --storage-account-name; or set {KEY_VARIABLE}.')
        value = value.replace(KEY_PLACEHOLDER, account.key or KEY_PLACEHOLDER)
    return value


def with_key(value: Any, key: str) -> Any:
    """`value` with the key in the place of every placeholder for it."""
    if isinstance(value, dict):
        return {name: with_key(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [with_key(item, key) for item in value]
    return value.replace(KEY_PLACEHOLDER, key) if isinstance(value, str) else value


def needs_key(value: Any) -> bool:
    """Whether a placeholder for the key is left."""
    return has_placeholder(value, (KEY_PLACEHOLDER,))


def has_placeholder(value: Any, placeholders: tuple[str, ...] = (ACCOUNT_PLACEHOLDER, KEY_PLACEHOLDER)) -> bool:
    if isinstance(value, (dict, list)):
        items = value.values() if isinstance(value, dict) else value
        return any(has_placeholder(item, placeholders) for item in items)
    return isinstance(value, str) and any(placeholder in value for placeholder in placeholders)


def _is_open_key(key: str, item: Any) -> bool:
    return key == 'accountKey' and isinstance(item, str) and KEY_PLACEHOLDER in item


def _check_owner(mount: dict[str, Any], account: StorageAccount, path: str) -> None:
    """A mount that names its account and leaves the key open may not get the key of another account."""
    credentials, name = mount.get('credentials'), mount.get('accountName')
    if not account.name or not account.key or not isinstance(credentials, dict) or not isinstance(name, str):
        return
    if name != ACCOUNT_PLACEHOLDER and not account.is_named(name) and _is_open_key(
            'accountKey', credentials.get('accountKey')):
        raise InvalidArgumentValueError(
            f"The config file '{path}' mounts from storage account '{name}' with {KEY_PLACEHOLDER}, but the key that "
            f"is given is that of '{account.name}'; write {ACCOUNT_PLACEHOLDER} there, or leave the key out.")
