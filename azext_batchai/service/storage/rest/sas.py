"""Signed links (shared access signatures): of an account, and to one container, share, folder, blob or file in it.

Facts on what is signed, by version: https://learn.microsoft.com/rest/api/storageservices/create-service-sas and
create-account-sas. Versions are dates, and compare as text.
"""
from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Iterable, Mapping

from azext_batchai.service.storage.rest import errors
from azext_batchai.service.storage.rest.permissions import Permissions
from azext_batchai.service.storage.rest.shared_key import matches

_OLDEST = '2015-04-05'
_SNAPSHOT_SINCE = '2018-11-09'
_SCOPE_SINCE = '2020-12-06'
_VERSION = re.compile(r'\d{4}-\d{2}-\d{2}\Z', re.ASCII)
_TIME = re.compile(r'(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::(\d{2})(?:\.\d{1,7})?)?Z)?\Z', re.ASCII)
_SERVICES = {'blob': 'b', 'file': 'f'}
# What a link may be to, by its letter; those for snapshots and versions are not served.
_RESOURCES = {'blob': 'cbd', 'file': 'sf'}
_WHOLE = 'cs'
# Query parameter of a link -> the header that it puts into replies.
REPLY_HEADERS = {'rscc': 'cache-control', 'rscd': 'content-disposition', 'rsce': 'content-encoding',
                 'rscl': 'content-language', 'rsct': 'content-type'}
PARAMETERS = frozenset({'sv', 'ss', 'srt', 'sp', 'st', 'se', 'sip', 'spr', 'sig', 'sr', 'si', 'ses', 'sdd',
                        'skoid', 'sktid', 'skt', 'ske', 'sks', 'skv', *REPLY_HEADERS})
_SIGNED_NAMES = PARAMETERS - REPLY_HEADERS.keys()


@dataclass(frozen=True)
class Policy:
    """A stored access policy of a container or share, which a link may name instead of saying it all; texts as in a
    link, empty where it says nothing."""
    start: str = ''
    expiry: str = ''
    permissions: str = ''


@dataclass(frozen=True)
class Target:
    """What a link is used for. `keys` are those of the account, in base64; `client` is the address of the caller."""
    kind: str
    account: str
    parts: tuple[str, ...]
    keys: Iterable[str]
    client: str
    now: float
    policies: Mapping[str, Policy] = field(default_factory=dict)


def check(query: Mapping[str, str], target: Target) -> Permissions:
    """What the link permits, once it is known to be ours. `query` is decoded. Raises the 403 errors."""
    if 'skoid' in query:
        raise failed('Links that are signed with a user delegation key are not supported by this service.')
    version = query.get('sv', '')
    if not _VERSION.match(version) or version < _OLDEST:
        raise failed(f'The version of a signed link (sv) should be a date from {_OLDEST} on.')
    if any('\n' in query.get(name, '') for name in _SIGNED_NAMES):  # it would move what is signed to other lines
        raise failed('A parameter of the signed link has a line break.')
    is_account = 'srt' in query or 'ss' in query
    text = account_text(query, target.account) if is_account else _service_text(query, target)
    if not any([matches(key, text, query.get('sig', '')) for key in target.keys]):
        raise failed('The signature does not fit.')
    policy = target.policies.get(query['si']) if query.get('si') and not is_account else Policy()
    if policy is None:
        raise failed('The access policy that the link names (si) is not there.')
    _check_time(query.get('st') or policy.start, query.get('se') or policy.expiry, target.now)
    _check_circumstances(query, target.client)
    letters = query.get('sp') or policy.permissions
    if not is_account:
        return Permissions(letters, is_whole=query['sr'] in _WHOLE)
    if _SERVICES[target.kind] not in query.get('ss', ''):
        raise errors.known('AuthorizationServiceMismatch')
    return Permissions(letters, query.get('srt') or '-')


def account_text(query: Mapping[str, str], account: str) -> str:
    """What is signed in the link of an account."""
    names = ['sp', 'ss', 'srt', 'st', 'se', 'sip', 'spr', 'sv', *(['ses'] if query['sv'] >= _SCOPE_SINCE else [])]
    return '\n'.join([account, *(query.get(name, '') for name in names), ''])


def service_text(query: Mapping[str, str], kind: str, resource: str) -> str:
    """What is signed in a link to one `resource`, which is a path that begins with that of the account."""
    version = query['sv']
    lines = [query.get('sp', ''), query.get('st', ''), query.get('se', ''), f'/{kind}/{resource}',
             *(query.get(name, '') for name in ('si', 'sip', 'spr', 'sv'))]
    if kind == 'blob' and version >= _SNAPSHOT_SINCE:
        lines += [query.get('sr', ''), '']  # links to snapshots are not served
    if kind == 'blob' and version >= _SCOPE_SINCE:
        lines.append(query.get('ses', ''))
    return '\n'.join([*lines, *(query.get(name, '') for name in REPLY_HEADERS)])


def failed(detail: str) -> errors.StorageError:
    """403; `detail` may be told to anybody: it says nothing of what is there."""
    error = errors.known('AuthenticationFailed')
    error.details['AuthenticationErrorDetail'] = detail
    return error


def _service_text(query: Mapping[str, str], target: Target) -> str:
    resource = query.get('sr', '')
    if len(resource) != 1 or resource not in _RESOURCES[target.kind]:
        raise failed('A signed link to one resource should say in sr of which kind that is: '
                     f"{', '.join(_RESOURCES[target.kind])}.")
    count = 1 if resource in _WHOLE else 1 + _depth(query) if resource == 'd' else len(target.parts)
    named = target.parts[:count]
    if len(named) < count or count < 1 or (resource not in _WHOLE and count < 2):
        raise errors.known('AuthorizationFailure')
    return service_text(query, target.kind, '/'.join([target.account, *named]))


def _depth(query: Mapping[str, str]) -> int:
    text = query.get('sdd', '')
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 4 or int(text) < 1:
        raise failed('A signed link to a directory should say its depth in sdd.')
    return int(text)


def _check_time(start: str, expiry: str, now: float) -> None:
    begin, end = _seconds(start) if start else None, _seconds(expiry)
    if end is None or (start and begin is None):
        raise failed('The times of a signed link (st, se) should look like 2018-06-06T12:00:00Z.')
    if (begin is not None and now < begin) or now >= end:
        at = datetime.fromtimestamp(now, timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
        raise failed(f"The link is valid from '{start}' to '{expiry}'; it is {at} now.")


def _seconds(text: str) -> float | None:
    found = _TIME.match(text)
    if not found:
        return None
    try:
        moment = datetime.strptime(f"{found[1]} {found[2] or '00:00'}:{found[3] or '00'}", '%Y-%m-%d %H:%M:%S')
    except ValueError:
        return None
    return moment.replace(tzinfo=timezone.utc).timestamp()


def _check_circumstances(query: Mapping[str, str], client: str) -> None:
    if query.get('spr') and 'https' not in query['spr'].split(','):
        raise errors.known('AuthorizationProtocolMismatch')
    if query.get('sip') and not _is_between(client, query['sip']):
        raise errors.known('AuthorizationSourceIPMismatch')


def _is_between(client: str, text: str) -> bool:
    """Whether an address is the one of `text`, or in the range ``first-last``."""
    first, _, last = text.partition('-')
    try:
        low, high, mine = (ipaddress.ip_address(part.strip()) for part in (first, last or first, client))
    except ValueError:
        return False
    return low.version == mine.version == high.version and int(low) <= int(mine) <= int(high)
