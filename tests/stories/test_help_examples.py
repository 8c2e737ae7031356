"""Every example of the help texts, run as printed, in the order below, with what it needs prepared."""
from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Iterator

import azext_batchai._help  # noqa: F401  (fills the table of help texts)
import pytest
import yaml
from installed_az import Az
from knack.help_files import helps
from rest import ACCOUNT, SUBSCRIPTION, Rest, workspace
from slurm_here import slurm_of_its_own, why_no_slurm

GROUP = 'MyResourceGroup'
EXAMPLES = [(command, example['text'].strip()) for command, text in helps.items() if command.startswith('batchai ')
            for example in yaml.safe_load(text).get('examples', [])]


def put(rest: Rest, path: str, properties: dict[str, Any] | None = None) -> None:
    status, body = rest.call('PUT', path, {'properties': properties} if properties is not None else None)
    assert status in (200, 202), body


class Scene:
    """What an example names, made in the workspace it is looked for in."""

    def __init__(self, az: Az, line: str):
        self.az, self.rest, self.words = az, az.rest(), line.split()
        self.space = workspace(GROUP, 'MyWorkspace' if '-w' in self.words else 'migrated-eastus')
        self.experiment = f"{self.space}/experiments/{'MyExperiment' if '-w' in self.words else 'migrated'}"

    def prepare(self) -> None:
        """Everything the example names but what it creates."""
        noun, verb = self.words[2], self.words[-1 if len(self.words) == 3 else 3]
        if noun in ('service', 'list-usages') or (noun == 'workspace' and verb == 'create'):
            return
        if noun == 'workspace' or '-w' in self.words or verb != 'create':
            self.rest.call('PUT', workspace(GROUP, 'MyWorkspace'), {'location': 'eastus'})
            self.rest.call('PUT', workspace(GROUP), {'location': 'eastus'})
        if verb != 'create' and noun in ('experiment', 'job') or (noun == 'job' and '-w' in self.words):
            put(self.rest, self.experiment)
        if noun == 'file-server' and verb != 'create':
            put(self.rest, f'{self.space}/fileServers/MyNFS', NFS['properties'])
        if noun == 'job' or (noun == 'cluster' and verb != 'create'):
            self.cluster()
        if noun == 'job' and verb != 'create':
            self.job()

    def cluster(self) -> None:
        space = self.space
        if '--cluster-resource-group' in self.words:
            space = workspace('MyClusterGroup')
        if self.words[3] == 'create':
            self.rest.call('PUT', space, {'location': 'eastus'})
        work = self.az.folder / 'work'
        work.mkdir(exist_ok=True)
        put(self.rest, f'{space}/clusters/MyCluster', {
            'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT,
            'scaleSettings': {'manual': {'targetNodeCount': 1}}, 'nodeSetup': {
                'mountVolumes': {'unmanagedFileSystems': [
                    {'mountCommand': f'mount --bind {work}', 'relativeMountPath': 'work'}]},
                'setupTask': {'commandLine': 'echo set up', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}}})
        if {'node', 'list-nodes', 'file', 'list-files'} & set(self.words):
            seen = self.rest.wait(f'{space}/clusters/MyCluster', lambda now: now['nodeStateCounts']['idleNodeCount'])
            output = work / seen['nodeSetup']['setupTask']['stdOutErrPathSuffix']
            (output / 'folder' / 'subfolder').mkdir(parents=True, exist_ok=True)
            (output / 'folder' / 'subfolder' / 'made.txt').touch()

    def job(self) -> None:
        path = f'{self.experiment}/jobs/MyJob'
        put(self.rest, path, {**JOB, 'cluster': {'id': f'{self.space}/clusters/MyCluster'}})
        if {'file', 'node', 'list-files', 'list-nodes'} & set(self.words):
            self.rest.wait(path, lambda now: now['executionState'] == 'succeeded')

    def line(self) -> str:
        """The example as it is typed: with the id of a node that is there."""
        words = ' '.join(self.words[1:])
        if 'tvm-xxx' in words:
            _, body = self.rest.call('POST', f'{self.space}/clusters/MyCluster/listRemoteLoginInformation')
            words = words.replace('tvm-xxx', body['value'][0]['nodeId'])
        return words


