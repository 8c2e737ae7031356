"""Jobs from submission to the end, through az, the service and real processes, with accidents on the way."""
from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from installed_az import Az
from rest import Rest, cluster, job
from waiting import until


@pytest.fixture
def work(own: Az) -> Path:
    """A folder that the cluster demoCluster of two nodes sees as $AZ_BATCHAI_MOUNT_ROOT/work."""
    folder = own.folder / 'work'
    folder.mkdir()
    own.write('cluster.json', {'properties': {'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': f'mount --bind {folder}', 'relativeMountPath': 'work'}]}}}})
    own.ok('batchai cluster create -l eastus -g demoGroup -n demoCluster -s Standard_NC6 --min 2 --max 2 -u demoUser '
           '-p demoPassword -c cluster.json -o none')
    own.rest().wait_for_idle('demoCluster', 2)
    return folder


def submit(az: Az, name: str, command: str, **properties: Any) -> None:
    az.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'customToolkitSettings': {'commandLine': command}, **properties}})
    az.ok(f'batchai job create -g demoGroup -n {name} -r demoCluster -c job.json -o none')


def logs(work: Path, seen: dict[str, Any]) -> Path:
    return work / seen['jobOutputDirectoryPathSegment'] / 'stdouterr'


def test_a_job_outlives_a_killed_service_and_runs_once(own: Az, work: Path) -> None:
    release = work / 'release'
    submit(own, 'j', f'echo ran >> {work}/side-effect; echo before; while [ ! -e {release} ]; do sleep 0.05; done; '
                     'echo after; exit 7')
    rest = own.rest()
    rest.wait(job('j'), lambda seen: seen['executionState'] == 'running')
    until(lambda: (work / 'side-effect').exists(), 'the job did not begin')
    os.kill(rest.state['pid'], signal.SIGKILL)
    release.touch()
    own.ok('batchai service start -o none')
    seen = own.rest().wait_for_job('j')
    assert (seen['executionState'], seen['executionInfo']['exitCode']) == ('failed', 7)
    assert (logs(work, seen) / 'stdout.txt').read_text() == 'before\nafter\n'
    assert (work / 'side-effect').read_text() == 'ran\n'


def test_jobs_that_wait_when_the_service_dies_run_once_after_it_is_back(own: Az, work: Path) -> None:
    for name in ('a', 'b', 'c', 'd'):
        submit(own, name, f'echo {name} >> {work}/order; sleep 0.3', nodeCount=2)
        if name == 'a':
            os.kill(own.rest().state['pid'], signal.SIGKILL)
            own.ok('batchai service start -o none')
    os.kill(own.rest().state['pid'], signal.SIGKILL)
    own.ok('batchai service start -o none')
    for name in ('a', 'b', 'c', 'd'):
        assert own.rest().wait_for_job(name)['executionInfo']['exitCode'] == 0
    assert (work / 'order').read_text() == 'a\nb\nc\nd\n'


def test_a_job_that_ends_while_no_service_runs_keeps_its_exit_code(own: Az, work: Path) -> None:
    submit(own, 'j', 'sleep 2; echo done; exit 3')
    own.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
    stopped = own.ok('batchai service stop')
    assert '1 job(s) go on' in stopped.err
    until(lambda: any('done' in path.read_text() for path in work.rglob('stdout.txt')), 'the job did not end')
    own.ok('batchai service start -o none')
    assert own.rest().wait_for_job('j')['executionInfo']['exitCode'] == 3


def test_two_gangs_take_turns_and_a_third_that_is_too_large_says_why_it_waits(own: Az, work: Path) -> None:
    for name in ('first', 'second'):
        submit(own, name, f'echo {name} begins >> {work}/order; sleep 0.5; echo {name} ends >> {work}/order',
               nodeCount=2)
    submit(own, 'large', 'true', nodeCount=3)
    for name in ('first', 'second'):
        assert own.rest().wait_for_job(name)['executionInfo']['exitCode'] == 0
    assert (work / 'order').read_text().splitlines() == [
        'first begins', 'first ends', 'second begins', 'second ends']
    shown = own.ok('batchai job show -n large -g demoGroup').json
    assert shown['executionState'] == 'queued'
    assert shown['executionInfo']['errors'][0]['message'] == (
        'The job needs 3 nodes, and the cluster demoCluster is set to 2; it stays queued until the cluster is resized')
    assert 'needs 3 nodes' in own.ok('batchai service logs').out
    own.ok('batchai cluster resize -n demoCluster -g demoGroup -t 3 -o none')
    assert own.rest().wait_for_job('large')['executionInfo']['exitCode'] == 0


