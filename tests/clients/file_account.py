"""A storage account of a running service, for clients that know connection strings."""
from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_GROUP = '/subscriptions/00000000-0000-0000-0000-0000000000cc/resourceGroups/files'


def connection_string(state: dict[str, Any], name: str) -> str:
    """That of the account, which is made when it is missing. `state` is what the service wrote of itself."""
    account = f'{_GROUP}/providers/Microsoft.Storage/storageAccounts/{name}'
    _call(state, 'PUT', _GROUP, {'location': 'eastus'})
    made = _call(state, 'PUT', account, {'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'})
    key = _call(state, 'POST', f'{account}/listKeys', {})['keys'][0]['value']
    ends = {kind: url.rstrip('/') for kind, url in made['properties']['primaryEndpoints'].items()}
    return (f"DefaultEndpointsProtocol=https;AccountName={name};AccountKey={key};BlobEndpoint={ends['blob']};"
            f"FileEndpoint={ends['file']}")


def _call(state: dict[str, Any], method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    address = urlsplit(state['endpoint'])
    wire = http.client.HTTPSConnection(str(address.hostname), address.port, timeout=30,
                                       context=ssl.create_default_context(cafile=state['caFile']))
    token = Path(state['tokenFile']).read_text('ascii').strip()
    wire.request(method, f'{path}?api-version=2021-04-01', json.dumps(body),
                 {'Authorization': f'Bearer {token}', 'Content-Type': 'application/json'})
    response = wire.getresponse()
    content = response.read()
    wire.close()
    assert response.status < 300, content
    answer: dict[str, Any] = json.loads(content)
    return answer
