"""Load on the storage data plane: uploads and downloads at once, each signed with the key of the account."""
from __future__ import annotations

import asyncio
import os
import time
from email.utils import formatdate
from pathlib import Path

from starlette.datastructures import Headers

from azext_batchai.service.storage.rest.shared_key import signature_of, strings_to_sign
from load_figures import Figures, measured
from loaded_service import GROUP, LoadedService, expect
from raw_client import Answer, Connection

_ACCOUNT = f'{GROUP}/providers/Microsoft.Storage/storageAccounts/load'


async def storage(folder: Path, seconds: float, parallel: int = 16, size: int = 64 << 20) -> Figures:
    """`parallel` uploads of `size` bytes at once, then as many downloads, which must bring the same back."""
    figures = Figures()
    with LoadedService(folder / 'data') as service:
        async with service.connect() as connection:
            await service.prepare(connection)
            await expect(connection, 'PUT', GROUP, {'location': 'eastus'})
            await expect(connection, 'PUT', _ACCOUNT, {
                'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'})
            await expect(connection, 'PUT', f'{_ACCOUNT}/blobServices/default/containers/box', {})
            key = (await expect(connection, 'POST', f'{_ACCOUNT}/listKeys'))['keys'][0]['value']
        content = os.urandom(1 << 20) * (size >> 20)

        async def both(number: int, found: Figures) -> None:
            async with Connection(service.blob_port, service.context) as mine:
                began = time.monotonic()
                answer = await _signed(mine, key, 'PUT', f'/load/box/b{number}', content)
                found.add('upload', began)
                if answer.status != 201:
                    found.wrong.append(f'upload: {answer.status} {answer.body[:200]!r}')
                began = time.monotonic()
                answer = await _signed(mine, key, 'GET', f'/load/box/b{number}', b'')
                found.add('download', began)
                if answer.status != 200 or answer.body != content:
                    found.wrong.append(f'download: {answer.status}, {len(answer.body)} bytes')

        async def load() -> None:
            began = time.monotonic()
            await asyncio.gather(*(both(number, figures) for number in range(parallel)))
            took = time.monotonic() - began
            figures.facts['both ways'] = f'{2 * parallel * size / took / (1 << 20):.0f} MiB/s in {took:.1f} s'
        await both(0, Figures())
        await measured(service, figures, load)
    return figures


async def _signed(connection: Connection, key: str, method: str, path: str, content: bytes) -> Answer:
    headers = {'x-ms-date': formatdate(usegmt=True), 'x-ms-version': '2021-08-06',
               **({'x-ms-blob-type': 'BlockBlob'} if method == 'PUT' else {})}
    seen = Headers({**headers, 'content-type': 'application/json', 'content-length': str(len(content))})
    text = strings_to_sign('sharedkey', 'load', method, seen, path, {})[0]
    return await connection.request(method, path, content, {
        **headers, 'Authorization': f'SharedKey load:{signature_of(key, text)}'})
