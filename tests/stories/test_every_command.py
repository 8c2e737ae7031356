"""One line of every command of every dialect, typed in turn at a service, each with its effect looked at."""
from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any, Iterator

import pytest
from installed_az import Az
from rest import cluster, file_server, job, provider, workspace

DIALECTS = json.loads((Path(__file__).resolve().parent.parent / 'data' / 'cli-dialects.json').read_text('utf-8'))
GROUP = 'demoGroup'
SPACE = workspace(GROUP, 'space')
EXPERIMENT = f'{SPACE}/experiments/trial'
LONG = 'echo begun; sleep 600'


class Script:
    """A script of one dialect: runs its lines and remembers the commands they were of."""

    def __init__(self, az: Az, dialect: str):
        self.az, self.dialect, self.seen = az, dialect, set[str]()
        self.commands = [command for command, entry in DIALECTS.items() if dialect in entry]

    def __call__(self, line: str) -> Any:
        """The JSON a line prints; None when it prints nothing."""
        command = max((known for known in self.commands if f'batchai {line} '.startswith(f'{known} ')), key=len)
        published = {name for option in DIALECTS[command][self.dialect]['options'] for name in option['names']}
        used = {word for word in shlex.split(line) if re.fullmatch(r'--?[a-zA-Z][a-z-]*', word)}
        assert used - published <= {'-y', '--no-wait', '-o'}, 'the line is not one of this dialect'
        self.seen.add(command)
        out = self.az.ok(f'batchai {line}').out
        return json.loads(out) if out.startswith(('{', '[')) else out or None

    def tells_all(self) -> bool:
        assert self.seen == set(self.commands)
        return True


