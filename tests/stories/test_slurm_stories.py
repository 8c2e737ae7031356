"""az, the service and a Slurm cluster of four nodes, all real."""
from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
from pathlib import Path
from typing import Any, Iterator

import psutil
import pytest
from installed_az import ROOT, Az
from rest import job
from slurm_here import slurm_of_its_own, why_no_slurm
from waiting import until
from watched_jobs import submit, until_go

pytestmark = pytest.mark.skipif(bool(why_no_slurm()), reason=why_no_slurm())
FINAL = ('succeeded', 'failed')


@pytest.fixture(scope='module')
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with slurm_of_its_own(tmp_path_factory.mktemp('slurm')) as made:
        yield made


@pytest.fixture
def here(az: Az, slurm: Any) -> Iterator[Az]:
    """A profile with a service whose jobs are those of Slurm."""
    yield from served(az, slurm)


def served(az: Az, slurm: Any) -> Iterator[Az]:
    az.environment.update(slurm.environment, BATCHAI_SERVICE_TERMINATE_GRACE_SECONDS='1')
    az.ok('batchai service start --engine slurm -o none')
    yield az
    az.ok('batchai service reset -y')
    assert slurm.run('squeue', '--noheader') == ''


@pytest.fixture
def work(here: Az) -> Path:
    """A folder that the two nodes of cluster c see as $AZ_BATCHAI_MOUNT_ROOT/work."""
    folder = here.folder / 'work'
    folder.mkdir()
    here.rest().make_cluster('c', 2, folder)
    return folder


def state(az: Az, name: str) -> str:
    return str(az.rest().properties(job(name))['executionState'])


def slurm_jobs(slurm: Any, states: str = 'PENDING,RUNNING,COMPLETING') -> list[str]:
    """Ids of the jobs of the service that have not ended, in order."""
    rows = slurm.run('squeue', '--noheader', f'--states={states}', '--sort=i', '--format=%i %k').splitlines()
    return [row.split()[0] for row in rows if ' batchai:' in row]


def sleepers(seconds: int) -> list[psutil.Process]:
    """Processes of the command sleep with that number, on whatever node."""
    return [process for process in psutil.process_iter(['cmdline'])
            if process.info['cmdline'] == ['sleep', str(seconds)]]


def read(file: Path) -> str:
    return file.read_text() if file.exists() else ''


def test_the_lines_of_the_guide_run_there_as_anywhere(here: Az) -> None:
    line = ('batchai cluster create -n demoCluster -g demoGroup -l eastus -s Standard_NC6 -t 2 --use-auto-storage '
            '--generate-ssh-keys -o none')
    here.ok(line)
    here.rest().wait_for_idle('demoCluster', 2)
    here.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/autoafs',
        'customToolkitSettings': {'commandLine': 'echo hello from $(hostname)'}}})
    streamed = here.ok('batchai job create -g demoGroup -l eastus -n demoJob -r demoCluster -c job.json --stream')
    assert re.search(r'^hello from n[1-4]$', streamed.out, re.MULTILINE)
    shown = here.ok('batchai job show -n demoJob -g demoGroup').json
    assert (shown['executionState'], shown['executionInfo']['exitCode']) == ('succeeded', 0)
    names = here.ok('batchai job list-files -n demoJob -g demoGroup -d stdouterr --query "[].name" -o tsv').out.split()
    assert {'stdout.txt', 'stderr.txt', 'execution.log'} <= set(names)
    here.ok('batchai job delete -n demoJob -g demoGroup -y')
    here.ok('batchai cluster delete -n demoCluster -g demoGroup -y')


def test_a_gang_runs_on_as_many_machines_and_its_failure_is_told(here: Az, slurm: Any, work: Path) -> None:
    submit(here, 'gang', 'echo $AZ_BATCH_HOST_LIST > $AZ_BATCHAI_MOUNT_ROOT/work/hosts; echo no good >&2; exit 7',
           nodeCount=2)
    ended = here('batchai job wait -g demoGroup -n gang')
    assert ended.code == 7 and '  stderr: no good' in ended.problem_details
    hosts = (work / 'hosts').read_text().strip().split(',')
    assert len(set(hosts)) == 2 and set(hosts) < set(slurm.addresses.values())
    nodes = here.ok('batchai job list-nodes -g demoGroup -n gang').json
    assert [node['ipAddress'] for node in nodes] == hosts


def test_nodes_of_a_cluster_are_different_ones_of_slurm_and_their_commands_run_there(here: Az, work: Path) -> None:
    ids = here.ok('batchai cluster list-nodes -g demoGroup -n c --query "[].nodeId" -o tsv').out.split()
    hosts = [here.ok(f'batchai cluster node exec -g demoGroup -w migrated-eastus -c c -n {node} --exec hostname').out
             for node in ids]
    assert len(set(hosts)) == 2 and {host.strip() for host in hosts} < {'n1', 'n2', 'n3', 'n4'}


