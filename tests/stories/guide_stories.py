"""The lines of the 2017 guide: what has to be there before each, and what has to be true after.

One line of the guide says ``az cluster`` where ``az batchai cluster`` is meant, and is typed as meant.
"""
from __future__ import annotations

import re
from typing import Any, Callable

from guide_needs import (
    Before, cluster_elsewhere, demo_cluster, demo_file_server, ended, file_server_elsewhere, group_known, job_file,
    low_priority_config, setup_config, submitted)
from installed_az import Az, Result
from rest import Rest, cluster, file_server, job

CLUSTER_COLUMNS = ['Name', 'Resource Group', 'Workspace', 'VM Size', 'State', 'Idle', 'Running', 'Preparing',
                   'Leaving', 'Unusable']
JOB_COLUMNS = ['Name', 'Resource Group', 'Workspace', 'Cluster', 'Cluster RG', 'Tool', 'Nodes', 'State', 'Exit code']
FILE_SERVER_COLUMNS = ['Name', 'Resource Group', 'Workspace', 'Size', 'Disks', 'Public IP', 'Internal IP', 'Type',
                       'Mount Point']

After = Callable[[Az, Rest, Result], None]
STORIES: dict[str, tuple[list[Before], After]] = {}


def story(line: str, *before: Before) -> Callable[[After], After]:
    """Say what the line needs first; the function below checks its effect."""
    def add(after: After) -> After:
        STORIES[line] = (list(before), after)
        return after
    return add


def table(result: Result) -> tuple[list[str], list[list[str]]]:
    """Columns and rows of a table, columns being at least two blanks apart."""
    lines = result.out.splitlines()
    assert len(lines) >= 2, result.out
    starts = [match.start() for match in re.finditer(r'-+', lines[1])]

    def cells(line: str) -> list[str]:
        ends = [*starts[1:], None]
        return [line[start:end].strip() for start, end in zip(starts, ends)]
    return cells(lines[0]), [cells(line) for line in lines[2:]]


# help

@story('az batchai cluster create -h')
def _(az: Az, rest: Rest, result: Result) -> None:
    for option in ('--afs-mount-path', '--afs-name', '--config', '--container-mount-path', '--container-name',
                   '--image -i', '--location -l', '--max', '--min', '--name -n', '--nfs', '--nfs-mount-path',
                   '--nfs-resource-group', '--password -p', '--resource-group -g', '--ssh-key -k',
                   '--storage-account-key', '--storage-account-name', '--user-name', '--vm-size -s'):
        assert option in result.out


@story('az batchai job --help')
def _(az: Az, rest: Rest, result: Result) -> None:
    for name in ('create', 'delete', 'list', 'list-files', 'list-nodes', 'show', 'stream-file', 'terminate'):
        assert re.search(rf'^\s+{name}\s+:', result.out, re.MULTILINE), name


@story('az batchai job create -h')
def _(az: Az, rest: Rest, result: Result) -> None:
    for option in ('--config', '--name -n', '--cluster-name', '--cluster-resource-group', '--location -l',
                   '--no-wait', '--resource-group -g'):
        assert option in result.out


@story('az batchai file-server create -h')
def _(az: Az, rest: Rest, result: Result) -> None:
    for option in ('--name -n', '--location -l', '--no-wait', '--vm-size -s', '--admin-user-name', '--password -p',
                   '--ssh-key -k', '--config', '--disk-count', '--disk-size', '--storage-sku'):
        assert option in result.out
    for sku in ('Premium_LRS', 'Standard_GRS', 'Standard_LRS', 'Standard_RAGRS', 'Standard_ZRS'):
        assert sku in result.out


# defaults

@story('az configure -d location=eastus')
def _(az: Az, rest: Rest, result: Result) -> None:
    az.ok('batchai cluster create -g demoGroup -n c1 -s Standard_D1 --min 0 --max 1 -u demoUser -p demoPassword')
    assert rest.call('GET', cluster('c1'))[0] == 200


@story('az configure -d group=demoGroup')
def _(az: Az, rest: Rest, result: Result) -> None:
    az.ok('batchai cluster create -l eastus -n c1 -s Standard_D1 --min 0 --max 1 -u demoUser -p demoPassword')
    assert rest.call('GET', cluster('c1'))[0] == 200


@story('az configure -d group=demogroup', demo_cluster)
def _(az: Az, rest: Rest, result: Result) -> None:
    assert az.ok('batchai cluster show -n demoCluster').json['name'] == 'demoCluster'


# clusters

