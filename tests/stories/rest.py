"""The service's REST face for tests that set up or check something faster than az would."""
from __future__ import annotations

import http.client
import json
import ssl
import time
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

ACCOUNT = {'adminUserName': 'demoUser', 'adminUserPassword': 'demoPassword'}
SUBSCRIPTION = '00000000-0000-0000-0000-000000000000'
STORAGE = '/providers/Microsoft.Storage/storageAccounts'
_VERSION = '2018-05-01'
_PATIENCE_SECONDS = 30


def provider(group: str) -> str:
    return f'/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}/providers/Microsoft.BatchAI'


def resource_group(name: str) -> str:
    return f'/subscriptions/{SUBSCRIPTION}/resourceGroups/{name}'


def workspace(group: str, name: str = 'migrated-eastus') -> str:
    return f'{provider(group)}/workspaces/{name}'


def cluster(name: str, group: str = 'demoGroup') -> str:
    return f'{workspace(group)}/clusters/{name}'


def job(name: str, group: str = 'demoGroup') -> str:
    return f'{workspace(group)}/experiments/migrated/jobs/{name}'


def file_server(name: str, group: str = 'demoGroup') -> str:
    return f'{workspace(group)}/fileServers/{name}'


class Rest:
    """A client of the service whose data lie in `data_dir`."""

    def __init__(self, data_dir: Path):
        state = json.loads((data_dir / 'service.json').read_text('utf-8'))
        self.state = state
        self._address = urlsplit(state['endpoint'])
        self._context = ssl.create_default_context(cafile=state['caFile'])
        self._token = Path(state['tokenFile']).read_text('ascii').strip()

    def call(self, method: str, path: str, body: Any = None, version: str = _VERSION) -> tuple[int, Any]:
        """Status and JSON of a reply."""
        connection = http.client.HTTPSConnection(str(self._address.hostname), self._address.port,
                                                 timeout=_PATIENCE_SECONDS, context=self._context)
        headers = {'Authorization': f'Bearer {self._token}', 'Content-Type': 'application/json'}
        connection.request(method, f'{path}{"&" if "?" in path else "?"}api-version={version}',
                           json.dumps(body) if body is not None else '', headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, json.loads(content) if content else None

    def properties(self, path: str) -> dict[str, Any]:
        status, body = self.call('GET', path)
        assert status == 200, body
        return body['properties']

    def wait(self, path: str, wanted: Callable[[dict[str, Any]], Any], seconds: float = _PATIENCE_SECONDS
             ) -> dict[str, Any]:
        """The properties once `wanted` holds. Fails with what was last seen."""
        deadline = time.monotonic() + seconds
        while True:
            seen = self.properties(path)
            if wanted(seen):
                return seen
            assert time.monotonic() < deadline, f'{path}: last seen {json.dumps(seen, indent=1)}'
            time.sleep(0.02)

    def wait_for_job(self, name: str, group: str = 'demoGroup') -> dict[str, Any]:
        return self.wait(job(name, group), lambda seen: seen['executionState'] in ('succeeded', 'failed'))

    def wait_for_idle(self, name: str, nodes: int, group: str = 'demoGroup') -> dict[str, Any]:
        return self.wait(cluster(name, group), lambda seen: seen['nodeStateCounts']['idleNodeCount'] == nodes)

    def wait_until_gone(self, path: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while self.call('GET', path)[0] != 404:
            assert time.monotonic() < deadline, f'{path} is still there'
            time.sleep(0.02)

    def delete_everything(self) -> None:
        """All workspaces with what is in them, and all storage accounts."""
        spaces = self.call('GET', f'/subscriptions/{SUBSCRIPTION}/providers/Microsoft.BatchAI/workspaces')[1]['value']
        for space in spaces:
            for kept in self.call('GET', f"{space['id']}/clusters")[1]['value']:  # their file servers may be elsewhere
                self._delete(kept['id'])
        for space in spaces:
            self._delete(space['id'])
        for account in self.call('GET', f'/subscriptions/{SUBSCRIPTION}{STORAGE}')[1]['value']:
            assert self.call('DELETE', account['id'])[0] == 200

    def make_cluster(self, name: str, nodes: int, work: Path) -> None:
        """A cluster of idle nodes that see the folder as $AZ_BATCHAI_MOUNT_ROOT/work, and a place for its jobs."""
        assert self.call('PUT', workspace('demoGroup'), {'location': 'eastus'})[0] == 200
        assert self.call('PUT', f"{workspace('demoGroup')}/experiments/migrated")[0] == 200
        status, body = self.call('PUT', cluster(name), {'properties': {
            'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT,
            'scaleSettings': {'manual': {'targetNodeCount': nodes}},
            'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
                {'mountCommand': f'mount --bind {work}', 'relativeMountPath': 'work'}]}}}})
        assert status == 202, body
        self.wait_for_idle(name, nodes)

    def make_storage_account(self, name: str, group: str = 'storageGroup', location: str = 'eastus') -> str:
        """A storage account in a group of its own; returns its first key."""
        assert self.call('PUT', resource_group(group), {'location': location})[0] in (200, 201)
        path = f'{resource_group(group)}{STORAGE}/{name}'
        status, body = self.call('PUT', path, {'location': location, 'sku': {'name': 'Standard_LRS'},
                                               'kind': 'StorageV2'})
        assert status == 200, body
        key: str = self.call('POST', f'{path}/listKeys')[1]['keys'][0]['value']
        return key

    def _delete(self, path: str) -> None:
        assert self.call('DELETE', path)[0] in (202, 204)
        self.wait_until_gone(path)
