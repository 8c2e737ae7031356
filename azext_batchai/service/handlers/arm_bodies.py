"""Bodies of resources that are not Batch AI's own: a few keys matter to us, and clients send many more."""
from __future__ import annotations

from typing import Any

from starlette.requests import Request

from azext_batchai.service import auth, errors
from azext_batchai.service.context import Service
from azext_batchai.service.handlers.common import checked_location


async def read_object(service: Service, request: Request) -> dict[str, Any]:
    """The body, which has to be a JSON object. Raises the matching ARM errors."""
    body = await auth.read_json(request, service.settings)
    if not isinstance(body, dict):
        raise errors.invalid_body('it should be a JSON object {...}')
    return body


def text(body: dict[str, Any], path: str) -> str:
    """The text at a dotted path such as ``sku.name``. Raises the 400 error when there is none."""
    value: Any = body
    for key in path.split('.'):
        value = value.get(key) if isinstance(value, dict) else None
    if not isinstance(value, str) or not value or len(value) > 256:
        raise errors.invalid_property(path, 'should be a text')
    return value


def location(body: dict[str, Any]) -> str:
    """The region as the wire spells it: ``eastus``. Raises the 400 error when it cannot be the name of one."""
    return checked_location(text(body, 'location'))


def tags(body: dict[str, Any]) -> dict[str, str]:
    """The tags, at most 50. Raises the 400 error when they are anything but texts."""
    given = body.get('tags') or {}
    if not isinstance(given, dict) or len(given) > 50 or not all(isinstance(value, str) for value in given.values()):
        raise errors.invalid_property('tags', 'should be an object {...} of at most 50 texts')
    return given
