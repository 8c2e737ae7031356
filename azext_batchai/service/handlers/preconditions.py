"""If-Match and If-None-Match on requests that change something (RFC 9110, section 13).

GET knows no conditions: the etag of a resource stays the same while its state changes (wire facts sheet, section 4), so
that an answer of 304 would hide news.
"""
from __future__ import annotations

import re

from starlette.requests import Request

from azext_batchai.service import errors
from azext_batchai.service.store.resources import Resource

_LISTED = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*\Z')
_ONE = re.compile(r'(W/)?("[^"]*")')
_TICKS_TO_1970 = 621355968000000000


def etag(resource: Resource) -> str:
    """Changes with every change that a client asks for: the time of it in ticks of 100 ns, as Azure's are."""
    return f'"0x{int(resource.modified * 10_000_000) + _TICKS_TO_1970:X}"'


def check_conditions(request: Request, existing: Resource | None, what: str, name: str) -> None:
    """Raises the 412 error when the client's conditions do not hold for what there is, and 400 for malformed ones.

    `what` is the kind of resource in words, for example ``file server``.
    """
    wanted, unwanted = request.headers.get('if-match'), request.headers.get('if-none-match')
    if wanted is None and unwanted is None:
        return
    if unwanted is not None and unwanted.strip() == '*':
        if existing:
            raise errors.ArmError(412, f"{what.title().replace(' ', '')}AlreadyExists",
                                  f'The {what} {name} already exists; delete it first, or use another name.')
    elif unwanted is not None:
        given = {tag for _, tag in _tags('If-None-Match', unwanted)}
        if existing and etag(existing) in given:
            raise errors.precondition_failed('If-None-Match', f'the {what} {name} is as the etag says')
    if wanted is None:
        return
    if existing is None:
        raise errors.precondition_failed('If-Match', f'there is no {what} {name}')
    if wanted.strip() != '*' and ('', etag(existing)) not in _tags('If-Match', wanted):
        raise errors.precondition_failed('If-Match', f'the {what} {name} was changed; its etag is {etag(existing)}')


def _tags(header: str, text: str) -> list[tuple[str, str]]:
    """The etags of a list with the mark of weak ones, which are good for If-None-Match alone."""
    if not _LISTED.match(text):
        raise errors.ArmError(400, 'InvalidHeaderValue', f'The header {header} should be * or etags in double quotes.',
                              header)
    return _ONE.findall(text)
