"""What the options of `create` mean, typed at the real az and looked at through the service."""
from __future__ import annotations

import os
import stat
from typing import Any

import pytest
from installed_az import Az
from rest import ACCOUNT, cluster, file_server, provider, resource_group, workspace

CREATE = 'batchai cluster create -g demoGroup -l eastus -n c -s Standard_NC6 -t 0'
LOGIN = '-u demoUser -p demoPassword'
SHARE = {'accountName': 'keyed', 'azureFileUrl': 'https://keyed.file.core.windows.net/s', 'relativeMountPath': 'afs'}
SUBNET = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets'


def nfs(az: Az, group: str, name: str, **properties: Any) -> str:
    """A file server; returns its id."""
    rest = az.rest()
    rest.call('PUT', workspace(group), {'location': 'eastus'})
    status, body = rest.call('PUT', file_server(name, group), {'properties': {
        'vmSize': 'Standard_D1', 'sshConfiguration': {'userAccountSettings': ACCOUNT}, **properties,
        'dataDisks': {'diskSizeInGB': 10, 'diskCount': 2, 'storageAccountType': 'Premium_LRS'}}})
    assert status == 202, body
    return str(rest.call('GET', file_server(name, group))[1]['id'])


def test_a_dry_run_shows_the_request_and_changes_nothing(own: Az) -> None:
    own.write('cluster.json', {'properties': {'userAccountSettings': ACCOUNT, 'nodeSetup': {
        'setupTask': {'commandLine': 'use <AZURE_BATCHAI_STORAGE_KEY>', 'stdOutErrPathPrefix': '/tmp',
                      'secrets': [{'name': 'S', 'value': 'value-of-the-secret'}]},
        'mountVolumes': {'azureFileShares': [{**SHARE, 'credentials': {'accountKey': '<AZURE_BATCHAI_STORAGE_KEY>'}}]}
    }}})
    result = own.ok(f'{CREATE} --generate-ssh-keys --use-auto-storage -f cluster.json --dry-run --debug',
                    AZURE_BATCHAI_STORAGE_ACCOUNT='keyed', AZURE_BATCHAI_STORAGE_KEY='a2V5LW9mLWtleWVk')
    request = result.json
    assert (request['method'], request['url']) == (
        'PUT', f"{own.rest().state['endpoint']}{cluster('c')}?api-version=2018-05-01")
    setup = request['body']['properties']['nodeSetup']
    assert setup['setupTask'] == {'commandLine': 'use *****', 'stdOutErrPathPrefix': '/tmp',
                                  'secrets': [{'name': 'S', 'value': '*****'}]}
    assert [(share['accountName'], share['relativeMountPath'], share['credentials'])
            for share in setup['mountVolumes']['azureFileShares']] == [
        ('keyed', 'afs', {'accountKey': '*****'}), ('<new-account>', 'autoafs', {})]
    assert request['body']['properties']['userAccountSettings']['adminUserPassword'] == '*****'
    for secret in ('value-of-the-secret', 'demoPassword', 'a2V5LW9mLWtleWVk'):
        assert secret not in result.out + result.err
    assert not (own.folder / '.ssh').exists()
    rest = own.rest()
    assert rest.call('GET', f"{provider('demoGroup')}/workspaces")[1] == {'value': []}
    assert rest.call('GET', resource_group('batchaiautostorage'))[0] == 404


def test_a_dry_run_finds_mistakes_as_well(shared: Az) -> None:
    assert '--min 3 is above --max 2' in shared(f'{CREATE} {LOGIN} --min 3 --max 2 --dry-run').problem
    refused = shared(f'{CREATE} {LOGIN} --nfs lost --dry-run')
    assert (refused.code, "no file server 'lost'" in refused.problem) == (3, True)


def test_without_a_location_it_is_that_of_the_group_or_of_the_service(own: Az) -> None:
    line = f'batchai cluster create -g {{}} -n c -s Standard_NC6 -t 0 {LOGIN} --query id -o tsv'
    assert own.rest().call('PUT', resource_group('placed'), {'location': 'westeurope'})[0] == 201
    assert '/workspaces/migrated-westeurope/clusters/c' in own.ok(line.format('placed')).out
    assert '/workspaces/migrated-local/clusters/c' in own.ok(line.format('unplaced')).out


