"""`az storage container` and `az storage blob` against the service, and jobs that mount what they store."""
from __future__ import annotations

import filecmp
import os
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from installed_az import Az, Result
from rest import ACCOUNT, cluster, job, workspace

NAME = 'blobaccount'
CONTAINER = 'democontainer'


@dataclass(frozen=True)
class Storage:
    """Runs ``az storage`` with the connection string of an account."""
    az: Az
    environment: dict[str, str]

    def __call__(self, line: str) -> Result:
        return self.az(f'storage {line}', **self.environment)

    def ok(self, line: str) -> str:
        """What it prints, without the line's end."""
        return self.az.ok(f'storage {line}', **self.environment).out.rstrip('\n')


@pytest.fixture
def storage(shared: Az) -> Storage:
    """An account with the container, which is empty."""
    rest = shared.rest()
    key = rest.make_storage_account(NAME)
    endpoint = f"https://127.0.0.1:{rest.state['blobPort']}/{NAME}"
    made = Storage(shared, {
        'AZURE_STORAGE_CONNECTION_STRING': f'DefaultEndpointsProtocol=https;AccountName={NAME};AccountKey={key};'
                                           f'BlobEndpoint={endpoint}',
        'REQUESTS_CA_BUNDLE': rest.state['caFile']})
    assert made.ok(f'container create -n {CONTAINER} -o tsv') == 'True'
    return made


def folder_of(storage: Storage) -> Path:
    return storage.az.data_dir / 'storage' / NAME / 'blob' / CONTAINER


def test_a_blob_goes_up_is_shown_and_comes_down(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / 'model').write_bytes(os.urandom(9_000_000))
    blob = f"-c {CONTAINER} -n 'models/first one+%.bin'"
    storage.ok(f'blob upload {blob} -f {tmp_path}/model --metadata kind=cnn --no-progress -o none')
    assert filecmp.cmp(tmp_path / 'model', folder_of(storage) / 'models/first one+%.bin', shallow=False)
    again = storage(f'blob upload {blob} -f {tmp_path}/model --no-progress')
    assert again.code != 0 and 'BlobAlreadyExists' in again.err and '--overwrite' in again.err
    storage.ok(f'blob upload {blob} -f {tmp_path}/model --no-progress --overwrite -o none')
    assert storage.ok(f'blob show {blob} --query "[name, properties.contentLength]" -o tsv').split('\n') == [
        'models/first one+%.bin', '9000000']
    assert storage.ok(f'blob list -c {CONTAINER} --query "[].name" -o tsv') == 'models/first one+%.bin'
    assert storage.ok(f'blob list -c {CONTAINER} --delimiter / --query "[].name" -o tsv') == 'models/'
    storage.ok(f'blob download {blob} -f {tmp_path}/back --no-progress -o none')
    assert filecmp.cmp(tmp_path / 'model', tmp_path / 'back', shallow=False)
    storage.ok(f'blob delete {blob}')
    assert storage.ok(f'blob exists {blob} -o tsv') == 'False'
    gone = storage(f'blob download {blob} -f {tmp_path}/none --no-progress')
    assert gone.code != 0 and 'BlobNotFound' in gone.err


def test_folders_go_up_and_come_down_are_copied_and_deleted(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / 'up/sub').mkdir(parents=True)
    for name in ('a.txt', 'sub/b c.txt', 'sub/ü.txt', 'sub/empty'):
        (tmp_path / 'up' / name).write_bytes(b'' if name.endswith('empty') else name.encode())
    storage.ok(f'blob upload-batch -d {CONTAINER}/data -s {tmp_path}/up --no-progress -o none')
    (tmp_path / 'down').mkdir()
    storage.ok(f'blob download-batch -s {CONTAINER} -d {tmp_path}/down --no-progress -o none')
    found = {str(path.relative_to(tmp_path / 'down')): path.read_bytes() for path in (tmp_path / 'down').rglob('*')
             if path.is_file()}
    assert found == {'data/a.txt': b'a.txt', 'data/sub/b c.txt': b'sub/b c.txt',
                     'data/sub/ü.txt': 'sub/ü.txt'.encode(), 'data/sub/empty': b''}
    storage.ok(f'blob copy start-batch --source-container {CONTAINER} --destination-container {CONTAINER} '
               "--destination-path copies --pattern 'data/sub/*' -o none")
    assert (folder_of(storage) / 'copies/data/sub/b c.txt').read_bytes() == b'sub/b c.txt'
    storage.ok(f"blob delete-batch -s {CONTAINER} --pattern 'data/*'")
    assert storage.ok(f'blob list -c {CONTAINER} --query "length(@)"') == '3'


