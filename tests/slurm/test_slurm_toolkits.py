"""The toolkits on nodes of Slurm: what is tested with processes of this machine in ``tests/service/real``, and what
only nodes with addresses of their own show.
"""
import json
import re

import pytest
from slurm_jobs import slurm_jobs

from examples import example_job  # noqa: E402
from recorded_jobs import WORK, search_path  # noqa: E402
# These run here as well, with the fixture `real` of this file.
from test_real_mpi import mpi, test_ranks_that_wait_for_one_that_failed_are_stopped  # noqa: E402, F401
from test_real_pytorch import test_two_ranks_learn_from_real_data_and_agree_to_the_last_bit, torch  # noqa: E402, F401
from test_real_tensorflow import (  # noqa: E402, F401
    tensorflow, test_workers_without_parameter_servers_add_up_what_each_brings)

SUM = re.compile(r'rank (\d) of 4 in \S*/(\d)/jobs/w/e/j: my share is \d+, the sum is (\d+)')


@pytest.fixture
def real(tmp_path, slurm, monkeypatch):
    with slurm_jobs(tmp_path, slurm, monkeypatch) as made:
        yield made


def test_a_job_of_one_node_is_a_job_of_slurm(real):
    real.ready_cluster(1)
    ended = real.run_job('j', customToolkitSettings={
        'commandLine': 'echo $SLURM_JOB_ID $SLURM_JOB_NAME on $(hostname); exit 3'})
    assert (ended['executionState'], ended['executionInfo']['exitCode']) == ('failed', 3)
    number, name, _, host = real.logs()['stdout.txt'].split()
    assert number.isdigit() and name == 'j' and host in real.slurm.node_names


def test_nodes_of_a_gang_are_told_their_own_addresses(real):
    real.ready_cluster(4)
    ended = real.run_job(
        'j', nodeCount=3, jobPreparation={'commandLine': 'echo $AZ_BATCH_HOST_LIST; hostname'},
        customToolkitSettings={'commandLine': 'cat $AZ_BATCHAI_MPI_HOST_FILE; echo $AZ_BATCH_HOST_LIST'})
    assert ended['executionState'] == 'succeeded', real.logs()
    logs, nodes = real.logs(), real.launches('j')[-1].nodes
    addresses = [node.address for wanted in nodes for node in real.engine_nodes() if node.id == wanted]
    *lines, hosts = logs['stdout.txt'].splitlines()
    assert hosts.split(',') == addresses and len(set(addresses)) == 3
    assert [line.split()[0] for line in lines] == addresses[:len(lines)]
    prepared = [logs[f'stdout-job_prep-{node}.txt'].split() for node in nodes]
    assert [each[0].split(',') for each in prepared] == [addresses] * 3
    assert len({each[1] for each in prepared}) == 3


SUM_AND_LAUNCHER = 'echo started by ${SLURM_PROCID:+srun}; python3 $AZ_BATCHAI_INPUT_SCRIPT/sum.py'


def without_pmix(real):
    """A search path whose srun speaks no language of MPI, so that mpirun has to do."""
    hidden = real.work / 'without-pmix'
    hidden.mkdir()
    (hidden / 'srun').write_text('#!/bin/sh\necho none\n')
    (hidden / 'srun').chmod(0o755)
    return search_path(hidden)


def check_sums(real):
    ranks = sorted(SUM.findall(real.logs()['stdout.txt']))
    assert [(rank, node) for rank, node, _ in ranks] == [('0', '0'), ('1', '0'), ('2', '1'), ('3', '1')]
    assert {int(total) for _, _, total in ranks} == {1_000_000 * 1_000_001 // 2}


@pytest.mark.parametrize('launcher', ['srun', 'mpirun'])
def test_an_allreduce_over_two_nodes_of_slurm_gives_the_right_sum(mpi, launcher):  # noqa: F811
    job = {**example_job('mpi'), 'customMpiSettings': {'commandLine': SUM_AND_LAUNCHER, 'processCount': 4}}
    if launcher == 'mpirun':
        job['environmentVariables'] = [{'name': 'PATH', 'value': without_pmix(mpi)}]
    ended = mpi.run_job(**job)
    assert ended['executionState'] == 'succeeded', (ended, mpi.logs())
    check_sums(mpi)
    assert mpi.logs()['stdout.txt'].count('started by srun\n') == (4 if launcher == 'srun' else 0)


def test_horovod_settings_do_the_same(mpi):  # noqa: F811
    job = example_job('mpi')
    del job['customMpiSettings']
    ended = mpi.run_job(**job, horovodSettings={
        'pythonScriptFilePath': '$AZ_BATCHAI_INPUT_SCRIPT/sum.py', 'processCount': 4})
    assert ended['executionState'] == 'succeeded', (ended, mpi.logs())
    check_sums(mpi)


def test_processes_of_tensorflow_find_each_other_by_the_addresses_of_the_nodes(real):
    real.ready_cluster(2)
    real.submit_recorded(awaited=3, nodeCount=2, tensorFlowSettings={
        'pythonScriptFilePath': f'{WORK}/record.py', 'workerCount': 2, 'parameterServerCount': 1})
    ended = real.wait_for('j')
    assert ended['executionState'] == 'succeeded', real.logs()
    by_id = {node.id: node.address for node in real.engine_nodes()}
    first, second = (by_id[node] for node in real.launches('j')[-1].nodes)
    told = [json.loads(json.loads(file.read_text())['environment']['TF_CONFIG'])
            for file in (real.work / 'records').glob('*.json')]
    hosts = [sorted(host for group in each['cluster'].values() for host in group) for each in told]
    assert hosts == [sorted([f'{first}:2222', f'{second}:2222', f'{first}:2223'])] * 3


def test_a_gang_that_loses_a_process_ends_together_and_says_who_it_was(real):
    real.ready_cluster(3)
    ended = real.run_job('j', nodeCount=3, pyTorchSettings={
        'pythonScriptFilePath': '/nonexistent/no.py', 'processCount': 3, 'communicationBackend': 'gloo'})
    assert ended['executionState'] == 'failed' and ended['executionInfo']['exitCode'] == 2
    assert 'No such file' in real.detail('stderr')
    real.wait_until(lambda: not real.slurm.run('squeue', '--noheader').strip(), 'an empty queue')
