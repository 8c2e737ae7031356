"""The Slurm of the tests is a real one: four hosts that differ, which come, go, and leave nothing behind."""
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import SlurmCluster, missing_for_slurm
from hosts import Hosts, wait_until
from slurm_conf import SHORT_TIMEOUTS
from toolkits.mpi_kit import FRAMEWORKS

SCRIPT = Path(__file__).with_name('cluster.py')
PORT = 5000
# Each node listens, greets as many as there are nodes, and is greeted by each node by its name.
GREETINGS = '''
import socket, sys, threading, time
names = sys.argv[2:]
server = socket.create_server(('0.0.0.0', int(sys.argv[1])))
def greet():
    for _ in names:
        with server.accept()[0] as client:
            client.sendall(socket.gethostname().encode())
thread = threading.Thread(target=greet)
thread.start()
def ask(name, deadline=time.monotonic() + 20):
    while True:
        try:
            with socket.create_connection((name, int(sys.argv[1])), timeout=5) as connection:
                return connection.recv(100).decode()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
print(socket.gethostname(), *map(ask, names))
thread.join()
'''
SUM_OF_RANKS = '''
import socket
from mpi4py import MPI
print(socket.gethostname(), MPI.COMM_WORLD.size, MPI.COMM_WORLD.allreduce(MPI.COMM_WORLD.rank))
'''


def job_state(cluster, job):
    """As squeue tells it, such as 'RUNNING'; empty when Slurm has forgotten the job."""
    jobs = json.loads(cluster.run('squeue', '--json'))['jobs']
    return next((entry['job_state'] for entry in jobs if str(entry['job_id']) == job), '')


def submit(cluster, command, *options):
    return cluster.run('sbatch', '--parsable', f'--output={cluster.folder}/%j.out', *options, f'--wrap={command}')


def wait_until_ended(cluster, job):
    wait_until(lambda: job_state(cluster, job) in ('COMPLETED', ''), f'the end of job {job}')


def networks():
    """Names of the network devices of the head; of a bridge, with the folder of its cluster."""
    return {(link['ifname'], link.get('ifalias')) for link in json.loads(subprocess.check_output(['ip', '-j', 'link']))}


def processes_with(text):
    """Command lines of the living processes that have that text in them, but for this one and those it runs."""
    found = []
    for entry in Path('/proc').iterdir():
        try:
            line = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode() if entry.name.isdigit() else ''
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


def test_sbatch_runs_a_job_on_a_node(slurm):
    job = submit(slurm, 'hostname')
    wait_until_ended(slurm, job)
    assert (slurm.folder / f'{job}.out').read_text().strip() in slurm.node_names


def test_each_node_is_a_host_with_a_name_and_an_address_of_its_own(slurm):
    lines = slurm.run('srun', '-N4', 'sh', '-c', 'echo $(hostname) $(hostname -I) $(hostname -i)').splitlines()
    assert sorted(lines) == [f'{name} {address} {address}' for name, address in slurm.addresses.items()]


def test_nodes_reach_each_other_by_name_on_a_port_that_each_has_for_itself(slurm):
    lines = slurm.run('srun', '-N4', sys.executable, '-c', GREETINGS, str(PORT), *slurm.node_names).splitlines()
    assert sorted(lines) == [' '.join([name, *slurm.node_names]) for name in slurm.node_names]


def test_a_node_reaches_the_head_and_the_head_a_node(slurm):
    with socket.create_server((slurm.head_address, 0)) as server:
        slurm.run('srun', '-w', 'n2', 'bash', '-c', f': < /dev/tcp/{slurm.head_address}/{server.getsockname()[1]}')
        client, (address, _) = server.accept()
        client.close()
    assert address == slurm.addresses['n2']
    with socket.create_connection((address, 6818), timeout=10):
        pass


def test_open_mpi_adds_up_over_four_nodes(slurm):
    python = FRAMEWORKS / 'system/bin/python'
    if not python.exists():
        pytest.skip(f'mpi4py is not installed in {FRAMEWORKS / "system"}')
    lines = slurm.run('srun', '--mpi=pmix', '-N4', '-n4', str(python), '-c', SUM_OF_RANKS).splitlines()
    assert sorted(lines) == [f'{name} 4 6' for name in slurm.node_names]