def test_a_signed_link_reads_what_it_says_and_is_copied_from(storage: Storage) -> None:
    (folder_of(storage) / 'a.txt').write_bytes(b'hello')
    link = storage.ok(f'blob generate-sas -c {CONTAINER} -n a.txt --permissions r --expiry 2099-01-01T00:00Z '
                      '--full-uri -o tsv')
    trusted = ssl.create_default_context(cafile=storage.environment['REQUESTS_CA_BUNDLE'])
    with urllib.request.urlopen(link, context=trusted) as reply:
        assert reply.read() == b'hello'
    copied = storage.ok(f"blob copy start -c {CONTAINER} -b copy.txt --source-uri '{link}' --query copy_status -o tsv")
    assert copied == 'success' and (folder_of(storage) / 'copy.txt').read_bytes() == b'hello'
    storage.ok(f"blob copy start -c {CONTAINER} -b block.txt --source-uri '{link}' --destination-blob-type BlockBlob")
    assert (folder_of(storage) / 'block.txt').read_bytes() == b'hello'
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(link.replace('a.txt', 'copy.txt'), context=trusted)
    assert refused.value.code == 403


def test_append_blobs_metadata_and_containers(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / 'line').write_text('line\n')
    for _ in range(2):
        storage.ok(f'blob upload -c {CONTAINER} -n log -f {tmp_path}/line --type append --no-progress -o none')
    assert (folder_of(storage) / 'log').read_text() == 'line\nline\n'
    storage.ok(f'blob metadata update -c {CONTAINER} -n log --metadata k=v -o none')
    assert storage.ok(f'blob metadata show -c {CONTAINER} -n log --query k -o tsv') == 'v'
    assert storage.ok(f'container create -n {CONTAINER} -o tsv') == 'False'
    assert storage.ok('container list --query "[].name" -o tsv') == CONTAINER
    assert storage.ok(f'container delete -n {CONTAINER} -o tsv') == 'True'
    assert storage.ok(f'container exists -n {CONTAINER} -o tsv') == 'False'


@pytest.mark.parametrize('line', ['snapshot', 'lease acquire'])
def test_what_is_not_there_is_refused_by_name(storage: Storage, line: str) -> None:
    (folder_of(storage) / 'a').write_bytes(b'x')
    option = '-b' if line.startswith('lease') else '-n'
    refused = storage(f'blob {line} -c {CONTAINER} {option} a')
    assert refused.code != 0 and 'not supported by this service' in refused.err


def test_a_job_reads_what_was_uploaded_and_what_it_writes_is_downloaded(storage: Storage, tmp_path: Path) -> None:
    rest = storage.az.rest()
    assert rest.call('PUT', workspace('demoGroup'), {'location': 'eastus'})[0] == 200
    assert rest.call('PUT', f"{workspace('demoGroup')}/experiments/migrated")[0] == 200
    status, body = rest.call('PUT', cluster('blobs'), {'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT, 'scaleSettings': {'manual': {'targetNodeCount': 1}},
        'nodeSetup': {'mountVolumes': {'azureBlobFileSystems': [{
            'accountName': NAME, 'containerName': CONTAINER, 'relativeMountPath': 'bfs',
            'credentials': {'accountKey': storage.environment['AZURE_STORAGE_CONNECTION_STRING'].partition(
                'AccountKey=')[2].partition(';')[0]}}]}}}})
    assert status == 202, body
    rest.wait_for_idle('blobs', 1)
    (tmp_path / 'words').write_text('from the client\n')
    storage.ok(f'blob upload -c {CONTAINER} -n in/words -f {tmp_path}/words --no-progress -o none')
    status, body = rest.call('PUT', job('upper'), {'properties': {
        'cluster': {'id': cluster('blobs')}, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/bfs',
        'customToolkitSettings': {'commandLine': 'cd $AZ_BATCHAI_MOUNT_ROOT/bfs && tr a-z A-Z < in/words > out.txt'}}})
    assert status == 202, body
    assert rest.wait_for_job('upper')['executionInfo']['exitCode'] == 0
    storage.ok(f'blob download -c {CONTAINER} -n out.txt -f {tmp_path}/out --no-progress -o none')
    assert (tmp_path / 'out').read_text() == 'FROM THE CLIENT\n'
    assert 'stdout.txt' in storage.ok(f'blob list -c {CONTAINER} --query "[].name" -o tsv')
    refused = storage(f'container delete -n {CONTAINER}')
    assert refused.code != 0 and 'ContainerInUse' in refused.err
