"""Take the secrets out of a request before anything is stored.

Values a job or setup task needs are kept apart, in a column that no reply is made from; keys and passwords that
nothing on this machine needs are dropped. What a reply shows in their place: wire facts sheet, section 14.
"""
from __future__ import annotations

from typing import Any

from azext_batchai.arm.shapes import SECRET_KEYS
from azext_batchai.service.secrets.references import REGISTRY_PASSWORD


def take_secrets(properties: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Properties without secrets, and what has to be kept of these: the values of the `secrets` lists by variable
    name, and the password of a container's registry as REGISTRY_PASSWORD, which is the name of no variable."""
    values: dict[str, str] = {}
    kept = _without(properties, values)
    registry = properties.get('containerSettings', {}).get('imageSourceRegistry', {})
    if 'password' in registry.get('credentials', {}):
        values[REGISTRY_PASSWORD] = registry['credentials']['password']
    return kept, values


def _without(value: Any, values: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_without(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, item in value.items():
        if key == 'secrets':
            values.update({secret['name']: secret['value'] for secret in item if 'value' in secret})
            kept[key] = [{name: part for name, part in secret.items() if name != 'value'} for secret in item]
        elif key not in SECRET_KEYS:
            kept[key] = _without(item, values)
    return kept
