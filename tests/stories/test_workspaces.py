"""Workspaces, experiments, usages and the output of set-up tasks, as typed."""
from __future__ import annotations

import os
import signal
import urllib.request
from typing import Iterator

import pytest
from installed_az import Az
from rest import ACCOUNT, provider, workspace
from waiting import is_alive, until

SPACE = workspace('demoGroup', 'space')


@pytest.fixture
def shared(shared: Az) -> Iterator[Az]:
    """A profile with group demoGroup; its workspaces go after the test."""
    shared.ok('configure -d group=demoGroup')
    yield shared
    rest = shared.rest()
    for space in rest.call('GET', f"{provider('demoGroup')}/workspaces")[1]['value']:
        assert rest.call('DELETE', space['id'])[0] == 202
        rest.wait_until_gone(space['id'])


def make_cluster(az: Az, target: int = 1, **setup: object) -> str:
    """Workspace `space`, experiment `trial`, cluster `c`."""
    for path, body in ((SPACE, {'location': 'eastus'}), (f'{SPACE}/experiments/trial', None), (f'{SPACE}/clusters/c', {
            'properties': {'vmSize': 'Standard_D1', 'userAccountSettings': ACCOUNT, 'nodeSetup': setup,
                           'scaleSettings': {'manual': {'targetNodeCount': target}}}})):
        status, reply = az.rest().call('PUT', path, body)
        assert status in (200, 202), reply
    return f'{SPACE}/clusters/c'


def start_job(az: Az, command: str) -> int:
    """Job `j` of experiment `trial`, once it runs. The process that waits in it."""
    noted = az.folder / 'pid'
    noted.unlink(missing_ok=True)
    path = f'{SPACE}/experiments/trial/jobs/j'
    status, reply = az.rest().call('PUT', path, {'properties': {
        'cluster': {'id': f'{SPACE}/clusters/c'}, 'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_JOB_TEMP',
        'customToolkitSettings': {'commandLine': f'echo $$ > {noted}.new; mv {noted}.new {noted}; {command}'}}})
    assert status == 202, reply
    until(noted.exists, 'the job does not run')
    return int(noted.read_text())


def test_a_workspace_from_its_creation_to_its_end(shared: Az) -> None:
    made = shared.ok('batchai workspace create -l eastus -n space').json
    assert (made['name'], made['location'], made['provisioningState']) == ('space', 'eastus', 'succeeded')
    assert shared.ok('batchai workspace create -n space').json == made, 'the one that is there is returned'
    assert shared.ok('batchai workspace create -l "East US" -n space').json == made
    refused = shared('batchai workspace create -l westus2 -n space')
    assert refused.code == 1
    assert refused.problem == (
        "Workspace 'space' of resource group 'demoGroup' is in eastus already and cannot move to westus2; leave out "
        '--location/-l to use it, or choose another --name/-n.')
    trial = shared.ok('batchai experiment create -w space -n trial').json
    assert shared.ok('batchai experiment show -w space -n trial').json == trial
    assert shared.ok('batchai experiment list -w space').json == [trial]
    assert shared.ok('batchai workspace show -n space').json == made
    lines = shared.ok('batchai workspace list -o table').out.splitlines()
    assert lines[0].split() == ['Name', 'Resource', 'Group', 'Location', 'State']
    assert lines[2].split() == ['space', 'demogroup', 'eastus', 'succeeded']
    make_cluster(shared)
    pid = start_job(shared, 'sleep 600')
    assert is_alive(pid)
    assert shared.ok('batchai workspace delete -n space -y').out == ''
    assert not is_alive(pid), 'the command waits until everything has ended'
    assert shared.ok('batchai workspace list').json == []
    assert shared('batchai workspace show -n space').code == 3


def test_a_workspace_without_a_location_goes_where_its_group_is(shared: Az) -> None:
    assert shared.ok('batchai workspace create -n first -g newGroup').json['location'] == 'local'
    shared.ok('batchai workspace delete -n first -g newGroup -y')
    shared.ok('batchai workspace create -n first -l westus2')
    assert shared.ok('batchai workspace create -n second').json['location'] == 'westus2'


def test_a_default_location_is_no_demand_that_a_workspace_moves(shared: Az) -> None:
    shared.ok('batchai workspace create -n space -l westus2')
    shared.ok('configure -d location=eastus')
    assert shared.ok('batchai workspace create -n space').json['location'] == 'westus2'
    assert shared.ok('batchai workspace create -n other').json['location'] == 'eastus'


def test_an_experiment_goes_with_its_jobs(shared: Az) -> None:
    cluster = make_cluster(shared)
    pid = start_job(shared, 'sleep 600')
    shared.ok('batchai experiment delete -w space -n trial -y')
    assert not is_alive(pid) and shared.rest().call('GET', f'{SPACE}/experiments')[1] == {'value': []}
    assert shared.rest().properties(cluster)['nodeStateCounts']['idleNodeCount'] == 1


