"""azure-storage-blob 12: containers and blobs; prints what came back. BLOB_CONNECTION says where."""
import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import (
    AccessPolicy, BlobClient, BlobServiceClient, ContentSettings, StandardBlobTier, generate_account_sas,
    generate_blob_sas, generate_container_sas)

MIB = 1 << 20
SIZES = (0, 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1)
ODD = ('a b', 'ä→日/本', '100%', '%41', 'a+b', "it's", 'a&b;c=d', '~', '#1?')
WORK = os.environ['BATCHAI_WORK']
CONNECTION = os.environ['BLOB_CONNECTION']
# One attempt: answers that clients try again would take minutes.
service = BlobServiceClient.from_connection_string(CONNECTION, retry_total=0)
container = service.get_container_client(os.environ['BLOB_CONTAINER'])
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


def in_blocks(name):
    """A client that sends more than 1 MiB in blocks of 1 MiB."""
    return BlobClient.from_connection_string(CONNECTION, container.container_name, name, retry_total=0,
                                             max_single_put_size=MIB, max_block_size=MIB)


before = container.exists()
container.create_container(metadata={'made': 'here'})
told['container'] = [before, container.exists(), container.get_container_properties().metadata,
                     code_of(container.create_container),
                     code_of(service.get_container_client('nowhere').get_container_properties)]
container.set_container_metadata({'now': 'this'})
told['listed'] = [[item.name, item.metadata] for item in
                  service.list_containers(name_starts_with=container.container_name, include_metadata=True)]
seen = service.get_account_information()
told['service'] = [service.get_service_properties()['hour_metrics'].enabled, seen['sku_name'], seen['is_hns_enabled']]

for size in SIZES:
    content = os.urandom(size)
    blob, blocks = container.get_blob_client(f'sizes/{size}'), in_blocks(f'blocks/{size}')
    blob.upload_blob(content, validate_content=True, metadata={'size': str(size)},
                     content_settings=ContentSettings(content_type='text/plain', cache_control='no-cache'))
    blocks.upload_blob(content, max_concurrency=3, validate_content=True)
    seen = blob.get_blob_properties()
    told[f'size {size}'] = [
        blob.download_blob().readall() == content,
        blob.download_blob(validate_content=True, max_concurrency=2).readall() == content,
        blocks.download_blob(max_concurrency=3).readall() == content,
        seen.size, seen.metadata, seen.content_settings.content_type, seen.content_settings.cache_control,
        bytes(seen.content_settings.content_md5) == hashlib.md5(content).digest(), seen.blob_type.value]
told['blocks'] = [block.size for block in blocks.get_block_list()[0]]
told['ranges'] = [blob.download_blob(offset=MIB, length=1000).readall() == content[MIB:MIB + 1000],
                  blob.download_blob(offset=4 * MIB).readall() == content[4 * MIB:],
                  code_of(lambda: blob.download_blob(offset=5 * MIB, length=1).readall())]

for name in ODD:
    container.upload_blob(name, name.encode())
told['odd'] = [[container.download_blob(name).readall() == name.encode(),
                [item.name for item in container.list_blobs(name_starts_with=name)] == [name]] for name in ODD]
told['folders'] = sorted(item.name for item in container.walk_blobs() if item.name.endswith('/'))

said = container.get_blob_client('said')
said.upload_blob(b'x', standard_blob_tier=StandardBlobTier.COOL)
stale = said.get_blob_properties()
said.set_blob_metadata({'k': 'v'})
said.set_http_headers(ContentSettings(content_type='text/css', content_language='de'))
found = next(iter(container.list_blobs('said', include=['metadata', 'copy', 'snapshots'])))
told['said'] = [found.metadata, found.content_settings.content_type, found.content_settings.content_language,
                found.etag == said.get_blob_properties().etag.strip('"'), found.size]
told['conditions'] = [
    code_of(lambda: said.upload_blob(b'y')),
    code_of(lambda: said.upload_blob(b'y', overwrite=True, etag=stale.etag,
                                     match_condition=MatchConditions.IfNotModified)),
    code_of(lambda: said.delete_blob(if_unmodified_since=hour(-1))), said.download_blob().readall().decode()]

log = container.get_blob_client('log')
log.create_append_blob()
told['append'] = [log.append_block(b'one ')['blob_append_offset'], log.append_block(b'two', appendpos_condition=4)[
    'blob_committed_block_count'], code_of(lambda: log.append_block(b'x', appendpos_condition=4)),
    code_of(lambda: log.append_block(b'x', maxsize_condition=7)), log.download_blob().readall().decode()]

