"""az batchai service env: a shell in which unmodified az, with our extension or without it, works with the service."""
from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from installed_az import Az

CONFIGURED = ('config', 'clouds.config', 'azureProfile.json')


class Shell:
    """A shell in which `eval "$(az batchai service env)"` was run. `extensions` are other ones than the installed."""

    def __init__(self, az: Az, extensions: Path | None = None):
        self.az = az
        self.extensions = f'export AZURE_EXTENSION_DIR={extensions}; ' if extensions else ''

    def __call__(self, script: str) -> str:
        """Run a script that has to succeed, all of it; its output."""
        done = subprocess.run(['sh', '-ec', f'eval "$(az batchai service env)"; {self.extensions}{script}'],
                              cwd=self.az.folder, env=self.az.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, f'{script}\n{done.stdout}\n{done.stderr}'
        return done.stdout


@pytest.fixture
def bare(own: Az) -> Shell:
    """Without our extension: az's own batchai commands answer."""
    empty = own.folder / 'no-extensions'
    empty.mkdir()
    return Shell(own, empty)


def test_az_manages_accounts_groups_and_storage_there(own: Az) -> None:
    shown = Shell(own)('''
        az account show --query "[state, user.name]" -o tsv
        az account list --query "length(@)"
        az group create -n g -l eastus --tags a=b --query properties.provisioningState
        az group list --query "[].name" -o tsv
        az group show -n g --query tags.a
        az storage account create -n account1 -g g -l eastus --sku Standard_LRS --query name
        az storage account list -g g --query "[].name" -o tsv
        az storage account keys list -n account1 -g g --query "[].keyName" -o tsv
        az group delete -n g -y
        az group exists -n g''')
    assert shown.split() == ['Enabled', 'systemAssignedIdentity', '1', '"Succeeded"', 'g', '"b"', '"account1"',
                             'account1', 'key1', 'key2', 'false']


def test_az_storage_works_with_an_account_there_as_the_guide_has_it(own: Az) -> None:
    shown = Shell(own)('''
        az group create -n g -l eastus -o none
        az storage account create -n demobatchaicli -g g -l eastus --sku Standard_LRS -o none
        eval "$(az batchai service env --storage-account demobatchaicli)"
        az storage share create -n demoafs --account-name demobatchaicli --query created
        az storage container create -n democontainer --account-name demobatchaicli --query created
        az storage share list --account-name demobatchaicli --query "[].name" -o tsv
        az storage container list --account-name demobatchaicli --query "[].name" -o tsv''')
    assert shown.split() == ['true', 'true', 'demoafs', 'democontainer']
    assert (own.data_dir / 'storage' / 'demobatchaicli' / 'file' / 'demoafs').is_dir()
    assert (own.data_dir / 'storage' / 'demobatchaicli' / 'blob' / 'democontainer').is_dir()


def test_the_addresses_of_storage_are_the_same_after_a_restart_and_a_new_key_ends_the_old_one(own: Az) -> None:
    """Of several accounts, each has a connection string that az itself shows."""
    in_shell = Shell(own)
    in_shell('''
        az group create -n g -l eastus -o none
        for name in first second; do
            az storage account create -n account$name -g g -l eastus --sku Standard_LRS -o none; done''')
    before = own.ok('batchai service env --storage-account accountfirst').out
    own.ok('batchai service stop -o none')
    own.ok('batchai service start -o none')
    assert own.ok('batchai service env --storage-account accountfirst').out == before
    shown = in_shell('''
        az storage account show -n accountfirst -g g --query primaryEndpoints.blob -o tsv
        string="$(az storage account show-connection-string -n accountsecond -g g -o tsv)"
        az storage share create -n onlythere --connection-string "$string" --query created
        az storage account check-name -n accountsecond --query nameAvailable
        az storage account keys renew -n accountsecond -g g --key key1 -o none
        az storage share list --connection-string "$string" 2>&1 >/dev/null | grep -c AuthenticationFailed || true
        az storage account delete -n accountsecond -g g -y
        az storage account list -g g --query "[].name" -o tsv''').split()
    assert f'{shown[0].rstrip("/")};' in before.replace("'", ';')
    assert shown[1:3] == ['true', 'false'] and int(shown[3]) > 0 and shown[4:] == ['accountfirst']
    assert not (own.data_dir / 'storage' / 'accountsecond').exists()


def test_the_key_of_a_storage_account_is_printed_and_told_nowhere_else(own: Az) -> None:
    Shell(own)('az group create -n g -l eastus -o none; '
               'az storage account create -n account1 -g g -l eastus --sku Standard_LRS -o none')
    printed = own.ok('batchai service env --storage-account ACCOUNT1 -g G --debug',
                     AZURE_STORAGE_CONNECTION_STRING='old')
    key = printed.out.partition('AccountKey=')[2].partition(';')[0]
    assert len(key) > 80 and key not in printed.err
    assert 'unset AZURE_STORAGE_CONNECTION_STRING' in printed.out and 'old' not in printed.out
    assert '--storage-account ACCOUNT1' in printed.out
    own.ok('batchai service stop -o none')
    assert key not in (own.data_dir / 'service.log').read_text()
    own.ok('batchai service start -o none')


def test_an_account_that_is_not_there_is_one_line_and_nothing_to_evaluate(own: Az) -> None:
    Shell(own)('az group create -n g -l eastus -o none; '
               'az storage account create -n account1 -g g -l eastus --sku Standard_LRS -o none')
    for options, said in (('--storage-account nobody', "no storage account 'nobody'. "),
                          ('--storage-account account1 -g other', "'account1' in the resource group 'other'. "),
                          ("--storage-account ''", '--storage-account'), ('-g g', 'add --storage-account')):
        refused = own(f'batchai service env {options}')
        assert (refused.code in (1, 2, 3), refused.out, said in refused.problem) == (True, '', True), refused.err


def test_az_knows_the_providers_there(own: Az) -> None:
    shown = Shell(own)('''
        az provider register -n Microsoft.BatchAI --wait
        az provider list --query "[].namespace" -o tsv
        az provider show -n Microsoft.BatchAI --query registrationState
        az account list-locations --query "[?name=='eastus'].name" -o tsv
        az batchai workspace create -g g -n w -l eastus -o none
        az resource show --ids $(az batchai workspace show -g g -n w --query id -o tsv) --query location''')
    assert shown.split() == ['Microsoft.BatchAI', 'Microsoft.Storage', 'Microsoft.Resources', '"Registered"', 'eastus',
                             '"eastus"']


def test_the_built_in_commands_run_a_job_there(bare: Shell) -> None:
    bare.az.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
        'customToolkitSettings': {'commandLine': 'for i in 1 2 3; do echo line $i; done'}}})
    shown = bare('''
        az group create -n g -l eastus -o none
        az batchai workspace create -g g -n w --query location
        az batchai experiment create -g g -w w -n e --query name
        az batchai cluster create -g g -w w -n c -s Standard_D1 -t 1 -u u -p p --query vmPriority
        az batchai job create -g g -w w -e e -n j -c c -f job.json --query toolType
        az batchai job wait -g g -w w -e e -n j
        az batchai job file stream -g g -w w -e e -j j -f stdout.txt
        az batchai job delete -g g -w w -e e -n j -y
        az batchai job list -g g -w w -e e --query "length(@)"
        az batchai workspace delete -g g -n w -y
        az batchai workspace list -g g --query "length(@)"''')
    assert shown.split() == ['"eastus"', '"e"', '"dedicated"', '"custom"', 'line', '1', 'line', '2', 'line', '3', '0',
                             '0']


