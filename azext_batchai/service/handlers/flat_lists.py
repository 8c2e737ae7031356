"""Lists of the flat API versions: of a group or of a subscription, with ``$filter`` and ``$select``."""
from __future__ import annotations

import asyncio
from typing import Any, Callable, Sequence, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from azext_batchai.arm.checking import schema_of
from azext_batchai.service import errors
from azext_batchai.service.handlers import common
from azext_batchai.service.odata import Condition, ODataError, parse_filter, parse_select
from azext_batchai.service.store.resources import Page, group_key
from azext_batchai.service.versions import SHAPE_ENDINGS

T = TypeVar('T')
Json = dict[str, Any]

_TOP = ('id', 'name', 'type', 'location', 'tags', 'properties')
# Whose values are one of a few words.
_WORDS = ('provisioningState', 'allocationState', 'vmPriority', 'executionState', 'toolType')
# How many are looked at in one go while a filter searches; others are served in between.
_CHUNK = 200


async def reply_list(request: Request, shape: str, subscription: str, group: str | None,
                     find: Callable[[str, str, Page], Sequence[T]], number: Callable[[T], int],
                     view: Callable[[T], Json]) -> Response:
    """A page of a list. `find` is a `list_flat` of the store, `shape` the name of the shape without the version."""
    common.checked_subscription(subscription)
    if group is not None:
        common.checked_group(subscription, group)
    prefix = group_key(subscription, f'{group}/') if group is not None else f'/subscriptions/{subscription}/'.lower()
    known = _properties(request, shape)
    page = common.page_of(request)
    condition, select = _condition(request, known), _selection(request, known)

    def viewed(found: Sequence[T]) -> list[tuple[int, Json]]:
        return [(number(item), view(item)) for item in found]
    if condition is None:
        shown = viewed(find(subscription, prefix, page))
    else:
        shown = await _matching(lambda after: viewed(find(subscription, prefix, Page(after, _CHUNK))), page, condition)
    return common.reply_page(request, page, shown, lambda item: item[0], lambda item: select(item[1]))


async def _matching(look: Callable[[int], list[tuple[int, Json]]], page: Page, condition: Condition
                    ) -> list[tuple[int, Json]]:
    """One more than the page has, if there are so many; `look` gives the next ones after a number."""
    matching: list[tuple[int, Json]] = []
    after = page.after
    while len(matching) <= page.size:
        found = look(after)
        matching += [item for item in found if condition(item[1])]
        if len(found) <= _CHUNK:
            break
        after = found[-1][0]
        await asyncio.sleep(0)
    return matching[:page.size + 1]


def _properties(request: Request, shape: str) -> list[str]:
    name = f"{shape}_{SHAPE_ENDINGS[request.query_params['api-version']]}"
    return sorted(schema_of(name)['properties']['properties']['properties'])


def _condition(request: Request, properties: list[str]) -> Condition | None:
    text = request.query_params.get('$filter')
    if not text:
        return None
    fields = ['name', 'location', 'tags/', *(f'properties/{word}' for word in _WORDS if word in properties)]
    try:
        return parse_filter(text, fields)
    except ODataError as error:
        raise errors.invalid_parameter('$filter', str(error)) from None


def _selection(request: Request, properties: list[str]) -> Callable[[Json], Json]:
    text = request.query_params.get('$select')
    if not text:
        return lambda resource: resource
    try:
        return parse_select(text, [*_TOP, *(f'properties/{name}' for name in properties)])
    except ODataError as error:
        raise errors.invalid_parameter('$select', str(error)) from None
