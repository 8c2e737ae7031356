"""A client of the file service that says no more than a test tells it to."""
from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote
from xml.etree import ElementTree

from harness import FILE_HOST, SUBSCRIPTION

from azext_batchai.service.storage.rest import sas
from azext_batchai.service.store.accounts import Account

ACCOUNT = 'acct'
KEY = base64.b64encode(b'k' * 64).decode()
ENDPOINT = f'https://{FILE_HOST}/{ACCOUNT}'


class FileClient:
    """`path` begins with the share. Query parameters are keywords, headers a dict; who asks has a token of the service,
    which may do what a key of the account may."""

    def __init__(self, harness):
        self.harness = harness
        self.service = harness.service
        harness.store.accounts.put(Account(ACCOUNT, SUBSCRIPTION, 'rg', 'eastus', 'Standard_LRS', 'StorageV2', {},
                                           harness.now, {'key1': KEY, 'key2': base64.b64encode(b'o' * 64).decode()}))

    def request(self, method, path, content=b'', headers=None, link=None, **query):
        address = f"{ENDPOINT}/{'/'.join(map(_quoted, path.split('/')))}"
        given = {'x-ms-version': '2025-05-05', 'content-length': str(len(content)), **(headers or {})}
        more = {'token': None} if link is not None else {}
        return self.harness.request(method, address, host=FILE_HOST, version=None, content=content, headers=given,
                                    params={**query, **(link or {})}, **more)

    def get(self, path, headers=None, **more):
        return self.request('GET', path, headers=headers, **more)

    def put(self, path, headers=None, **more):
        return self.request('PUT', path, headers=headers, **more)

    def head(self, path, **more):
        return self.request('HEAD', path, **more)

    def delete(self, path, **more):
        return self.request('DELETE', path, **more)

    @staticmethod
    def expect(status, response):
        assert response.status_code == status, (response.status_code, dict(response.headers), response.text)
        return response

    def refuse(self, status, code, response):
        """An error as clients understand it. Returns its text."""
        self.expect(status, response)
        assert response.headers['x-ms-error-code'] == code
        body = ElementTree.fromstring(response.content)
        assert (body.tag, body.findtext('Code')) == ('Error', code)
        return body.findtext('Message')

    # what stories are made of

    @property
    def root(self):
        """The folder of share `work`."""
        return self.harness.data_dir / 'storage' / ACCOUNT / 'file' / 'work'

    def make(self, path, size=0, **headers):
        """A file of zeros; keywords are headers, _ for -."""
        given = {name.replace('_', '-'): value for name, value in headers.items()}
        return self.expect(201, self.put(path, {'x-ms-type': 'file', 'x-ms-content-length': str(size), **given}))

    def write(self, path, content, start=0, **headers):
        given = {name.replace('_', '-'): value for name, value in headers.items()}
        return self.put(path, {'x-ms-write': 'update', 'x-ms-range': f'bytes={start}-{start + len(content) - 1}',
                               **given}, content=content, comp='range')

    def upload(self, path, content, **headers):
        self.make(path, len(content), **headers)
        for start in range(0, len(content), 4 << 20):
            self.expect(201, self.write(path, content[start:start + (4 << 20)], start))

    def make_folder(self, path):
        return self.expect(201, self.put(path, restype='directory'))

    def names(self, path='work', **query):
        """What a directory has, directories with a slash at the end, and the marker of the next page."""
        found = self.expect(200, self.get(path, restype='directory', comp='list', **query))
        body = ElementTree.fromstring(found.content)
        entries = [f"{item.findtext('Name')}{'/' if item.tag == 'Directory' else ''}" for item in body.find('Entries')]
        return entries, body.findtext('NextMarker')

    def link(self, permissions, types='sco', **changes):
        """A signed link of the account, good for a day, as query parameters."""
        query = {'sv': '2025-05-05', 'ss': 'f', 'srt': types, 'sp': permissions, 'se': '2018-06-07T12:00:00Z',
                 **changes}
        text = sas.account_text(query, ACCOUNT)
        digest = hmac.new(base64.b64decode(KEY), text.encode(), hashlib.sha256).digest()
        return {**query, 'sig': base64.b64encode(digest).decode()}


def _quoted(part):
    """Dots too, or the client would make sense of them."""
    return quote(part).replace('.', '%2E') if set(part) == {'.'} else quote(part)
