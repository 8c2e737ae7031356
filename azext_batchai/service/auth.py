"""Who may call: the token, the Host header, and how request bodies are bounded."""
from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
from pathlib import Path
from typing import Any, Mapping

from starlette.requests import ClientDisconnect, Request

from azext_batchai.service import access_tokens, errors
from azext_batchai.service.durable_files import replace_file
from azext_batchai.service.settings import Settings

# In addresses that have a storage account in their host. Names below localhost lead nowhere but to this machine, with
# every resolver that knows them; azure-storage-* find the account where `core` follows blob or file.
STORAGE_DOMAIN = 'core.localhost'
_DEEPEST_JSON = 64
_TOKEN = re.compile(rb'[!-~]+')
_PORT_OF_HTTPS = 443  # which clients do not name
# How a NUL or half of a surrogate pair gets into JSON text; most bodies have neither and need no closer look.
_SUSPICIOUS = re.compile(rb'\\u(0000|d[89a-f])', re.IGNORECASE)


def ensure_token(path: Path) -> str:
    """The service's token, made at the first start: 256 random bits in a file only its owner can read."""
    known = _TOKEN.fullmatch(path.read_bytes().strip()) if path.exists() else None
    if known:
        return known[0].decode()
    token = secrets.token_urlsafe(32)  # there is none, or what a loss of power made of it
    replace_file(path, token.encode() + b'\n')
    return token


def own_hosts(host: str, port: int) -> frozenset[str]:
    """The Host headers, in lower case, of clients that mean the service at `host`, a name or an address."""
    names = {'127.0.0.1', 'localhost', '[::1]', f'[{host}]'.lower() if ':' in host else host.lower()}
    return frozenset({*(f'{name}:{port}' for name in names), *(names if port == _PORT_OF_HTTPS else ())})


def check_host(headers: Mapping[str, str], allowed: frozenset[str]) -> None:
    """Refuse names that are not ours, so that a web page cannot reach the service through its own DNS name."""
    host = headers.get('host', '')
    if host.lower() not in allowed:
        raise errors.forbidden_host(host)


def check_origin(headers: Mapping[str, str], allowed: frozenset[str]) -> None:
    """Refuse what a web page of another origin makes a browser send. Our clients are no pages, and a link that a person
    follows carries no Origin."""
    origin = headers.get('origin')
    if origin is not None and origin.lower() not in {f'https://{host}' for host in allowed}:
        raise errors.forbidden_origin()
    if headers.get('sec-fetch-site', 'none') in ('cross-site', 'same-site') and \
            headers.get('sec-fetch-mode') != 'navigate':
        raise errors.forbidden_origin()


def check_token(headers: Mapping[str, str], token: str, now: float) -> None:
    """Raises the 401 error unless the bearer token is ours, or was given out by us and has not expired.

    Takes the same time for every wrong token.
    """
    scheme, _, given = headers.get('authorization', '').partition(' ')
    given = given.strip()
    matches = hmac.compare_digest(given.encode('utf-8', 'replace'), token.encode())
    if scheme.lower() != 'bearer' or not token or not (matches or access_tokens.is_valid(given, token, now)):
        raise errors.unauthorized()


async def read_json(request: Request, settings: Settings) -> Any:
    """The body as JSON. Bounded in size, time and depth; raises the matching ARM error."""
    try:
        content = await asyncio.wait_for(_read(request, settings.request_limit_bytes),
                                         settings.request_timeout_seconds)
    except asyncio.TimeoutError:
        raise errors.too_slow(settings.request_timeout_seconds) from None
    if not content.strip():
        raise errors.invalid_body('it is empty, JSON is expected')
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise errors.invalid_body(f'it is not JSON: {error}') from None
    if _depth_exceeds(body, _DEEPEST_JSON):
        raise errors.invalid_body(f'it is nested more than {_DEEPEST_JSON} levels deep')
    if _SUSPICIOUS.search(content) and _has_unusable_text(body):
        raise errors.invalid_body('it has text with a NUL or with half of a surrogate pair')
    return body


async def _read(request: Request, limit: int) -> bytes:
    if request.headers.get('content-encoding', 'identity').lower() != 'identity':
        raise errors.invalid_body('a Content-Encoding is not supported')
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > limit:
                raise errors.too_large(limit)
    except ClientDisconnect:
        raise errors.invalid_body('the connection ended before it did') from None
    return bytes(content)


def _depth_exceeds(value: Any, limit: int) -> bool:
    if limit < 0:
        return True
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_depth_exceeds(item, limit - 1) for item in items)


def _has_unusable_text(value: Any) -> bool:
    """Whether some text can be neither part of a path nor sent back."""
    if isinstance(value, str):
        return '\x00' in value or any('\ud800' <= letter <= '\udfff' for letter in value)
    if isinstance(value, dict):
        return any(_has_unusable_text(item) for pair in value.items() for item in pair)
    return isinstance(value, list) and any(_has_unusable_text(item) for item in value)