@story('az batchai cluster create -l eastus -g demoGroup -n demoCluster -s Standard_NC6 -i UbuntuLTS --min 1 --max 1 '
       '-u demoUser -p demoPassword')
def _(az: Az, rest: Rest, result: Result) -> None:
    seen = rest.wait_for_idle('demoCluster', 1)
    assert seen['scaleSettings'] == {'manual': {'targetNodeCount': 1, 'nodeDeallocationOption': 'requeue'}}
    assert seen['vmSize'] == 'STANDARD_NC6'
    assert seen['virtualMachineConfiguration']['imageReference'] == {
        'publisher': 'Canonical', 'offer': 'UbuntuServer', 'sku': '16.04-LTS', 'version': 'latest'}
    assert seen['userAccountSettings'] == {'adminUserName': 'demoUser'}
    assert seen['allocationState'] == 'steady'


@story('az batchai cluster create -l eastus -g demoGroup -n demoCluster -s Standard_NC6 -i UbuntuLTS --min 0 --max 1 '
       '-u demoUser -p demoPassword')
def _(az: Az, rest: Rest, result: Result) -> None:
    seen = rest.properties(cluster('demoCluster'))
    assert seen['scaleSettings'] == {
        'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 1, 'initialNodeCount': 0}}
    assert seen['currentNodeCount'] == 0
    group_known(az, rest)
    submitted('grow', 'true')(az, rest)
    assert rest.wait_for_job('grow')['executionInfo']['exitCode'] == 0
    rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0)


@story('az batchai cluster create -l eastus -g demoGroup -n demoCluster --storage-account-name demobatchaicli '
       '--afs-name demoafs --afs-mount-path azurefileshare --container-name democontainer --container-mount-path '
       'azurecontainer -s Standard_NC6 -i UbuntuLTS --min 1 --max 1 -u demoUser -p demoPassword')
def _(az: Az, rest: Rest, result: Result) -> None:
    volumes = rest.wait_for_idle('demoCluster', 1)['nodeSetup']['mountVolumes']
    assert volumes['azureFileShares'] == [{
        'accountName': 'demobatchaicli', 'azureFileUrl': 'https://demobatchaicli.file.core.windows.net/demoafs',
        'credentials': {}, 'relativeMountPath': 'azurefileshare', 'fileMode': '0777', 'directoryMode': '0777'}]
    blob = volumes['azureBlobFileSystems'][0]
    assert (blob['containerName'], blob['relativeMountPath']) == ('democontainer', 'azurecontainer')
    assert blob['mountOptions'].split(' -o ')[0] == '--use-https=true'
    group_known(az, rest)
    submitted('write', 'for f in azurefileshare azurecontainer; do echo x > $AZ_BATCHAI_MOUNT_ROOT/$f/made; done'
              )(az, rest)
    assert rest.wait_for_job('write')['executionState'] == 'succeeded'
    storage = az.data_dir / 'storage' / 'demobatchaicli'
    assert (storage / 'file' / 'demoafs' / 'made').read_text() == 'x\n'
    assert (storage / 'blob' / 'democontainer' / 'made').read_text() == 'x\n'


def _mounts_file_server(az: Az, rest: Rest, group: str) -> None:
    seen = rest.wait_for_idle('demoCluster', 1)
    mount = seen['nodeSetup']['mountVolumes']['fileServers'][0]
    assert mount['fileServer']['id'].lower() == file_server('demoNFS', group).lower()
    submitted('write', 'echo x > $AZ_BATCHAI_MOUNT_ROOT/nfs/made')(az, rest)
    assert rest.wait_for_job('write')['executionState'] == 'succeeded'
    assert [path.read_text() for path in (az.data_dir / 'fileservers').glob('*/made')] == ['x\n']


@story('az batchai cluster create -l eastus -g demoGroup -n demoCluster --nfs demoNFS --nfs-mount-path nfs '
       '-s Standard_NC6 -i UbuntuLTS --min 1 --max 1 -u demoUser -p demoPassword', demo_file_server)
def _(az: Az, rest: Rest, result: Result) -> None:
    _mounts_file_server(az, rest, 'demoGroup')


@story('az batchai cluster create -l eastus -g demoGroup -n demoCluster --nfs demoNFS --nfs-resource-group '
       'demoNFSGroup --nfs-mount-path nfs -s Standard_NC6 -i UbuntuLTS --min 1 --max 1 -u demoUser -p demoPassword',
       file_server_elsewhere)
def _(az: Az, rest: Rest, result: Result) -> None:
    _mounts_file_server(az, rest, 'demoNFSGroup')


