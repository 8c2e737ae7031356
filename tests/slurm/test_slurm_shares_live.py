"""Shares of the partitions of a real Slurm, and what its commands really answer."""
import random
import time

import pytest

from azext_batchai.service.engines.base import ClusterWish, EngineCluster
from azext_batchai.service.engines.slurm.commands import SlurmRefused, SlurmUnavailable, run
from azext_batchai.service.engines.slurm.findings import findings
from azext_batchai.service.engines.slurm.hostlists import compress, expand
from azext_batchai.service.engines.slurm.nodes import read_nodes
from azext_batchai.service.engines.slurm.options import OptionsFile
from azext_batchai.service.engines.slurm.shares import Shares
from azext_batchai.service.engines.slurm.slurm_config import is_operator, read_config

PATIENCE = 60.0


@pytest.fixture
def known_slurm(slurm, monkeypatch):
    """The shared one, known to our commands by the environment as to the service."""
    monkeypatch.setenv('SLURM_CONF', slurm.environment['SLURM_CONF'])
    return slurm


@pytest.fixture
def shares(known_slurm, tmp_path):
    shares = Shares(OptionsFile(tmp_path / 'slurm.json'), tmp_path / 'trash')
    shares.looked(read_nodes())
    return shares


def cluster_of(tmp_path, number=1, **wish):
    guid = f'{number:08x}-0000-0000-0000-000000000000'
    return EngineCluster(guid, tmp_path / 'nodes' / guid, ClusterWish('c', **wish))


def look_until(shares, met):
    """Look at Slurm again and again until `met`; what it returned."""
    deadline = time.monotonic() + PATIENCE
    while True:
        shares.looked(read_nodes())
        found = met()
        if found:
            return found
        assert time.monotonic() < deadline, shares.table
        time.sleep(0.05)


def output_of(tmp_path, *words):
    """Submit a script, wait for its end, and return what it printed."""
    # Slurm's own users read nothing in the folders of pytest, but these jobs are those of root.
    script = tmp_path / 'script.sh'
    output = tmp_path / 'output'
    output.unlink(missing_ok=True)
    job = run(['sbatch', '--parsable', f'--output={output}', '--exclusive', *words, str(script)]).strip()
    deadline = time.monotonic() + PATIENCE
    while run(['squeue', '--noheader', f'--jobs={job}']):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return output.read_text().split()


def test_one_look_shows_every_node_and_partition(known_slurm):
    table = read_nodes()
    assert {name: node.address for name, node in table.nodes.items()} == known_slurm.addresses
    assert [table.nodes[name].gpus for name in known_slurm.node_names] == [2, 2, 0, 0]
    assert {node.cpus for node in table.nodes.values()} == {2}
    assert table.default_partition == 'batch' and table.partitions['batch'].time_limit is None
    assert table.partitions['short'].nodes == ('n1', 'n2') and table.partitions['short'].time_limit == 1


def test_a_drained_node_has_a_problem_with_its_reason_until_it_is_resumed(shares, known_slurm, tmp_path):
    cluster = cluster_of(tmp_path)
    shares.scale(cluster, 4)
    known_slurm.drain('n3', 'disk | broken\nsee "ticket" 7')
    try:
        problems = look_until(shares, lambda: [node.problem for node in shares.nodes(cluster) if node.problem])
        assert problems == ['Slurm has the node n3 as drained: disk | broken see "ticket" 7']
    finally:
        known_slurm.resume('n3')
    look_until(shares, lambda: not any(node.problem for node in shares.nodes(cluster)))


def test_a_partition_that_is_down_or_deleted_is_a_problem(shares, tmp_path):
    run(['scontrol', 'create', 'PartitionName=passing', 'Nodes=n3,n4'])
    cluster = cluster_of(tmp_path, options={'batchai.slurm.partition': 'passing'})
    try:
        look_until(shares, lambda: 'passing' in shares.table.partitions)
        shares.scale(cluster, 1)
        run(['scontrol', 'update', 'PartitionName=passing', 'State=DOWN'])
        problem = look_until(shares, lambda: shares.nodes(cluster)[0].problem)
        assert problem == 'Slurm has the partition passing as down'
    finally:
        run(['scontrol', 'delete', 'PartitionName=passing'])
    look_until(shares, lambda: 'passing' not in shares.table.partitions)
    assert shares.nodes(cluster)[0].problem == 'Slurm has no partition passing any more'
    assert 'no partition passing; there are: batch, short' in shares.check(cluster.wish)


def test_a_job_runs_on_the_open_nodes_of_its_cluster_and_on_no_other(shares, tmp_path):
    (tmp_path / 'script.sh').write_text('#!/bin/sh\necho $SLURM_JOB_NODELIST\n')
    cluster, other = cluster_of(tmp_path, 1, vm_size='STANDARD_D2'), cluster_of(tmp_path, 2, vm_size='STANDARD_NC6')
    shares.scale(cluster, 2)
    shares.scale(other, 1)
    first, second = (node.id for node in shares.nodes(cluster))
    names = shares.share(cluster).slurm_names
    assert sorted(names.values()) == ['n3', 'n4'] and list(shares.share(other).slurm_names.values()) == ['n1']
    for node_id in (second, first):
        shares.set_open(cluster, [node_id])
        assert output_of(tmp_path, *shares.share(cluster).words, f'--exclude={shares.excluded(cluster)}') == [
            names[node_id]]
    shares.set_open(cluster, [])
    with pytest.raises(SlurmRefused, match='Requested node configuration is not available'):
        output_of(tmp_path, *shares.share(cluster).words, f'--exclude={shares.excluded(cluster)}')