JOB: dict[str, Any] = {
    'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
    'customToolkitSettings': {'commandLine': 'mkdir -p $AZ_BATCHAI_OUTPUT_MODEL/MyFolder/MySubfolder; echo weights > '
                                             '$AZ_BATCHAI_OUTPUT_MODEL/MyFolder/MySubfolder/log.txt; echo hello'},
    'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}]}
NFS = {'properties': {'vmSize': 'Standard_D1', 'sshConfiguration': {'userAccountSettings': ACCOUNT},
                      'dataDisks': {'diskSizeInGB': 10, 'diskCount': 1, 'storageAccountType': 'Standard_LRS'}}}
SILENT = (' -y', ' wait ')


@pytest.mark.parametrize('line', [line for command, line in EXAMPLES if not command.startswith('batchai service')])
def test_the_example_works_as_printed(shared: Az, line: str) -> None:
    shared.write('cluster.json', {'properties': {'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT,
                                                 'scaleSettings': {'manual': {'targetNodeCount': 0}}}})
    shared.write('job.json', {'properties': JOB})
    shared.write('nfs.json', NFS)
    scene = Scene(shared, line)
    scene.prepare()
    if ' -L ' in line:
        forward_until_ctrl_c(shared, scene.line())
        return
    result = shared.ok(scene.line())
    assert result.out or any(word in line for word in SILENT)


def forward_until_ctrl_c(az: Az, line: str) -> None:
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        line = line.replace('9000', str(free.getsockname()[1]))  # 9000 may be taken on this machine
    running = az.popen(line, stderr=subprocess.PIPE)
    assert running.stderr is not None
    said = b''
    while b'Ctrl-C' not in said:
        said += running.stderr.readline()
        assert running.poll() is None, said
    running.send_signal(signal.SIGINT)
    assert running.wait(20) is not None
    assert b'Traceback' not in running.stderr.read()


@pytest.mark.parametrize('command', sorted({command for command, _ in EXAMPLES}))
def test_help_explains_every_option(az: Az, command: str) -> None:
    shown = az.ok(f'{command} -h').out
    options = re.findall(r'^    (--?[a-z][^:]*?) +(?:\[Required\] )?:(.*)$', shown, re.MULTILINE)
    assert {'--help -h', '--output -o'} < {name for name, _ in options}
    assert [name for name, text in options if not text.strip()] == []


def _make_storage_account(rest: Rest) -> None:
    group = f'/subscriptions/{SUBSCRIPTION}/resourcegroups/storageGroup'
    rest.call('PUT', group, {'location': 'eastus'})
    rest.call('PUT', f'{group}/providers/Microsoft.Storage/storageAccounts/mystorage', {
        'location': 'eastus', 'sku': {'name': 'Standard_LRS'}, 'kind': 'StorageV2'})


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach."""
    with tempfile.TemporaryDirectory(dir='/tmp') as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


def start_with_slurm(az: Az, line: str) -> None:
    if why_no_slurm():
        assert 'slurm' in az(line.removeprefix('az ')).problem
    else:
        with slurm_of_its_own(az.folder / 'slurm') as slurm:
            assert az.ok(line.removeprefix('az '), **slurm.environment).json['engine'] == 'slurm'
            az.ok('batchai service stop')
    az.ok(f'batchai service start --data-dir {az.folder}/batchai -o none')


def test_the_examples_of_the_service_work_in_turn(az: Az, open_folder: Path) -> None:
    lines = [line for command, line in EXAMPLES if command.startswith('batchai service')]
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    az.ok('batchai service start -o none')
    for folder in ('work', 'data'):
        (az.folder / folder).mkdir()
    for line in lines:
        if ' start --' in line:
            az.ok('batchai service stop')
            line = line.replace('8443', str(port))  # which may be taken on this machine
        if '--job-user' in line:
            line = line.replace('/var/lib/batchai', f'{open_folder}/data').replace('batchai-jobs', 'nobody')
            started = az(line.removeprefix('az '))
            assert started.code == 0 if os.geteuid() == 0 else 'root' in started.problem
            az.ok('batchai service stop')
            az.ok(f'batchai service start --data-dir {az.folder}/batchai -o none')
            continue
        if '--engine slurm' in line:
            start_with_slurm(az, line.replace('/shared', f'{az.folder}/shared'))
            continue
        if line.endswith('--follow'):
            line = 'batchai service logs | grep listens'
        if line.endswith(('stop', 'reset -y')) or ' env' in line:
            az.ok('batchai service start -o none')
        if '--storage-account' in line:
            _make_storage_account(Rest(az.folder / 'batchai'))  # where an example has started it
        az.ok(line.removeprefix('eval "$(').removesuffix(')"').removeprefix('az '))
    assert az.ok('batchai service show --query state -o tsv').out == 'stopped\n'
