"""What a mistake is answered with: one line that says what, where and what to write instead; nothing half-made."""
from __future__ import annotations

import json
import os
import socket
from typing import Any

import pytest
from installed_az import Az
from rest import cluster, job, workspace

ACCOUNT = '-u demoUser -p demoPassword'
CREATE = f'batchai cluster create -g demoGroup -l eastus -n c1 -s Standard_D1 {ACCOUNT}'
SUBMIT = 'batchai job create -g demoGroup -n j1 -r demoCluster -c job.json'
GOOD_JOB: dict[str, Any] = {'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/external',
                            'customToolkitSettings': {'commandLine': 'true'}}


def changed(**properties: Any) -> dict[str, Any]:
    """A job.json with some properties changed; None takes one away."""
    return {'properties': {key: value for key, value in {**GOOD_JOB, **properties}.items() if value is not None}}


# line, the files it reads, fragments of the answer
CLUSTER_MISTAKES = {
    'a location that is none': (CREATE.replace('eastus', '../east') + ' --min 0 --max 1', None,
                                ['../east', '--location eastus']),
    'no VM size': (f'batchai cluster create -g demoGroup -l eastus -n c1 --min 0 --max 1 {ACCOUNT}', None,
                   ['--vm-size/-s']),
    'no password and no key': (
        'batchai cluster create -g demoGroup -l eastus -n c1 -s Standard_D1 --min 0 --max 1 -u demoUser', None,
        ['--password/-p', '--ssh-key/-k']),
    'a key that is none': (
        'batchai cluster create -g demoGroup -l eastus -n c1 -s Standard_D1 --min 0 --max 1 -u demoUser -k hello', None,
        ['--ssh-key/-k', 'OpenSSH public key']),
    'min above max': (f'{CREATE} --min 3 --max 2', None, ['--min', '3', '--max', '2']),
    'min without max': (f'{CREATE} --min 1', None, ['--max']),
    'max without min': (f'{CREATE} --max 1', None, ['--min']),
    'no scale': (CREATE, None, ['--min', '--max', '--target']),
    'a name against the rules': (CREATE.replace('-n c1', '-n "a b"') + ' --min 0 --max 1', None,
                                 ['a b', 'letters, digits, - or _']),
    'a name that is too long': (CREATE.replace('-n c1', f'-n {"a" * 65}') + ' --min 0 --max 1', None,
                                ['letters, digits, - or _']),
    'an image that is none': (f'{CREATE} --min 0 --max 1 -i Windows', None, ['Windows', 'UbuntuLTS']),
    'a size that is none': (CREATE.replace('Standard_D1', 'huge') + ' --min 0 --max 1', None, ['huge', 'VM size']),
    'admin as user name': (CREATE.replace('demoUser', 'admin') + ' --min 0 --max 1', None, ['admin']),
    'a share without its account': (f'{CREATE} --min 0 --max 1 --afs-name s', None, ['--storage-account-name']),
    'a file server that is not there': (f'{CREATE} --min 0 --max 1 --nfs lost', None, ['lost', 'demoGroup']),
    'a config that is not there': (f'{CREATE} -c none.json', None, ['none.json', 'No such file']),
    'a config that is a folder': (f'{CREATE} -c /', None, ["'/'", 'directory']),
    'malformed JSON': (f'{CREATE} -c c.json', '{"properties": {\n  "vmSize": "D1",,\n}}',
                       ['c.json', 'line 2', 'column']),
    'JSON that is no object': (f'{CREATE} -c c.json', '[1]', ['c.json', 'object']),
    'bytes that are no text': (f'{CREATE} -c c.json', '\udcff\udcfe', ['c.json', 'UTF-8']),
    'an unknown key': (f'{CREATE} -c c.json', json.dumps({'properties': {'vmSzie': 'x'}}),
                       ['c.json', 'properties.vmSzie', 'vmSize']),
    'an unknown key deep down': (
        f'{CREATE} -c c.json', json.dumps({'properties': {'scaleSettings': {'manual': {'targetNodes': 1}}}}),
        ['properties.scaleSettings.manual.targetNodes', 'targetNodeCount']),
    'a wrong type': (
        f'{CREATE} -c c.json', json.dumps({'properties': {'scaleSettings': {'manual': {'targetNodeCount': '1'}}}}),
        ['c.json', 'properties.scaleSettings.manual.targetNodeCount', 'whole number', "'1'"]),
    'both ways of scaling': (
        f'{CREATE} -c c.json', json.dumps({'properties': {'scaleSettings': {
            'manual': {'targetNodeCount': 1}, 'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 1}}}}),
        ['manual', 'autoScale']),
    'a negative target': (f'{CREATE} -t -1', None, ['-1']),
    'a target that is no number': (f'{CREATE} -t many', None, ['many']),
}


@pytest.mark.parametrize('mistake', CLUSTER_MISTAKES)
def test_a_mistake_about_a_cluster_is_named_and_makes_nothing(shared: Az, mistake: str) -> None:
    line, content, fragments = CLUSTER_MISTAKES[mistake]
    if content is not None:
        (shared.folder / 'c.json').write_bytes(content.encode('utf-8', 'surrogateescape'))
    before = shared.rest().call('GET', workspace('demoGroup'))[0]
    result = shared(line)
    assert result.code in (1, 2, 3)
    for fragment in fragments:
        assert fragment in result.err, result.err
    if 'argument' not in result.err:  # argparse prints the usage hints of az as well
        assert result.problem
    assert shared.rest().call('GET', cluster('c1'))[0] == 404
    assert shared.rest().call('GET', workspace('demoGroup'))[0] == before, 'a workspace was left behind'


JOB_MISTAKES = {
    'no cluster': ('batchai job create -g demoGroup -l eastus -n j1 -c job.json', changed(), 1,
                   ['--cluster/-r MyCluster']),
    'a cluster that is not there': (SUBMIT.replace('demoCluster', 'lost'), changed(), 3, ['lost', 'demoGroup']),
    'more nodes than auto-scale allows': (SUBMIT, changed(nodeCount=3), 1, ['3', '2', 'demoCluster']),
    'no nodes': (SUBMIT, changed(nodeCount=0), 1, ['properties.nodeCount', 'at least 1']),
    'a wrong type': (SUBMIT, changed(nodeCount='1'), 1, ['properties.nodeCount', 'whole number']),
    'an unknown key': (SUBMIT, changed(nodeCnt=1), 1, ['properties.nodeCnt', 'nodeCount']),
    'no toolkit': (SUBMIT, changed(customToolkitSettings=None), 1, ['customToolkitSettings']),
    'two toolkits': (SUBMIT, changed(caffe2Settings={'pythonScriptFilePath': 'x'}), 1,
                     ['caffe2Settings', 'customToolkitSettings']),
    'settings of a toolkit that do not fit together': (
        SUBMIT, changed(customToolkitSettings=None, cntkSettings={'pythonScriptFilePath': 'x', 'configFilePath': 'y'}),
        1, ['cntkSettings.configFilePath', 'pythonScriptFilePath']),
    'no size of memory': (
        SUBMIT, changed(containerSettings={'imageSourceRegistry': {'image': 'ubuntu'}, 'shmSize': 'much'}), 1,
        ['containerSettings.shmSize', 'much', '16gb']),
    'no logs': (SUBMIT, changed(stdOutErrPathPrefix=None), 1, ['stdOutErrPathPrefix', 'required']),
    'a duration that is none': (SUBMIT, changed(constraints={'maxWallClockTime': 'a week'}), 1,
                                ['maxWallClockTime', 'a week']),
    'one directory id twice': (
        SUBMIT, changed(outputDirectories=[{'id': 'A', 'pathPrefix': '/tmp'}, {'id': 'a', 'pathPrefix': '/tmp'}]), 1,
        ['outputDirectories[1].id', 'taken']),
    'a suffix that climbs': (
        SUBMIT, changed(outputDirectories=[{'id': 'A', 'pathPrefix': '/tmp', 'pathSuffix': '../x'}]), 1,
        ['outputDirectories[0].pathSuffix']),
}


@pytest.fixture
def small_cluster(shared: Az) -> Az:
    rest = shared.rest()
    rest.call('PUT', workspace('demoGroup'), {'location': 'eastus'})
    rest.call('PUT', f"{workspace('demoGroup')}/experiments/migrated")
    status, body = rest.call('PUT', cluster('demoCluster'), {'properties': {
        'vmSize': 'Standard_D1', 'userAccountSettings': {'adminUserName': 'u', 'adminUserPassword': 'p'},
        'scaleSettings': {'autoScale': {'minimumNodeCount': 0, 'maximumNodeCount': 2}}}})
    assert status == 202, body
    return shared


@pytest.mark.parametrize('mistake', JOB_MISTAKES)
def test_a_mistake_about_a_job_is_named_and_submits_nothing(small_cluster: Az, mistake: str) -> None:
    line, config, code, fragments = JOB_MISTAKES[mistake]
    small_cluster.write('job.json', config)
    result = small_cluster(line)
    assert result.code == code, result.err
    for fragment in fragments:
        assert fragment in result.problem
    assert small_cluster.rest().call('GET', job('j1'))[0] == 404


def test_the_command_that_makes_room_works_as_it_is_printed(small_cluster: Az) -> None:
    small_cluster.write('job.json', changed(nodeCount=3))
    problem = small_cluster(SUBMIT).problem
    scaled = small_cluster.ok(problem.partition('with: az ')[2] + ' --query scaleSettings.autoScale').json
    assert (scaled['minimumNodeCount'], scaled['maximumNodeCount']) == (0, 3)


@pytest.mark.parametrize('line, fragment', [
    ('job show -n j -g demoGroup -w typo', 'workspace typo'), ('job list -w typo', "workspace 'typo'"),
    ('cluster list -w typo', "workspace 'typo'"), ('cluster list -g demoGroup -w typo', 'workspace typo'),
    ('file-server list -w typo', "workspace 'typo'"), ('job list -e typo', "experiment 'typo'"),
    ('job list -g demoGroup -e typo', "experiment 'typo'")])
def test_a_misspelled_place_is_what_is_named(small_cluster: Az, line: str, fragment: str) -> None:
    result = small_cluster(f'batchai {line}')
    assert result.code == 3 and fragment in result.problem


@pytest.mark.parametrize('line, option', [
    ('job create -g g -n j -c ""', '-c'), ('job create -g g -n j -f ""', '--config-file/-f'),
    ('job create -g g -n j -f job.json -r ""', '--cluster/-r'),
    ('cluster create -g g -n c -c ""', '--config-file'),
    ('cluster create -g g -n c --nfs ""', '--nfs'), ('cluster create -g g -n c --afs-name ""', '--afs-name'),
    ('cluster create -g g -n c --bfs-name ""', '--container-name'), ('job list-files -g g -n j -d ""', '-d'),
    ('job stream-file -g g -j j -n ""', '--name/-n')])
def test_an_empty_value_is_named_with_its_option(shared: Az, line: str, option: str) -> None:
    result = shared(f'batchai {line}')
    assert result.code == 1 and option in result.problem and 'must not be empty' in result.problem


def test_the_content_of_a_file_is_never_quoted(shared: Az) -> None:
    shared.write('job.json', changed(secrets=[{'name': 'S', 'value': 'precious'}]))
    for line in ('job create -g g -n j -c @job.json', 'job create -g g -n j -f x.json -c @job.json',
                 'cluster create -g g -n c -f @job.json'):
        result = shared(f'batchai {line}')
        assert result.code == 1 and 'without @' in result.problem and 'precious' not in result.err


def test_a_name_that_is_taken_is_refused_and_the_first_job_stays(small_cluster: Az) -> None:
    small_cluster.write('job.json', changed())
    first = small_cluster.ok(SUBMIT).json
    again = small_cluster(SUBMIT)
    assert again.code == 1 and 'j1 already exists' in again.problem
    assert small_cluster.rest().properties(job('j1'))['creationTime'][:19] == first['creationTime'][:19]


def test_a_cluster_name_that_is_taken_is_refused(small_cluster: Az) -> None:
    again = small_cluster(CREATE.replace('c1', 'demoCluster') + ' --min 0 --max 1')
    assert again.code == 1 and 'demoCluster already exists' in again.problem


def test_an_unknown_directory_id_is_answered_with_the_ids_that_exist(small_cluster: Az) -> None:
    small_cluster.write('job.json', changed(outputDirectories=[
        {'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}, {'id': 'LOGS', 'pathPrefix': '$AZ_BATCHAI_JOB_TEMP'}]))
    small_cluster.ok(SUBMIT)
    for line in ('batchai job list-files -n j1 -g demoGroup -d MODLE',
                 'batchai job stream-file -j j1 -g demoGroup -d MODLE -n f'):
        result = small_cluster(line)
        assert result.code == 1
        for fragment in ('MODLE', 'stdouterr, MODEL, LOGS'):
            assert fragment in result.problem


def test_a_file_that_never_came_is_answered_with_those_that_did(small_cluster: Az) -> None:
    small_cluster.write('job.json', changed())
    small_cluster.ok(SUBMIT)
    result = small_cluster('batchai job stream-file -j j1 -g demoGroup -d stdouterr -n stdout.log')
    assert result.code == 3 and 'stdout.txt' in result.problem and 'stdout.log' in result.problem


@pytest.mark.parametrize('line', [
    'batchai cluster show -n lost -g demoGroup', 'batchai cluster list-nodes -n lost -g demoGroup',
    'batchai cluster resize -n lost -g demoGroup -t 1', 'batchai cluster delete -n lost -g demoGroup -y',
    'batchai cluster auto-scale -n lost -g demoGroup --min 0 --max 1',
    'batchai job show -n lost -g demoGroup', 'batchai job terminate -n lost -g demoGroup -y',
    'batchai job delete -n lost -g demoGroup -y', 'batchai job list-files -n lost -g demoGroup',
    'batchai job list-nodes -n lost -g demoGroup', 'batchai job stream-file -j lost -g demoGroup -d stdouterr -n f',
    'batchai file-server show -n lost -g demoGroup', 'batchai file-server delete -n lost -g demoGroup -y'])
def test_what_is_not_there_ends_with_status_3(shared: Az, line: str) -> None:
    result = shared(line)
    assert result.code == 3 and "'lost'" in result.problem


@pytest.mark.parametrize('line', ['cluster delete -n c -g g', 'job delete -n j -g g', 'job terminate -n j -g g',
                                  'file-server delete -n f -g g', 'service reset'])
def test_without_a_terminal_and_without_y_nothing_is_deleted(shared: Az, line: str) -> None:
    result = shared(f'batchai {line}')
    assert result.code == 1 and '--yes' in result.err
    assert shared.rest().call('GET', '/batchai/service')[0] == 200


# the service

def test_a_service_that_was_never_started_is_named_with_the_way_to_start_it(az: Az) -> None:
    result = az('batchai job list -g demoGroup')
    assert result.code == 1 and 'az batchai service start' in result.problem


@pytest.mark.parametrize('endpoint', ['https://[::1', 'https://127.0.0.1:99999'])
def test_an_endpoint_that_is_none_is_named(az: Az, endpoint: str) -> None:
    result = az('batchai job list', AZURE_BATCHAI_ENDPOINT=endpoint, AZURE_BATCHAI_TOKEN='t')
    assert result.code == 1 and endpoint in result.problem and 'AZURE_BATCHAI_ENDPOINT' in result.problem


def test_a_service_that_was_stopped_is_named_with_the_way_to_start_it(own: Az) -> None:
    own.ok('batchai service stop')
    result = own('batchai cluster show -n c -g demoGroup')
    assert result.code == 1 and 'az batchai service start' in result.problem


def test_a_service_that_died_is_named_with_its_address_and_its_log(own: Az) -> None:
    os.kill(own.rest().state['pid'], 9)
    result = own('batchai cluster show -n c -g demoGroup')
    assert result.code == 1
    for fragment in (own.rest().state['endpoint'], 'az batchai service start', 'az batchai service logs'):
        assert fragment in result.problem


def test_a_port_that_is_taken_is_named(az: Az) -> None:
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        other.listen()
        port = other.getsockname()[1]
        result = az(f'batchai service start --port {port}')
    assert result.code == 1
    assert f'Port {port}' in result.problem and '--port' in result.problem
    assert az.ok('batchai service show --query state -o tsv').out == 'stopped\n'


def test_a_data_folder_that_cannot_be_written_is_named(az: Az) -> None:
    blocker = az.write('blocker', 'a file where a folder should be')
    result = az(f'batchai service start --data-dir {blocker}/data')
    assert result.code == 1
    assert str(blocker) in result.problem and '--data-dir' in result.problem


def test_an_unknown_engine_is_named_with_those_there_are(az: Az) -> None:
    result = az('batchai service start --engine condor')
    assert result.code == 2 and 'condor' in result.err and 'process' in result.err