def test_a_gang_sees_its_nodes_its_folders_and_its_variables(own: Az, work: Path) -> None:
    submit(own, 'j', 'cat $AZ_BATCHAI_MPI_HOST_FILE; echo $AZ_BATCH_HOST_LIST; echo "$AZ_BATCHAI_NUM_GPUS|$USER_VALUE|'
                     '$SECRET_VALUE|$AZ_BATCHAI_UNKNOWN|"; pwd -P; (cd $AZ_BATCHAI_JOB_TEMP && pwd -P); '
                     'cat $AZ_BATCHAI_SHARED_JOB_TEMP/prepared | sort -u | wc -l; ls $AZ_BATCHAI_OUTPUT_MODEL/..; '
                     'echo $AZ_BATCHAI_INPUT_DATA',
           nodeCount=2, jobPreparation={
               'commandLine': 'echo $AZ_BATCHAI_JOB_TEMP >> $AZ_BATCHAI_SHARED_JOB_TEMP/prepared'},
           environmentVariables=[{'name': 'USER_VALUE', 'value': 'in $AZ_BATCHAI_JOB_TEMP_DIR costs $5'}],
           secrets=[{'name': 'SECRET_VALUE', 'value': 'hush-$HOME'}],
           inputDirectories=[{'id': 'DATA', 'path': '$AZ_BATCHAI_MOUNT_ROOT/work/data'}],
           outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work', 'pathSuffix': 'models/a'}])
    seen = own.rest().wait_for_job('j')
    lines = (logs(work, seen) / 'stdout.txt').read_text().splitlines()
    temp = lines[3]
    assert lines[0] == '127.0.0.1 slots=2 max_slots=2'
    assert lines[1] == '127.0.0.1,127.0.0.1'
    assert lines[2].split('|')[1:] == [f'in {temp} costs $5', 'hush-$HOME', '', '']
    assert lines[4] == temp and temp.endswith('/jobs/migrated-eastus/migrated/j')
    assert lines[5].strip() == '2', 'each node prepares in a folder of its own'
    assert lines[6] == 'a'
    assert lines[7].endswith('/mounts/work/data')
    names = sorted(path.name for path in logs(work, seen).iterdir())
    assert [name.split('-tvm')[0] for name in names] == [
        'execution', 'execution', 'stderr-job_prep', 'stderr-job_prep', 'stderr.txt', 'stdout-job_prep',
        'stdout-job_prep', 'stdout.txt']
    story = ''.join(path.read_text() for path in logs(work, seen).glob('execution-*.log'))
    assert 'job preparation begins' in story and 'job ended, exit code 0' in story and 'hush' not in story


def test_a_preparation_that_fails_fails_the_job_with_its_code(own: Az, work: Path) -> None:
    submit(own, 'j', f'touch {work}/ran', jobPreparation={'commandLine': 'echo broken >&2; exit 9'})
    info = own.rest().wait_for_job('j')['executionInfo']
    assert info['exitCode'] == 9 and info['errors'][0]['code'] == 'JobPreparationFailed'
    assert not (work / 'ran').exists()


def test_terminate_reaches_every_process_of_the_tree(own: Az, work: Path) -> None:
    submit(own, 'j', f'(trap "" TERM; sleep 600) & setsid sh -c "echo \\$\\$ > {work}/apart; exec sleep 600" & '
                     'python3 -c "import subprocess; subprocess.Popen([\'sleep\', \'600\'], start_new_session=True, '
                     f'env={{}})" ; touch {work}/ready; wait')
    until(lambda: (work / 'ready').exists() and (work / 'apart').exists() and (work / 'apart').read_text(), 'not ready')
    began = time.monotonic()
    own.ok('batchai job terminate -n j -g demoGroup -y')
    assert time.monotonic() - began < 5
    shown = own.ok('batchai job show -n j -g demoGroup').json
    assert shown['executionState'] == 'failed'
    assert shown['executionInfo']['exitCode'] is None
    assert shown['executionInfo']['errors'][0]['code'] == 'JobTerminated'
    assert [process.pid for process in psutil.process_iter() if _is_job_sleep(process, work)] == []
    own.rest().wait_for_idle('demoCluster', 2)


def _is_job_sleep(process: psutil.Process, work: Path) -> bool:
    try:
        return process.cmdline() == ['sleep', '600'] and (
            process.pid == int((work / 'apart').read_text()) or str(work.parent) in process.cwd())
    except psutil.Error:
        return False


def test_a_queued_job_that_is_terminated_never_runs(own: Az, work: Path) -> None:
    submit(own, 'busy', 'sleep 600', nodeCount=2)
    submit(own, 'waiting', f'touch {work}/ran')
    own.ok('batchai job terminate -n waiting -g demoGroup -y')
    own.ok('batchai job delete -n busy -g demoGroup -y')
    info = own.rest().properties(job('waiting'))['executionInfo']
    assert info['errors'][0]['code'] == 'JobTerminated' and info['startTime'] == info['endTime']
    own.rest().wait_for_idle('demoCluster', 2)
    assert not (work / 'ran').exists()
    own.ok('batchai job terminate -n waiting -g demoGroup -y')


def test_output_stays_when_the_job_is_deleted_and_when_nodes_go(own: Az, work: Path) -> None:
    submit(own, 'kept', 'echo precious')
    seen = own.rest().wait_for_job('kept')
    own.ok('batchai job delete -n kept -g demoGroup -y')
    assert own('batchai job show -n kept -g demoGroup').code == 3
    assert (logs(work, seen) / 'stdout.txt').read_text() == 'precious\n'
    submit(own, 'temporary', 'echo fleeting', stdOutErrPathPrefix='$AZ_BATCHAI_JOB_TEMP_DIR')
    own.rest().wait_for_job('temporary')
    own.ok('batchai cluster delete -n demoCluster -g demoGroup -y')
    assert own.ok('batchai job stream-file -j temporary -g demoGroup -d stdouterr -n stdout.txt').out == 'fleeting\n'


def test_resizing_below_a_running_job_queues_it_again_and_its_log_says_so(own: Az, work: Path) -> None:
    submit(own, 'j', f'echo attempt >> {work}/attempts; [ -e {work}/go ] || sleep 600', nodeCount=2)
    until(lambda: (work / 'attempts').exists(), 'the job did not begin')
    own.ok('batchai cluster resize -n demoCluster -g demoGroup -t 0 -o none')
    rest = own.rest()
    rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0)
    assert rest.properties(job('j'))['executionState'] == 'queued'
    (work / 'go').touch()
    own.ok('batchai cluster resize -n demoCluster -g demoGroup -t 2 -o none')
    seen = rest.wait_for_job('j')
    assert seen['executionInfo']['exitCode'] == 0
    assert (work / 'attempts').read_text() == 'attempt\nattempt\n'
    stories = ''.join(path.read_text() for path in logs(work, seen).glob('execution-*.log'))
    assert 'queued again: its cluster was resized' in stories


