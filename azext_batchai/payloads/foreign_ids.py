"""Resource ids of what is not Batch AI's own: subnets and images."""
from __future__ import annotations

import re
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

_SUBNET = ('/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<network>'
           '/subnets/<subnet>')
_IMAGE = '/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Compute/images/<image>'


def subnet(given: str | None, configured: dict[str, Any] | None) -> dict[str, Any] | None:
    """The `subnet` of a request: of --subnet, else of the config file. Raises the CLI error for what is no subnet."""
    if given:
        return {'id': _checked(_SUBNET, given, '--subnet')}
    if configured and configured.get('id'):
        _checked(_SUBNET, configured['id'], 'subnet.id of the config file')
    return configured


def image_id(text: str, source: str) -> str:
    """The id of a virtual machine image as it was given. Raises the CLI error, which names the `source`."""
    return _checked(_IMAGE, text, source)


def _checked(form: str, text: str, source: str) -> str:
    pattern = re.sub(r'<\w+>', '[^/]+', form)
    if not re.fullmatch(f'{pattern}/?', text, re.IGNORECASE):
        raise InvalidArgumentValueError(f"{source} '{text}' should be a resource id: {form}")
    return text
