"""MPI jobs in detail, with the machine's Open MPI."""
import os
import shutil

import psutil
import pytest
from mpi_kit import RANK, SYSTEM_PATH, MpiGang, find_mpi

from azext_batchai.service.engines.process import ProcessEngine

NASTY = ''' a  b 'c' "d" \\e $HOME `x` * ; & | > \t\n#ü'''


@pytest.fixture
def gang(tmp_path):
    made = MpiGang(tmp_path, find_mpi('Open MPI of the system', tmp_path / 'mpi').variables)
    yield made
    made.close()


def test_quoting_survives_the_way_to_the_ranks(gang):
    quoted = "'" + NASTY.replace("'", "'\\''") + "'"
    assert gang.run(f'printf "<%s>" {quoted} >got; # a comment', 2, 2)[0] == 0
    assert [(gang.node(number) / 'got').read_text() for number in (0, 1)] == [f'<{NASTY}>'] * 2


def test_variables_and_commands_expand_on_the_rank(gang):
    code, lines = gang.run('own=$NODE; echo "$own, $(basename "$PWD"), $((1 + 1)), $NOBODY, ${own#node }"', 2, 2)
    assert (code, lines) == (0, ['node 0, node 0, 2, , 0', 'node 1, node 1, 2, , 1'])


def test_a_command_of_several_lines_runs_whole(gang):
    assert gang.run('for i in 1 2; do\n  echo $i\ndone\n', 2, 2) == (0, ['1', '1', '2', '2'])


def test_our_variables_reach_no_rank(gang):
    code, lines = gang.run('env; true', 2, 2)
    assert code == 0 and sum(line.startswith('NODE=') for line in lines) == 2
    assert [line for line in lines if line.lower().startswith('batchai_') or line.startswith('OLDPWD=')] == []


def test_three_nodes_and_more_ranks_than_cores(gang):
    count = 2 * (os.cpu_count() or 1) + 3
    code, lines = gang.run('echo $NODE', count, 3)
    each, more = divmod(count, 3)
    assert (code, lines) == (0, sorted(f'node {node}' for node in range(3) for _ in range(each + (node < more))))


def test_several_ranks_on_one_node_need_no_daemon(gang):
    assert gang.run(f'echo "$NODE {RANK}"', 2, 1) == (0, ['node 0 0', 'node 0 1'])


def test_nodes_with_addresses_of_their_own_hand_over_through_files(gang):
    code, lines = gang.run(f'echo "$NODE {RANK}"', 4, 2, ('127.0.0.1', '127.0.0.2'))
    assert (code, lines) == (0, ['node 0 0', 'node 0 1', 'node 1 2', 'node 1 3']), gang.err
    assert (gang.shared / '.mpi/127.0.0.2').is_file()


def test_a_machine_without_bash_will_do(gang):
    gang.engine = ProcessEngine(shell='/bin/sh')
    assert gang.run(f'[ "{RANK}" != 2 ] || exit 3; exec sleep 1000', 4, 2)[0] == 3
    assert gang.problem.rank == 2


def test_a_data_folder_may_be_deep(gang):
    gang.folder = gang.folder / ('deep-' * 30) / ('deeper-' * 25)
    gang.folder.mkdir(parents=True)
    gang.shared = gang.node(0) / 'shared'
    assert gang.run('echo $NODE', 2, 2) == (0, ['node 0', 'node 1']), gang.err


def test_output_arrives_while_ranks_run(gang):
    gang.start('echo early; echo trouble >&2; sleep 1000', 2, 2)
    gang.wait_until(lambda: gang.out.count('early') == 2 and gang.err.count('trouble') == 2, 'the first lines')
    assert gang.observe().exit_codes == (None, None)


def test_the_first_failure_is_the_one_that_counts(gang, tmp_path):
    gang.run(f'if [ "{RANK}" = 2 ]; then exit 3; fi; trap "exit 9" TERM; while :; do sleep 0.1; done', 4, 2)
    assert gang.observe().exit_codes[0] == 3
    assert gang.problem.message == 'rank 2 ended with exit code 3'


def test_a_signal_is_named(gang):
    assert gang.run(f'[ "{RANK}" = 0 ] && kill -KILL $$; sleep 1000', 2, 2)[0] == 137
    assert gang.problem.message == 'rank 0 ended with exit code 137 (SIGKILL)'


