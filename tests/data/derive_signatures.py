"""Requests as the published clients of Azure Storage sign them, with a key that everybody knows.

storage-signatures.json has them by client. Write the part of one client again with
``python tests/data/derive_signatures.py`` of an environment that has azure-storage-blob and azure-storage-file-share
(12.x), or azure-storage-blob and azure-storage-file (2.1).
"""
from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable

FILE = Path(__file__).resolve().parent / 'storage-signatures.json'
ACCOUNT = 'demobatchaicli'
KEY = base64.b64encode(bytes(range(64))).decode()
ENDPOINTS = {'blob': f'https://127.0.0.1:8444/{ACCOUNT}', 'file': f'https://127.0.0.1:8445/{ACCOUNT}'}
CONNECTION = (f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={ENDPOINTS['blob']};"
              f"FileEndpoint={ENDPOINTS['file']}")
ODD = 'a b/ü%+&=#.txt'
METADATA = {'a_b': '1', 'ab': '2', 'a1': '3', 'a': '4'}


class Caught(BaseException):
    """Instead of a reply: the request that would have gone out."""


def caught(work: Callable[[], Any]) -> dict[str, Any]:
    try:
        work()
    except Caught as error:
        return dict(error.args[0])
    raise AssertionError('no request was sent')


def of_version_12() -> dict[str, dict[str, Any]]:
    from azure.core.pipeline.transport import HttpTransport
    from azure.storage.blob import BlobServiceClient, generate_account_sas, generate_blob_sas, generate_container_sas
    from azure.storage.fileshare import ShareServiceClient, generate_file_sas, generate_share_sas

    class Catcher(HttpTransport):
        def send(self, request: Any, **_: Any) -> Any:
            raise Caught({'method': request.method, 'url': request.url, 'headers': _texts(request.headers)})

        def open(self) -> None:
            pass

        def close(self) -> None:
            pass

        def __exit__(self, *_: Any) -> None:
            pass

    blobs = BlobServiceClient.from_connection_string(CONNECTION, transport=Catcher())
    files = ShareServiceClient.from_connection_string(CONNECTION, transport=Catcher())
    blob, share = blobs.get_blob_client('data', ODD), files.get_share_client('demoafs')
    start, expiry = datetime.now(timezone.utc) - timedelta(hours=1), datetime.now(timezone.utc) + timedelta(days=1)
    common = {'start': start, 'expiry': expiry, 'ip': '127.0.0.1-127.0.0.9', 'protocol': 'https'}
    links = {
        'blob link': ('blob', ['data', ODD], generate_blob_sas(
            ACCOUNT, 'data', ODD, account_key=KEY, permission='rw', content_type='text/html', cache_control='no-store',
            content_disposition='attachment', content_encoding='gzip', content_language='de', **common)),
        'container link': ('blob', ['data', 'x'], generate_container_sas(
            ACCOUNT, 'data', account_key=KEY, permission='rl', **common)),
        'file link': ('file', ['demoafs', *ODD.split('/')], generate_file_sas(
            ACCOUNT, 'demoafs', ODD.split('/'), account_key=KEY, permission='r', **common)),
        'share link': ('file', ['demoafs', 'x'], generate_share_sas(
            ACCOUNT, 'demoafs', KEY, permission='rcwdl', **common)),
        'account link': ('blob', ['data', 'x'], generate_account_sas(
            ACCOUNT, KEY, resource_types='sco', permission='rwdlacup', services='bf', **common)),
        'scoped account link': ('blob', ['data', 'x'], generate_account_sas(
            ACCOUNT, KEY, resource_types='o', permission='r', expiry=expiry, services='b', encryption_scope='s')),
    }
    return {
        'list containers': caught(lambda: list(blobs.list_containers(name_starts_with='a b+c', include_metadata=True))),
        'create container': caught(lambda: blobs.create_container('data', metadata=METADATA)),
        'put blob': caught(lambda: blob.upload_blob(b'content', metadata=METADATA, overwrite=True)),
        'put empty blob': caught(lambda: blob.upload_blob(b'')),
        'get blob': caught(lambda: blob.download_blob(offset=3, length=5).readall()),
        'list blobs': caught(lambda: list(blobs.get_container_client('data').walk_blobs('a b/'))),
        'create share': caught(lambda: share.create_share(quota=5)),
        'create file': caught(lambda: share.get_file_client(ODD).upload_file(b'content')),
        'list files': caught(lambda: list(share.get_directory_client('a b').list_directories_and_files('x+y'))),
        **{name: _link(*parts) for name, parts in links.items()},
    }


