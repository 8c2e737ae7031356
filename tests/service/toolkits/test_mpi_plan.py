"""The tasks of an MPI job, as a plan."""
import subprocess
from pathlib import Path

import pytest

from azext_batchai.service.toolkits import mpi
from azext_batchai.service.toolkits.base import Gang, TaskPlan

LOOPBACK = '127.0.0.1'
PARTS = sorted(Path(mpi.__file__).parent.glob('mpi_*.sh'))


@pytest.mark.parametrize('processes, nodes, expected', [
    (1, 1, [1]), (4, 2, [2, 2]), (3, 2, [2, 1]), (7, 3, [3, 2, 2]), (2, 3, [1, 1, 0]), (8, 1, [8])])
def test_the_first_nodes_take_the_ranks_that_are_left_over(processes, nodes, expected):
    assert mpi.ranks_per_node(processes, nodes) == expected


def test_one_process_needs_no_mpi():
    assert mpi.mpi_tasks('echo $HOME', 1, Gang((LOOPBACK,) * 2), 'shown') == [
        TaskPlan(node=0, command='echo $HOME', shown='shown')]


def test_the_master_decides_the_end_and_all_write_into_one_log():
    tasks = mpi.mpi_tasks('x', 5, Gang((LOOPBACK,) * 3))
    assert [(task.node, task.essential, task.stdout, task.stderr) for task in tasks] == [
        (0, True, 'stdout.txt', 'stderr.txt'), (1, False, 'stdout.txt', 'stderr.txt'),
        (2, False, 'stdout.txt', 'stderr.txt')]
    assert len({task.name for task in tasks}) == 3


def test_a_node_without_ranks_has_no_task():
    assert [task.node for task in mpi.mpi_tasks('x', 2, Gang((LOOPBACK,) * 4))] == [0, 1]


@pytest.mark.parametrize('shown, expected', [('', 'mpirun -n 2 train *'), ('python x', 'mpirun -n 2 python x')])
def test_people_see_the_command_and_not_our_shell(shown, expected):
    master, node = mpi.mpi_tasks('train *', 2, Gang((LOOPBACK,) * 2), shown)
    assert master.shown == expected
    assert 'mkfifo' in node.command and 'mkfifo' not in node.shown


def test_nodes_of_one_machine_get_names_that_differ():
    master, _, last = mpi.mpi_tasks('x', 3, Gang(('10.1.1.1',) * 3))
    assert "batchai_hosts='127.0.0.1 1\n127.0.0.2 1\n127.0.0.3 1'" in master.command
    assert 'batchai_host=127.0.0.3\n' in last.command


@pytest.mark.parametrize('platform, interface', [('linux', 'lo'), ('darwin', 'lo0')])
def test_nodes_of_one_machine_talk_over_its_loopback_interface(monkeypatch, platform, interface):
    monkeypatch.setattr(mpi.sys, 'platform', platform)
    assert f'batchai_loopback={interface}\n' in mpi.mpi_tasks('x', 2, Gang((LOOPBACK,) * 2))[0].command


def test_machines_keep_their_addresses_and_their_network():
    master, node = mpi.mpi_tasks('x', 3, Gang(('10.0.0.4', '10.0.0.5')))
    assert "batchai_hosts='10.0.0.4 2\n10.0.0.5 1'" in master.command
    assert 'batchai_host=10.0.0.5\n' in node.command
    assert all("batchai_loopback=''\n" in task.command for task in (master, node))


def test_many_nodes_of_one_machine_have_valid_names():
    tasks = mpi.mpi_tasks('x', 300, Gang((LOOPBACK,) * 300))
    assert 'batchai_host=127.0.1.44\n' in tasks[-1].command


@pytest.mark.parametrize('part', PARTS, ids=lambda part: part.name)
def test_the_shell_is_plain_sh(part):
    assert subprocess.run(['sh', '-n', part], capture_output=True, text=True).stderr == ''
    assert max(map(len, part.read_text().splitlines())) <= 120
