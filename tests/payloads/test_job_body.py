import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.mgmt.batchai.models import JobCreateParameters

from azext_batchai.payloads.config_file import Config
from azext_batchai.payloads.job import check_fits, configured_cluster, from_older, job_body
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.payloads.storage_account import StorageAccount

JOB = {'nodeCount': 2, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
       'customToolkitSettings': {'commandLine': 'echo hi'}}


def test_cluster_of_the_options_wins():
    config = Config('job.json', None, {**JOB, 'cluster': {'id': '/old'}})
    assert configured_cluster(config) == '/old'
    properties = job_body('/new', MountOptions(), config, StorageAccount())['properties']
    assert properties == {**JOB, 'cluster': {'id': '/new'}}


@pytest.mark.parametrize('properties', [JOB, {**JOB, 'cluster': None}])
def test_file_may_leave_the_cluster_open(properties):
    assert configured_cluster(Config('job.json', None, properties)) is None


def test_job_level_mounts_are_added():
    body = job_body('/c', MountOptions(afs_name='s'), Config('job.json', None, JOB), StorageAccount('acc', 'k'))
    assert body['properties']['mountVolumes']['azureFileShares'][0]['accountName'] == 'acc'


@pytest.mark.parametrize('node_count, limits', [(2, (0, 2)), (9, None)])
def test_job_that_fits_its_auto_scale_cluster_passes(node_count, limits):
    check_fits(node_count, limits, 'c', 'g')


@pytest.mark.parametrize('node_count, limits, options', [
    (3, (1, 2), '--min 1 --max 3'), (1, (0, 0), '--min 0 --max 1')])
def test_job_that_does_not_fit_is_refused_with_the_command_that_makes_room(node_count, limits, options):
    with pytest.raises(InvalidArgumentValueError, match=f'az batchai cluster auto-scale -g g -n c {options}$'):
        check_fits(node_count, limits, 'c', 'g')


def test_the_sdk_sends_what_was_shaped():
    old = {**JOB, 'constraints': {'maxWallClockTime': '1.00:00:00'}, 'priority': -1,
           'secrets': [{'name': 'TOKEN', 'value': 'x'}], 'containerSettings': {
               'imageSourceRegistry': {'image': 'ubuntu'}, 'shmSize': '1g'}}
    body = job_body('/c', MountOptions(bfs_name='b'), Config('job.json', None, from_older(old)), StorageAccount('acc'))
    assert JobCreateParameters.deserialize(body).serialize() == body
    assert body['properties']['constraints'] == {'maxWallClockTime': 'P1D'}


@pytest.mark.parametrize('change, said', [
    ({'customToolkitSettings': None}, 'job.json: properties: does not say what to run'),
    ({'cntkSettings': {}}, 'job.json: properties.customToolkitSettings: cannot be combined with cntkSettings')])
def test_job_has_one_toolkit(change, said):
    with pytest.raises(InvalidArgumentValueError, match=said):
        job_body('/c', MountOptions(), Config('job.json', None, {**JOB, **change}), StorageAccount())
