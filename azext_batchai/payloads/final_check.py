"""The last look at a request body, after options and config file were joined."""
from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_batchai.arm.checking import ShapeError, check
from azext_batchai.payloads.config_file import Config


def checked_body(shape_name: str, properties: dict[str, Any], config: Config) -> dict[str, Any]:
    """The body to send. The file was checked when it was read, so what fails here came with the options."""
    try:
        return check(shape_name, {'properties': properties})
    except ShapeError as error:
        where = f'The request ({config.path} and options)' if config.path else 'The request'
        raise InvalidArgumentValueError(f'{where} is not complete: {error}.') from None
