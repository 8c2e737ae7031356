"""podman for real: starting, running commands, removing."""
import os
import tarfile

import pytest
from container_kit import IMAGE

from azext_batchai.service.containers.commands import JOB_LABEL, remove_all_command
from azext_batchai.service.containers.mounts import bound_paths
from azext_batchai.service.containers.runtime import find_runtime

SECRET = 'a-value that\nnobody "else" may see'


@pytest.mark.parametrize('code', [0, 3, 125, 127, 137, 143, 255])
def test_the_exit_code_of_a_command_comes_through(running, code):
    assert running.run(f'echo out; echo err >&2; exit {code}') == (code, 'out\n', 'err\n', '')


@pytest.mark.parametrize('line, code', [
    pytest.param('kill -9 $$; sleep 5', 137, id='killed'),
    pytest.param('kill -TERM $$; sleep 5', 143, id='terminated'),
    pytest.param('kill -9 $PPID; sleep 0.1', 137, id='with the shell around it'),
    pytest.param('no-such-program', 127, id='not found'),
    pytest.param('if', 2, id='no command'),
])
def test_other_ends_look_as_on_the_node_itself(running, line, code):
    assert running.run(line)[0] == code


def test_a_container_is_root_on_the_network_of_its_host_and_has_what_its_image_has(running):
    _, seen, _, _ = running.run('busybox id -u; pwd; echo "$PATH $FROM_IMAGE"; busybox readlink /proc/self/ns/net')
    assert seen.splitlines() == [
        '0', str(running.work), '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin yes',
        os.readlink('/proc/self/ns/net')]


def test_the_environment_comes_by_the_file_and_by_nothing_that_others_see(running):
    line = 'echo "$SECRET"; for file in /proc/[0-9]*/cmdline /proc/1/environ; do cat "$file"; done; echo; env'
    code, seen, _, complaint = running.run(line, 'task', variables={'SECRET': SECRET, 'PATH': '/bin:/own'})
    assert code == 0 and seen.startswith(SECRET + '\n') and seen.count(SECRET) == 2  # by echo and by env
    assert 'PATH=/bin:/own\n' in seen and 'AZ_BATCHAI_LAUNCH=/launches/direct\n' in seen
    assert not complaint
    assert (running.work / 'task.env').stat().st_mode & 0o777 == 0o600


def test_output_is_added_to_what_the_logs_have(running):
    running.log('task', 'out').write_text('before\n')
    assert running.run('echo after', 'task')[1] == 'before\nafter\n'


def test_links_lead_to_the_same_places_as_on_the_node(containers, tmp_path):
    (tmp_path / 'share, one/sub').mkdir(parents=True)
    (tmp_path / 'share, one/sub/data.txt').write_text('data\n')
    node = tmp_path / 'node: 1'
    (node / 'mounts').mkdir(parents=True)
    (node / 'mounts/afs').symlink_to(tmp_path / 'share, one')
    paths = bound_paths([node, node / 'mounts/afs'])
    assert containers.start(*paths).returncode == 0
    assert containers.run(f'cat "{node}/mounts/afs/sub/data.txt"; echo new > "{node}/mounts/afs/new"')[1] == 'data\n'
    assert (tmp_path / 'share, one/new').read_text() == 'new\n'


def test_shared_memory_has_the_size_asked_for_and_the_hosts_name_leads_to_this_machine(containers):
    assert containers.start(shm_bytes=48 << 20, hostname='tvm-1-2').returncode == 0
    assert f'{48 << 10} ' in containers.run('busybox df -k /dev/shm')[1].replace('\t', ' ')
    assert containers.run('busybox hostname; busybox grep -w tvm-1-2 /etc/hosts')[1].split() == [
        'tvm-1-2', '127.0.0.1', 'tvm-1-2']


def test_orphans_that_end_do_not_stay_as_zombies(running):
    running.run('for i in 1 2 3; do (sleep 0.01 &); done; sleep 0.1')
    assert ' Z ' not in running.run('busybox ps -o stat,comm')[1]


def test_starting_again_replaces_the_container(containers):
    assert containers.start().returncode == 0
    containers.run('echo old > /left-behind')
    assert containers.start().returncode == 0
    assert containers.run('cat /left-behind')[0] == 1
    assert containers.names() == [containers.name]


def test_removing_ends_what_runs_at_once_and_twice_is_harmless(containers):
    assert containers.start().returncode == 0
    assert containers.names() == [containers.name]
    containers.podman('exec', '-d', containers.name, 'sh', '-c', "trap '' TERM; sleep 1000")
    assert (containers.remove().returncode, containers.names()) == (0, [])
    removed = containers.remove()
    assert (removed.returncode, removed.stderr) == (0, '')


def test_the_containers_of_a_job_are_found_by_its_label(containers):
    assert containers.start().returncode == 0
    assert containers.sh(remove_all_command(containers.runtime, JOB_LABEL, 'another')).returncode == 0
    assert containers.names() == [containers.name]
    assert containers.sh(remove_all_command(containers.runtime, JOB_LABEL, containers.job)).returncode == 0
    assert containers.names() == []


def test_an_image_without_a_shell_is_named_as_such_and_nothing_is_left(containers, tmp_path):
    containers.podman('import', '-q', str(_empty_tar(tmp_path)), 'localhost/no-shell:1')
    ended = containers.start(image='localhost/no-shell:1')
    assert ended.returncode == 125 and ended.stderr.endswith('the image needs a shell (sh)\n')
    assert containers.names() == []


def _empty_tar(tmp_path):
    (tmp_path / 'file').write_text('nothing')
    with tarfile.open(tmp_path / 'empty.tar', 'w') as file:
        file.add(tmp_path / 'file', 'file')
    return tmp_path / 'empty.tar'


def test_a_path_that_is_not_there_is_complained_of(containers, tmp_path):
    ended = containers.start(tmp_path / 'gone')
    assert ended.returncode == 125 and 'gone' in ended.stderr
    assert containers.names() == []


def test_a_command_without_its_container_says_so(containers):
    code, out, _, complaint = containers.run('echo no')
    assert (code, out) == (125, '') and containers.name in complaint


@pytest.mark.parametrize('missing', ['log', 'folder'])
def test_a_command_that_cannot_begin_says_why(running, missing):
    if missing == 'log':
        running.log('task', 'out').mkdir()
        ended = running.sh(running.command('echo no', 'task'))
        assert ended.returncode == 125 and str(running.log('task', 'out')) in ended.stderr
    else:
        code, out, _, complaint = running.run('echo no', folder=running.work / 'gone')
        assert (code, out) == (125, '') and 'gone' in complaint


def test_what_the_settings_say_goes_to_every_container(storage, containers):
    containers.runtime = find_runtime('podman', os.environ['PATH'],
                                      f'{storage} --ulimit nofile=512:512 --ulimit nproc=999:999 --env FROM=options')
    ended = containers.start()
    assert ended.returncode == 0, ended.stderr
    assert containers.run('ulimit -n; echo $FROM')[1] == '512\noptions\n'


def test_an_image_made_here_is_found_by_its_short_name(containers):
    assert IMAGE.startswith('localhost/')
    assert containers.start(image=IMAGE.removeprefix('localhost/')).returncode == 0