def test_processes_of_one_node_are_not_seen_on_another(slurm):
    lines = slurm.run('srun', '-N4', 'sh', '-c', 'ls /proc | grep -c "^[0-9]*$"; ls /dev/shm | wc -l').splitlines()
    assert len(lines) == 8 and all(int(line) < 20 for line in lines)


def test_another_user_can_run_a_job(slurm):
    assert slurm.run('srun', 'id', '-un', user='nobody', cwd='/') == 'nobody'


def test_two_gpus_are_counted_on_the_first_two_nodes(slurm):
    lines = slurm.run('srun', '-N2', '--gres=gpu:2', 'sh', '-c', 'echo $(hostname) $CUDA_VISIBLE_DEVICES').splitlines()
    assert sorted(lines) == ['n1 0,1', 'n2 0,1']
    with pytest.raises(RuntimeError, match='node configuration is not available'):
        slurm.run('srun', '-N3', '--gres=gpu:1', 'true')


def test_a_partition_limits_nodes_and_time(slurm):
    assert slurm.run('sinfo', '--noheader', '--format=%R %D %l') == 'batch 4 infinite\nshort 2 1:00'
    job = submit(slurm, 'true', '--partition=short', '--time=5')
    wait_until(lambda: slurm.run('squeue', '--noheader', f'--job={job}', '--format=%r') == 'PartitionTimeLimit',
               'the job to be held back')
    slurm.run('scancel', job)


def test_a_partition_is_made_closed_and_removed(slurm):
    slurm.set_partition('extra', Nodes='n4')
    assert slurm.run('srun', '--partition=extra', 'hostname') == 'n4'
    slurm.set_partition('extra', State='DOWN')
    job = submit(slurm, 'true', '--partition=extra')
    assert job_state(slurm, job) == 'PENDING'
    slurm.run('scancel', job)
    slurm.remove_partition('extra')
    with pytest.raises(RuntimeError, match='invalid partition'):
        slurm.run('sbatch', '--partition=extra', '--wrap=true')


def test_a_drained_node_takes_no_job_until_it_is_resumed(slurm):
    slurm.drain('n2', 'a disk is full')
    assert 'DRAIN' in slurm.node_states()['n2']
    assert slurm.run('sinfo', '--noheader', '--list-reasons', '--format=%E %N') == 'a disk is full n2'
    slurm.resume('n2')
    assert slurm.run('srun', '--nodelist=n2', 'hostname') == 'n2'


def test_a_killed_node_takes_its_job_along_and_comes_back(start_slurm):
    slurm = start_slurm(tuned=True, settings=SHORT_TIMEOUTS)
    job = submit(slurm, 'sleep 4711', '--nodelist=n3')
    wait_until(lambda: processes_with('sleep 4711'), 'the job to run')
    slurm.kill_node('n3')
    assert not processes_with('sleep 4711')
    assert f'{slurm.folder}:n3' not in ' '.join(processes_with(str(slurm.folder)))
    wait_until(lambda: 'DOWN' in slurm.node_states()['n3'], 'the node to be down')
    slurm.start_node('n3')
    assert slurm.run('squeue', '--noheader', '--format=%i') == job  # put back in the queue
    slurm.run('scancel', job)
    assert slurm.run('srun', '--nodelist=n3', 'hostname') == 'n3'


@pytest.mark.parametrize('kill', [True, False], ids=['killed', 'ended'])
def test_a_job_outlives_the_controller(start_slurm, kill):
    slurm = start_slurm(tuned=True, node_count=2, settings=SHORT_TIMEOUTS)
    job = submit(slurm, f'while [ ! -e {slurm.folder}/go ]; do sleep 0.01; done')
    wait_until(lambda: job_state(slurm, job) == 'RUNNING', 'the job to run')
    # Slurm writes every few seconds what it knows; one killed before that would run the job a second time.
    seen = (slurm.folder / 'state/job_state').stat().st_mtime
    wait_until(lambda: not kill or (slurm.folder / 'state/job_state').stat().st_mtime > seen, 'the state to be saved')
    slurm.stop_controller(kill=kill)
    with pytest.raises(RuntimeError, match='Unable to contact slurm controller'):
        slurm.run('squeue')
    slurm.start_controller()
    assert job_state(slurm, job) == 'RUNNING'
    (slurm.folder / 'go').touch()
    wait_until_ended(slurm, job)