def of_version_2() -> dict[str, dict[str, Any]]:
    import requests
    from azure.storage.blob import BlockBlobService
    from azure.storage.file import FileService

    def send(_session: Any, request: Any, **_: Any) -> Any:
        raise Caught({'method': request.method, 'url': request.url, 'headers': _texts(request.headers)})
    requests.Session.send = send  # type: ignore[method-assign]
    blobs, files = (kind(connection_string=CONNECTION) for kind in (BlockBlobService, FileService))
    folder, name = ODD.split('/')
    common = {'start': datetime.now(timezone.utc) - timedelta(hours=1),
              'expiry': datetime.now(timezone.utc) + timedelta(days=1), 'ip': '127.0.0.1', 'protocol': 'https'}
    links = {
        'blob link': ('blob', ['data', ODD], blobs.generate_blob_shared_access_signature(
            'data', ODD, permission='rw', content_type='text/html', **common)),
        'container link': ('blob', ['data', 'x'], blobs.generate_container_shared_access_signature(
            'data', 'rl', **common)),
        'file link': ('file', ['demoafs', folder, name], files.generate_file_shared_access_signature(
            'demoafs', folder, name, permission='r', **common)),
        'share link': ('file', ['demoafs', 'x'], files.generate_share_shared_access_signature(
            'demoafs', 'rcwdl', **common)),
        'account link': ('file', ['demoafs', 'x'], files.generate_account_shared_access_signature(
            'sco', 'rwdlacup', **common)),
    }
    return {
        'list containers': caught(lambda: list(blobs.list_containers('a b+c', include_metadata=True))),
        'create container': caught(lambda: blobs.create_container('data', METADATA)),
        'put blob': caught(lambda: blobs.create_blob_from_bytes('data', ODD, b'content', metadata=METADATA)),
        'put empty blob': caught(lambda: blobs.create_blob_from_bytes('data', ODD, b'')),
        'get blob': caught(lambda: blobs.get_blob_to_bytes('data', ODD, start_range=3, end_range=7)),
        'list blobs': caught(lambda: list(blobs.list_blobs('data', 'a b/', delimiter='/'))),
        'create share': caught(lambda: files.create_share('demoafs', quota=5, fail_on_exist=True)),
        'create file': caught(lambda: files.create_file_from_bytes('demoafs', folder, name, b'content')),
        'list files': caught(lambda: list(files.list_directories_and_files('demoafs', 'a b', prefix='x+y'))),
        **{name: _link(*parts) for name, parts in links.items()},
    }


def _link(kind: str, parts: list[str], signature: str) -> dict[str, Any]:
    from urllib.parse import quote
    path = '/'.join(quote(part, safe='/') for part in parts)
    return {'method': 'GET', 'url': f'{ENDPOINTS[kind]}/{path}?{signature}',
            'headers': {'x-ms-date': datetime.now(timezone.utc).strftime('%a, %d %b %Y %H:%M:%S GMT')}}


def _texts(headers: Any) -> dict[str, str]:
    """Bytes of old clients as text; without the name of this machine's system."""
    found = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in headers.items()}
    return {name: value for name, value in found.items() if name.lower() != 'user-agent'}


def main() -> None:
    is_new = version('azure-storage-blob').startswith('12.')
    packages = ['azure-storage-blob', 'azure-storage-file-share' if is_new else 'azure-storage-file']
    name = ', '.join(f'{package} {version(package)}' for package in packages)
    known = json.loads(FILE.read_text('utf-8')) if FILE.exists() else {}
    known[name] = of_version_12() if is_new else of_version_2()
    FILE.write_text(json.dumps(known, indent=1, sort_keys=True) + '\n', 'utf-8')


if __name__ == '__main__':
    main()
