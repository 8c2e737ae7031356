"""What jobs can and cannot do when the service runs as root and they do not (--job-user)."""
import os
import shlex
import shutil
import stat

import pytest
from exec_call import ExecCall
from harness import cluster_path, file_server_body, file_server_path

from azext_batchai.service import job_user as job_users
from azext_batchai.service.job_user import JobUserError, files_as, find_job_user


@pytest.fixture
def ready(service):
    """One idle node."""
    service.ready_cluster(1)
    return service


def test_a_job_is_the_other_user_in_every_way(ready):
    out, _, code = ready.output_of('id -u; id -g; id -G; umask; echo "$HOME $USER $LOGNAME"')
    user = ready.user
    uid, gid, groups, umask, names = out.splitlines()
    assert (int(uid), int(gid), code) == (user.uid, user.gid, 0)
    assert set(map(int, groups.split())) == set(os.getgrouplist(user.name, user.gid))
    assert int(umask, 8) == 0o022 and names == f'{user.home} {user.name} {user.name}'


def test_a_job_has_no_rights_of_roots_left(ready):
    out, _, _ = ready.output_of("grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status")
    assert len(out.splitlines()) == 4 and all(int(line.split()[1], 16) == 0 for line in out.splitlines())


def test_a_job_reads_nothing_that_is_the_services(ready):
    files = [*ready.private_files, *ready.data_dir.glob('batchai.db-*')]
    assert len(files) >= 6 and all(file.exists() for file in files)
    tries = '\n'.join(f'cat {shlex.quote(str(file))} && echo got' for file in files)
    out, complaints, _ = ready.output_of(tries)
    assert out == '' and complaints.count('Permission denied') == len(files)


def test_a_job_lists_no_folder_that_is_the_services(ready):
    folders = ['', 'launches', 'nodes', 'output', 'storage', 'fileservers', 'trash']
    out, complaints, _ = ready.output_of('\n'.join(f'ls {shlex.quote(str(ready.data_dir / name))}' for name in folders))
    assert out == '' and complaints.count('Permission denied') == len(folders)


def test_a_job_sees_nothing_of_its_own_launch_and_cannot_forge_its_exit_code(ready):
    out, complaints, code = ready.output_of(
        'cd "$AZ_BATCHAI_LAUNCH" && echo in\ncat "$AZ_BATCHAI_LAUNCH/0.started"\n'
        'echo 0 > "$AZ_BATCHAI_LAUNCH/0.exit" && echo forged\nexit 7')
    assert (out, code) == ('', 7) and complaints.count('Permission denied') == 3


def test_a_job_can_neither_signal_the_shell_that_keeps_its_exit_code_nor_read_its_memory(ready):
    out, complaints, code = ready.output_of(
        'ps -o uid= -p $PPID\nkill -9 $PPID && echo killed\ncat /proc/$PPID/environ && echo read\nexit 5')
    assert (out.split(), code) == (['0'], 5) and complaints.count('ermi') >= 2


def test_a_preparation_that_plants_a_link_for_the_log_has_root_write_nothing(ready, open_folder):
    """The service opens the logs of the job after the preparation, in a folder that is the job's."""
    target = open_folder / 'of-root'
    target.write_text('root\n')
    ended = ready.run_job(jobPreparation={'commandLine': f'ln -s {target} "$AZ_BATCHAI_STDOUTERR_DIR/stdout.txt"'},
                          customToolkitSettings={'commandLine': 'echo mine'})
    assert ended['executionState'] == 'failed' and ended['executionInfo']['errors'][0]['code'] == 'JobLaunchFailed'
    assert target.read_text() == 'root\n'


def test_a_log_folder_that_became_a_link_has_root_write_nothing(ready, open_folder):
    target = open_folder / 'of-root'
    target.mkdir()
    ended = ready.run_job(customToolkitSettings={'commandLine': 'true'}, jobPreparation={
        'commandLine': f'mv "$AZ_BATCHAI_STDOUTERR_DIR" "$AZ_BATCHAI_JOB_TEMP/old"; '
                       f'ln -s {target} "$AZ_BATCHAI_STDOUTERR_DIR"'})
    assert ended['executionState'] == 'failed' and list(target.iterdir()) == []


def test_what_a_job_made_of_its_mount_folder_leads_root_nowhere(ready, open_folder):
    target = open_folder / 'of-root'
    (target / 'mounts').mkdir(parents=True)
    ended = ready.run_job(customToolkitSettings={'commandLine': (
        f'cd /; mv "$AZ_BATCHAI_JOB_TEMP" "$AZ_BATCHAI_JOB_TEMP-old"; ln -s {target} "$AZ_BATCHAI_JOB_TEMP"')})
    assert ended['executionState'] == 'succeeded' and (target / 'mounts').is_dir()


def test_output_that_only_the_job_can_read_is_listed_and_downloaded(ready):
    ready.output_of('umask 077; echo mine > "$AZ_BATCHAI_STDOUTERR_DIR/private"')
    listed = ready.post(f'{cluster_path("c").rpartition("/clusters")[0]}/experiments/e/jobs/j/listOutputFiles',
                        params={'outputdirectoryid': 'stdouterr'}).json()['value']
    file = next(entry for entry in listed if entry['name'] == 'private')
    assert ready.get(file['downloadUrl'], token=None).text == 'mine\n'


