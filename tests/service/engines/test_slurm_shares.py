"""Clusters as shares of a partition."""
import dataclasses
import itertools
import json
import shutil
import sys
import time

import pytest

from azext_batchai.service.engines.base import ClusterWish, EngineCluster, EngineUnavailable
from azext_batchai.service.engines.slurm import share_files
from azext_batchai.service.engines.slurm import shares as shares_module
from azext_batchai.service.engines.slurm.hostlists import expand
from azext_batchai.service.engines.slurm.nodes import NodeTable, Partition, SlurmNode
from azext_batchai.service.engines.slurm.options import OptionsFile
from azext_batchai.service.engines.slurm.shares import Shares

PATIENCE = 20.0


def slurm_node(number, cpus=4, gpus=0, **more):
    return SlurmNode(f'n{number}', f'10.0.0.{number}', more.pop('state', 'idle'), cpus, f'gpu:{gpus}' if gpus else '',
                     gpus, **more)


def table_of(*nodes, **partitions):
    there = {node.name: node for node in nodes}
    return NodeTable(there, {name: Partition(name, tuple(members), 60) for name, members
                             in {'batch': there, **partitions}.items()}, 'batch')


SIX = table_of(*map(slurm_node, range(1, 7)))


def cluster_of(tmp_path, number=1, name='c', **wish):
    guid = f'{number:08x}-0000-0000-0000-000000000000'
    return EngineCluster(guid, tmp_path / 'nodes' / guid, ClusterWish(name, **wish))


def bare(cluster):
    """As most calls have it: by guid and folder."""
    return dataclasses.replace(cluster, wish=None)


def shares_of(tmp_path, table=SIX):
    shares = Shares(OptionsFile(tmp_path / 'slurm.json'), tmp_path / 'trash')
    if table:
        shares.looked(table)
    return shares


def slurm_names(shares, cluster):
    return list(shares.share(bare(cluster)).slurm_names.values())


def seen_by(shares, cluster):
    return {node.id: node.problem for node in shares.nodes(bare(cluster))}