def test_cloud_and_login_work_there_by_hand_too(bare: Shell) -> None:
    shown = bare('''
        az cloud register -n Other --endpoint-resource-manager ${IDENTITY_ENDPOINT%/msi/token}
        az cloud set -n Other 2> /dev/null
        az login --identity --query "[].user.type" -o tsv
        az account show --query environmentName
        az group list --query "length(@)"''')
    assert shown.split() == ['servicePrincipal', '"Other"', '0']


def test_both_shells_see_the_same_and_the_profile_outside_stays_as_it_was(own: Az) -> None:
    own.ok('batchai workspace create -g g -n outside -l eastus -o none')
    before = {name: path.read_bytes() for name in CONFIGURED if (path := own.config_dir / name).exists()}
    shown = Shell(own)('''
        az batchai workspace create -g g -n inside -l eastus -o none
        az batchai workspace list -g g --query "[].name" -o tsv
        az batchai service show --query state -o tsv
        az config set core.output=tsv 2> /dev/null
        eval "$(az batchai service env)"
        echo "$AZURE_CONFIG_DIR"
        az batchai workspace list -g g --query "[].name"''')
    assert shown.split() == ['outside', 'inside', 'running', str(own.data_dir / 'azure'), 'outside', 'inside']
    assert own.ok('batchai workspace list -g g --query "[].name" -o tsv').out.split() == ['outside', 'inside']
    assert {name: path.read_bytes() for name in CONFIGURED if (path := own.config_dir / name).exists()} == before