def test_terminate_ends_every_process_and_the_job_in_slurm(here: Az, slurm: Any, work: Path) -> None:
    submit(here, 'j', 'setsid sleep 6001 & sleep 6002', nodeCount=2)
    until(lambda: len(sleepers(6001) + sleepers(6002)) == 2, 'the job did not begin')
    assert len(slurm_jobs(slurm)) == 1
    here.ok('batchai job terminate -g demoGroup -n j -y')
    assert here.rest().wait_for_job('j')['executionInfo']['errors'][0]['code'] == 'JobTerminated'
    until(lambda: not sleepers(6001) + sleepers(6002), 'processes are left')
    until(lambda: not slurm_jobs(slurm), 'Slurm still has the job')


def test_a_job_that_waits_in_slurm_is_deleted_there_too(here: Az, slurm: Any, work: Path) -> None:
    submit(here, 'first', until_go(work), nodeCount=2)
    submit(here, 'second', 'true', nodeCount=1)
    until(lambda: (len(slurm_jobs(slurm, 'RUNNING')), len(slurm_jobs(slurm, 'PENDING'))) == (1, 1), 'both in Slurm')
    assert state(here, 'second') == 'queued'
    here.ok('batchai job delete -g demoGroup -n second -y')
    assert len(slurm_jobs(slurm)) == 1
    (work / 'go').touch()
    assert here.rest().wait_for_job('first')['executionInfo']['exitCode'] == 0


@pytest.mark.parametrize('how', ['stop', 'kill'])
def test_jobs_run_start_and_end_while_the_service_is_away(here: Az, slurm: Any, work: Path, how: str) -> None:
    line = f'echo $SLURM_JOB_ID >> {work}/ran; {until_go(work)}; exit'
    submit(here, 'runs', f'{line} 7', nodeCount=2)
    submit(here, 'waits', f'{line} 8', nodeCount=2)
    until(lambda: read(work / 'ran') and len(slurm_jobs(slurm)) == 2, 'both are in Slurm')
    if how == 'stop':
        said = here.ok('batchai service stop').err
        assert "2 job(s) go on without the service; 'az batchai service start' picks them up." in said
    else:
        os.kill(here.rest().state['pid'], signal.SIGKILL)
    (work / 'go').touch()
    until(lambda: not slurm_jobs(slurm), 'the end of both')
    assert here.ok('batchai service start').json['engine'] == 'slurm'
    assert [here.rest().wait_for_job(name)['executionInfo']['exitCode'] for name in ('runs', 'waits')] == [7, 8]
    assert len((work / 'ran').read_text().split()) == len(set((work / 'ran').read_text().split())) == 2


def test_show_tells_of_slurm_and_its_trouble(here: Az, slurm: Any) -> None:
    shown = here.ok('batchai service show')
    assert shown.json['engine'] == 'slurm' and shown.json['capacity'] == {'cores': 8, 'gpus': 4}
    assert shown.json['trouble'] is None and shown.err == ''
    slurm.stop_controller()
    try:
        until(lambda: here.ok('batchai service show').json['trouble'], 'trouble')
        told = here.ok('batchai service show')
        assert told.json['state'] == 'running' and 'Slurm' in told.json['trouble']
        assert f"WARNING: {told.json['trouble']}" in told.err
        here.ok('batchai service stop')
        again = here.ok('batchai service start')
        assert again.json['state'] == 'running' and 'WARNING: Slurm does not answer' in again.err
    finally:
        slurm.start_controller()
    until(lambda: not here.ok('batchai service show').json['trouble'], 'the end of the trouble')


def test_settings_that_are_slow_are_named_with_what_to_set(az: Az, tmp_path: Path) -> None:
    with slurm_of_its_own(tmp_path / 'plain', tuned=False, node_count=1) as plain:
        for own in served(az, plain):
            findings = own.ok('batchai service show --query findings').json
            assert any('batch_sched_delay=0' in finding for finding in findings)
            table = own.ok('batchai service show -o table').out.splitlines()
            assert table[0].split()[-1] == 'Findings' and table[2].split()[-1] == str(len(findings))


def test_the_engine_stays_while_jobs_run_and_clusters_move_when_none_do(here: Az, work: Path) -> None:
    submit(here, 'j', until_go(work))
    here.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    here.ok('batchai service stop')
    refused = here('batchai service start --engine process')
    assert refused.code == 1 and "The engine 'slurm' still has job j." in refused.problem
    assert '--engine slurm' in refused.problem and '--data-dir' in refused.problem
    (work / 'go').touch()
    here.ok('batchai service start -o none')
    assert here.rest().wait_for_job('j')['executionInfo']['exitCode'] == 0
    for engine in ('process', 'slurm'):
        here.ok('batchai service stop')
        assert here.ok(f'batchai service start --engine {engine}').json['engine'] == engine
        here.rest().wait_for_idle('c', 2)
        submit(here, f'on-{engine}', 'hostname > $AZ_BATCHAI_MOUNT_ROOT/work/host')
        assert here.rest().wait_for_job(f'on-{engine}')['executionInfo']['exitCode'] == 0
        assert (read(work / 'host').strip() in ('n1', 'n2', 'n3', 'n4')) is (engine == 'slurm')


