"""azure-storage-file 2.1, as our extension uses it; prints what came back. FILE_CONNECTION says where."""
import json
import os
import sys
from urllib.parse import quote

if os.environ.get('FILE_PACKAGES'):  # of the extension, behind those of az, as az has them
    sys.path.append(os.environ['FILE_PACKAGES'])

import requests  # noqa: E402
from azure.common import AzureHttpError  # noqa: E402
from azure.storage.common import __version__  # noqa: E402
from azure.storage.file import ContentSettings, FileService  # noqa: E402

SIZES = (0, 1, 4 * 1024 * 1024 - 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1)
SHARE = os.environ['FILE_SHARE']
service = FileService(connection_string=os.environ['FILE_CONNECTION'])
service.retry = lambda _context: None
told = {'common': __version__}


def code_of(call):
    try:
        call()
    except AzureHttpError as error:
        return error.error_code
    return None


told['share'] = [
    service.create_share(SHARE, metadata={'made': 'here'}, quota=7), service.create_share(SHARE),
    service.exists(SHARE), service.exists('nowhere'), service.get_share_properties(SHARE).properties.quota,
    service.get_share_stats(SHARE), service.get_share_metadata(SHARE)]
service.set_share_properties(SHARE, 8)
told['listed'] = [[item.name, item.properties.quota] for item in service.list_shares(SHARE, include_metadata=True)]
told['directories'] = [
    service.create_directory(SHARE, 'a b', metadata={'of': 'files'}), service.create_directory(SHARE, 'a b'),
    service.exists(SHARE, 'a b'), service.exists(SHARE, 'none'), service.exists(SHARE, 'none', 'f'),
    service.get_directory_metadata(SHARE, 'a b')]
for size in SIZES:
    content, name = os.urandom(size), f'f +%ü{size}'
    service.create_file_from_bytes(SHARE, 'a b', name, content, max_connections=2, validate_content=True,
                                   metadata={'size': str(size)},
                                   content_settings=ContentSettings(content_type='text/plain'))
    seen = service.get_file_properties(SHARE, 'a b', name)
    told[f'size {size}'] = [
        service.get_file_to_bytes(SHARE, 'a b', name).content == content, seen.properties.content_length, seen.metadata,
        seen.properties.content_settings.content_type,
        [[part.start, part.end] for part in service.list_ranges(SHARE, 'a b', name)]]
service.update_range(SHARE, 'a b', name, b'hello', 3, 7)
service.clear_range(SHARE, 'a b', name, 512, 1023)
seen = service.get_file_to_bytes(SHARE, 'a b', name).content
told['ranges'] = [seen[3:8].decode(), seen[512:1024] == bytes(512), seen[1024:] == content[1024:]]
service.resize_file(SHARE, 'a b', name, 8)
service.set_file_properties(SHARE, 'a b', name, ContentSettings(content_type='a/b'))
service.set_file_metadata(SHARE, 'a b', name, {'now': 'this'})
seen = service.get_file_properties(SHARE, 'a b', name)
told['changed'] = [seen.properties.content_length, seen.properties.content_settings.content_type, seen.metadata]
address = quote(service.make_file_url(SHARE, 'a b', name), safe=':/')
told['copied'] = service.copy_file(SHARE, None, 'copy', address).status
told['entries'] = [[item.name for item in service.list_directories_and_files(SHARE)],
                   len(list(service.list_directories_and_files(SHARE, 'a b', prefix='f', num_results=None)))]
link = service.generate_file_shared_access_signature(SHARE, None, 'copy', permission='r', expiry='2099-01-01')
url = service.make_file_url(SHARE, None, 'copy', sas_token=link)
told['link'] = [requests.get(url).content[3:].decode(), requests.get(url.replace('/copy?', '/other?')).status_code,
                requests.put(url, headers={'x-ms-content-length': '1'}).status_code,
                requests.get(url.replace('sp=r', 'sp=rw')).status_code]
told['not empty'] = code_of(lambda: service.delete_directory(SHARE, 'a b'))
told['deleted'] = [service.delete_share(SHARE), service.delete_share(SHARE)]
print(json.dumps(told))