@story('az cluster create -l eastus -g demoGroup -n demoCluster -s Standard_NC6 --min 1 --max 1 '
       '--storage-account-name demobatchaicli --afs-name demoafs --afs-mount-path afs -u demoUser -p demoPassword '
       '-c cluster.json', setup_config)
def _(az: Az, rest: Rest, result: Result) -> None:
    task = rest.wait_for_idle('demoCluster', 1)['nodeSetup']['setupTask']
    assert 'runElevated' not in task
    logs = az.data_dir / 'storage' / 'demobatchaicli' / 'file' / 'demoafs' / task['stdOutErrPathSuffix']
    assert [path.read_text() for path in logs.glob('stdout-tvm-*.txt')] == ['Hello Value1\n']


@story('az batchai cluster create -l eastus -g demoGroup -n demoCluster -s Standard_NC6 --min 0 --max 1 -u demoUser '
       '-p demoPassword -c cluster.json', low_priority_config)
def _(az: Az, rest: Rest, result: Result) -> None:
    assert rest.properties(cluster('demoCluster'))['vmPriority'] == 'lowpriority'


def _lists_demo_cluster(az: Az, rest: Rest, result: Result) -> None:
    columns, rows = table(result)
    assert columns == CLUSTER_COLUMNS
    assert rows == [['demoCluster', 'demogroup', 'migrated-eastus', 'STANDARD_NC6', 'steady', '1', '0', '0', '0', '0']]


for _line in ('az batchai cluster list -o table -g ""', 'az batchai cluster list -o table -g demogroup',
              'az batchai cluster list -o table'):
    story(_line, demo_cluster)(_lists_demo_cluster)


@story('az batchai cluster show -n democluster -g demogroup', demo_cluster)
def _(az: Az, rest: Rest, result: Result) -> None:
    shown = result.json
    assert shown['name'] == 'demoCluster' and shown['currentNodeCount'] == 1
    assert shown['nodeSetup']['mountVolumes']['azureFileShares'][0]['credentials'] == {
        'accountKey': None, 'accountKeySecretReference': None}


@story('az batchai cluster list-nodes -n democluster -g demoGroup -o table', demo_cluster)
def _(az: Az, rest: Rest, result: Result) -> None:
    columns, rows = table(result)
    assert columns == ['ID', 'IP', 'Port']
    assert re.fullmatch(r'tvm-\d+_1-\d{8}t\d{6}z', rows[0][0]) and rows[0][1:] == ['127.0.0.1', '50000']


@story('az batchai cluster resize -n democluster -g demoGroup -t 0', demo_cluster)
def _(az: Az, rest: Rest, result: Result) -> None:
    seen = rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0)
    assert seen['scaleSettings']['manual']['targetNodeCount'] == 0 and seen['allocationState'] == 'steady'


@story('az batchai cluster auto-scale -n democluster -g demoGroup --min 0 --max 10', demo_cluster)
def _(az: Az, rest: Rest, result: Result) -> None:
    assert rest.properties(cluster('demoCluster'))['scaleSettings'] == {
        'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 10, 'initialNodeCount': 0}}
    rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0)


@story('az batchai cluster delete -n democluster -g demoGroup', demo_cluster)
def _(az: Az, rest: Rest, result: Result) -> None:
    assert 'Are you sure you want to perform this operation?' in result.out
    assert rest.call('GET', cluster('demoCluster'))[0] == 404


# jobs

def _job_ran(rest: Rest, az: Az) -> dict[str, Any]:
    seen = rest.wait_for_job('demoJob')
    assert seen['executionInfo'].get('exitCode') == 0, seen
    share = az.data_dir / 'storage' / 'demobatchaicli' / 'file' / 'demoafs' / seen['jobOutputDirectoryPathSegment']
    assert (share / 'stdouterr' / 'stdout.txt').read_text() == 'Value1 Value2\n'
    assert (share / 'outputs' / 'Models' / 'm').read_text() == 'This is the data\n'
    return seen


@story('az batchai job create -l eastus -n demoJob -g demoGroup -r demoCluster -c job.json', demo_cluster, job_file)
def _(az: Az, rest: Rest, result: Result) -> None:
    assert result.json['executionState'] in ('queued', 'running', 'succeeded')
    assert _job_ran(rest, az)['cluster']['id'].lower() == cluster('democluster', 'demogroup').lower()


@story('az batchai job create -l eastus -n demoJob -g demoGroup -r demoCluster --cluster-resource-group '
       'demoClusterGroup -c job.json', cluster_elsewhere, job_file)
def _(az: Az, rest: Rest, result: Result) -> None:
    assert _job_ran(rest, az)['cluster']['id'].lower() == cluster('democluster', 'democlustergroup').lower()


