"""az batchai service: start, stop, show, logs, reset."""
from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import psutil
from installed_az import Az
from rest import Rest, cluster, workspace


def has_ended(pid: int) -> bool:
    """Whether the process ends within moments; also when nobody has collected it yet."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


def test_show_tells_state_places_and_capacity_in_every_state(az: Az) -> None:
    keys = {'state', 'endpoint', 'tokenFile', 'caFile', 'engine', 'dataDir', 'pid', 'version'}
    never = az.ok('batchai service show').json
    assert keys <= set(never) and never['state'] == 'stopped' and never['pid'] is None
    started = az.ok('batchai service start').json
    assert started['state'] == 'running' and psutil.pid_exists(started['pid'])
    shown = az.ok('batchai service show').json
    assert {key: shown[key] for key in keys} == {key: started[key] for key in keys}
    assert shown['engine'] == 'process' and shown['capacity']['cores'] == os.cpu_count()
    assert shown['dataDir'] == str(az.data_dir)
    for name in ('tokenFile', 'caFile'):
        assert Path(shown[name]).is_file()
    az.ok('batchai service stop')
    assert has_ended(started['pid'])
    assert az.ok('batchai service show --query state -o tsv').out == 'stopped\n'


def test_starting_twice_finds_the_first_and_a_restart_keeps_address_and_token(az: Az) -> None:
    first = az.ok('batchai service start').json
    token = Path(first['tokenFile']).read_text()
    assert az.ok('batchai service start').json['pid'] == first['pid']
    os.kill(first['pid'], signal.SIGKILL)
    again = az.ok('batchai service start').json
    assert again['pid'] != first['pid'] and again['endpoint'] == first['endpoint']
    assert Path(again['tokenFile']).read_text() == token
    refused = az(f"batchai service start --port {int(first['endpoint'].rpartition(':')[2]) + 1}")
    assert refused.code == 1 and 'already runs on port' in refused.problem
    az.ok('batchai service reset -y')


def test_a_data_folder_of_ones_choice_is_remembered(az: Az) -> None:
    chosen = az.folder / 'elsewhere'
    az.ok(f'batchai service start --data-dir {chosen} -o none')
    az.ok('batchai cluster create -g g -l eastus -n c -s Standard_D1 --min 0 --max 1 -u u -p p -o none')
    az.ok('batchai service stop')
    assert az.ok('batchai service start').json['dataDir'] == str(chosen)
    assert az.ok('batchai cluster list -g g --query "[].name" -o tsv').out == 'c\n'
    az.ok('batchai service reset -y')


def test_reset_ends_the_jobs_and_deletes_the_data_but_nothing_it_only_links_to(own: Az) -> None:
    precious = own.folder / 'precious'
    precious.mkdir()
    (precious / 'file').write_text('kept')
    own.write('cluster.json', {'properties': {'nodeSetup': {'mountVolumes': {'unmanagedFileSystems': [
        {'mountCommand': f'mount --bind {precious}', 'relativeMountPath': 'work'}]}}}})
    own.ok('batchai cluster create -l eastus -g g -n c -s Standard_D1 -t 1 -u u -p p -c cluster.json -o none')
    own.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/work',
        'customToolkitSettings': {'commandLine': 'echo $$ > $AZ_BATCHAI_MOUNT_ROOT/work/pid; exec sleep 600'}}})
    own.ok('batchai job create -g g -n j -r c -c job.json -o none')
    own.rest().wait(f"{workspace('g')}/experiments/migrated/jobs/j", lambda seen: (precious / 'pid').exists()
                    and (precious / 'pid').read_text().endswith('\n'))
    pid = int((precious / 'pid').read_text())
    own.ok('batchai service reset -y')
    assert has_ended(pid)
    assert (precious / 'file').read_text() == 'kept'
    left = sorted(path.name for path in own.data_dir.iterdir())
    assert left in (['data-dir', 'service.lock'], ['data-dir', 'service.lock', 'trash'])
    own.ok('batchai service start -o none')
    assert own.ok('batchai cluster list -g ""').json == []


def test_logs_shows_the_last_lines_and_follows(own: Az) -> None:
    own.ok('batchai cluster create -g g -l eastus -n c -s Standard_D1 --min 0 --max 1 -u u -p p -o none')
    assert 'listens on 127.0.0.1' in own.ok('batchai service logs').out
    assert len(own.ok('batchai service logs --tail 1').out.splitlines()) == 1
    follower = own.popen('batchai service logs --follow --tail 1', stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert follower.stdout is not None
    follower.stdout.readline()
    own.rest().call('DELETE', cluster('c', 'g'))
    line = follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    follower.wait(30)
    assert b'/clusters/c is deleted' in line


def test_output_that_cannot_be_written_is_one_line_and_a_reader_that_left_is_none(own: Az) -> None:
    full = own('batchai service logs > /dev/full')
    assert full.code == 1 and full.problem == 'Cannot write the output: No space left on device.'
    quiet = own('batchai service logs --follow | head -1')
    assert quiet.code == 0 and quiet.err == '' and len(quiet.out.splitlines()) == 1


def test_a_service_that_is_left_for_another_one_is_named(own: Az) -> None:
    first = own.ok('batchai service show').json
    second = own.ok(f'batchai service start --data-dir {own.folder}/other')
    assert second.json['pid'] != first['pid']
    assert f"(pid {first['pid']})" in second.err and f"--data-dir {first['dataDir']}" in second.err
    own.ok('batchai service reset -y')
    back = own.ok(f"batchai service start --data-dir {first['dataDir']}")
    assert back.json['pid'] == first['pid'] and back.err == ''


def test_secrets_are_in_no_file_reply_log_or_process_list(own: Az) -> None:
    secrets = {'password': 'Pa55-of-the-admin', 'key': 'a2V5LW9mLXRoZS1hY2NvdW50', 'value': 'value-of-the-secret'}
    own.write('job.json', {'properties': {
        'nodeCount': 1, 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT/afs',
        'customToolkitSettings': {'commandLine': 'ps axww > $AZ_BATCHAI_STDOUTERR_DIR/ps; [ "$S" = "'
                                                 f'{secrets["value"][::-1]}" ] || [ -n "$S" ]'},
        'secrets': [{'name': 'S', 'value': secrets['value']}]}})
    created = own.ok(f'batchai cluster create -l eastus -g demoGroup -n c -s Standard_D1 -t 1 -u u -p '
                     f'{secrets["password"]} --storage-account-name acct --storage-account-key {secrets["key"]} '
                     '--afs-name share')
    submitted = own.ok('batchai job create -g demoGroup -n j -r c -c job.json --debug')
    seen = own.rest().wait_for_job('j')
    assert seen['executionInfo']['exitCode'] == 0
    shown = own.ok('batchai job show -n j -g demoGroup --debug')
    token = Path(own.rest().state['tokenFile']).read_text().strip()
    everything = '\n'.join((created.out, submitted.out, submitted.err, shown.out, shown.err, repr(seen)))
    for path in own.data_dir.rglob('*'):
        if path.is_file() and path.name not in ('token', 'server.pem') and not path.name.startswith('batchai.db'):
            everything += path.read_bytes().decode('utf-8', 'replace')
    for name, value in {**secrets, 'token': token}.items():
        assert value not in everything, f'the {name} is somewhere'
    for name in ('token', 'server.pem', 'batchai.db', 'service.log'):
        assert stat.S_IMODE((own.data_dir / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(own.data_dir.stat().st_mode) == 0o700
    own.ok('batchai service stop')
    database = b''.join(path.read_bytes() for path in own.data_dir.glob('batchai.db*'))
    assert not [name for name, value in {**secrets, 'token': token}.items() if value.encode() in database]


def test_another_host_is_reached_through_the_environment(own: Az, tmp_path: Path) -> None:
    state = own.rest().state
    own.ok('batchai cluster create -g g -l eastus -n c -s Standard_D1 --min 0 --max 1 -u u -p p -o none')
    stranger = Az(tmp_path / 'stranger')
    stranger.folder.mkdir()
    found = stranger.ok('batchai cluster list -g g --query "[].name" -o tsv',
                        AZURE_BATCHAI_ENDPOINT=state['endpoint'], AZURE_BATCHAI_TOKEN_FILE=state['tokenFile'],
                        AZURE_BATCHAI_CA_FILE=state['caFile'])
    assert found.out == 'c\n'
    wrong = stranger('batchai cluster list -g g', AZURE_BATCHAI_ENDPOINT=state['endpoint'],
                     AZURE_BATCHAI_TOKEN='wrong', AZURE_BATCHAI_CA_FILE=state['caFile'])
    assert wrong.code == 1 and 'refused the token' in wrong.problem
    assert Rest(own.data_dir).call('GET', cluster('c', 'g'))[0] == 200
