"""What `cluster file list` does on Azure, where no request lists the output of a set-up task: it asks the storage
account. Here the storage account is one of the service, reached as Azure's are: by a name in the host."""
from __future__ import annotations

import socket
import ssl
import sys
import urllib.error
import urllib.request
from types import SimpleNamespace
from typing import Any, Callable, Iterator

import pytest
from azure.cli.core.azclierror import ResourceNotFoundError
from installed_az import EXTENSIONS, Az
from rest import SUBSCRIPTION

from azext_batchai.remote import storage_accounts
from azext_batchai.remote.connection import find_connection
from azext_batchai.remote.management_client import BatchAIClient, TokenCredential
from azext_batchai.remote.setup_task_output import list_setup_task_output

ACCOUNT = 'setupoutput'
SUFFIX = 'sub/rg/clusters/c/1'


@pytest.fixture(scope='module')
def here() -> Iterator[None]:
    """Names below localhost are this machine, as RFC 6761 has it; not every resolver knows."""
    known: Callable[..., Any] = socket.getaddrinfo

    def getaddrinfo(host: Any, *more: Any, **options: Any) -> Any:
        return known('127.0.0.1' if str(host).endswith('.localhost') else host, *more, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, 'getaddrinfo', getaddrinfo)
        yield


@pytest.fixture
def cli(shared: Az, monkeypatch: pytest.MonkeyPatch) -> Any:
    """az in this process; its cloud is the service."""
    from azure.cli.core.mock import DummyCli
    monkeypatch.setenv('AZURE_CONFIG_DIR', str(shared.config_dir))
    monkeypatch.setattr(sys, 'path', [*sys.path, str(EXTENSIONS / 'batchai')])  # as az does for an extension
    monkeypatch.setenv('REQUESTS_CA_BUNDLE', shared.rest().state['caFile'])
    made = DummyCli()
    made.cloud.suffixes.storage_endpoint = f"core.localhost:{shared.rest().state['blobPort']}"
    return made


@pytest.fixture
def azure(shared: Az, cli: Any, here: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that takes itself for one of Azure. Its cluster writes into a share or into a container."""
    connection = find_connection(str(shared.config_dir), {})
    assert connection
    ours = BatchAIClient(TokenCredential(connection.token), SUBSCRIPTION, connection.endpoint, connection)
    storage = storage_accounts.storage_client(cli, ours)
    shared.rest().call('PUT', f'/subscriptions/{SUBSCRIPTION}/resourcegroups/storageGroup', {'location': 'eastus'})
    storage.storage_accounts.begin_create('storageGroup', ACCOUNT, {
        'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'}).result()
    storage.file_shares.create('storageGroup', ACCOUNT, 'logs', {})
    storage.blob_containers.create('storageGroup', ACCOUNT, 'logs', {})
    monkeypatch.setattr(storage_accounts, 'storage_client', lambda *_: storage)
    for kind in ('file', 'blob'):
        folder = shared.data_dir / 'storage' / ACCOUNT / kind / 'logs' / 'out' / SUFFIX
        (folder / 'sub').mkdir(parents=True, exist_ok=True)
        (folder / 'stdout-tvm 1+%.txt').write_text(f'of the {kind} service\n')
        (folder / 'sub' / 'more').write_text('1')
    return SimpleNamespace(connection=None, clusters=SimpleNamespace(get=lambda *_: None))


def listed(cli: Any, client: Any, mount: str, path: str = '.', prefix: str = 'out', gone: bool = False) -> list[Any]:
    from azure.mgmt.batchai.models import Cluster
    name = 'gone' if gone else 'logs'
    client.clusters.get = lambda *_: Cluster.deserialize({'name': 'c', 'properties': {'nodeSetup': {
        'setupTask': {'commandLine': 'x', 'stdOutErrPathPrefix': f'$AZ_BATCHAI_MOUNT_ROOT/{mount}/{prefix}',
                      'stdOutErrPathSuffix': SUFFIX},
        'mountVolumes': {
            'azureFileShares': [{'accountName': ACCOUNT, 'relativeMountPath': 'afs',
                                 'azureFileUrl': f'https://{ACCOUNT}.file.core.windows.net/{name}'}],
            'azureBlobFileSystems': [{'accountName': ACCOUNT, 'containerName': name, 'relativeMountPath': 'bfs'}]}}}})
    return list_setup_task_output(cli, client, 'g', 'w', 'c', path, 30)


@pytest.mark.parametrize('mount, kind', [('afs', 'file'), ('bfs', 'blob')])
def test_files_are_listed_with_links_that_fetch_them(shared: Az, cli: Any, azure: Any, mount: str, kind: str) -> None:
    log, folder = listed(cli, azure, mount)
    assert (log.name, log.file_type) == ('stdout-tvm 1+%.txt', 'file')
    assert log.content_length == len(f'of the {kind} service\n')
    assert (folder.name, folder.file_type, folder.download_url) == ('sub', 'directory', None)
    context = ssl.create_default_context(cafile=shared.rest().state['caFile'])
    with urllib.request.urlopen(log.download_url, context=context) as reply:
        assert reply.read() == f'of the {kind} service\n'.encode()
    with pytest.raises(urllib.error.HTTPError, match='403'):
        urllib.request.urlopen(log.download_url.replace('stdout', 'stderr'), context=context)
    assert [file.name for file in listed(cli, azure, mount, 'sub')] == ['more']


@pytest.mark.parametrize('mount', ['afs', 'bfs'])
def test_before_anything_is_written_there_is_nothing(cli: Any, azure: Any, mount: str) -> None:
    assert listed(cli, azure, mount, prefix='nowhere') == []


@pytest.mark.parametrize('mount, what', [('afs', 'file share'), ('bfs', 'container')])
def test_a_share_or_container_that_is_gone_is_said(cli: Any, azure: Any, mount: str, what: str) -> None:
    with pytest.raises(ResourceNotFoundError, match=f"There is no {what} 'gone' in the storage account"):
        listed(cli, azure, mount, gone=True)