@story("az batchai job list -o table -g ''", demo_cluster, submitted('job1', 'true'), submitted('job2', 'exit 127'),
       ended('job1'), ended('job2'))
def _(az: Az, rest: Rest, result: Result) -> None:
    columns, rows = table(result)
    assert columns == JOB_COLUMNS
    common = ['demogroup', 'migrated-eastus', 'demoCluster', 'demoGroup', 'custom', '1']
    assert rows == [['job1', *common, 'succeeded', '0'], ['job2', *common, 'failed', '127']]


@story('az batchai job show -n job2 -g demoGroup', demo_cluster, submitted('job2', 'exit 127'), ended('job2'))
def _(az: Az, rest: Rest, result: Result) -> None:
    shown = result.json
    assert shown['executionInfo']['exitCode'] == 127
    problem, = shown['executionInfo']['errors']
    assert (problem['code'], problem['message']) == ('JobFailed', 'Job failed with non-zero exit code')
    assert [detail['name'] for detail in problem['details']] == ['nodeId']
    assert shown['constraints']['maxWallClockTime'] == '7 days, 0:00:00'


@story('az batchai job list-files -n job2 -g demoGroup -d stdouterr', demo_cluster,
       submitted('job2', 'printf 12345'), ended('job2'))
def _(az: Az, rest: Rest, result: Result) -> None:
    sizes = {file['name']: file['contentLength'] for file in result.json}
    assert sizes['stdout.txt'] == 5 and sizes['stderr.txt'] == 0 and 'execution.log' in sizes
    assert all(file['downloadUrl'].startswith('https://') for file in result.json)


@story('az batchai job stream-file -j job2 -g demoGroup -d stdouterr -n stdout.txt', demo_cluster,
       submitted('job2', 'for i in 1 2 3; do echo line $i; sleep 0.3; done; printf "the end"'))
def _(az: Az, rest: Rest, result: Result) -> None:
    assert result.out == 'line 1\nline 2\nline 3\nthe end'


@story('az batchai job list-nodes -n democJob -g demoGroup -o table', demo_cluster, submitted('democJob', 'true'),
       ended('democJob'))
def _(az: Az, rest: Rest, result: Result) -> None:
    columns, rows = table(result)
    assert columns == ['ID', 'IP', 'Port'] and len(rows) == 1


@story('az batchai job delete -n job3 -g demoGroup -y --no-wait', demo_cluster, submitted('job3', 'sleep 600'))
def _(az: Az, rest: Rest, result: Result) -> None:
    rest.wait_until_gone(job('job3'))
    rest.wait_for_idle('demoCluster', 1)


# file servers

def _file_server_made(rest: Rest, group: str, disks: int) -> None:
    seen = rest.properties(file_server('demoNFS', group))
    assert seen['provisioningState'] == 'succeeded' and seen['vmSize'] == 'STANDARD_D1'
    assert seen['dataDisks'] == {'diskSizeInGB': 10, 'diskCount': disks, 'storageAccountType': 'Premium_LRS',
                                 'cachingType': 'none'}
    assert seen['sshConfiguration']['userAccountSettings'] == {'adminUserName': 'demoUser'}


@story('az batchai file-server create -l eastus -g demoGroup -n demoNFS --disk-count 2 --disk-size 10 -s Standard_D1 '
       '-u demoUser -p demoPassword')
def _(az: Az, rest: Rest, result: Result) -> None:
    _file_server_made(rest, 'demoGroup', 2)


@story('az batchai file-server create -l eastus -g demoNFSGroup -n demoNFS --disk-count 2 --disk-size 10 '
       '-s Standard_D1 -u demoUser -p demoPassword')
def _(az: Az, rest: Rest, result: Result) -> None:
    _file_server_made(rest, 'demoNFSGroup', 2)


@story('az batchai file-server create -l eastus -g demoGroup -n demoNFS -s Standard_D1 --disk-count 1 --disk-size 10 '
       '--storage-sku Premium_LRS -u demoUser -p demoPassword')
def _(az: Az, rest: Rest, result: Result) -> None:
    _file_server_made(rest, 'demoGroup', 1)


@story('az batchai file-server list -o table -g ""', demo_file_server)
def _(az: Az, rest: Rest, result: Result) -> None:
    columns, rows = table(result)
    assert columns == FILE_SERVER_COLUMNS
    assert rows == [['demoNFS', 'demogroup', 'migrated-eastus', 'STANDARD_D1', '2 x 10 Gb', '127.0.0.1', '127.0.0.1',
                     'nfs', '/data']]
