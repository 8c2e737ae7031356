"""azure-storage-file-share: shares, directories and files; prints what came back. FILE_CONNECTION says where."""
import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from azure.core.exceptions import HttpResponseError
from azure.storage.fileshare import (
    AccessPolicy, ContentSettings, ShareFileClient, ShareServiceClient, generate_file_sas, generate_share_sas)

SIZES = (0, 1, 4 * 1024 * 1024 - 1, 4 * 1024 * 1024, 4 * 1024 * 1024 + 1)
ODD = ('a b', 'ä→日', '100%', '%41', 'a+b', "it's", 'a&b;c=d', '~', '#1?')
service = ShareServiceClient.from_connection_string(os.environ['FILE_CONNECTION'], retry_total=0)
share = service.get_share_client(os.environ['FILE_SHARE'])
account, key = service.account_name, service.credential.account_key
told = {}


def code_of(call):
    """The code of the error that a call ends with."""
    try:
        call()
    except HttpResponseError as error:
        return getattr(error.error_code, 'value', error.error_code)
    return None


def hour(hours):
    return datetime.now(timezone.utc) + timedelta(hours=hours)


share.create_share(metadata={'made': 'here'}, quota=7)
told['share'] = [share.get_share_properties().quota, share.get_share_properties().metadata, code_of(share.create_share),
                 code_of(service.get_share_client('nowhere').get_share_properties), share.get_share_stats()]
share.set_share_quota(8)
share.set_share_access_policy({'read': AccessPolicy(permission='r', expiry=hour(1), start=hour(-1))})
told['listed'] = [[item.name, item.quota] for item in service.list_shares(name_starts_with=share.share_name)]
told['service'] = service.get_service_properties()['hour_metrics'].enabled

folder = share.create_directory('sizes', metadata={'of': 'files'})
told['directories'] = [
    code_of(folder.get_directory_properties), code_of(share.get_directory_client('none').get_directory_properties),
    folder.get_directory_properties().metadata, code_of(lambda: share.create_directory('sizes')),
    code_of(lambda: share.create_directory('no/where'))]
for size in SIZES:
    content = os.urandom(size)
    md5 = bytearray(hashlib.md5(content).digest())
    file = folder.get_file_client(f'{size}.bin')
    file.upload_file(content, max_concurrency=3, validate_content=True, metadata={'size': str(size)},
                     content_settings=ContentSettings(content_type='text/plain', content_md5=md5))
    seen = file.get_file_properties()
    told[f'size {size}'] = [
        file.download_file().readall() == content,
        file.download_file(validate_content=True, max_concurrency=2).readall() == content,
        seen.size, seen.metadata, seen.content_settings.content_type,
        bytes(seen.content_settings.content_md5) == bytes(md5), seen.file_attributes]
told['entries'] = [[item.name, item.size, item.etag == folder.get_file_client(item.name).get_file_properties().etag]
                   for item in folder.list_directories_and_files(include=['timestamps', 'Etag'])]
told['not empty'] = code_of(folder.delete_directory)

file = share.get_file_client('ranges')
file.upload_file(b'x' * 100_000)
file.upload_range(b'hello', 10, 5)
file.clear_range(8192, 4096 * 8)
told['ranges'] = [file.download_file(offset=8, length=9).readall().decode(),
                  file.download_file(offset=99_998).readall().decode(),
                  file.download_file(offset=8192, length=4).readall() == bytes(4), file.get_ranges(),
                  code_of(lambda: file.upload_range(b'abc', 99_999, 3)),
                  code_of(lambda: file.download_file(offset=100_000))]
file.resize_file(12)
told['resized'] = file.download_file().readall().decode()

copy = share.get_file_client('copy of it')
told['copy'] = [copy.start_copy_from_url(file.url)['copy_status'], copy.get_file_properties().copy.status,
                copy.download_file().readall().decode()]
moved_text = copy.rename_file('sizes/moved').download_file().readall().decode()
renamed = share.get_directory_client('sizes').rename_directory('renamed')
told['renamed'] = [moved_text, code_of(copy.get_file_properties),
                   code_of(renamed.get_file_client('moved').get_file_properties)]
told['handles'] = [list(renamed.list_handles()), file.close_all_handles()['closed_handles_count']]
told['refused'] = [code_of(file.acquire_lease), code_of(share.create_snapshot)]

for name in ODD:
    inner = share.create_directory(name)
    inner.upload_file(name, name.encode())
    told.setdefault('odd', []).append([name in [item.name for item in share.list_directories_and_files()],
                                       [item.name for item in inner.list_directories_and_files()] == [name],
                                       inner.get_file_client(name).download_file().readall() == name.encode()])

many = share.create_directory('many')
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda number: many.upload_file(f'{number:04}', str(number).encode()), range(1000)))
names = [item.name for item in many.list_directories_and_files(results_per_page=300)]
told['many'] = names == [f'{number:04}' for number in range(1000)]

shared = share.get_file_client('shared')
parts = [os.urandom(100_000) for _ in range(30)]
shared.create_file(3_000_000)
with ThreadPoolExecutor(10) as pool:
    list(pool.map(lambda number: shared.upload_range(parts[number], number * 100_000, 100_000), range(30)))
told['concurrent'] = shared.download_file(max_concurrency=4).readall() == b''.join(parts)


def through(sas, path='shared', change=None):
    """What the link lets do with a file: the code of the error, None when it is read."""
    client = ShareFileClient(service.url, share.share_name, path, credential=sas, retry_total=0)
    return code_of(lambda: change(client) if change else client.download_file().readall())


link = {'account_name': account, 'account_key': key, 'share_name': share.share_name}
of_file = {**link, 'file_path': ['shared'], 'permission': 'r', 'expiry': hour(1)}
good = generate_file_sas(**of_file)
told['links'] = {
    'good': through(good),
    'of the share': through(generate_share_sas(**link, permission='r', expiry=hour(1))),
    'of a policy': through(generate_share_sas(**link, policy_id='read')),
    'of a policy that is not there': through(generate_share_sas(**link, policy_id='none')),
    'for another path': through(good, 'ranges'),
    'for another permission': through(good, change=lambda client: client.delete_file()),
    'expired': through(generate_file_sas(**{**of_file, 'expiry': hour(-1)})),
    'not yet': through(generate_file_sas(**of_file, start=hour(1))),
    'from elsewhere': through(generate_file_sas(**of_file, ip='10.1.2.3')),
    'of another key': through(generate_file_sas(**{**of_file, 'account_key': 'QUJD'})),
    'changed': through(good.replace('sp=r', 'sp=rwd')),
}
stranger = {'account_name': account, 'account_key': 'QUJD'}
wrong = ShareFileClient(service.url, share.share_name, 'shared', credential=stranger, retry_total=0)
told['wrong key'] = code_of(lambda: wrong.download_file().readall())

began = time.monotonic()
share.delete_share()
told['deleted'] = [code_of(share.get_share_properties), time.monotonic() - began < 30]
print(json.dumps(told))
