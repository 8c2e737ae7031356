"""Requests as they are on the wire: no client tidies up their paths, and bodies come as a test says."""
from __future__ import annotations

import asyncio
from types import SimpleNamespace
from urllib.parse import unquote

from harness import TOKEN

EMPTY = ({'type': 'http.request', 'body': b'', 'more_body': False},)
_MOST_SECONDS = 10


def send_raw(harness, url, method='GET', messages=EMPTY, **headers):
    """Status, headers and body of the reply. `messages` are what comes in; after them, nothing does. It is sent with
    the token, unless `headers` (_ for -) have another authorization."""
    sent, coming = [], [*messages]

    async def receive():
        return coming.pop(0) if coming else await asyncio.get_running_loop().create_future()

    async def keep(message):
        sent.append(message)
    host, _, rest = url.removeprefix('https://').partition('/')
    path, _, query = rest.partition('?')
    given = {'host': host, 'authorization': f'Bearer {TOKEN}', 'content-length': '5',
             **{name.replace('_', '-'): value for name, value in headers.items()}}
    scope = {'type': 'http', 'method': method, 'path': unquote(f'/{path}'), 'raw_path': f'/{path}'.encode(),
             'query_string': query.encode(), 'server': ('127.0.0.1', int(host.rpartition(':')[2])),
             'client': ('127.0.0.1', 1),
             'headers': [(name.encode(), value.encode('latin-1')) for name, value in given.items()]}
    harness.run(asyncio.wait_for(harness.app(scope, receive, keep), _MOST_SECONDS))
    found = dict(sent[0]['headers'])
    return SimpleNamespace(status=sent[0]['status'], code=found.get(b'x-ms-error-code'), headers=found,
                           content=b''.join(message.get('body', b'') for message in sent[1:]))