@pytest.fixture
def files(own: Az) -> Iterator[Az]:
    """A service, and the config files that the lines name."""
    def write(name: str, command: str) -> None:
        own.write(name, {'properties': {
            'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
            'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs', 'pathSuffix': 'm'}],
            'customToolkitSettings': {'commandLine': command}}})
    write('job.json', 'mkdir $AZ_BATCHAI_OUTPUT_MODEL/sub; echo weights > $AZ_BATCHAI_OUTPUT_MODEL/sub/w; echo hello')
    write('long.json', LONG)
    own.write('cluster.json', {'properties': {'nodeSetup': {'setupTask': {
        'commandLine': 'echo set up', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs'}}}})
    own.ok('configure -d location=eastus group=demoGroup')
    yield own


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item['name'] for item in items]


def test_every_command_of_2017_09(files: Az) -> None:
    run, rest = Script(files, '2017-09'), files.rest()
    run('file-server create -n nfs --disk-count 1 --disk-size 10 -s Standard_D1 --admin-user-name u -p p')
    assert rest.properties(file_server('nfs'))['dataDisks']['diskSizeInGB'] == 10
    assert run('file-server show -n nfs')['name'] == 'nfs'
    assert names(run('file-server list')) == ['nfs']
    run('cluster create -n c -s Standard_NC6 -i UbuntuLTS --min 1 --max 1 -u u -p p --nfs nfs --afs-name share '
        '--storage-account-name demostorage --container-name box --config cluster.json')
    mounts = rest.properties(cluster('c'))['nodeSetup']['mountVolumes']
    assert sorted(mounts) == ['azureBlobFileSystems', 'azureFileShares', 'fileServers']
    assert names(run('cluster list')) == ['c']
    rest.wait_for_idle('c', 1)
    assert run('cluster show -n c')['currentNodeCount'] == 1
    assert [node['port'] for node in run('cluster list-nodes -n c')] == [50000.0]
    run('job create -n j --cluster-name c -c job.json')
    assert rest.wait_for_job('j')['executionState'] == 'succeeded'
    assert run('job show -n j')['executionInfo']['exitCode'] == 0
    assert names(run('job list')) == ['j']
    assert names(run('job list-files -n j -d stdouterr')) == ['execution.log', 'stderr.txt', 'stdout.txt']
    assert run('job stream-file --job-name j -d stdouterr --name stdout.txt') == 'hello\n'
    assert len(run('job list-nodes -n j')) == 1
    run('job create -n long --cluster-name c -c long.json --no-wait')
    run('job terminate -n long -y')
    assert rest.properties(job('long'))['executionState'] == 'failed'
    run('job delete -n long -y')
    assert rest.call('GET', job('long'))[0] == 404
    run('cluster resize -n c -t 2')
    assert rest.properties(cluster('c'))['scaleSettings']['manual']['targetNodeCount'] == 2
    run('cluster auto-scale -n c --min 0 --max 3')
    assert rest.properties(cluster('c'))['scaleSettings']['autoScale']['maximumNodeCount'] == 3
    run('cluster delete -n c -y')
    assert rest.call('GET', cluster('c'))[0] == 404
    run('file-server delete -n nfs -y')
    assert rest.call('GET', file_server('nfs'))[0] == 404
    assert run.tells_all()


def test_every_command_of_2018_03(files: Az) -> None:
    run, rest = Script(files, '2018-03'), files.rest()
    run('file-server create -n nfs --disk-count 1 --disk-size 10 -s Standard_D1 --generate-ssh-keys')
    assert rest.properties(file_server('nfs'))['sshConfiguration']['userAccountSettings']['adminUserSshPublicKey']
    assert run('file-server show -n nfs')['name'] == 'nfs'
    assert names(run('file-server list')) == ['nfs']
    run("cluster create -n c -s Standard_NC6 -t 1 --use-auto-storage --generate-ssh-keys --nfs-name nfs "
        "--setup-task 'echo set up' --setup-task-output '$AZ_BATCHAI_MOUNT_ROOT/autoafs'")
    mounts = rest.wait_for_idle('c', 1)['nodeSetup']['mountVolumes']
    assert [mount['relativeMountPath'] for kind in sorted(mounts) for mount in mounts[kind]] == [
        'autobfs', 'autoafs', 'nfs']
    assert names(run('cluster list')) == ['c']
    assert run('cluster show -n c')['vmSize'].lower() == 'standard_nc6'
    assert len(run('cluster list-nodes -n c')) == 1
    assert any(name.startswith('stdout-') for name in names(run('cluster list-files -n c -e 60')))
    run('job create -n j -r c -c job.json --afs-name share --afs-mount-path afs --storage-account-name demostorage')
    run('job wait -n j --interval 5')
    assert rest.properties(job('j'))['executionState'] == 'succeeded'
    assert run('job show -n j')['executionInfo']['exitCode'] == 0
    assert names(run('job list')) == ['j']
    assert names(run('job file list -n j -d MODEL -p sub -e 60')) == ['w']
    assert run('job file stream -n j -f stdout.txt') == 'hello\n'
    assert len(run('job list-nodes -n j')) == 1
    run('job create -n long -r c -c job.json')
    run('job terminate -n long -y --no-wait')
    rest.wait_for_job('long')
    run('job delete -n long -y')
    assert rest.call('GET', job('long'))[0] == 404
    run('cluster resize -n c -t 0')
    rest.wait(cluster('c'), lambda seen: seen['currentNodeCount'] == 0)
    run('cluster auto-scale -n c --min 1 --max 2')
    rest.wait(cluster('c'), lambda seen: seen['currentNodeCount'] == 1)
    assert {'Cluster', 'Clusters'} & {usage['name']['value'] for usage in run('list-usages -l eastus')}
    run('cluster delete -n c -y')
    assert rest.call('GET', cluster('c'))[0] == 404
    run('file-server delete -n nfs -y')
    assert rest.call('GET', file_server('nfs'))[0] == 404
    assert run.tells_all()


def test_every_command_of_2018_05(files: Az) -> None:
    run, rest = Script(files, '2018-05'), files.rest()
    run('workspace create -n space -l westus')
    assert rest.call('GET', SPACE)[1]['location'] == 'westus'
    assert run('workspace show --workspace space')['name'] == 'space'
    assert names(run('workspace list')) == ['space']
    run('experiment create -w space -n trial')
    assert rest.properties(EXPERIMENT)['provisioningState'] == 'succeeded'
    assert run('experiment show -w space -n trial')['name'] == 'trial'
    assert names(run('experiment list -w space')) == ['trial']
    run('file-server create -w space -n nfs --disk-count 1 --disk-size 10 -s Standard_D1 -u u -p p '
        '--caching-type readonly')
    assert rest.properties(f'{SPACE}/fileServers/nfs')['dataDisks']['cachingType'] == 'readonly'
    assert run('file-server show -w space -n nfs')['name'] == 'nfs'
    assert names(run('file-server list -w space')) == ['nfs']
    run('cluster create -w space -n c -s Standard_NC6 -t 1 -u u -p p --nfs nfs --afs-name share -f cluster.json '
        '--storage-account-name demostorage')
    rest.wait(f'{SPACE}/clusters/c', lambda seen: seen['nodeStateCounts']['idleNodeCount'] == 1)
    assert run('cluster show -w space -n c')['allocationState'] == 'steady'
    assert names(run('cluster list -w space')) == ['c']
    node, = run('cluster node list -w space -c c')
    assert run(f"cluster node exec -w space -c c -n {node['nodeId']} --exec 'echo $AZ_BATCHAI_MOUNT_ROOT'"
               ).rstrip().endswith('mounts')
    assert any(name.startswith('stdout-') for name in names(run('cluster file list -w space -c c --expiry 15')))
    run('job create -w space -e trial -n j -c c -f job.json')
    run('job wait -w space -e trial -n j')
    assert rest.properties(f'{EXPERIMENT}/jobs/j')['executionState'] == 'succeeded'
    assert run('job show -w space -e trial -n j')['executionInfo']['exitCode'] == 0
    assert names(run('job list -w space -e trial')) == ['j']
    assert names(run('job file list -w space -e trial -j j -d MODEL -p sub')) == ['w']
    assert run('job file stream -w space -e trial -j j -f stdout.txt') == 'hello\n'
    assert run('job node list -w space -e trial -j j')[0]['nodeId'] == node['nodeId']
    assert run("job node exec -w space -e trial -j j --exec 'ls $AZ_BATCHAI_OUTPUT_MODEL'") == 'sub\n'
    run('job create -w space -e trial -n long -c c -f long.json')
    run('job terminate -w space -e trial -n long -y')
    assert rest.properties(f'{EXPERIMENT}/jobs/long')['executionState'] == 'failed'
    run('job delete -w space -e trial -n long -y')
    assert rest.call('GET', f'{EXPERIMENT}/jobs/long')[0] == 404
    run('cluster resize -w space -n c -t 2')
    rest.wait(f'{SPACE}/clusters/c', lambda seen: seen['currentNodeCount'] == 2)
    run('cluster auto-scale -w space -n c --min 0 --max 3')
    assert rest.properties(f'{SPACE}/clusters/c')['scaleSettings']['autoScale']['maximumNodeCount'] == 3
    assert run('list-usages -l eastus')
    run('cluster delete -w space -n c -y')
    assert rest.call('GET', f'{SPACE}/clusters/c')[0] == 404
    run('file-server delete -w space -n nfs -y')
    assert rest.call('GET', f'{SPACE}/fileServers/nfs')[0] == 404
    run('experiment delete -w space -n trial -y')
    assert rest.call('GET', EXPERIMENT)[0] == 404
    run('workspace delete -n space -y')
    assert rest.call('GET', f'{provider(GROUP)}/workspaces')[1]['value'] == []
    assert run.tells_all()