def test_the_secret_is_for_the_owner_alone_and_lets_in_through_the_identity_only(own: Az) -> None:
    own.ok('batchai service env')
    folder = own.data_dir / 'azure'
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = [path for path in folder.rglob('*') if path.is_file()]
    assert files and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    secret = Shell(own)('printf %s "$IDENTITY_HEADER"')
    token = Path(own.rest().state['tokenFile']).read_text().strip()
    printed = own.ok('batchai service env --debug')
    assert secret in printed.out and secret not in printed.err
    assert token not in printed.out + printed.err and secret != token
    assert not any(secret in path.read_text('utf-8') for path in files)


def test_a_proxy_is_passed_by_on_the_way_to_the_service(own: Az) -> None:
    own.environment.update({'https_proxy': 'http://127.0.0.1:9', 'no_proxy': 'example.org'})
    assert Shell(own)('az group list; echo $no_proxy').split() == ['[]', 'example.org,127.0.0.1']


def test_without_a_service_there_is_one_line_and_nothing_to_evaluate(az: Az) -> None:
    refused = az('batchai service env')
    assert (refused.code, refused.out) == (1, '') and 'az batchai service start' in refused.problem
    az.ok('batchai service start -o none')
    os.kill(az.rest().state['pid'], signal.SIGKILL)
    silent = az('batchai service env')
    assert (silent.code, silent.out) == (1, '') and 'does not answer' in silent.problem
    assert not (az.data_dir / 'azure').exists()
    az.ok('batchai service reset -y')


def test_a_service_that_the_environment_names_is_the_cloud_as_well(own: Az, tmp_path: Path) -> None:
    state = own.rest().state
    stranger = Az(tmp_path / 'stranger')
    stranger.folder.mkdir()
    stranger.environment.update({'AZURE_BATCHAI_ENDPOINT': state['endpoint'], 'AZURE_BATCHAI_CA_FILE': state['caFile'],
                                 'AZURE_BATCHAI_TOKEN_FILE': state['tokenFile']})
    own.ok('batchai workspace create -g g -n w -l eastus -o none')
    seen = Shell(stranger)('az group list --query "[].name" -o tsv; az batchai workspace list -g g --query "[].name"')
    assert seen.split() == ['g', '[', '"w"', ']']
    wrong = stranger('batchai service env', AZURE_BATCHAI_TOKEN_FILE='', AZURE_BATCHAI_TOKEN='wrong')
    assert (wrong.code, wrong.out) == (1, '') and 'refused the token' in wrong.problem