@pytest.mark.parametrize('line, code, said', [
    ('experiment create -w none -n e', 3, "There is no workspace 'none' in resource group 'demoGroup'; make it with: "
                                          'az batchai workspace create -g demoGroup -n none'),
    ('experiment list -w none', 3, 'The specified workspace none is not found'),
    ('experiment show -w none -n e', 3, 'The specified workspace none is not found'),
    ('experiment delete -w none -n e -y', 3, 'The specified workspace none is not found'),
    ('workspace delete -n none -y', 3, 'The specified workspace none is not found'),
    ('cluster file list -w none -c c', 3, 'The specified workspace none is not found'),
    ('cluster list-files -n none', 3, "There is no cluster 'none' in resource group 'demoGroup'."),
])
def test_what_is_missing_is_said_in_a_line(shared: Az, line: str, code: int, said: str) -> None:
    result = shared(f'batchai {line}')
    assert (result.code, said in result.problem) == (code, True), result.problem


def test_a_deletion_goes_on_after_the_service_was_killed(own: Az) -> None:
    make_cluster(own)
    pid = start_job(own, "trap '' TERM; while :; do sleep 0.05; done")
    own.ok('batchai workspace delete -g demoGroup -n space -y --no-wait')
    assert own.rest().call('GET', SPACE)[1]['properties']['provisioningState'] == 'deleting'
    os.kill(own.rest().state['pid'], signal.SIGKILL)
    assert is_alive(pid), 'the job does not heed the signal, so the deletion cannot be over'
    own.ok('batchai service start -o none')
    own.rest().wait_until_gone(SPACE)
    assert not is_alive(pid)
    assert own.ok('batchai workspace list').json == []


# set-up tasks

def test_the_output_of_a_set_up_task_can_be_listed_and_fetched(shared: Az) -> None:
    cluster = make_cluster(shared, target=2, setupTask={
        'commandLine': 'echo set up; for n in $(seq 1100); do : > $AZ_BATCHAI_STDOUTERR_DIR/f$n; done; '
                       'mkdir -p $AZ_BATCHAI_STDOUTERR_DIR/sub; echo 1.0 > $AZ_BATCHAI_STDOUTERR_DIR/sub/version',
        'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/out'})
    shared.rest().wait(cluster, lambda seen: seen['nodeStateCounts']['idleNodeCount'] == 2)
    files = shared.ok('batchai cluster file list -w space -c c').json
    assert len(files) == 1100 + 4 + 1, 'more than a page'
    printed = [entry for entry in files if entry['name'].startswith('stdout-')]
    assert [entry['contentLength'] for entry in printed] == [len('set up\n')] * 2
    assert all(entry['fileType'] == 'file' and entry['lastModified'] for entry in printed)
    import ssl
    context = ssl.create_default_context(cafile=shared.rest().state['caFile'])
    with urllib.request.urlopen(printed[0]['downloadUrl'], context=context) as reply:
        assert reply.read() == b'set up\n'
    table = shared.ok('batchai cluster list-files -n c -p sub -e 5 -o table').out.splitlines()
    assert (table[0].split(), table[2].split()[:3]) == (['Name', 'Type', 'Size', 'Modified'], ['version', 'file', '4'])
    outside = shared('batchai cluster file list -w space -c c -p sub/../..')
    assert outside.code == 1 and '..' in outside.problem
    missing = shared('batchai cluster file list -w space -c c -p nowhere')
    assert missing.code == 3 and "There is no directory 'nowhere'" in missing.problem


def test_a_cluster_without_a_set_up_task_has_no_output_of_one(shared: Az) -> None:
    make_cluster(shared, target=0)
    result = shared('batchai cluster file list -w space -c c')
    assert (result.code, 'The cluster c has no set-up task' in result.problem) == (3, True)


# usages

def test_usages_are_those_of_the_service(shared: Az) -> None:
    cluster = make_cluster(shared)
    shared.rest().wait(cluster, lambda seen: seen['nodeStateCounts']['idleNodeCount'] == 1)
    usages = {usage['name']['value']: usage for usage in shared.ok('batchai list-usages -l "East US"').json}
    assert (usages['Clusters']['currentValue'], usages['Clusters']['limit']) == (1, -1)
    cores = usages['Total Cluster Dedicated Regional vCPUs']
    assert cores['currentValue'] == cores['limit'] == os.cpu_count()
    lines = shared.ok('batchai list-usages -l eastus -o table').out.splitlines()
    assert lines[0].split() == ['Name', 'Current', 'Limit'] and lines[2].split() == ['Clusters', '1', 'no', 'limit']