def test_reset_ends_what_runs_and_what_waits_in_slurm(here: Az, slurm: Any, work: Path) -> None:
    foreign = slurm.run('sbatch', '--parsable', '--output=/dev/null', '--nodelist=n1', '--wrap=sleep 600')
    try:
        submit(here, 'runs', 'trap "" TERM; while :; do sleep 6003; done', nodeCount=2)
        submit(here, 'waits', 'true', nodeCount=2)
        until(lambda: sleepers(6003), 'the job did not begin')
        until(lambda: len(slurm_jobs(slurm)) == 2, 'both are in Slurm')
        here.ok('batchai service reset -y')
        assert slurm.run('squeue', '--noheader', '--format=%i') == foreign
        until(lambda: not sleepers(6003), 'a process of the job is left')
    finally:
        slurm.run('scancel', foreign)
        until(lambda: not slurm.run('squeue', '--noheader'), 'the end of the other job')


def test_nothing_is_reset_while_slurm_does_not_answer(here: Az, slurm: Any, work: Path) -> None:
    slurm.stop_controller()
    try:
        refused = here('batchai service reset -y')
        assert refused.code == 1 and 'nothing was deleted' in refused.problem
        assert sqlite3.connect(here.data_dir / 'batchai.db').execute('SELECT count(*) FROM clusters').fetchone() == (1,)
    finally:
        slurm.start_controller()


def test_without_the_commands_of_slurm_the_start_says_what_to_install(az: Az) -> None:
    (az.folder / 'bin').mkdir()
    for name in ('sh', 'bash', 'env', 'setpriv'):
        (az.folder / 'bin' / name).symlink_to(f'/bin/{name}')
    path = f'{az.folder}/bin:{az.environment["PATH"].partition(":")[0]}'
    refused = az('batchai service start --engine slurm', PATH=path)
    assert refused.code == 1 and 'sbatch is not on PATH' in refused.problem and 'install' in refused.problem
    assert az.ok('batchai service start').json['engine'] == 'process'
    az.ok('batchai service reset -y')


def test_a_job_user_is_refused_before_anything_is_made(az: Az) -> None:
    refused = az('batchai service start --engine slurm --job-user nobody')
    assert refused.code == 1 and '--job-user does not go with the engine slurm' in refused.problem
    assert not az.data_dir.exists()


# docs/slurm.md

def commands_of_the_page() -> list[str]:
    """What is to be typed on Slurm's side."""
    blocks = re.findall(r'```sh\n(.*?)```', (ROOT / 'docs' / 'slurm.md').read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()
            if re.match(r'(squeue|scontrol|sacct|sinfo|scancel|ls) ', line)]


def test_the_job_is_seen_from_slurms_side_as_the_page_says(here: Az, slurm: Any, work: Path) -> None:
    submit(here, 'seen', f'echo hello; {until_go(work)}', secrets=[{'name': 'S', 'value': 'value-of-the-secret'}])
    here.rest().wait(job('seen'), lambda found: found['executionState'] == 'running')
    number, = slurm_jobs(slurm)
    lines = commands_of_the_page()
    assert len(lines) >= 5 and lines[-1].startswith('scancel')
    shown = {line: slurm.run('bash', '-c', line.replace('JOBID', number)) for line in lines[:-1]}
    assert 'batchai:' in shown[lines[0]] and 'seen' in shown[lines[0]]
    assert 'value-of-the-secret' not in json.dumps(shown)
    slurm.run('bash', '-c', lines[-1].replace('JOBID', number))
    ended = here.rest().wait(job('seen'), lambda found: found['executionState'] in FINAL)
    assert ended['executionState'] == 'failed'
    assert [error['code'] for error in ended['executionInfo']['errors']] == ['JobTerminated']


def test_the_settings_of_the_page_make_a_slurm_that_has_nothing_to_be_found_fault_with(az: Az, tmp_path: Path) -> None:
    conf = re.findall(r'```conf\n(.*?)```', (ROOT / 'docs' / 'slurm.md').read_text(), re.DOTALL)[0]
    settings = dict(line.split('=', 1) for line in conf.splitlines())
    ours = {name: settings[name] for name in settings if name not in (
        'ClusterName', 'SlurmctldHost', 'SlurmUser', 'StateSaveLocation', 'SlurmdSpoolDir', 'NodeName',
        'PartitionName')}
    with slurm_of_its_own(tmp_path / 'page', tuned=False, node_count=1, settings=ours) as slurm:
        for own in served(az, slurm):
            assert own.ok('batchai service show --query findings').json == []