def test_a_cluster_gets_nodes_with_folders_and_a_line_for_the_batch_script(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    assert shares.nodes(cluster) == []
    shares.scale(cluster, 2)
    first, second = shares.nodes(bare(cluster))
    assert (first.number, second.number) == (1, 2) and first.id.startswith('tvm-1_1-2')
    assert (first.address, first.cores, first.gpus, first.problem, first.lost) == ('10.0.0.1', 4, (), '', False)
    assert first.folder == cluster.folder / first.id and first.folder.is_dir() and not any(first.folder.iterdir())
    assert (cluster.folder / 'by-name' / 'n1').read_text() == f'{first.id} 10.0.0.1 1\n'
    assert shares.share(bare(cluster)).slurm_names == {first.id: 'n1', second.id: 'n2'}


def test_a_later_process_sees_the_same_without_slurm(tmp_path):
    shares, cluster = shares_of(tmp_path, table_of(*(slurm_node(n, gpus=2) for n in (1, 2)))), cluster_of(tmp_path)
    shares.scale(cluster, 2)
    shares.set_open(cluster, [shares.nodes(cluster)[0].id])
    later = shares_of(tmp_path, None)
    assert later.nodes(bare(cluster)) == shares.nodes(cluster)
    assert later.share(bare(cluster)).open_ids == shares.share(cluster).open_ids
    assert later.share(bare(cluster)).words == shares.share(cluster).words
    with pytest.raises(EngineUnavailable, match='has not said yet'):
        later.scale(cluster, 3)
    later.scale(cluster, 1, [shares.nodes(cluster)[1].id])
    assert len(later.nodes(bare(cluster))) == 1


def test_repeated_calls_change_nothing(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 3)
    before = shares.nodes(cluster)
    for count in (3, 3, 2):  # nobody is named that could leave
        shares.scale(cluster, count)
    shares.scale(cluster, 3, [before[0].id])
    assert shares.nodes(cluster) == before


def test_nodes_that_are_named_leave_as_far_as_there_are_too_many(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 3)
    first, second, third = shares.nodes(cluster)
    (first.folder / 'data').write_text('x')
    shares.scale(cluster, 2, [first.id, second.id])
    assert [node.id for node in shares.nodes(cluster)] == [second.id, third.id]
    assert not first.folder.exists() and not (cluster.folder / 'by-name' / 'n1').exists()
    shares.scale(cluster, 3)
    again = shares.nodes(cluster)[0]
    assert again.number == 1 and again.id != first.id and not any(again.folder.iterdir())


def test_two_clusters_never_have_the_same_node(tmp_path):
    shares, one, other = shares_of(tmp_path), cluster_of(tmp_path, 1), cluster_of(tmp_path, 2)
    shares.scale(one, 2)
    shares.scale(other, 2)
    shares.scale(one, 3)
    shares_of(tmp_path).scale(other, 9)
    assert slurm_names(shares, one) == ['n1', 'n2', 'n5'] and slurm_names(shares, other) == ['n3', 'n4', 'n6']
    shares.scale(one, 0, [node.id for node in shares.nodes(one)])
    assert shares.nodes(one) == []
    shares.scale(other, 9)
    assert sorted(slurm_names(shares, other)) == ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']


def test_nodes_of_a_cluster_whose_folder_was_taken_away_are_free_again(tmp_path):
    shares, one, other = shares_of(tmp_path), cluster_of(tmp_path, 1), cluster_of(tmp_path, 2)
    shares.scale(one, 6)
    shares.scale(other, 1)
    assert shares.nodes(other) == []
    shutil.rmtree(one.folder)
    shares.scale(other, 1)
    assert len(shares.nodes(other)) == 1 and shares.nodes(one) == []


def test_there_are_fewer_nodes_until_slurm_has_more(tmp_path):
    shares, cluster = shares_of(tmp_path, table_of(slurm_node(1))), cluster_of(tmp_path)
    shares.scale(cluster, 3)
    assert slurm_names(shares, cluster) == ['n1']
    shares.looked(SIX)
    shares.scale(cluster, 3)
    assert slurm_names(shares, cluster) == ['n1', 'n2', 'n3']


def test_a_node_that_slurm_gives_no_work_has_a_problem_until_it_does(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 4)
    ids = [node.id for node in shares.nodes(cluster)]
    shares.looked(table_of(slurm_node(1, problem='Slurm has the node n1 as drained: disk'), slurm_node(2, asleep=True),
                           slurm_node(3)))
    nodes = shares.nodes(cluster)
    assert [node.problem for node in nodes] == [
        'Slurm has the node n1 as drained: disk', '', '', 'Slurm has no node n4 any more']
    assert [node.asleep for node in nodes] == [False, True, False, False]
    assert [node.id for node in nodes] == ids and not any(node.lost for node in nodes)
    shares.looked(SIX)
    assert set(seen_by(shares, cluster).values()) == {''}


def test_a_node_is_not_responding_when_two_looks_say_so(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 1)
    silent = table_of(slurm_node(1, silent=True))
    shares.looked(silent)
    assert set(seen_by(shares, cluster).values()) == {''}
    assert shares.looked(silent)
    assert set(seen_by(shares, cluster).values()) == {'Slurm has the node n1 as not responding'}
    assert not shares.looked(silent)
    shares.looked(SIX)
    assert set(seen_by(shares, cluster).values()) == {''}


def test_a_partition_that_vanished_or_lost_the_node_is_a_problem_of_each_node(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 1)
    for table, problem in (
            (NodeTable(SIX.nodes, {'other': Partition('other', ('n1',))}, 'other'),
             'Slurm has no partition batch any more'),
            (NodeTable(SIX.nodes, {'batch': Partition('batch', ('n1',), None, 'down')}, 'batch'),
             'Slurm has the partition batch as down'),
            (NodeTable(SIX.nodes, {'batch': Partition('batch', ('n2',))}, 'batch'),
             'the node n1 is not in the partition batch any more')):
        shares.looked(table)
        assert set(seen_by(shares, cluster).values()) == {problem}


def test_what_slurm_says_later_of_a_node_reaches_the_batch_script(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 1)
    shares.looked(table_of(dataclasses.replace(slurm_node(1, cpus=9, gpus=1), address='10.9.9.9')))
    node = shares.nodes(cluster)[0]
    assert (node.address, node.cores, node.gpus) == ('10.9.9.9', 9, (0,))
    assert (cluster.folder / 'by-name' / 'n1').read_text() == f'{node.id} 10.9.9.9 1\n'
    assert shares_of(tmp_path, None).nodes(bare(cluster)) == [node]


def test_only_another_look_is_news(tmp_path):
    shares = shares_of(tmp_path)
    assert not shares.looked(table_of(*(slurm_node(number, state='allocated') for number in range(1, 7))))
    assert shares.looked(table_of(slurm_node(1)))
    assert shares.table == table_of(slurm_node(1))


def test_jobs_may_have_the_open_nodes_only(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 3)
    ids = [node.id for node in shares.nodes(cluster)]
    assert shares.excluded(cluster) == 'n[1-6]' and shares.share(cluster).open_ids == frozenset()
    assert shares.set_open(cluster, ids[:2]) and not shares.set_open(cluster, list(reversed(ids[:2])))
    assert shares.excluded(cluster) == 'n[3-6]' and shares.share(cluster).open_ids == set(ids[:2])
    shares.scale(cluster, 2, [ids[0]])
    assert shares.excluded(cluster) == 'n[1,3-6]' and shares.share(cluster).open_ids == {ids[1]}
    shares.looked(table_of(slurm_node(2), slurm_node(3)))
    assert shares.excluded(cluster) == 'n3'
    shares.looked(table_of(slurm_node(2)))
    assert shares.excluded(cluster) == ''


def test_a_cluster_without_a_share_has_nothing_to_submit(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    assert not shares.set_open(cluster, ['tvm-1_1-x'])
    for ask in (shares.share, shares.excluded):
        with pytest.raises(EngineUnavailable):
            ask(cluster)


def test_the_words_of_a_submission_are_what_the_user_wants(tmp_path):
    (tmp_path / 'slurm.json').write_text(json.dumps({
        'partition': 'gpu', 'account': 'a', 'options': ['--contiguous'], 'lowPriority': {'qos': 'scavenger'},
        'sizes': {'Standard_NC6': {'constraint': 'k80', 'gres': 'gpu:k80:1', 'options': ['--mem=1G']}}}))
    k80 = SlurmNode('g1', 'g1', 'idle', 6, 'gpu:k80:2', 2, frozenset({'k80'}))
    shares = shares_of(tmp_path, table_of(slurm_node(1), k80, gpu=['n1', 'g1']))
    cluster = cluster_of(tmp_path, vm_size='STANDARD_NC6', low_priority=True,
                         options={'batchai.slurm.account': 'b', 'batchai.slurm.options': '--licenses=x'})
    shares.scale(cluster, 5)
    share = shares.share(bare(cluster))
    assert share.words == ('--partition=gpu', '--account=b', '--qos=scavenger', '--constraint=k80',
                           '--gres=gpu:k80:2', '--contiguous', '--mem=1G', '--licenses=x')
    assert (share.partition, share.time_limit, list(share.slurm_names.values())) == ('gpu', 60, ['g1'])


def test_a_job_gets_all_memory_and_the_gpus_that_every_node_has(tmp_path):
    shares, cluster = shares_of(tmp_path, table_of(slurm_node(1, gpus=4), slurm_node(2, gpus=2))), cluster_of(tmp_path)
    shares.scale(cluster, 2)
    assert shares.share(cluster).words == ('--partition=batch', '--gres=gpu:2', '--mem=0')
    none = cluster_of(tmp_path, 2, options={'batchai.slurm.gres': 'none'})
    shares.looked(table_of(slurm_node(1, gpus=4), slurm_node(2, gpus=2), slurm_node(3, gpus=1)))
    shares.scale(none, 1)
    assert shares.share(none).words == ('--partition=batch', '--mem=0') and shares.nodes(none)[0].gpus == ()


def test_an_edited_file_holds_for_the_next_submission_but_nodes_stay_what_they_were_chosen_as(tmp_path):
    file, shares, cluster = tmp_path / 'slurm.json', shares_of(tmp_path, table_of(
        slurm_node(1), slurm_node(2), slurm_node(3), other=['n2', 'n3'])), cluster_of(tmp_path)
    shares.scale(cluster, 1)
    file.write_text('{"account": "x", "partition": "other"}')
    assert shares.share(cluster).words == ('--partition=batch', '--account=x', '--mem=0')
    shares.scale(cluster, 2)
    assert slurm_names(shares, cluster) == ['n1', 'n2'] and shares.share(cluster).partition == 'batch'
    shares.scale(cluster, 1, [shares.nodes(cluster)[0].id])
    shares.scale(cluster, 2)
    assert slurm_names(shares, cluster) == ['n3', 'n2'] and shares.share(cluster).partition == 'other'


def test_a_file_that_is_wrong_stops_new_nodes_and_not_the_jobs(tmp_path):
    file, shares, cluster = tmp_path / 'slurm.json', shares_of(tmp_path), cluster_of(tmp_path)
    file.write_text('{"account": "x"}')
    shares.scale(cluster, 1)
    file.write_text('{"account": ')
    assert shares.share(cluster).words[1] == '--account=x'
    with pytest.raises(EngineUnavailable, match='slurm.json cannot be used: it is no JSON'):
        shares.scale(cluster, 2)
    assert 'it is no JSON' in shares.check(cluster.wish)


@pytest.mark.parametrize('wish, said', [
    ({}, ''),
    ({'options': {'batchai.slurm.partition': 'nope'}}, 'Slurm has no partition nope; there are: batch'),
    ({'options': {'batchai.slurm.constraint': 'k80'}}, 'no node of the partition batch satisfies the constraint k80'),
    ({'options': {'batchai.slurm.gres': 'gpu:1'}}, 'no node of the partition batch has the GRES gpu:1'),
    ({'options': {'batchai.slurm.options': '--wrap=x'}}, '"--wrap" cannot be added'),
    ({'vm_size': 'STANDARD_NC24'}, '')])
def test_a_cluster_that_can_never_be_is_told_when_it_is_asked_for(tmp_path, wish, said):
    found = shares_of(tmp_path).check(ClusterWish('c', **wish))
    assert said in found and bool(found) == bool(said) and '\n' not in found


def test_nobody_objects_to_a_cluster_before_slurm_has_answered(tmp_path):
    assert shares_of(tmp_path, None).check(ClusterWish('c', options={'batchai.slurm.partition': 'nope'})) == ''


def test_a_folder_that_cannot_be_written_is_asked_again_later(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    (tmp_path / 'nodes').write_text('in the way')
    with pytest.raises(EngineUnavailable, match='nodes cannot be changed'):
        shares.scale(cluster, 1)
    (tmp_path / 'nodes').unlink()
    shares.scale(cluster, 1)
    assert len(shares.nodes(cluster)) == 1


def test_a_torn_file_is_as_none(tmp_path):
    shares, cluster = shares_of(tmp_path), cluster_of(tmp_path)
    shares.scale(cluster, 1)
    (cluster.folder / 'share.json').write_text('{"mem')
    assert shares_of(tmp_path).nodes(cluster) == []
    shares_of(tmp_path).scale(cluster, 1)
    assert len(shares_of(tmp_path).nodes(cluster)) == 1


class Crash(BaseException):
    """The process died here."""


def crash_at(line, call):
    """Run `call` and die before the given line of ours, counted from the first that is run; whether it came so far."""
    ours, count = {shares_module.__file__, share_files.__file__}, itertools.count()

    def trace(frame, event, _):
        if frame.f_code.co_filename not in ours:
            return None
        if event == 'line' and next(count) == line:
            raise Crash
        return trace
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
        return False
    except Crash:
        return True
    finally:
        sys.settrace(before)


def test_a_crash_at_any_line_of_growing_leaves_whole_nodes_and_the_next_call_gets_the_rest(tmp_path, no_disk):
    for line in itertools.count():
        root = tmp_path / str(line)
        cluster, other = cluster_of(root), cluster_of(root, 2)
        shares_of(root).scale(other, 1)
        crashed = crash_at(line, lambda: shares_of(root).scale(cluster, 2))
        check_whole(root, cluster)
        shares_of(root).scale(other, 2)
        shares_of(root).scale(cluster, 3)
        check_whole(root, cluster)
        taken = slurm_names(shares_of(root), cluster) + slurm_names(shares_of(root), other)
        assert len(taken) == len(set(taken)) == 5, line
        shutil.rmtree(root)
        if not crashed:
            break
    assert line > 100


def test_a_crash_at_any_line_of_shrinking_leaves_whole_nodes_and_the_next_call_does_the_rest(tmp_path, no_disk):
    for line in itertools.count():
        root = tmp_path / str(line)
        cluster = cluster_of(root)
        shares_of(root).scale(cluster, 3)
        leaving = [node.id for node in shares_of(root).nodes(cluster)][:2]
        crashed = crash_at(line, lambda: shares_of(root).scale(cluster, 1, leaving))
        check_whole(root, cluster)
        shares_of(root).scale(cluster, 1, leaving)
        check_whole(root, cluster)
        assert slurm_names(shares_of(root), cluster) == ['n3'], line
        if not crashed:
            break
    assert line > 30


@pytest.fixture
def no_disk(monkeypatch):
    """The process dies here, not the machine."""
    monkeypatch.setattr(share_files.os, 'fsync', lambda descriptor: None)


def check_whole(root, cluster):
    """Every node there is has all that jobs look for."""
    for node in shares_of(root, None).nodes(cluster):
        name = shares_of(root, None).share(cluster).slurm_names[node.id]
        assert node.folder.is_dir()
        assert (cluster.folder / 'by-name' / name).read_text() == f'{node.id} {node.address} {node.number}\n'


def test_a_thousand_nodes_are_quickly_told_apart(tmp_path):
    shares, cluster = shares_of(tmp_path, table_of(*map(slurm_node, range(2000)))), cluster_of(tmp_path)
    shares.scale(cluster, 1000)
    ids = [node.id for node in shares.nodes(cluster)]
    assert len(set(ids)) == 1000
    shares.set_open(cluster, ids[::2])
    deadline = time.monotonic() + PATIENCE
    rounds = 0
    while rounds < 100:
        assert len(shares.nodes(cluster)) == 1000 and len(expand(shares.excluded(cluster))) == 1500
        shares.scale(cluster, 1000)
        rounds += 1
        assert time.monotonic() < deadline
