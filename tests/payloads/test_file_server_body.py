import pytest
from azure.cli.core.azclierror import RequiredArgumentMissingError
from azure.mgmt.batchai.models import FileServerCreateParameters

from azext_batchai.payloads.accounts import AccountOptions
from azext_batchai.payloads.config_file import Config
from azext_batchai.payloads.file_server import FileServerOptions, file_server_body

ACCOUNT = AccountOptions('demoUser', 'demoPassword')
GUIDE = FileServerOptions('Standard_D1', 2, 10, account=ACCOUNT)


def test_options_alone_make_a_file_server():
    body = file_server_body(GUIDE, Config())
    assert body == {'properties': {
        'vmSize': 'Standard_D1',
        'dataDisks': {'diskCount': 2, 'diskSizeInGB': 10, 'storageAccountType': 'Premium_LRS'},
        'sshConfiguration': {'userAccountSettings': {
            'adminUserName': 'demoUser', 'adminUserPassword': 'demoPassword'}}}}
    assert FileServerCreateParameters.deserialize(body).serialize() == body


def test_file_fills_what_options_leave_open():
    disks = {'diskCount': 1, 'diskSizeInGB': 5, 'storageAccountType': 'Standard_LRS', 'cachingType': 'readonly'}
    config = Config('nfs.json', None, {'vmSize': 'Standard_D2', 'dataDisks': disks, 'sshConfiguration': {
        'publicIPsToAllow': ['10.0.0.0/8'], 'userAccountSettings': {'adminUserName': 'u', 'adminUserPassword': 'p'}}})
    properties = file_server_body(FileServerOptions(disk_size=20), config)['properties']
    assert properties['dataDisks'] == {**disks, 'diskSizeInGB': 20}
    assert properties['sshConfiguration']['publicIPsToAllow'] == ['10.0.0.0/8']


@pytest.mark.parametrize('options, said', [
    (FileServerOptions(disk_count=1, disk_size=1, account=ACCOUNT), '--vm-size/-s'),
    (FileServerOptions('Standard_D1', disk_size=1, account=ACCOUNT), '--disk-count'),
    (FileServerOptions('Standard_D1', disk_count=1, account=ACCOUNT), '--disk-size'),
])
def test_missing_parts_are_asked_for(options, said):
    with pytest.raises(RequiredArgumentMissingError, match=said):
        file_server_body(options, Config())