def test_all_nodes_of_a_gang_see_all_their_gpus_and_their_memory(shares, tmp_path):
    (tmp_path / 'script.sh').write_text(
        '#!/bin/sh\nscontrol show job "$SLURM_JOB_ID" | grep -o "mem=[0-9]*M"\n'
        'echo $CUDA_VISIBLE_DEVICES\nsrun --overlap --nodes=1 --relative=1 sh -c "echo \\$CUDA_VISIBLE_DEVICES"\n')
    cluster = cluster_of(tmp_path, vm_size='STANDARD_NC6')
    shares.scale(cluster, 4)
    share = shares.share(cluster)
    assert sorted(share.slurm_names.values()) == ['n1', 'n2']
    shares.set_open(cluster, share.slurm_names)
    found = output_of(tmp_path, *share.words, f'--exclude={shares.excluded(cluster)}', '--nodes=2')
    assert found == ['mem=8000M', '0,1', '0,1']


REFUSED = [
    (['--partition=nope'], 'Invalid partition name specified'), (['--constraint=nope'], 'Invalid feature'),
    (['--gres=nope:1'], 'Invalid generic resource'), (['--mincpus=99'], 'CPU count per node can not be satisfied'),
    (['--mem=999999999'], 'Memory specification can not be satisfied'), (['--licenses=nope'], 'Invalid license'),
    (['--reservation=nope'], 'Requested reservation is invalid'), (['--no-such-option'], 'no-such-option')]


@pytest.mark.parametrize('words, said', REFUSED, ids=lambda value: value[0] if isinstance(value, list) else None)
def test_what_slurm_refuses_is_told_in_its_words(known_slurm, words, said):
    with pytest.raises(SlurmRefused, match=said) as caught:
        run(['sbatch', '--parsable', '--output=/dev/null', *words, '--wrap=true'])
    assert '\n' not in str(caught.value) and 'error:' not in str(caught.value)


def test_a_node_that_left_slurm_meanwhile_is_a_reason_to_look_again(known_slurm):
    with pytest.raises(SlurmUnavailable, match='Invalid node name'):
        run(['sbatch', '--parsable', '--output=/dev/null', '--exclude=n99', '--wrap=true'])


def test_accounting_that_is_off_is_told(known_slurm):
    with pytest.raises(SlurmRefused, match='accounting storage is disabled'):
        run(['sacct'])


def test_a_slurm_without_its_controller_is_unavailable_and_nodes_stay_as_they_were(start_slurm, tmp_path, monkeypatch):
    slurm = start_slurm(node_count=1, tuned=True)
    monkeypatch.setenv('SLURM_CONF', slurm.environment['SLURM_CONF'])
    shares, cluster = Shares(OptionsFile(tmp_path / 'slurm.json')), cluster_of(tmp_path)
    shares.looked(read_nodes())
    shares.scale(cluster, 1)
    slurm.stop_controller()
    for ask in (read_nodes, lambda: run(['sbatch', '--output=/dev/null', '--wrap=true'], PATIENCE)):
        with pytest.raises(SlurmUnavailable, match='contact slurm controller'):
            ask()
    assert [node.problem for node in shares.nodes(cluster)] == ['']


def test_a_node_that_dies_is_not_responding_and_then_down(start_slurm, tmp_path, monkeypatch):
    slurm = start_slurm(node_count=2, tuned=True)
    monkeypatch.setenv('SLURM_CONF', slurm.environment['SLURM_CONF'])
    shares, cluster = Shares(OptionsFile(tmp_path / 'slurm.json')), cluster_of(tmp_path)
    shares.looked(read_nodes())
    shares.scale(cluster, 2)
    slurm.kill_node('n2')
    assert look_until(shares, lambda: shares.nodes(cluster)[1].problem).startswith('Slurm has the node n2 as ')
    problem = look_until(shares, lambda: next((node.problem for node in shares.nodes(cluster)
                                              if 'n2 as down' in node.problem), ''))
    assert 'n2 as down' in problem and shares.nodes(cluster)[0].problem == ''
    slurm.start_node('n2')
    look_until(shares, lambda: not any(node.problem for node in shares.nodes(cluster)))


def test_the_settings_that_are_slow_are_found_in_a_slurm_as_it_comes_and_not_in_a_tuned_one(
        known_slurm, start_slurm, monkeypatch):
    slow = ('batch_sched_delay', 'Epilog', 'pgid')
    tuned = findings(read_config())
    assert not [text for text in tuned if any(word in text for word in slow)]
    monkeypatch.setenv('SLURM_CONF', start_slurm(node_count=1).environment['SLURM_CONF'])
    plain = findings(read_config())
    assert all(any(word in text for text in plain) for word in slow)
    assert is_operator(read_config()) and not is_operator(read_config(), 65534)


def test_slurm_reads_our_host_lists_as_we_do(known_slurm):
    for seed in range(10):
        chance = random.Random(seed)
        names = {f"{chance.choice(('n', 'gpu-', 'r1n'))}{str(chance.randrange(130)).zfill(chance.choice((0, 2, 3)))}"
                 f"{chance.choice(('', '', '', '-ib'))}" for _ in range(60)}
        text = compress(names)
        assert run(['scontrol', 'show', 'hostnames', text]).split() == expand(text)
        theirs = run(['scontrol', 'show', 'hostlist', ','.join(sorted(names))]).strip()
        assert sorted(expand(theirs)) == sorted(names)