def test_settings_can_be_given_and_changed(start_slurm):
    slurm = start_slurm(node_count=1, settings={'MinJobAge': '7'})
    assert {'MinJobAge               = 7 sec', 'ProctrackType           = proctrack/pgid',
            'SchedulerType           = sched/backfill'} <= set(slurm.run('scontrol', 'show', 'config').splitlines())
    slurm.configure(MinJobAge='8')
    assert 'MinJobAge               = 8 sec' in slurm.run('scontrol', 'show', 'config')


def test_clusters_side_by_side_do_not_see_each_other(slurm, start_slurm):
    other = start_slurm(node_count=1)
    assert not set(other.addresses.values()) & set(slurm.addresses.values())
    job = submit(other, 'sleep 1000')
    wait_until(lambda: job_state(other, job) == 'RUNNING', 'the job to run')
    assert slurm.run('squeue', '--noheader') == ''
    other.stop()
    assert len(slurm.run('srun', '-N4', 'hostname').splitlines()) == 4


def test_stop_leaves_nothing_behind_and_may_be_said_twice(start_slurm):
    before = networks()
    slurm = start_slurm(tuned=True)
    job = submit(slurm, 'setsid sleep 4712 & sleep 4713', '-N4')
    wait_until(lambda: processes_with('sleep 4712') and processes_with('sleep 4713'), f'job {job} to run')
    made = networks() - before
    assert len(made) == 5
    slurm.stop()
    assert not [*processes_with(str(slurm.folder)), *processes_with('sleep 4712'), *processes_with('sleep 4713')]
    assert not made & networks()
    slurm.stop()


@pytest.mark.parametrize('victim', ['owner', 'holder'])
def test_a_cluster_does_not_outlive_a_killed_test_run(tmp_path_factory, start_slurm, victim):
    if reason := missing_for_slurm():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp('s')
    program = (f'from cluster import *; SlurmCluster(Path({str(folder)!r}), 1).start(); print("started", flush=True); '
               'signal.pause()')
    with subprocess.Popen([sys.executable, '-c', program], cwd=SCRIPT.parent, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == b'started\n'
        bridge = f'bslurm{(folder / "network").read_text()}', str(folder)
        assert bridge in networks()
        if victim == 'holder':
            os.kill(Hosts(folder).holder(), signal.SIGKILL)
        else:
            owner.kill()
        wait_until(lambda: not processes_with(f'{folder}:'), 'everything of the cluster to end')
        owner.kill()
    if victim == 'holder':
        start_slurm(node_count=1)  # which removes the networks of the dead
    wait_until(lambda: bridge not in networks(), f'{bridge} to be removed')


def test_the_command_starts_a_cluster_that_stays_and_stops_it(tmp_path_factory):
    if reason := missing_for_slurm():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp('s')

    def command(*arguments):
        done = subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True)
        assert not done.returncode, done.stderr
        return done.stdout
    try:
        answer = command('start', folder, '--tuned', '--nodes', '2', '--set', 'MinJobAge=9')
        assert answer == f'{folder}/slurm.conf\n'
        cluster = SlurmCluster(folder, 2)
        assert sorted(cluster.run('srun', '-N2', 'hostname').split()) == cluster.node_names
        assert 'MinJobAge               = 9 sec' in cluster.run('scontrol', 'show', 'config')
    finally:
        command('stop', folder)
    assert not processes_with(f'{folder}:')


def test_a_folder_too_long_for_a_socket_is_refused_before_anything_is_started(tmp_path):
    if reason := missing_for_slurm():
        pytest.skip(reason)
    folder = tmp_path / ('x' * 100)
    done = subprocess.run([sys.executable, SCRIPT, 'start', folder], capture_output=True, text=True)
    assert done.returncode == 1 and 'at most 75 bytes' in done.stderr and not folder.exists()