def test_a_resize_ends_jobs_for_good_when_it_says_so_and_later_ones_keep_to_it(own: Az, work: Path) -> None:
    for options in ('--node-deallocation-option terminate', ''):
        own.ok('batchai cluster resize -n demoCluster -g demoGroup -t 2 -o none')
        submit(own, 'j', 'sleep 600', nodeCount=2)
        own.rest().wait(job('j'), lambda seen: seen['executionState'] == 'running')
        resized = own.ok(f'batchai cluster resize -n demoCluster -g demoGroup -t 1 {options}').json
        assert resized['scaleSettings']['manual'] == {'nodeDeallocationOption': 'terminate', 'targetNodeCount': 1}
        error = own.rest().wait_for_job('j')['executionInfo']['errors'][0]
        assert error['code'] == 'JobTerminated' and 'its cluster was resized' in error['message']
        own.ok('batchai job delete -n j -g demoGroup -y')


def test_auto_scale_follows_the_queue_up_and_down(own: Az, work: Path) -> None:
    own.ok('batchai cluster auto-scale -n demoCluster -g demoGroup --min 0 --max 3 -o none')
    rest = own.rest()
    rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0)
    for number in range(5):
        submit(own, f'j{number}', 'sleep 4')
    most = 0
    while any(rest.properties(job(f'j{number}'))['executionState'] in ('queued', 'running') for number in range(5)):
        most = max(most, rest.properties(cluster('demoCluster'))['currentNodeCount'])
        time.sleep(0.02)
    assert most == 3
    rest.wait(cluster('demoCluster'), lambda seen: seen['currentNodeCount'] == 0
              and seen['allocationState'] == 'steady')


def test_a_node_whose_set_up_fails_is_unusable_and_the_cluster_says_why(own: Az) -> None:
    own.write('cluster.json', {'properties': {'nodeSetup': {'setupTask': {
        'commandLine': 'echo no such luck >&2; exit 4', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}}}})
    own.ok('batchai cluster create -l eastus -g demoGroup -n broken -s Standard_D1 -t 1 -u u -p p -c cluster.json '
           '-o none')
    own.rest().wait(cluster('broken'), lambda seen: seen['nodeStateCounts']['unusableNodeCount'] == 1)
    errors = own.ok('batchai cluster show -n broken -g demoGroup').json['errors']
    details = {item['name']: item['value'] for item in errors[0]['details']}
    assert errors[0]['code'] == 'NodePreparationFailed'
    assert details['exitCode'] == '4' and details['stderr'] == 'no such luck' and details['nodeId'].startswith('tvm-')


