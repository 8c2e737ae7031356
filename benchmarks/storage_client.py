"""The side of `storage.py` that has azure-storage-blob: one operation for each line it reads, the seconds for each line
it prints.

    upload|download CONNECTION_STRING CONTAINER NAME PATH
    container CONNECTION_STRING CONTAINER -          makes it
    link CONNECTION_STRING CONTAINER NAME            prints an address that curl reads and writes
"""
from __future__ import annotations

import shlex
import sys
import time
from datetime import datetime, timedelta, timezone

from azure.storage.blob import BlobClient, BlobSasPermissions, ContainerClient, generate_blob_sas


def link(blob: BlobClient) -> str:
    signature = generate_blob_sas(str(blob.account_name), blob.container_name, blob.blob_name,
                                  account_key=blob.credential.account_key,
                                  permission=BlobSasPermissions(read=True, write=True, create=True),
                                  expiry=datetime.now(timezone.utc) + timedelta(days=1))
    return f'{blob.url}?{signature}'


def seconds(blob: BlobClient, verb: str, path: str) -> float:
    begun = time.perf_counter()
    if verb == 'upload':
        with open(path, 'rb') as source:
            blob.upload_blob(source, overwrite=True)
    else:
        with open(path, 'wb') as target:
            blob.download_blob().readinto(target)
    return time.perf_counter() - begun


def answer(verb: str, connection: str, container: str, name: str, path: str = '') -> object:
    if verb == 'container':
        with ContainerClient.from_connection_string(connection, container) as made:
            return made.create_container()['etag']
    with BlobClient.from_connection_string(connection, container, name) as blob:
        return link(blob) if verb == 'link' else seconds(blob, verb, path)


for line in sys.stdin:
    print(answer(*shlex.split(line)), flush=True)