def test_shares_containers_and_file_servers_are_the_jobs_to_write(service):
    service.make_workspace()
    assert service.put(file_server_path('f'), file_server_body()).status_code == 202
    key = {'accountKey': 'eA=='}
    volumes = {'azureFileShares': [{'accountName': 'acc', 'azureFileUrl': 'https://acc.file.core.windows.net/s/below',
                                    'credentials': key, 'relativeMountPath': 'share'}],
               'azureBlobFileSystems': [{'accountName': 'acc', 'containerName': 'con', 'credentials': key,
                                         'relativeMountPath': 'container'}],
               'fileServers': [{'fileServer': {'id': file_server_path('f')}, 'relativeMountPath': 'server'}]}
    service.ready_cluster(1, nodeSetup={'mountVolumes': volumes})
    out, complaints, code = service.output_of(
        'cd "$AZ_BATCHAI_MOUNT_ROOT"; for each in share container server; do echo $each > $each/file || exit; done',
        stdOutErrPathPrefix='$AZ_BATCHAI_MOUNT_ROOT/share')
    assert (out, complaints, code) == ('', '', 0)
    storage = service.data_dir / 'storage' / 'acc'
    assert (storage / 'file' / 's' / 'below' / 'file').read_text() == 'share\n'
    assert (storage / 'blob' / 'con' / 'file').stat().st_uid == service.user.uid
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (storage, storage / 'file', storage.parent)]
    assert modes == [0o711] * 3 and storage.stat().st_uid == 0


def test_a_setup_task_is_the_other_user_too(service, open_folder):
    service.ready_cluster(1, nodeSetup={'setupTask': {
        'commandLine': 'id -u', 'stdOutErrPathPrefix': '$AZ_BATCHAI_MOUNT_ROOT'}})
    cluster, = service.store.clusters.all()
    out, = service.folders.output(cluster.resource.guid).glob('stdout-*')
    assert out.read_text() == f'{service.user.uid}\n'


def test_termination_ends_every_process_of_the_other_user(ready):
    ready.submit('j', customToolkitSettings={
        'commandLine': 'setsid sleep 1000 & echo $! > "$AZ_BATCHAI_STDOUTERR_DIR/pid"; wait'})
    ready.wait_for('j', 'running')
    pid = int(ready.wait_until(lambda: ready.logs().get('pid', ''), 'the job to run'))
    assert os.stat(f'/proc/{pid}').st_uid == ready.user.uid
    ready.post(f'{cluster_path("c").rpartition("/clusters")[0]}/experiments/e/jobs/j/terminate')
    ready.wait_for('j')
    ready.wait_until(lambda: not os.path.exists(f'/proc/{pid}/cmdline'), 'its process to be gone')


def test_a_command_run_by_hand_is_the_other_user_too(ready):
    node, = ready.store.clusters.nodes(ready.store.clusters.all()[0].resource.guid)

    async def story():
        return await ExecCall(ready, f'{cluster_path("c")}/nodes/{node.id}',
                              'id -u; echo "$HOME"; ls -d . && ls "$AZ_BATCHAI_LAUNCH"; exit 4').finished()
    call = ready.run(story())
    assert call.output().decode().split() == [str(ready.user.uid), ready.user.home, '.']
    assert call.end == {'exitCode': 4} and b'Permission denied' in call.output('stderr')


@pytest.mark.skipif(not shutil.which('mpirun'), reason='needs an MPI')
def test_mpi_runs_as_the_other_user_on_two_nodes(service):
    service.ready_cluster(2)
    ended = service.run_job(nodeCount=2, customToolkitSettings=None, customMpiSettings={
        'commandLine': 'id -u', 'processCount': 2})
    assert ended['executionInfo']['exitCode'] == 0, service.logs()
    assert service.logs()['stdout.txt'].split() == [str(service.user.uid)] * 2


def test_two_nodes_of_a_gang_share_their_folder(service):
    service.ready_cluster(2)
    service.run_job(nodeCount=2, customToolkitSettings={
        'commandLine': 'touch "$AZ_BATCHAI_SHARED_JOB_TEMP/x" && cat "$AZ_BATCHAI_MPI_HOST_FILE"'})
    assert service.job('j')['executionInfo']['exitCode'] == 0 and '127.0.0.1' in service.logs()['stdout.txt']


# the user

def test_root_unknown_users_and_users_of_roots_group_are_refused(job_user):
    for name, said in (('root', 'ordinary'), ('no-such-user', 'there is no user'), ('a\0b', 'there is no user')):
        with pytest.raises(JobUserError, match=said):
            find_job_user(name)


def test_only_root_can_run_jobs_as_somebody_else(job_user, monkeypatch):
    monkeypatch.setattr(job_users.os, 'geteuid', lambda: 1000)
    with pytest.raises(JobUserError, match='needs a service that runs as root'):
        find_job_user(job_user.name)


def test_a_data_folder_that_the_user_cannot_reach_is_refused(job_user, open_folder):
    (open_folder / 'closed').mkdir(mode=0o700)
    data = open_folder / 'closed' / 'data'
    data.mkdir()
    with pytest.raises(JobUserError, match='cannot reach'):
        job_users.open_data_dir(data, job_user)


def test_nodes_of_another_user_are_refused(job_user, open_folder):
    (open_folder / 'nodes' / 'guid' / 'tvm-1_1-x').mkdir(parents=True)
    with pytest.raises(JobUserError, match='does not own the nodes'):
        job_users.open_data_dir(open_folder, job_user)


def test_the_rights_of_root_are_back_after_the_block_also_after_an_error(job_user, open_folder):
    secret = open_folder / 'secret'
    secret.write_text('x')
    secret.chmod(0o600)
    with pytest.raises(PermissionError):
        with files_as(job_user):
            secret.read_text()
    assert secret.read_text() == 'x'