def test_auto_storage_is_mounted_and_used_again(shared: Az) -> None:
    rest = shared.rest()
    first = shared.ok(f'{CREATE.replace("-t 0", "-t 1")} {LOGIN} --use-auto-storage')
    account = first.json['nodeSetup']['mountVolumes']['azureFileShares'][0]['accountName']
    assert account.startswith('bai') and account.isalpha() and len(account) == 15
    assert f"'{account}' was made" in first.err
    rest.wait_for_idle('c', 1)
    share = shared.data_dir / 'storage' / account / 'file' / 'batchaishare'
    task = {'commandLine': 'echo ready > $AZ_BATCHAI_MOUNT_ROOT/autoafs/f; '
                           'cp $AZ_BATCHAI_MOUNT_ROOT/autoafs/f $AZ_BATCHAI_MOUNT_ROOT/autobfs',
            'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/autoafs'}
    shared.write('c.json', {'properties': {'nodeSetup': {'setupTask': task}}})
    second = shared.ok(f'{CREATE.replace("-t 0", "-t 1").replace("-n c", "-n d")} {LOGIN} --use-auto-storage -f c.json')
    assert f"uses the storage account '{account}'" in second.err
    assert second.json['nodeSetup']['mountVolumes']['azureBlobFileSystems'][0]['accountName'] == account
    rest.wait_for_idle('d', 1)
    assert (share / 'f').read_text() == 'ready\n'
    assert (share.parent.parent / 'blob' / 'batchaicontainer' / 'f').read_text() == 'ready\n'


def test_generated_keys_are_made_once_and_logged_in_with(own: Az) -> None:
    made = own.ok(f'{CREATE} --generate-ssh-keys -u demoUser')
    folder = own.folder / '.ssh'
    key = (folder / 'id_rsa.pub').read_text().strip()
    assert made.json['userAccountSettings']['adminUserSshPublicKey'] == key
    assert stat.S_IMODE(os.stat(folder / 'id_rsa').st_mode) == 0o600
    server = own.ok('batchai file-server create -g demoGroup -l eastus -n nfs -s Standard_D1 --disk-count 1 '
                    '--disk-size 10 -u demoUser --generate-ssh-keys')
    assert server.json['sshConfiguration']['userAccountSettings']['adminUserSshPublicKey'] == key
    assert (folder / 'id_rsa.pub').read_text().strip() == key


def test_the_key_of_an_account_is_looked_up_where_the_service_needs_it(shared: Az) -> None:
    key = shared.rest().make_storage_account('keyed')
    shared.write('c.json', {'properties': {'nodeSetup': {
        'setupTask': {'commandLine': 'true', 'stdOutErrPathPrefix': '/tmp',
                      'environmentVariables': [{'name': 'KEY', 'value': 'k:<AZURE_BATCHAI_STORAGE_KEY>'}]}}}})
    shared.ok('config set batchai.storage_account=keyed --only-show-errors')
    dry = shared.ok(f'{CREATE} {LOGIN} -f c.json --dry-run --debug')
    variable = dry.json['body']['properties']['nodeSetup']['setupTask']['environmentVariables'][0]
    assert (variable['value'], key in dry.out + dry.err) == ('k:*****', False)
    assert key not in shared.ok(f'{CREATE} {LOGIN} -f c.json -o none --debug').err
    setup = shared.rest().properties(cluster('c'))['nodeSetup']['setupTask']
    assert setup['environmentVariables'] == [{'name': 'KEY', 'value': f'k:{key}'}]
    lost = shared(f'{CREATE} {LOGIN} -f c.json --storage-account-name lost')
    assert (lost.code, 'lost' in lost.problem, '--storage-account-key' in lost.problem) == (3, True, True)


def test_account_and_key_of_the_az_config_are_used(own: Az) -> None:
    key = own.rest().make_storage_account('keyed')
    own.ok(f'config set batchai.storage_account=keyed batchai.storage_key={key} --only-show-errors')
    own.ok(f'{CREATE} {LOGIN} --afs-name s -o none')
    own.ok('config set batchai.storage_key=d3Jvbmc= --only-show-errors')
    wrong = own(f'{CREATE.replace("-n c", "-n d")} {LOGIN} --afs-name s')
    assert 'credentials.accountKey: is not a key of the storage account keyed' in wrong.problem
    own.ok(f'{CREATE.replace("-n c", "-n e")} {LOGIN} --afs-name s --storage-account-name other -o none')


def test_a_file_server_is_mounted_by_id_from_another_group_and_workspace(shared: Az) -> None:
    identity = nfs(shared, 'demoNFSGroup', 'demoNFS', subnet={'id': f'{SUBNET}/one'})
    made = shared.ok(f'{CREATE} {LOGIN} --nfs {identity} --subnet {SUBNET}/ONE')
    assert made.json['nodeSetup']['mountVolumes']['fileServers'][0]['fileServer']['id'] == identity
    named = shared.ok(f'{CREATE.replace("-n c", "-n d")} {LOGIN} --nfs demoNFS --nfs-resource-group demoNFSGroup')
    assert named.json['nodeSetup']['mountVolumes']['fileServers'][0]['fileServer']['id'] == identity
    refused = shared(f'{CREATE.replace("-n c", "-n e")} {LOGIN} --nfs {identity} --subnet {SUBNET}/two')
    assert (refused.code, "'demoNFS' is in another subnet" in refused.problem) == (1, True)


def test_a_custom_image_keeps_the_image_it_was_made_from(shared: Az) -> None:
    image = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/images/mine'
    made = shared.ok(f'{CREATE} {LOGIN} --image UbuntuDSVM --custom-image {image}')
    reference = made.json['virtualMachineConfiguration']['imageReference']
    assert (reference['offer'], reference['virtualMachineImageId']) == ('linux-data-science-vm-ubuntu', image)