@pytest.mark.skipif(not (shutil.which('fish') or shutil.which('pwsh')), reason='neither fish nor pwsh is here')
def test_the_lines_for_other_shells_are_read_by_those(own: Az) -> None:
    for shell, line in (('fish', 'az batchai service env --shell fish | source; az account show --query state'),
                        ('pwsh', 'az batchai service env --shell powershell | Out-String | Invoke-Expression; '
                                 'az account show --query state')):
        if shutil.which(shell):
            done = subprocess.run([shell, '-c', line], env=own.environment, capture_output=True, text=True, timeout=120)
            assert json.loads(done.stdout) == 'Enabled', done.stderr


def test_the_extensions_stay_where_they_are(own: Az) -> None:
    assert Shell(own)('printf %s "$AZURE_EXTENSION_DIR"') == os.path.abspath(own.environment['AZURE_EXTENSION_DIR'])


def test_a_service_that_moved_is_found_from_both_shells_again(own: Az) -> None:
    """Each of the two profiles notes an address, and only the one from which the service was started is renewed."""
    own.ok('group create -n g -l eastus', **_inside(own))
    for mover, other in ((None, _inside(own)), (_inside(own), None)):
        port = own.rest().state['port']
        own.ok('batchai service stop -o none', **(mover or {}))
        with socket.create_server(('127.0.0.1', port)):  # taken, so that it moves
            own.ok('batchai service start -o none', **(mover or {}))
        printed = own.ok('batchai service env', **(other or {})).out
        assert own.rest().state['port'] != port and own.rest().state['endpoint'] in printed
        assert Shell(own)('az group list --query "[].name" -o tsv').split() == ['g']


def _inside(az: Az) -> dict[str, str]:
    """The variables that `service env` sets, as a shell has them then."""
    shown = Shell(az)('env -0')
    variables = dict(line.partition('=')[::2] for line in shown.split('\0') if '=' in line)
    return {name: variables[name] for name in ('AZURE_CONFIG_DIR', 'REQUESTS_CA_BUNDLE', 'IDENTITY_ENDPOINT',
                                               'IDENTITY_HEADER')}


def test_after_a_reset_old_secrets_are_refused_and_new_ones_are_to_be_had(own: Az) -> None:
    old, port = _inside(own), own.rest().state['port']
    own.ok('batchai service reset -y')
    gone = own('batchai service env')
    assert (gone.code, gone.out) == (1, '') and 'az batchai service start' in gone.problem
    own.ok(f'batchai service start --port {port} -o none')
    refused = own('group list', **{**old, 'REQUESTS_CA_BUNDLE': str(own.data_dir / 'ca.pem')})
    assert refused.code != 0 and 'az batchai service env' in refused.err
    assert Shell(own)('az group list --query "length(@)"').split() == ['0']


def test_a_cloud_that_a_variable_names_does_not_get_in_the_way(own: Az) -> None:
    own.environment['AZURE_CLOUD_NAME'] = 'AzureChinaCloud'
    shown = Shell(own)('az account show --query environmentName -o tsv; az group list --query "length(@)"')
    assert shown.split() == ['BatchAI', '0']


@pytest.mark.parametrize('name', [b'it\'s "a" $HOME `id` \\ b\nnew;#%d', b'\xff\xe4'], ids=['odd', 'not UTF-8'])
def test_a_profile_may_be_anywhere(tmp_path: Path, name: bytes) -> None:
    if sys.platform == 'darwin' and b'\xff' in name:
        pytest.skip('file names there are UTF-8')
    az = Az(tmp_path / 'h')
    az.folder.mkdir()
    az.config_dir = az.folder / os.fsdecode(name)
    az.environment['AZURE_CONFIG_DIR'] = str(az.config_dir)
    az.ok('batchai service start -o none')
    try:
        for shell, line in (('sh', 'eval "$(az batchai service env)"'),
                            ('fish', 'az batchai service env --shell fish | source')):
            if shutil.which(shell):
                script = f'{line}; az group list -o tsv; test -d "$AZURE_CONFIG_DIR"'
                done = subprocess.run([shell, '-c', script], cwd=az.folder, env=az.environment,
                                      stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
                assert (done.returncode, done.stdout, done.stderr) == (0, b'', b''), shell
    finally:
        az.ok('batchai service reset -y')
