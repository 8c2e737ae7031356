"""Requests signed with a key of the account: the schemes SharedKey and SharedKeyLite of the blob and file services.

What is signed: the method, some headers, all ``x-ms-`` headers, and the resource with its query.
"""
from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import parsedate_to_datetime
from typing import Iterable, Mapping

from starlette.datastructures import Headers

SCHEMES = ('sharedkey', 'sharedkeylite')
SKEW_SECONDS = 15 * 60
_HEADERS = ('content-encoding', 'content-language', 'content-length', 'content-md5', 'content-type', 'date',
            'if-modified-since', 'if-match', 'if-none-match', 'if-unmodified-since', 'range')
_LITE_HEADERS = ('content-md5', 'content-type', 'date')


def is_signed(keys: Iterable[str], scheme: str, signature: str, account: str, method: str, headers: Headers,
              raw_path: str, query: Mapping[str, str]) -> bool:
    """Whether `signature`, in base64, is of this request, with one of the `keys`, which are in base64 too.

    `raw_path` is as it was sent, `query` decoded. Takes the same time right or wrong.
    """
    found = False
    for text in strings_to_sign(scheme, account, method, headers, raw_path, query):
        for key in keys:
            found |= matches(key, text, signature)
    return found


def matches(key: str, text: str, signature: str) -> bool:
    """Whether `signature` is that of `text` with the key, both in base64."""
    return hmac.compare_digest(signature_of(key, text).encode(), signature.encode('utf-8', 'replace'))


def signature_of(key: str, text: str) -> str:
    digest = hmac.new(base64.b64decode(key), text.encode('utf-8', 'surrogateescape'), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def strings_to_sign(scheme: str, account: str, method: str, headers: Headers, raw_path: str, query: Mapping[str, str]
                    ) -> list[str]:
    """What may have been signed. Clients differ in the order of headers whose names have a ``-`` or _ where others have
    something else. The path, which begins with the account here, has it once more in front, as with every endpoint.
    """
    is_lite = scheme == 'sharedkeylite'
    first = '\n'.join([method, *(_header(headers, name) for name in (_LITE_HEADERS if is_lite else _HEADERS)), ''])
    orders = dict.fromkeys([_canonical_headers(headers, ordinal=False), _canonical_headers(headers, ordinal=True)])
    rest = _lite_query(query) if is_lite else _canonical_query(query)
    return [f'{first}{order}/{account}{raw_path}{rest}' for order in orders]


def is_timely(headers: Mapping[str, str], now: float) -> bool:
    """Whether the request was signed within the last 15 minutes, or will be in the next: clocks differ."""
    try:
        signed = parsedate_to_datetime(headers.get('x-ms-date') or headers.get('date') or '').timestamp()
    except (TypeError, ValueError, OverflowError, IndexError):
        return False
    return abs(now - signed) <= SKEW_SECONDS


def _header(headers: Headers, name: str) -> str:
    value = headers.get(name, '')
    if name == 'date' and 'x-ms-date' in headers or name == 'content-length' and value == '0':
        return ''
    return value


def _canonical_headers(headers: Headers, ordinal: bool) -> str:
    """One line for each, by name: either as code points go, or as words do in dictionaries."""
    named: dict[str, list[str]] = {}
    for name, value in headers.items():
        if name.startswith('x-ms-'):
            named.setdefault(name, []).append(value.strip())
    order = sorted(named) if ordinal else sorted(named, key=_dictionary_order)
    return ''.join(f"{name}:{','.join(named[name])}\n" for name in order)


def _dictionary_order(name: str) -> tuple[str, str]:
    """Hyphens count last, and what is neither letter nor digit comes before both."""
    return name.replace('-', '').replace('_', ' '), name


def _canonical_query(query: Mapping[str, str]) -> str:
    return ''.join(f'\n{name}:{query[name]}' for name in sorted(query))


def _lite_query(query: Mapping[str, str]) -> str:
    return f"?comp={query['comp']}" if 'comp' in query else ''
