"""The blob service as a test speaks it: no SDK between, so that every header and code is seen."""
from __future__ import annotations

from urllib.parse import quote, urlencode
from xml.etree import ElementTree

from harness import BLOB_HOST, FILE_HOST

from azext_batchai.arm.times import format_time
from azext_batchai.service.storage.rest import sas, shared_key
from azext_batchai.service.store.accounts import Account

ACCOUNT, OTHER_ACCOUNT = 'demobatchaicli', 'otheraccount'
KEY = 'a2V5' * 16
BLOCK = {'x-ms-blob-type': 'BlockBlob'}
APPEND = {'x-ms-blob-type': 'AppendBlob'}


class BlobClient:
    """Speaks with the token of the service, which permits everything, or with a signed link."""

    def __init__(self, harness):
        self.harness = harness
        for name in (ACCOUNT, OTHER_ACCOUNT):
            harness.store.accounts.put(Account(name, 'aa', 'rg', 'eastus', 'Standard_LRS', 'StorageV2', {}, harness.now,
                                               {'key1': KEY, 'key2': KEY[::-1]}))

    @property
    def folder(self):
        """Of the container that the fixture makes."""
        return self.harness.data_dir / 'storage' / ACCOUNT / 'blob' / 'work'

    @property
    def uploads(self):
        return self.harness.data_dir / 'storage' / ACCOUNT / '.uploads'

    def unfinished(self):
        """The files of uploads that are not finished, or should have been removed."""
        return [path for path in self.uploads.rglob('*') if path.is_file() and path.suffix != '.json']

    async def send(self, method, path, content=b'', headers=None, link='', **query):
        """`path` is that of a blob or container, not encoded; `link` a query string instead of the token."""
        url = f'{self.url(path)}?{urlencode(query)}' + (f'&{link}' if link else '')
        more = {'token': None} if link else {}
        return await self.harness.send(method, url.replace('?&', '?').rstrip('?'), host=BLOB_HOST, version=None,
                                       headers=headers or {}, content=content, **more)

    def call(self, *arguments, **more):
        return self.harness.run(self.send(*arguments, **more))

    def get(self, path, **more):
        return self.call('GET', path, **more)

    def head(self, path, **more):
        return self.call('HEAD', path, **more)

    def put(self, path, content=b'', **more):
        return self.call('PUT', path, content, **more)

    def delete(self, path, **more):
        return self.call('DELETE', path, **more)

    def upload(self, path, content=b'', **headers):
        """A block blob; headers with _ for -."""
        reply = self.put(path, content, headers={**BLOCK, **{key.replace('_', '-'): value
                                                             for key, value in headers.items()}})
        assert reply.status_code == 201, reply.text
        return reply

    def put_block(self, path, block_id, content, **more):
        return self.put(path, content, comp='block', blockid=block_id, **more)

    def put_block_list(self, path, *block_ids, kind='Latest', **more):
        body = ''.join(f'<{kind}>{block_id}</{kind}>' for block_id in block_ids)
        return self.put(path, f'<?xml version="1.0"?><BlockList>{body}</BlockList>'.encode(), comp='blocklist', **more)

    def append(self, path, content, **more):
        return self.put(path, content, comp='appendblock', **more)

    def copy(self, target, source, headers=None, **more):
        return self.put(target, headers={'x-ms-copy-source': self.url(source), **(headers or {})}, **more)

    def list(self, container='work', **query):
        reply = self.get(container, restype='container', comp='list', **query)
        assert reply.status_code == 200, reply.text
        return Page(reply.content)

    def all_pages(self, **query):
        """Names on all pages, and how many pages it were."""
        names, marker, count = [], '', 0
        while True:
            page = self.list(marker=marker, **query)
            names, marker, count = names + page.names, page.marker, count + 1
            if not marker:
                return names, count

    @staticmethod
    def url(path, host=BLOB_HOST, account=ACCOUNT):
        encoded = quote(path).replace('.', '%2E')  # httpx would make another path of one with dots
        return f'https://{host}/{account}/{encoded}'

    def file_url(self, path):
        return self.url(path, FILE_HOST)

    def link(self, path, sp='r', *, sr='b', key=KEY, expiry=3600, account=ACCOUNT, kind='blob', **more):
        """A signed link to a blob (`sr` b) or container (c), or of the whole account, with the keyword srt."""
        query = {'sv': '2021-12-02', 'sp': sp, 'se': format_time(int(self.harness.now + expiry))[:19] + 'Z', **more}
        if 'srt' in query:
            query.setdefault('ss', 'bf')
            text = sas.account_text(query, account)
        else:
            query['sr'] = sr
            text = sas.service_text(query, kind, f'{account}/{path}')
        return urlencode({**query, 'sig': shared_key.signature_of(key, text)})


class Page:
    """One page of a list."""

    def __init__(self, content):
        self.root = ElementTree.fromstring(content)

    @property
    def names(self):
        """Of blobs, containers and what blobs have in common, in their order."""
        return [node.findtext('Name') for part in ('Blobs', 'Containers') for node in self.root.findall(f'{part}/*')]

    @property
    def marker(self):
        return self.root.findtext('NextMarker') or ''

    def properties(self, name):
        return {child.tag: child.text or '' for node in self.root.findall('Blobs/Blob') if node.findtext('Name') == name
                for child in node.find('Properties')}

    def metadata(self, name):
        return {child.tag: child.text for part in ('Blobs', 'Containers') for node in self.root.findall(f'{part}/*')
                if node.findtext('Name') == name for child in node.findall('Metadata/*')}


def refused(reply, status, code):
    """Whether it is the error with that code; its body says so too, unless the request was HEAD."""
    assert (reply.status_code, reply.headers.get('x-ms-error-code')) == (status, code), reply.text
    if reply.request.method != 'HEAD' and status != 304:
        assert ElementTree.fromstring(reply.content).findtext('Code') == code
    return True
