"""What has to be there before a line of the 2017 guide is typed: resources, jobs and files."""
from __future__ import annotations

from typing import Callable

from installed_az import Az
from rest import ACCOUNT, Rest, cluster, file_server, job, workspace

Before = Callable[[Az, Rest], None]


def group_known(az: Az, rest: Rest, group: str = 'demoGroup') -> None:
    assert rest.call('PUT', workspace(group), {'location': 'eastus'})[0] == 200
    assert rest.call('PUT', f'{workspace(group)}/experiments/migrated')[0] == 200


def demo_cluster(az: Az, rest: Rest, group: str = 'demoGroup', name: str = 'demoCluster') -> None:
    """A cluster of one node that mounts a share, as the guide's examples have it."""
    group_known(az, rest, group)
    share = {'accountName': 'demobatchaicli', 'azureFileUrl': 'https://demobatchaicli.file.core.windows.net/demoafs',
             'credentials': {'accountKey': 'key'}, 'relativeMountPath': 'external'}
    status, body = rest.call('PUT', cluster(name, group), {'properties': {
        'vmSize': 'Standard_NC6', 'userAccountSettings': ACCOUNT,
        'scaleSettings': {'manual': {'targetNodeCount': 1}},
        'nodeSetup': {'mountVolumes': {'azureFileShares': [share]}}}})
    assert status == 202, body
    rest.wait_for_idle(name, 1, group)


def lower_case_cluster(az: Az, rest: Rest) -> None:
    demo_cluster(az, rest, name='democluster')


def cluster_elsewhere(az: Az, rest: Rest) -> None:
    group_known(az, rest)
    demo_cluster(az, rest, 'demoClusterGroup')


def demo_file_server(az: Az, rest: Rest, group: str = 'demoGroup') -> None:
    group_known(az, rest, group)
    status, body = rest.call('PUT', file_server('demoNFS', group), {'properties': {
        'vmSize': 'Standard_D1', 'sshConfiguration': {'userAccountSettings': ACCOUNT},
        'dataDisks': {'diskSizeInGB': 10, 'diskCount': 2, 'storageAccountType': 'Premium_LRS'}}})
    assert status == 202, body


def file_server_elsewhere(az: Az, rest: Rest) -> None:
    group_known(az, rest)
    demo_file_server(az, rest, 'demoNFSGroup')


def job_file(az: Az, rest: Rest) -> None:
    az.write('job.json', {
        '$schema': 'https://raw.githubusercontent.com/Azure/BatchAI/master/schemas/2017-09-01-preview/job.json',
        'properties': {
            'nodeCount': 1,
            'customToolkitSettings': {'commandLine': 'cat $AZ_BATCHAI_INPUT_DATASET/data > $AZ_BATCHAI_OUTPUT_MODEL/m; '
                                                     'echo "$ENVIRONMENT_VARIABLE_1 $ENVIRONMENT_VARIABLE_2"'},
            'jobPreparation': {'commandLine': 'mkdir -p $AZ_BATCHAI_INPUT_DATASET && '
                                              'echo This is the data > $AZ_BATCHAI_INPUT_DATASET/data'},
            'environmentVariables': [{'name': 'ENVIRONMENT_VARIABLE_1', 'value': 'Value1'},
                                     {'name': 'ENVIRONMENT_VARIABLE_2', 'value': 'Value2'}],
            'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/external',
            'inputDirectories': [{'id': 'DATASET', 'path': '$AZ_BATCHAI_MOUNT_ROOT/external/mnist_database'}],
            'outputDirectories': [{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/external',
                                   'pathSuffix': 'Models'}]}})


def submitted(name: str, command: str) -> Before:
    def submit(az: Az, rest: Rest) -> None:
        status, body = rest.call('PUT', job(name), {'properties': {
            'cluster': {'id': cluster('demoCluster')}, 'nodeCount': 1,
            'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/external',
            'customToolkitSettings': {'commandLine': command}}})
        assert status == 202, body
    return submit


def ended(name: str) -> Before:
    return lambda az, rest: rest.wait_for_job(name) and None


def setup_config(az: Az, rest: Rest) -> None:
    az.write('cluster.json', {'properties': {'nodeSetup': {'setupTask': {
        'commandLine': 'echo Hello $ENVIRONMENT_VARIABLE_1', 'runElevated': True,
        'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
        'environmentVariables': [{'name': 'ENVIRONMENT_VARIABLE_1', 'value': 'Value1'},
                                 {'name': 'ENVIRONMENT_VARIABLE_2', 'value': 'Value2'}]}}}})


def low_priority_config(az: Az, rest: Rest) -> None:
    az.write('cluster.json', {'vmPriority': 'lowpriority'})
