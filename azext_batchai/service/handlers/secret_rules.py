"""A secret is given by value or by a reference into a key vault, never both (semantics sheet, section 8). Pure."""
from __future__ import annotations

from typing import Any, Iterator

from azext_batchai.service import errors
from azext_batchai.service.secrets.references import BadReference, check_reference

# Value -> its reference, and whether one of the two has to be there. A mount needs no key here.
_PAIRS = {'accountKey': ('accountKeySecretReference', False), 'password': ('passwordSecretReference', True),
          'instrumentationKey': ('instrumentationKeySecretReference', True), 'value': ('valueSecretReference', True)}
# The blocks that have such pairs, or lists of them, by the key they stand under.
_BLOCKS = {'credentials': ('accountKey', 'password'), 'appInsightsReference': ('instrumentationKey',),
           'secrets': ('value',)}
_RESOLVED = ('value', 'password')


def check_secret_pairs(properties: dict[str, Any], target: str = 'properties') -> None:
    """Raises the 400 error for the first place with both a secret and a reference, or without the one it needs."""
    for block, path, pairs in _blocks(properties, target):
        for value in pairs:
            reference, required = _PAIRS[value]
            if value in block and reference in block:
                raise errors.invalid_property(f'{path}.{reference}',
                                              f'cannot be combined with {value}; give one of them')
            if required and not {value, reference} & block.keys() and _concerns(block, value):
                raise errors.invalid_property(f'{path}.{value}', f'{value} or {reference} is required')


def check_secret_references(properties: dict[str, Any], target: str = 'properties') -> None:
    """Raises the 400 error for the first reference that could not be resolved: those of variables and of a registry.

    Storage keys and instrumentation keys are needed by nothing here, so that what leads to them is not looked at.
    """
    for block, path, pairs in _blocks(properties, target):
        for name in (_PAIRS[value][0] for value in pairs if value in _RESOLVED):
            try:
                if name in block:
                    check_reference(block[name])
            except BadReference as bad:
                raise errors.invalid_property(f'{path}.{name}.{bad.target}', str(bad)) from None


def _concerns(block: dict[str, Any], value: str) -> bool:
    """Credentials of a registry have a user name, those of a storage account have none."""
    return value != 'password' or 'username' in block


def _blocks(value: Any, path: str) -> Iterator[tuple[dict[str, Any], str, tuple[str, ...]]]:
    if isinstance(value, dict):
        for key, item in value.items():
            inner = f'{path}.{key}'
            if key in _BLOCKS:
                for index, block in enumerate(item if isinstance(item, list) else [item]):
                    yield block, f'{inner}[{index}]' if isinstance(item, list) else inner, _BLOCKS[key]
            else:
                yield from _blocks(item, inner)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _blocks(item, f'{path}[{index}]')
