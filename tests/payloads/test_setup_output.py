import pytest
from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

from azext_batchai.payloads.setup_output import StoredFolder, setup_output_folder

VOLUMES = {
    'azureFileShares': [
        {'accountName': 'acc', 'azureFileUrl': 'https://acc.file.core.windows.net/logs', 'relativeMountPath': 'afs'},
        {'accountName': 'two', 'azureFileUrl': 'https://two.file.core.windows.net/deep/er%20/', 'relativeMountPath':
         'afs/inner/'}],
    'azureBlobFileSystems': [{'accountName': 'acc', 'containerName': 'data', 'relativeMountPath': '/bfs'}],
    'fileServers': [{'fileServer': {'id': 'x'}, 'relativeMountPath': 'nfs'}]}
ROOT = '$AZ_BATCHAI_MOUNT_ROOT'


def found(prefix, path='.', suffix='s/rg/clusters/c/1'):
    task = {'commandLine': 'x', 'stdOutErrPathPrefix': prefix, 'stdOutErrPathSuffix': suffix}
    return setup_output_folder('c', {'nodeSetup': {'setupTask': task, 'mountVolumes': VOLUMES}}, path)


@pytest.mark.parametrize('prefix, path, expected', [
    (f'{ROOT}/afs', '.', StoredFolder('acc', True, 'logs', 's/rg/clusters/c/1')),
    (f'{ROOT}/afs/a/./b/', 'x/y', StoredFolder('acc', True, 'logs', 'a/b/s/rg/clusters/c/1/x/y')),
    ('${AZ_BATCHAI_MOUNT_ROOT}/bfs', '.', StoredFolder('acc', False, 'data', 's/rg/clusters/c/1')),
    ('/mnt/batch/tasks/shared/LS_root/mounts/bfs/a', '.', StoredFolder('acc', False, 'data', 'a/s/rg/clusters/c/1')),
    (f'{ROOT}/afs/inner/a', '.', StoredFolder('two', True, 'deep', 'er /a/s/rg/clusters/c/1'))])
def test_the_folder_is_in_the_mount_that_the_prefix_names(prefix, path, expected):
    assert found(prefix, path) == expected


def test_without_a_suffix_it_is_the_prefix_alone():
    assert found(f'{ROOT}/afs/a', suffix=None).path == 'a'


@pytest.mark.parametrize('prefix', [f'{ROOT}/nfs', f'{ROOT}/afsx', ROOT, '/tmp/out', f'{ROOT}x/afs', ''])
def test_output_elsewhere_cannot_be_listed(prefix):
    with pytest.raises(ValidationError, match='in no file share and in no container'):
        found(prefix)


@pytest.mark.parametrize('properties', [{}, {'nodeSetup': None}, {'nodeSetup': {'mountVolumes': VOLUMES}}])
def test_without_a_set_up_task_there_is_none(properties):
    with pytest.raises(ResourceNotFoundError, match='The cluster c has no set-up task'):
        setup_output_folder('c', properties, '.')


@pytest.mark.parametrize('path', ['..', 'a/../..', '/etc'])
def test_a_path_stays_in_the_output(path):
    with pytest.raises(ValidationError, match='--path/-p'):
        found(f'{ROOT}/afs', path)