def test_without_mpi_the_error_names_the_package(gang, tmp_path):
    (tmp_path / 'bin').mkdir()
    for program in ('sh', 'bash', 'mkdir', 'cat', 'chmod', 'mkfifo', 'sleep'):
        (tmp_path / 'bin' / program).symlink_to(shutil.which(program, path=SYSTEM_PATH))
    assert gang.run('true', 2, 2, PATH=str(tmp_path / 'bin'))[0] == 127
    assert 'openmpi-bin' in gang.problem.message
    assert gang.err.startswith('mpirun: command not found\n')


def test_an_mpirun_of_an_unknown_kind_is_not_guessed_at(gang, tmp_path):
    script(tmp_path / 'bin/mpirun', 'echo "Strange MPI 1.0"')
    assert gang.run('true', 2, 2, PATH=f'{tmp_path}/bin:{SYSTEM_PATH}')[0] == 127
    assert "'Strange MPI 1.0'" in gang.problem.message


def test_an_mpi_that_only_bashrc_knows_is_found(gang, tmp_path):
    for program in (tmp_path / 'mpi').iterdir():
        (tmp_path / 'opt').mkdir(exist_ok=True)
        program.rename(tmp_path / 'opt' / program.name)
    programs = tmp_path / 'bin'
    programs.mkdir()
    for name in os.listdir('/usr/bin'):
        if 'mpi' not in name:
            (programs / name).symlink_to(f'/usr/bin/{name}')
    (tmp_path / '.bashrc').write_text(
        f'case $- in *i*) ;; *) return ;; esac\nexport PATH={tmp_path}/opt:$PATH KNOWN="by bashrc"\n')
    assert gang.run('echo "$NODE $KNOWN"', 2, 2, PATH=str(programs)) == (
        0, ['node 0 by bashrc', 'node 1 by bashrc']), gang.err


def test_a_daemon_that_cannot_start_is_named(gang, tmp_path):
    script(tmp_path / 'mpi/orted', 'exit 127')
    assert gang.run('true', 4, 2)[0] not in (0, None)
    assert 'node 1' in gang.problem.message


def test_an_mpirun_that_is_killed_takes_the_ranks_with_it(gang):
    gang.start('echo begun; exec sleep 1000', 4, 2)
    gang.wait_until(lambda: len(processes(gang, 'sleep')) == 4, 'four ranks')
    ranks = processes(gang, 'sleep')
    for mpirun in processes(gang, 'mpirun'):
        mpirun.kill()
    assert gang.finish() == 137
    assert not [rank for rank in ranks if rank.is_running() and rank.status() != psutil.STATUS_ZOMBIE]


def test_a_stopped_job_may_clean_up_and_leaves_no_folder(gang):
    before = set(os.listdir('/tmp')) | set(os.listdir('/dev/shm') if os.path.isdir('/dev/shm') else ())
    gang.start('trap "echo saved; exit 0" TERM; echo begun; while :; do sleep 0.05; done', 4, 2)
    gang.wait_until(lambda: gang.out.count('begun') == 4, 'four ranks')
    gang.stop(grace_seconds=5)
    assert not processes(gang, '')
    after = set(os.listdir('/tmp')) | set(os.listdir('/dev/shm') if os.path.isdir('/dev/shm') else ())
    assert [name for name in after - before if name.startswith(('ompi', 'pmix', 'vader', 'openmpi'))] == []
    assert gang.problem is None


def test_a_rank_takes_the_signals_that_any_process_takes(gang):
    code, lines = gang.run('for name in INT QUIT TERM HUP; do (kill -$name $BASHPID; echo $name is ignored); done; '
                           'echo done', 2, 2)
    assert (code, lines) == (0, ['done', 'done'])


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f'#!/bin/sh\n{text}\n')
    path.chmod(0o755)


def processes(gang, name):
    """The living processes of the launch whose name begins so."""
    found = []
    for process in psutil.process_iter():
        try:
            if (process.environ().get('AZ_BATCHAI_LAUNCH') == str(gang.folder / 'launch')
                    and process.name().startswith(name) and process.status() != psutil.STATUS_ZOMBIE):
                found.append(process)
        except psutil.Error:
            continue
    return found
