"""Who may do what: the signature of a request, by an account's key, by a signed link, or by a token of the service."""
from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Mapping

from starlette.requests import Request

from azext_batchai.service import auth
from azext_batchai.service.context import Service
from azext_batchai.service.errors import ArmError
from azext_batchai.service.storage.rest import errors, sas, shared_key
from azext_batchai.service.storage.rest.addresses import Address
from azext_batchai.service.storage.rest.permissions import EVERYTHING, Permissions
from azext_batchai.service.store.accounts import Account
from azext_batchai.service.store.stored_files import FileKey

# Key of the extras of a container or share: its stored access policies, as JSON: {id: [start, expiry, permissions]}.
POLICIES = 'policies'
_HEADER = re.compile('[\t -~\xa0-\xff]*\\Z')
_ACCOUNT = re.compile(r'[a-z0-9]{3,24}\Z')
# Nobody can sign with them, and it takes as long to find that out as with the keys of an account that is there.
_NOBODYS_KEYS = tuple(base64.b64encode(secrets.token_bytes(64)).decode() for _ in range(2))


@dataclass(frozen=True)
class Authorized:
    """`used` are the query parameters of the signature, `reply_headers` those that a signed link puts into the reply to
    reading."""
    account: Account
    permissions: Permissions
    used: frozenset[str] = frozenset()
    reply_headers: Mapping[str, str] = field(default_factory=dict)


def authorize(service: Service, request: Request, address: Address, query: Mapping[str, str]) -> Authorized:
    """Raises the 401 and 403 errors. They are the same for an account that is not there: a name tells nothing."""
    header = request.headers.get('authorization')
    account = _account(service, address)
    if header:
        return Authorized(_by_header(service, account, address, header, request, query), EVERYTHING)
    if 'sig' not in query:
        raise errors.known('NoAuthenticationInformation')
    return by_link(service, address, query, client_address(request))


def by_link(service: Service, address: Address, query: Mapping[str, str], client: str) -> Authorized:
    """What a signed link permits to the `client` at that address. Raises the 403 errors."""
    account = _account(service, address)
    target = sas.Target(address.kind, address.account, address.parts, _keys(account), client, service.clock(),
                        _policies(service, address) if query.get('si') else {})
    permissions = sas.check(query, target)
    if account is None:  # nobody knows the keys of nobody
        raise sas.failed('The signature does not fit.')
    replies = {header: query[name] for name, header in sas.REPLY_HEADERS.items() if query.get(name)}
    for name, value in replies.items():
        if not _HEADER.match(value):
            raise errors.invalid_query(name, 'has what no header can have')
    return Authorized(account, permissions, sas.PARAMETERS & query.keys(), replies)


def client_address(request: Request) -> str:
    return request.client.host if request.client else ''


def _account(service: Service, address: Address) -> Account | None:
    return service.store.accounts.find(address.account) if _ACCOUNT.match(address.account) else None


def _by_header(service: Service, account: Account | None, address: Address, header: str, request: Request,
               query: Mapping[str, str]) -> Account:
    scheme, _, credential = header.partition(' ')
    if scheme.lower() == 'bearer':
        return _by_token(service, account, request)
    signer, _, signature = credential.strip().rpartition(':')
    if scheme.lower() not in shared_key.SCHEMES or not signer:
        raise sas.failed('The Authorization header should begin with SharedKey, SharedKeyLite or Bearer.')
    raw_path = request.scope['raw_path'].decode('ascii', 'replace')
    is_signed = shared_key.is_signed(_keys(account), scheme.lower(), signature, address.account,
                                     request.method, request.headers, raw_path, query)
    if account is None or signer != address.account or not is_signed:
        raise sas.failed('The signature does not fit.')
    if not shared_key.is_timely(request.headers, service.clock()):
        raise sas.failed('The request was signed more than 15 minutes ago, or the clocks differ by that much.')
    return account


def _by_token(service: Service, account: Account | None, request: Request) -> Account:
    """Who has a token of the service may do everything with it, as with the account's key, which it gives out."""
    try:
        auth.check_token(request.headers, service.token, service.clock())
    except ArmError:
        raise sas.failed('The token is not one of this service, or has expired.') from None
    if account is None:
        raise errors.known('AccountNotFound')
    return account


def _keys(account: Account | None) -> tuple[str, ...]:
    return tuple(account.keys.values()) if account else _NOBODYS_KEYS


def _policies(service: Service, address: Address) -> dict[str, sas.Policy]:
    if not address.parts:
        return {}
    extras = service.store.stored_files.find(FileKey(address.account, address.kind, address.parts[0])).extras
    return {name: sas.Policy(*values) for name, values in json.loads(extras.get(POLICIES, '{}')).items()}