copy = container.get_blob_client('copy of it')
told['copy'] = [copy.start_copy_from_url(log.url)['copy_status'], copy.get_blob_properties().copy.status,
                copy.get_blob_properties().copy.source == log.url, copy.download_blob().readall().decode()]
link = {'account_name': account, 'account_key': key, 'container_name': container.container_name}
to_source = generate_blob_sas(**link, blob_name='said', permission='r', expiry=hour(1))
copy.upload_blob_from_url(f'{said.url}?{to_source}', overwrite=True)
told['from an address'] = copy.download_blob().readall().decode()
copy.stage_block_from_url('QQ==', f'{log.url}?' + generate_blob_sas(
    **link, blob_name='log', permission='r', expiry=hour(1)), 4, 3)
copy.commit_block_list(['QQ=='])
told['a part from an address'] = copy.download_blob().readall().decode()

told['missing'] = [code_of(lambda: container.download_blob('none')), code_of(lambda: container.delete_blob('none')),
                   container.get_blob_client('none').exists()]
told['in the way'] = [code_of(lambda: container.upload_blob('sizes', b'x')),
                      code_of(lambda: container.upload_blob('said/x', b'x'))]
told['refused'] = [code_of(call) for call in (
    log.create_snapshot, log.acquire_lease, lambda: log.set_blob_tags({'a': 'b'}), container.acquire_lease,
    lambda: container.get_blob_client('page').create_page_blob(512))]
told['deleted together'] = [reply.status_code for reply in container.delete_blobs(
    'copy of it', 'a b', 'none', '100%', raise_on_any_failure=False)]

with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda number: container.upload_blob(f'many/{number:04}', str(number).encode()), range(1000)))
names = [f'many/{number:04}' for number in range(1000)]
told['many'] = [[item.name for item in container.list_blobs('many/', **paged)] == names
                for paged in ({}, {'results_per_page': 300})]

contents = [bytes([number]) * (4 * MIB) for number in range(6)]
with ThreadPoolExecutor(6) as pool:
    list(pool.map(lambda content: container.upload_blob('race', content, overwrite=True), contents))
told['concurrent'] = container.download_blob('race', max_concurrency=4).readall() in contents


def through(sas, path='log', change=None):
    """What the link lets do with a blob: the code of the error, None when it is read."""
    client = BlobClient(service.url, container.container_name, path, credential=sas, retry_total=0)
    return code_of(lambda: change(client) if change else client.download_blob().readall())


container.set_container_access_policy({'read': AccessPolicy(permission='r', expiry=hour(1), start=hour(-1))})
of_blob = {**link, 'blob_name': 'log', 'permission': 'r', 'expiry': hour(1)}
good = generate_blob_sas(**of_blob)
told['links'] = {
    'good': through(good),
    'of the container': through(generate_container_sas(**link, permission='r', expiry=hour(1))),
    'of a policy': through(generate_container_sas(**link, policy_id='read')),
    'of the account': through(generate_account_sas(account, key, 'o', 'r', hour(1))),
    'of a policy that is not there': through(generate_container_sas(**link, policy_id='none')),
    'for another path': through(good, 'said'),
    'for another permission': through(good, change=lambda client: client.delete_blob()),
    'expired': through(generate_blob_sas(**{**of_blob, 'expiry': hour(-1)})),
    'not yet': through(generate_blob_sas(**of_blob, start=hour(1))),
    'from elsewhere': through(generate_blob_sas(**of_blob, ip='10.1.2.3')),
    'of another key': through(generate_blob_sas(**{**of_blob, 'account_key': 'QUJD'})),
    'changed': through(good.replace('sp=r', 'sp=rwd')),
}
told['wrong key'] = through({'account_name': account, 'account_key': 'QUJD'})
told['no key'] = through(None)

if os.environ.get('BLOB_LARGE'):
    source, target = os.path.join(WORK, 'large'), os.path.join(WORK, 'back')
    sent, received = hashlib.sha256(), hashlib.sha256()
    with open(source, 'wb') as stream:
        for _ in range(300):
            piece = os.urandom(MIB)
            sent.update(piece)
            stream.write(piece)
    large = container.get_blob_client('large')
    with open(source, 'rb') as stream:
        large.upload_blob(stream, max_concurrency=2)
    with open(target, 'wb') as stream:
        large.download_blob(max_concurrency=2).readinto(stream)
    with open(target, 'rb') as stream:
        while piece := stream.read(MIB):
            received.update(piece)
    told['large'] = [large.get_blob_properties().size, sent.hexdigest() == received.hexdigest()]

began = time.monotonic()
container.delete_container()
told['deleted'] = [code_of(container.get_container_properties), time.monotonic() - began < 30]
print(json.dumps(told))
