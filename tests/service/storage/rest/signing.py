"""Signs requests for tests, with the code of the service; that this signs as Azure's clients do, other tests say."""
from __future__ import annotations

import base64
import time
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
from harness import BLOB_HOST, FILE_HOST
from starlette.datastructures import Headers

from azext_batchai.service.storage.rest import sas, shared_key

ACCOUNT = 'demobatchaicli'
# key1 is the one that tests/data/derive_signatures.py signs with.
KEYS = {'key1': base64.b64encode(bytes(range(64))).decode(), 'key2': base64.b64encode(b'second' * 10).decode()}
HOSTS = {'blob': BLOB_HOST, 'file': FILE_HOST}
NOON = 1528286400.0  # 2018-06-06T12:00:00Z


def send(harness, method, url, headers, content=b''):
    """One request as it is: no header is added but Host and Content-Length."""
    parts = urlsplit(url)
    request = httpx.Request(method, url, headers=[('host', parts.netloc), *headers.items()], content=content or None)
    if method in ('PUT', 'POST') and 'content-length' not in request.headers:
        request.headers['content-length'] = str(len(content))

    async def work():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(harness.app)) as client:
            return await client.send(request)
    return harness.run(work())


def signed(harness, method, path, kind='blob', key='key1', content=b'', scheme='SharedKey', **headers):
    """A request signed with a key; `path` begins behind the account and may have a query."""
    url = address(kind, path)
    sent = {'x-ms-date': http_date(harness.now), 'x-ms-version': '2019-02-02',
            **{name.replace('_', '-'): value for name, value in headers.items()}}
    if content:
        sent['content-length'] = str(len(content))
    sent['authorization'] = authorization(method, url, sent, KEYS[key], scheme)
    return send(harness, method, url, sent, content)


def authorization(method, url, headers, key, scheme='SharedKey', account=ACCOUNT):
    parts = urlsplit(url)
    query = {name.lower(): value for name, value in parse_qsl(parts.query, keep_blank_values=True)}
    text = shared_key.strings_to_sign(scheme.lower(), account, method, Headers(headers), parts.path, query)[0]
    return f'{scheme} {account}:{shared_key.signature_of(key, text)}'


def linked(harness, method, path, kind='blob', **more):
    """A request with a signed link; `more` are its parameters, as of `link`."""
    query = link(harness.now, kind, path, **more)
    return send(harness, method, f'{address(kind, path)}?{urlencode(query)}', {})


def link(now, kind, path, key='key1', resource=None, **parameters):
    """The parameters of a link to `resource`, by default what `path` names. With ``srt`` it is one of the account."""
    query = {'sv': '2021-12-02', 'se': text_time(now + 3600), 'sp': 'r', **parameters}
    if 'srt' in query:
        query.setdefault('ss', 'bf')
        text = sas.account_text(query, ACCOUNT)
    else:
        query.setdefault('sr', 'b' if kind == 'blob' else 'f')
        text = sas.service_text(query, kind, f'{ACCOUNT}/{path if resource is None else resource}')
    query['sig'] = shared_key.signature_of(KEYS[key], text)
    return query


def address(kind, path):
    return f'https://{HOSTS[kind]}/{ACCOUNT}/' + quote(path, safe='/?=&%+')


def http_date(seconds):
    return time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(seconds))


def text_time(seconds):
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(seconds))
