"""azure-storage-blob 2.1: containers and blobs; prints what came back. BLOB_CONNECTION says where."""
import json
import logging
import os
import re
from datetime import datetime, timedelta

from azure.common import AzureHttpError
from azure.storage.blob import (
    AppendBlobService, BatchDeleteSubRequest, BlobBlock, BlobPermissions, BlockBlobService, ContainerPermissions,
    ContentSettings, Include)
from azure.storage.common.models import AccessPolicy

logging.disable(logging.ERROR)  # each error once
MIB = 1 << 20
SIZES = (0, 1, 4 * MIB - 1, 4 * MIB, 4 * MIB + 1)
CONNECTION, NAME = os.environ['BLOB_CONNECTION'], os.environ['BLOB_CONTAINER']
blobs = BlockBlobService(connection_string=CONNECTION)
blobs.retry = lambda context: None
told = {}


def error_of(call):
    """Status and code of the error that a call ends with."""
    try:
        call()
    except AzureHttpError as error:
        return [error.status_code, error.error_code]
    return None


def hour(hours):
    return datetime.utcnow() + timedelta(hours=hours)


def linked(sas):
    endpoint = re.search('BlobEndpoint=([^;]*)', CONNECTION)[1]
    return BlockBlobService(connection_string=f'BlobEndpoint={endpoint};SharedAccessSignature={sas}')


told['container'] = [blobs.exists(NAME), blobs.create_container(NAME, metadata={'made': 'here'}),
                     blobs.create_container(NAME), blobs.exists(NAME), blobs.get_container_metadata(NAME),
                     [item.name for item in blobs.list_containers(NAME)],
                     blobs.get_blob_account_information().sku_name, blobs.get_blob_service_properties().logging.read]
for size in SIZES:
    content, name = os.urandom(size), f'a b/{size}+%.bin'
    blobs.create_blob_from_bytes(NAME, name, content, metadata={'size': str(size)},
                                 content_settings=ContentSettings(content_type='text/plain'))
    seen = blobs.get_blob_properties(NAME, name)
    told[f'size {size}'] = [blobs.get_blob_to_bytes(NAME, name).content == content, seen.properties.content_length,
                            seen.metadata, seen.properties.content_settings.content_type, seen.properties.blob_type]
    if size:  # of an empty blob the package asks for a range that it refuses itself
        told[f'size {size}'].append(blobs.get_blob_to_bytes(NAME, name, validate_content=True).content == content)
told['range'] = blobs.get_blob_to_bytes(NAME, name, start_range=5, end_range=9).content == content[5:10]

blobs.MAX_SINGLE_PUT_SIZE = blobs.MAX_BLOCK_SIZE = MIB
content = os.urandom(3 * MIB + 5)
blobs.create_blob_from_bytes(NAME, 'blocks', content, validate_content=True, max_connections=3)
told['blocks'] = [blobs.get_blob_to_bytes(NAME, 'blocks', max_connections=3).content == content,
                  [block.size for block in blobs.get_block_list(NAME, 'blocks').committed_blocks]]
blobs.put_block(NAME, 'own', b'one', 'a1')
blobs.put_block(NAME, 'own', b'two', 'a2')
waiting = [block.id for block in blobs.get_block_list(NAME, 'own', block_list_type='all').uncommitted_blocks]
blobs.put_block_list(NAME, 'own', [BlobBlock('a2'), BlobBlock('a1')])
told['own blocks'] = [waiting, blobs.get_blob_to_bytes(NAME, 'own').content.decode()]

told['listed'] = [[item.name for item in blobs.list_blobs(NAME, include=Include(metadata=True, copy=True))],
                  [item.name for item in blobs.list_blobs(NAME, delimiter='/')],
                  list(blobs.list_blob_names(NAME, prefix='o'))]
told['copy'] = blobs.copy_blob(NAME, 'copy', blobs.make_blob_url(NAME, 'own')).status
append = AppendBlobService(connection_string=CONNECTION)
append.create_blob(NAME, 'log')
append.append_block(NAME, 'log', b'one ')
append.append_blob_from_text(NAME, 'log', 'two')
told['append'] = append.get_blob_to_text(NAME, 'log').content
told['batch'] = [reply.is_successful for reply in blobs.batch_delete_blobs(
    [BatchDeleteSubRequest(NAME, 'copy'), BatchDeleteSubRequest(NAME, 'none')])]

blobs.set_container_acl(NAME, {'read': AccessPolicy(ContainerPermissions.READ, hour(1))})
told['policies'] = list(blobs.get_container_acl(NAME))
links = {
    'blob': blobs.generate_blob_shared_access_signature(NAME, 'own', permission=BlobPermissions.READ, expiry=hour(1)),
    'container': blobs.generate_container_shared_access_signature(NAME, ContainerPermissions.READ, hour(1)),
    'policy': blobs.generate_container_shared_access_signature(NAME, id='read'),
    'expired': blobs.generate_blob_shared_access_signature(NAME, 'own', permission=BlobPermissions.READ,
                                                           expiry=hour(-1)),
    'other': blobs.generate_blob_shared_access_signature(NAME, 'log', permission=BlobPermissions.READ, expiry=hour(1))}
told['links'] = {title: error_of(lambda: linked(sas).get_blob_to_bytes(NAME, 'own')) for title, sas in links.items()}
told['deleted through a link to read'] = error_of(lambda: linked(links['blob']).delete_blob(NAME, 'own'))

blobs.delete_blob(NAME, 'own')
told['deleted'] = [blobs.exists(NAME, 'own'), blobs.delete_container(NAME), blobs.delete_container(NAME),
                   error_of(lambda: blobs.get_blob_to_bytes(NAME, 'own'))]
print(json.dumps(told))
