"""MPI jobs that really exchange messages: mpi4py over the machine's Open MPI, on two nodes."""
import re

import pytest
from examples import example_job, place_example
from frameworks import framework_python
from needs import needs_open_mpi
from recorded_jobs import search_path

LINE = re.compile(r'rank (\d) of 4 in \S*/(tvm-\S+)/jobs/w/e/j: my share is (\d+), the sum is (\d+)')
TOTAL = 1_000_000 * 1_000_001 // 2


@pytest.fixture
def mpi(real, monkeypatch):
    """Two nodes that have the MPI example and a Python with mpi4py."""
    needs_open_mpi()
    monkeypatch.setenv('PATH', search_path(framework_python('mpi4py').parent))
    place_example(real, 'mpi')
    real.ready_cluster(2)
    return real


def by_horovod(job):
    """The same script as `horovodSettings` start it."""
    changed = {name: value for name, value in job.items() if name != 'customMpiSettings'}
    return {**changed, 'horovodSettings': {'pythonScriptFilePath': '$AZ_BATCHAI_INPUT_SCRIPT/sum.py',
                                           'processCount': 4}}


@pytest.mark.parametrize('shape', [dict, by_horovod], ids=['customMpi', 'horovod'])
def test_an_allreduce_over_two_nodes_with_two_ranks_each_gives_the_right_sum(mpi, shape):
    job = mpi.run_job(**shape(example_job('mpi')))
    assert job['executionState'] == 'succeeded', (job, mpi.logs())
    ranks = sorted(LINE.findall(mpi.logs()['stdout.txt']))
    first, second = mpi.launches('j')[0].nodes
    assert [(rank, node) for rank, node, _, _ in ranks] == [
        ('0', first), ('1', first), ('2', second), ('3', second)]
    assert sum(int(share) for _, _, share, _ in ranks) == TOTAL and len({share for _, _, share, _ in ranks}) == 4
    assert {int(total) for _, _, _, total in ranks} == {TOTAL}


def test_ranks_that_wait_for_one_that_failed_are_stopped(mpi):
    (mpi.work / 'mpi' / 'fail.py').write_text(
        'import sys\nfrom mpi4py import MPI\nif MPI.COMM_WORLD.rank == 3:\n'
        '    print("no such layer", file=sys.stderr, flush=True)\n    import os\n    os._exit(9)\n'
        'MPI.COMM_WORLD.allreduce(1)\n')
    job = mpi.run_job(**{**example_job('mpi'), 'customMpiSettings': {
        'commandLine': 'python3 $AZ_BATCHAI_INPUT_SCRIPT/fail.py', 'processCount': 4}})
    assert (job['executionState'], job['executionInfo']['exitCode']) == ('failed', 9)
    assert 'rank 3 ended with exit code 9' in mpi.problem()['message']
    assert mpi.detail('process') == 'rank 3' and mpi.detail('nodeId') == mpi.launches('j')[0].nodes[1]
    assert 'no such layer' in mpi.detail('stderr')