def test_a_bind_mount_of_a_folder_that_is_not_there_makes_the_node_unusable(own: Az) -> None:
    own.write('cluster.json', {'properties': {'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': 'mount --bind /nowhere/at/all', 'relativeMountPath': 'work'}]}}}})
    own.ok('batchai cluster create -l eastus -g demoGroup -n broken -s Standard_D1 -t 1 -u u -p p -c cluster.json '
           '-o none')
    seen = own.rest().wait(cluster('broken'), lambda seen: seen['nodeStateCounts']['unusableNodeCount'] == 1)
    assert '/nowhere/at/all' in seen['errors'][0]['message']


def test_streaming_shows_growth_at_once_and_survives_a_restart(own: Az, work: Path) -> None:
    submit(own, 'j', f'echo one; while [ ! -e {work}/go ]; do sleep 0.05; done; echo "zwei äöü €"; sleep 0.2; '
                     'printf three')
    import subprocess
    stream = own.popen('batchai job stream-file -j j -g demoGroup -d stdouterr -n stdout.txt', stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL)
    assert stream.stdout is not None
    assert stream.stdout.readline() == b'one\n'
    os.kill(own.rest().state['pid'], signal.SIGKILL)
    own.ok('batchai service start -o none')
    (work / 'go').touch()
    rest, _ = stream.communicate(timeout=30)
    assert rest.decode() == 'zwei äöü €\nthree'
    assert stream.returncode == 0


def test_ctrl_c_ends_the_stream_and_not_the_job(own: Az, work: Path) -> None:
    submit(own, 'j', f'echo one; while [ ! -e {work}/go ]; do sleep 0.05; done')
    import subprocess
    stream = own.popen('batchai job stream-file -j j -g demoGroup -d stdouterr -n stdout.txt', stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    assert stream.stdout is not None
    assert stream.stdout.readline() == b'one\n'
    stream.send_signal(signal.SIGINT)
    _, said = stream.communicate(timeout=30)
    assert b"job 'j' goes on" in said and b'Traceback' not in said
    assert own.rest().properties(job('j'))['executionState'] == 'running'
    (work / 'go').touch()
    assert Rest(own.data_dir).wait_for_job('j')['executionInfo']['exitCode'] == 0


def test_streaming_finds_the_service_again_on_another_port(own: Az, work: Path) -> None:
    submit(own, 'j', f'echo one; while [ ! -e {work}/go ]; do sleep 0.05; done; echo two')
    import subprocess
    stream = own.popen('batchai job stream-file -j j -g demoGroup -n stdout.txt', stdout=subprocess.PIPE)
    assert stream.stdout is not None
    assert stream.stdout.readline() == b'one\n'
    before = own.rest().state
    own.ok('batchai service stop')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    own.ok(f'batchai service start --port {port} -o none')
    assert own.rest().state['endpoint'] != before['endpoint']
    (work / 'go').touch()
    assert stream.communicate(timeout=30)[0] == b'two\n'
    assert stream.returncode == 0


def test_streaming_waits_for_a_folder_that_the_job_has_yet_to_make_and_says_so(own: Az, work: Path) -> None:
    submit(own, 'j', f'while [ ! -e {work}/go ]; do sleep 0.05; done; mkdir -p "$AZ_BATCHAI_OUTPUT_MODEL/late"; '
                     'echo done > "$AZ_BATCHAI_OUTPUT_MODEL/late/f"',
           outputDirectories=[{'id': 'MODEL', 'pathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work'}])
    import subprocess
    stream = own.popen('batchai job stream-file -j j -g demoGroup -d MODEL -p late -n f', stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    assert stream.stderr is not None
    assert b"Waiting for 'f'; job 'j' is running" in stream.stderr.readline()
    (work / 'go').touch()
    assert stream.communicate(timeout=30)[0] == b'done\n'
    assert stream.returncode == 0


def test_output_that_cannot_be_written_ends_the_stream_with_one_line(own: Az, work: Path) -> None:
    submit(own, 'j', 'echo one')
    own.rest().wait_for_job('j')
    full = own('batchai job stream-file -j j -g demoGroup -n stdout.txt > /dev/full')
    assert full.code == 1 and full.problem == 'Cannot write the output: No space left on device.'
