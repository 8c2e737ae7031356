"""References into a key vault: which ones a job or set-up task has, and what they have to look like. Pure."""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from azext_batchai.arm.ids import is_valid_group, is_valid_subscription

# The name under which the password of a container registry is resolved; no variable can have it.
REGISTRY_PASSWORD = 'containerSettings.password'

_URL = re.compile(r'https://(?P<vault>[a-z0-9-]{1,127})\.(?P<suffix>[a-z0-9-]+(\.[a-z0-9-]+)+)'
                  r'/secrets/(?P<name>[a-z0-9-]{1,127})(/(?P<version>[a-z0-9]{1,127}))?/?', re.IGNORECASE | re.ASCII)
_URL_RULE = 'https://<vault>.vault.azure.net/secrets/<name>, or that with /<version>'
_VAULT_RULE = '/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.KeyVault/vaults/<name>'


class BadReference(ValueError):
    """`target` is the path below the reference, the text what is wrong with the value there."""

    def __init__(self, target: str, problem: str):
        super().__init__(problem)
        self.target = target


@dataclass(frozen=True)
class SecretReference:
    """As the wire has it: a URL, and the ARM id of the vault."""
    secret_url: str
    source_vault_id: str


@dataclass(frozen=True)
class SecretAddress:
    """A secret's URL taken apart, in lower case: Key Vault ignores case. `version` is empty for the current one."""
    vault: str
    suffix: str
    name: str
    version: str = ''

    @property
    def any_version(self) -> SecretAddress:
        return SecretAddress(self.vault, self.suffix, self.name)


def secret_references(properties: dict[str, Any]) -> dict[str, SecretReference]:
    """What to resolve before a job starts, by the name of its variable; the registry's password is `REGISTRY_PASSWORD`.

    `properties` are those of a job, or the `setupTask` of a cluster, in either case checked.
    """
    found = {secret['name']: _read(secret['valueSecretReference']) for secret in properties.get('secrets', [])
             if 'valueSecretReference' in secret}
    registry = properties.get('containerSettings', {}).get('imageSourceRegistry', {}).get('credentials', {})
    if 'passwordSecretReference' in registry:
        found[REGISTRY_PASSWORD] = _read(registry['passwordSecretReference'])
    return found


def _read(reference: dict[str, Any]) -> SecretReference:
    return SecretReference(reference['secretUrl'], reference['sourceVault']['id'])


def check_reference(reference: dict[str, Any]) -> None:
    """Raises BadReference unless both parts are well-formed and name the same vault."""
    vault = _vault_name(reference['sourceVault']['id'])
    try:
        address = parse_secret_url(reference['secretUrl'])
    except ValueError as error:
        raise BadReference('secretUrl', str(error)) from None
    # Access is granted to the vault that is named; a URL that leads elsewhere is a slip of the hand, or worse.
    if address.vault != vault.lower():
        raise BadReference('secretUrl', f"is in the vault '{address.vault}', but sourceVault.id names '{vault}'; "
                                        'give both of one vault')


def _vault_name(vault_id: str) -> str:
    parts = vault_id.strip('/').split('/')
    fixed = [part.lower() for part in (*parts[0:1], *parts[2:3], *parts[4:7])]
    if (len(parts) != 8 or fixed != ['subscriptions', 'resourcegroups', 'providers', 'microsoft.keyvault', 'vaults']
            or not is_valid_subscription(parts[1]) or not is_valid_group(parts[3])
            or not re.fullmatch('[A-Za-z0-9-]+', parts[7])):
        raise BadReference('sourceVault.id', f"should look like {_VAULT_RULE}, but is '{vault_id[:300]}'")
    return parts[7]


def parse_secret_url(url: str) -> SecretAddress:
    """Take a secret's URL apart. Raises ValueError, saying what is wrong, when it is not one."""
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError(f"should look like {_URL_RULE}, but is '{url[:300]}'")
    parts = {key: (text or '').lower() for key, text in match.groupdict().items()}
    return SecretAddress(parts['vault'], parts['suffix'], parts['name'], parts['version'])
