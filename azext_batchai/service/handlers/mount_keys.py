"""Keys in mounts of storage accounts. The service has the folders and needs no key, but a wrong one is a mistake."""
from __future__ import annotations

import hmac
from typing import Any

from azext_batchai.service import errors
from azext_batchai.service.context import Service


def check_mount_keys(service: Service, volumes: dict[str, Any], target: str) -> None:
    """Raises the 400 error for a key that is none of its account's. Accounts that only mounts name have no keys."""
    for kind in ('azureFileShares', 'azureBlobFileSystems'):
        for index, mount in enumerate(volumes.get(kind, [])):
            key = mount['credentials'].get('accountKey')
            account = service.store.accounts.find(mount['accountName']) if key else None
            if account and not any(_same(key, known) for known in account.keys.values()):
                raise errors.invalid_property(
                    f'{target}.{kind}[{index}].credentials.accountKey',
                    f'is not a key of the storage account {account.name}; give one that '
                    "'az storage account keys list' shows, or none at all")


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())
