from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import (
    InvalidArgumentValueError, MutuallyExclusiveArgumentError, RequiredArgumentMissingError)
from azure.mgmt.batchai.models import ClusterCreateParameters

from azext_batchai.payloads.accounts import AccountOptions
from azext_batchai.payloads.cluster import ClusterOptions, check_auto_storage, check_same_subnet, cluster_body
from azext_batchai.payloads.config_file import Config
from azext_batchai.payloads.mounts import MountOptions
from azext_batchai.payloads.storage_account import StorageAccount

ACCOUNT = AccountOptions('demoUser', 'demoPassword')
SIZE = 'Standard_D1'
GUIDE = ClusterOptions(vm_size='Standard_NC6', image='UbuntuLTS', minimum=1, maximum=1, account=ACCOUNT)
SETUP = {'commandLine': 'echo Hello', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs'}


def body(options, storage=StorageAccount(), **properties):
    return cluster_body(options, Config('cluster.json' if properties else '', None, properties), storage)['properties']


def test_options_alone_make_a_cluster():
    assert body(GUIDE) == {
        'vmSize': 'Standard_NC6',
        'scaleSettings': {'manual': {'targetNodeCount': 1}},
        'userAccountSettings': {'adminUserName': 'demoUser', 'adminUserPassword': 'demoPassword'},
        'virtualMachineConfiguration': {'imageReference': {
            'publisher': 'Canonical', 'offer': 'UbuntuServer', 'sku': '16.04-LTS', 'version': 'latest'}}}


def test_file_alone_makes_a_cluster():
    properties = {'vmSize': 'STANDARD_D1', 'scaleSettings': {'manual': {'targetNodeCount': 2}},
                  'userAccountSettings': {'adminUserName': 'u', 'adminUserPassword': 'p'}}
    assert body(ClusterOptions(), **properties) == properties


def test_options_win_over_the_file():
    result = body(GUIDE, vmSize='STANDARD_D1', vmPriority='LowPriority',
                  scaleSettings={'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 9}},
                  userAccountSettings={'adminUserName': 'x', 'adminUserPassword': 'y'})
    assert result['vmSize'] == 'Standard_NC6'
    assert result['vmPriority'] == 'lowpriority'
    assert result['scaleSettings'] == {'manual': {'targetNodeCount': 1}}
    assert result['userAccountSettings'] == {'adminUserName': 'demoUser', 'adminUserPassword': 'demoPassword'}


def test_mounts_join_the_set_up_task_of_the_file():
    options = ClusterOptions(SIZE, target=1, account=ACCOUNT, mounts=MountOptions(afs_name='demoafs', afs_path='afs'))
    node_setup = body(options, StorageAccount('acc', 'k'), nodeSetup={'setupTask': SETUP})['nodeSetup']
    assert node_setup['setupTask'] == SETUP
    assert node_setup['mountVolumes']['azureFileShares'][0]['relativeMountPath'] == 'afs'


def test_set_up_task_of_the_options_keeps_the_variables_of_the_file():
    task = {**SETUP, 'environmentVariables': [{'name': 'A', 'value': 'b'}]}
    options = ClusterOptions(SIZE, target=1, account=ACCOUNT, setup_task='true')
    assert body(options, nodeSetup={'setupTask': task})['nodeSetup']['setupTask'] == {**task, 'commandLine': 'true'}


@pytest.mark.parametrize('key, option', [
    ('commandLine', {'setup_task_output': SETUP['stdOutErrPathPrefix']}),
    ('stdOutErrPathPrefix', {'setup_task': SETUP['commandLine']})])
def test_set_up_task_may_be_half_in_the_file_and_half_in_the_options(key, option):
    options = ClusterOptions(SIZE, target=1, account=ACCOUNT, **option)
    assert body(options, nodeSetup={'setupTask': {key: SETUP[key]}})['nodeSetup']['setupTask'] == SETUP


SUBNET = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/one'


def test_subnet_is_a_reference():
    assert body(ClusterOptions(SIZE, target=1, account=ACCOUNT, subnet=SUBNET))['subnet'] == {'id': SUBNET}


@pytest.mark.parametrize('options, properties, source', [
    (ClusterOptions(SIZE, target=1, account=ACCOUNT, subnet=SUBNET.replace('Network/', 'Compute/')), {}, '--subnet'),
    (GUIDE, {'subnet': {'id': 'one'}}, 'subnet.id of the config file')], ids=['option', 'file'])
def test_subnet_that_is_none_is_refused(options, properties, source):
    with pytest.raises(InvalidArgumentValueError, match=f'{source} .*Microsoft.Network/virtualNetworks/<network>'):
        body(options, **properties)


@pytest.mark.parametrize('theirs, fits', [(SUBNET.upper(), True), (None, True), (f'{SUBNET}2', False)])
def test_file_server_has_to_be_in_the_subnet_of_the_cluster(theirs, fits):
    server = SimpleNamespace(name='nfs', subnet=SimpleNamespace(id=theirs) if theirs else None)
    shaped = {'properties': {'subnet': {'id': SUBNET}}}
    if fits:
        check_same_subnet(shaped, server)
        return
    with pytest.raises(InvalidArgumentValueError, match="file server 'nfs' is in another subnet.*one2"):
        check_same_subnet(shaped, server)
    check_same_subnet({'properties': {}}, server)


def test_custom_image_needs_its_base():
    with pytest.raises(RequiredArgumentMissingError, match='--custom-image needs --image'):
        body(ClusterOptions(SIZE, target=1, account=ACCOUNT, custom_image='/i'))


PLACEHOLDER = {'nodeSetup': {'setupTask': {**SETUP, 'commandLine': 'echo <AZURE_BATCHAI_STORAGE_ACCOUNT>'}}}
SHARE = {'nodeSetup': {'mountVolumes': {'azureFileShares': [{'accountName': 'a'}]}}}


@pytest.mark.parametrize('mounts, properties', [
    (MountOptions(afs_name='s'), {}), (MountOptions(bfs_name='b'), {}), (MountOptions(), SHARE),
    (MountOptions(), PLACEHOLDER)])
def test_account_beside_auto_storage_is_for_something(mounts, properties):
    check_auto_storage(mounts, Config('c', None, properties))


@pytest.mark.parametrize('properties', [{}, {'nodeSetup': None}, {'nodeSetup': {'setupTask': SETUP}}])
def test_account_beside_auto_storage_that_is_for_nothing_is_refused(properties):
    with pytest.raises(MutuallyExclusiveArgumentError, match='leave out --storage-account-name'):
        check_auto_storage(MountOptions(), Config('c', None, properties))


@pytest.mark.parametrize('options, error, said', [
    (ClusterOptions(target=1, account=ACCOUNT), RequiredArgumentMissingError, '--vm-size/-s'),
    (ClusterOptions(SIZE, target=1, account=ACCOUNT, setup_task='x'), RequiredArgumentMissingError,
     '--setup-task-output'),
    (ClusterOptions(SIZE, target=1, account=ACCOUNT, setup_task_output='x'), RequiredArgumentMissingError,
     '--setup-task '),
    (ClusterOptions(SIZE, target=1, account=ACCOUNT, vm_priority='urgent'), InvalidArgumentValueError, 'vmPriority'),
])
def test_incomplete_requests_are_refused(options, error, said):
    with pytest.raises(error, match=said):
        body(options)


def test_the_file_is_left_as_it_was():
    config = Config('c', None, {'nodeSetup': {'setupTask': dict(SETUP)}})
    cluster_body(GUIDE, config, StorageAccount())
    assert config.properties == {'nodeSetup': {'setupTask': SETUP}}


def test_the_sdk_sends_what_was_shaped():
    shaped = cluster_body(ClusterOptions(SIZE, target=1, account=ACCOUNT, mounts=MountOptions(afs_name='s')),
                          Config(), StorageAccount('acc'))
    assert ClusterCreateParameters.deserialize(shaped).serialize() == shaped
