"""The processes that the service starts for a job on the real engine, all of them, by the name of their program."""
import sys
from collections import Counter
from contextlib import contextmanager

import pytest
from harness import cluster_path, job_path, manual
from real_jobs import RealJobs

SECTION = 'processes'
_watching = []


def _hear(event, arguments):
    """Python tells of every start before it is made; nobody can stop listening, so nobody hears when none is counted.
    """
    if not _watching:
        return
    if event in ('os.posix_spawn', 'subprocess.Popen'):
        _watching[-1][str(arguments[0]).rpartition('/')[2]] += 1
    elif event in ('os.fork', 'os.forkpty', 'os.system', 'os.exec', 'os.spawn'):
        _watching[-1][event] += 1


sys.addaudithook(_hear)


@contextmanager
def starts():
    """The starts within the block, by program."""
    _watching.append(Counter())
    try:
        yield _watching[-1]
    finally:
        _watching.pop()


@pytest.fixture
def real(tmp_path):
    made = RealJobs(tmp_path / 'data')
    made.ready_cluster(2)
    yield made
    made.close()


def run(real, **properties):
    given = {'customToolkitSettings': {'commandLine': 'exit 0'}, **properties}
    assert real.run_job(**given)['executionState'] == 'succeeded'


def run_gang(real):
    """A process on each of two nodes; `true` stands for the user's Python."""
    run(real, nodeCount=2, customToolkitSettings=None, pyTorchSettings={
        'pythonScriptFilePath': '/dev/null', 'pythonInterpreterPath': 'true', 'processCount': 2})


def resize(real):
    real.patch(cluster_path('c'), {'properties': {'scaleSettings': manual(3)}})
    real.wait_until(lambda: real.counts() == {'idle': 3}, 'a third node')


def terminate(real):
    real.submit('j', customToolkitSettings={'commandLine': 'sleep 60'})
    real.wait_for('j', 'running')
    real.post(f'{job_path("j")}/terminate')
    assert real.wait_for('j')['executionState'] == 'failed'


OPERATIONS = {
    'a job on one node': run,
    'a job on two nodes': run_gang,
    'a job with preparation': lambda real: run(real, jobPreparation={'commandLine': 'exit 0'}),
    'a job that is terminated': terminate,
    'a resize to three nodes': resize,
}


@pytest.mark.parametrize('name', OPERATIONS)
def test_processes_of(real, costs, name):
    with starts() as found:
        OPERATIONS[name](real)
    costs(SECTION, name, dict(sorted(found.items())))


def test_a_turn_starts_no_process(real):
    with starts() as found:
        real.turn()
        real.get(cluster_path('c'))
    assert not found


def test_the_table_lists_what_is_counted_and_nothing_else(table):
    assert list(table[SECTION]) == list(OPERATIONS)