def test_a_file_server_of_2017_is_understood(shared: Az) -> None:
    shared.write('nfs.json', {'location': 'eastus', 'properties': {
        'vmSize': 'STANDARD_D2_V2',
        'sshConfiguration': {'userAccountSettings': {'adminUserName': 'u', 'adminUserPassword': 'p'}},
        'dataDisks': {'diskSizeInGB': 10, 'diskCount': 2, 'storageAccountType': 'Standard_LRS',
                      'fileSystemType': 'BRTFS', 'raidLevel': 'NoRaid', 'cachingType': 'None'}}})
    made = shared.ok('batchai file-server create -g demoGroup -n old -c nfs.json')
    assert '/workspaces/migrated-eastus/' in made.json['id']
    assert made.json['dataDisks'] == {'diskSizeInGb': 10, 'diskCount': 2, 'storageAccountType': 'Standard_LRS',
                                      'cachingType': 'none'}


MISTAKES: dict[str, tuple[str, Any, list[str]]] = {
    'an account that is for nothing': ('--use-auto-storage --storage-account-name acc', None,
                                       ['--use-auto-storage', 'leave out --storage-account-name']),
    'a share without its account': ('--use-auto-storage --afs-name s', None, ['--storage-account-name']),
    'a key of one account for the mount of another': (
        '--storage-account-name acc --storage-account-key a2V5 -f c.json',
        {'nodeSetup': {'mountVolumes': {'azureFileShares': [
            {**SHARE, 'credentials': {'accountKey': '<AZURE_BATCHAI_STORAGE_KEY>'}}]}}},
        ["'keyed'", "'acc'", '<AZURE_BATCHAI_STORAGE_ACCOUNT>']),
    'two accounts in one mount': (
        '-f c.json', {'nodeSetup': {'mountVolumes': {'azureFileShares': [{**SHARE, 'accountName': 'other'}]}}},
        ['azureFileShares[0]', "'other'", "'keyed'"]),
    'a custom image without its base': ('--custom-image /i', None, ['--custom-image needs --image']),
    'a custom image of the wrong type': (
        '-i UbuntuLTS --custom-image /subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/disks/d', None,
        ['--custom-image', 'Microsoft.Compute/images/<image>']),
    'an image that is none': ('-i a:b', None, ["'a:b'", 'publisher:offer:sku']),
    'a subnet of the file that is none': ('-f c.json', {'subnet': {'id': 'one'}}, ["'one'", 'virtualNetworks']),
    'a private key': ('-k key --generate-ssh-keys', None, ['private key', '--ssh-key']),
}


@pytest.mark.parametrize('mistake', MISTAKES)
def test_a_mistake_in_the_options_is_named_and_makes_nothing(shared: Az, mistake: str) -> None:
    options, properties, fragments = MISTAKES[mistake]
    shared.write('c.json', {'properties': properties})
    shared.write('key', '-----BEGIN RSA PRIVATE KEY-----\n')
    result = shared(f'{CREATE.replace("demoGroup", "untouched")} {LOGIN} {options}')
    assert result.code in (1, 2)
    for fragment in fragments:
        assert fragment in result.problem
    rest = shared.rest()
    assert rest.call('GET', f"{provider('untouched')}/workspaces")[1] == {'value': []}
    assert rest.call('GET', resource_group('batchaiautostorage'))[0] == 404 or not rest.call(
        'GET', f"{resource_group('batchaiautostorage')}/providers/Microsoft.Storage/storageAccounts")[1]['value']
    assert result.out == ''


def test_a_job_gets_the_key_it_asks_for_and_no_wrong_one(shared: Az) -> None:
    rest = shared.rest()
    key = rest.make_storage_account('keyed')
    shared.ok(f'{CREATE.replace("-t 0", "-t 1")} {LOGIN} -o none')
    job_file = {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_MOUNT_ROOT/afs',
                'customToolkitSettings': {'commandLine': 'echo "$K"'},
                'secrets': [{'name': 'K', 'value': '<AZURE_BATCHAI_STORAGE_KEY>'}]}
    shared.write('job.json', {'properties': job_file})
    line = 'batchai job create -g demoGroup -n {} -r c -c job.json --storage-account-name keyed --afs-name s'
    dry = shared.ok(line.format('j') + ' --dry-run --debug')
    assert dry.json['body']['properties']['secrets'] == [{'name': 'K', 'value': '*****'}]
    shared.ok(line.format('j') + ' -o none')
    assert rest.wait_for_job('j')['executionInfo']['exitCode'] == 0
    logs = list((shared.data_dir / 'storage' / 'keyed' / 'file' / 's').rglob('stdout.txt'))
    assert [log.read_text() for log in logs] == [f'{key}\n']
    refused = shared(line.format('k') + ' --storage-account-key d3Jvbmc=')
    assert 'mountVolumes.azureFileShares[0].credentials.accountKey' in refused.problem
    assert key not in dry.out + dry.err + refused.err
