"""Every MPI that can be installed here, for real: two nodes, each with an environment of its own."""
from pathlib import Path

import pytest
from mpi_kit import KINDS, LOCAL_RANK, RANK, MpiGang, find_mpi, with_mpi4py

# Ranks that are two by two on the nodes; one of them fails while the others wait for it.
_SUM = '''
import os
from mpi4py import MPI
world = MPI.COMM_WORLD
world.Barrier()
total = world.allreduce(10 ** world.rank)
print(os.environ['NODE'], world.rank, world.size, total, flush=True)
'''
_LEAVE = '''
import os, sys
from mpi4py import MPI
world = MPI.COMM_WORLD
world.Barrier()
if world.rank == 2:
    eval(sys.argv[1])
world.Barrier()
'''


@pytest.fixture(params=KINDS)
def mpi(request, tmp_path):
    return find_mpi(request.param, tmp_path / 'mpi')


@pytest.fixture
def gang(mpi, tmp_path):
    made = MpiGang(tmp_path, mpi.variables)
    yield made
    made.close()


@pytest.fixture
def python_gang(mpi, tmp_path):
    made = MpiGang(tmp_path, with_mpi4py(mpi, tmp_path / 'library').variables)
    before = _mpich_memory()
    yield made
    made.close()
    for file in _mpich_memory() - before:
        file.unlink()


def _mpich_memory():
    """MPICH 5 leaves its shared memory there when a rank is killed; nobody else removes it."""
    return set(Path('/dev/shm').glob('mpich_*'))


def test_each_rank_runs_on_its_node_with_the_environment_of_that_node(gang):
    assert gang.run(f'echo "{RANK} {LOCAL_RANK} $NODE $PWD"', 3, 2) == (0, [
        f'0 0 node 0 {gang.node(0)}', f'1 1 node 0 {gang.node(0)}', f'2 0 node 1 {gang.node(1)}']), gang.err


def test_ranks_of_two_nodes_sum_up_numbers(python_gang, tmp_path):
    (tmp_path / 'sum.py').write_text(_SUM)
    code, lines = python_gang.run(f'python3 {tmp_path}/sum.py', 4, 2)
    assert (code, lines) == (0, [f'node {rank // 2} {rank} 4 1111' for rank in range(4)]), python_gang.err


@pytest.mark.parametrize('way, code, rank', [('os._exit(3)', 3, 2), ('os.kill(os.getpid(), 9)', 137, 2)],
                         ids=['exit', 'signal'])
def test_a_rank_that_fails_ends_those_that_wait_for_it(python_gang, tmp_path, way, code, rank):
    (tmp_path / 'leave.py').write_text(_LEAVE)
    assert python_gang.run(f'python3 {tmp_path}/leave.py "{way}"', 4, 2)[0] == code, python_gang.err
    assert (python_gang.problem.rank, python_gang.problem.exit_code) == (rank, code)


def test_an_abort_gives_its_code(python_gang, tmp_path):
    (tmp_path / 'leave.py').write_text(_LEAVE)
    assert python_gang.run(f'python3 {tmp_path}/leave.py "world.Abort(5)"', 4, 2)[0] == 5


def test_a_rank_that_fails_ends_those_that_never_speak_to_it(gang):
    assert gang.run(f'[ "{RANK}" != 1 ] || exit 7; sleep 1000', 3, 2)[0] == 7
    assert (gang.problem.rank, gang.problem.exit_code) == (1, 7)


def test_a_job_that_is_stopped_leaves_nothing(gang):
    gang.start('echo begun; sleep 1000', 4, 2)
    gang.wait_until(lambda: gang.out.count('begun') == 4, 'four ranks')
    gang.stop(grace_seconds=5)
    assert gang.problem is None
