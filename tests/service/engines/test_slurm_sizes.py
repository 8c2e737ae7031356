"""VM sizes, and the nodes that come near to them."""
import pytest

from azext_batchai.arm.catalogue import VM_SIZES
from azext_batchai.service.engines.slurm.constraints import ConstraintError, satisfies
from azext_batchai.service.engines.slurm.gres import count_gpus, has_gres, whole_nodes_gres
from azext_batchai.service.engines.slurm.nodes import NodeTable, Partition, SlurmNode
from azext_batchai.service.engines.slurm.requirements import Requirements, best, objection
from azext_batchai.service.engines.slurm.sizes import Size, size_of


@pytest.mark.parametrize('name, cores, gpus', [
    ('STANDARD_D1', 1, 0), ('standard_d14', 16, 0), ('Standard_D5_v2', 16, 0), ('Standard_D64_v3', 64, 0),
    ('Standard_F8', 8, 0), ('Standard_H16mr', 16, 0), ('Standard_A9', 16, 0), ('Standard_A8_v2', 8, 0),
    ('Standard_G5', 32, 0), ('Standard_NC6', 6, 1), ('STANDARD_NC24r', 24, 4), ('Standard_NC12s_v3', 12, 2),
    ('Standard_ND24rs', 24, 4), ('Standard_NV12', 12, 2), ('Standard_NV12s_v3', 12, 1), ('Standard_ND40rs_v2', 40, 8),
    ('Standard_NC4as_T4_v3', 4, 1), ('Standard_NC64as_T4_v3', 64, 4), ('Standard_ND96asr_v4', 96, 8),
    ('Standard_NC24ads_A100_v4', 24, 1), ('Standard_NX1', 1, 1), ('Basic_A1', 0, 0), ('', 0, 0)])
def test_sizes_have_the_cores_and_gpus_of_azure(name, cores, gpus):
    assert size_of(name) == Size(cores, gpus)


def test_every_size_of_the_catalogue_has_cores_and_those_of_the_n_series_gpus():
    for name in VM_SIZES:
        size = size_of(name)
        assert size.cores > 0 and (size.gpus > 0) == name.startswith('Standard_N'), name


@pytest.mark.parametrize('text, gpus', [
    ('(null)', 0), ('', 0), ('gpu:2', 2), ('gpu:k80:2(S:0-1),nic:1', 2), ('gpu:k80:1,gpu:v100:3', 4), ('gpu', 1),
    ('gres:gpu:2', 2), ('gres/gpu=2', 2), ('gpu:tesla:no_consume:4', 4), ('bandwidth:lustre:4G', 0)])
def test_gpus_are_counted(text, gpus):
    assert count_gpus(text) == gpus


@pytest.mark.parametrize('node, wanted, there', [
    ('gpu:k80:2', 'gpu:1', True), ('gpu:k80:2', 'gpu:k80:2', True), ('gpu:k80:2', 'gpu:3', False),
    ('gpu:k80:2', 'gpu:v100:1', False), ('gpu:2', 'gpu:k80:1', False), ('gpu:1,nic:2', 'gpu:1,nic:2', True),
    ('gpu:1', 'nic:1', False), ('bandwidth:4G', 'bandwidth:500M', True), ('', 'gpu', False)])
def test_a_node_has_a_gres_of_the_type_and_number_or_has_not(node, wanted, there):
    assert has_gres(node, wanted) is there


@pytest.mark.parametrize('wanted, nodes, asked', [
    ('gpu:1', ['gpu:4', 'gpu:2'], 'gpu:2'), ('gpu:k80:1', ['gpu:k80:4,gpu:v100:4'], 'gpu:k80:4'),
    ('gpu', ['gpu:4'], 'gpu:4'), ('nic:1', ['nic:4'], 'nic:1'), ('gpu:1,nic:1', ['gpu:2,nic:2'], 'gpu:2,nic:1'),
    ('gpu:1', [], 'gpu:1')])
def test_a_job_asks_for_all_the_gpus_that_each_of_its_nodes_has(wanted, nodes, asked):
    assert whole_nodes_gres(wanted, nodes) == asked


@pytest.mark.parametrize('constraint, expected', [
    ('', True), ('k80', True), ('v100', False), ('k80&ib', True), ('k80,ib', True), ('k80&v100', False),
    ('v100|k80', True), ('v100|k80&ib', True), ('(v100|k80)&ib', True), ('(v100|ib)&v100', False),
    ('[rack1|k80]', True),
    ('k80*2&ib*1', True), ('!v100', True), ('!k80', False), (' k80 & ib ', True)])
def test_constraints_are_read_as_slurm_does(constraint, expected):
    assert satisfies({'k80', 'ib'}, constraint) is expected


@pytest.mark.parametrize('constraint', ['k80&', '&', '(k80', 'k80)', 'a||b', 'a b', '[a', '()'])
def test_what_is_no_constraint_is_told_with_an_example(constraint):
    with pytest.raises(ConstraintError, match='k80&ib'):
        satisfies((), constraint)


def table(*nodes, partition='batch'):
    return NodeTable({node.name: node for node in nodes},
                     {partition: Partition(partition, tuple(node.name for node in nodes))}, partition)


def made(name, cpus=4, gpus=0, state='idle', **more):
    return SlurmNode(name, name, state, cpus, f'gpu:{gpus}' if gpus else '', gpus, **more)


def names(found):
    return [node.name for node in found]


def test_a_gpu_size_takes_nodes_with_gpus_only_while_there_are_some():
    mixed = table(made('c1'), made('g1', gpus=1), made('g2', gpus=1))
    assert names(best(mixed, Requirements('batch', vm_size='Standard_NC6'), (), 3)) == ['g1', 'g2']
    assert names(best(mixed, Requirements('batch', vm_size='Standard_NC6'), ('g1', 'g2'), 3)) == []
    bare = table(made('c1'), made('c2'))
    assert names(best(bare, Requirements('batch', vm_size='Standard_NC6'), (), 3)) == ['c1', 'c2']


def test_a_size_without_gpus_takes_those_with_some_last():
    mixed = table(made('g1', gpus=1), made('c1'), made('c2'))
    assert names(best(mixed, Requirements('batch', vm_size='Standard_D2'), (), 3)) == ['c1', 'c2', 'g1']
    assert names(best(table(made('g1', gpus=1)), Requirements('batch', vm_size='Standard_D2'), (), 3)) == ['g1']


def test_nodes_with_cores_enough_come_first_and_the_smallest_of_these():
    mixed = table(made('small', 2), made('huge', 64), made('fit', 8))
    assert names(best(mixed, Requirements('batch', vm_size='Standard_D4'), (), 3)) == ['fit', 'huge', 'small']


def test_more_gpus_than_asked_for_are_better_than_fewer():
    mixed = table(made('g1', 24, 1), made('g8', 24, 8), made('g4', 24, 4))
    assert names(best(mixed, Requirements('batch', vm_size='Standard_NC24'), (), 3)) == ['g4', 'g8', 'g1']


def test_healthy_and_idle_nodes_come_first():
    mixed = table(made('down', problem='down'), made('silent', silent=True), made('busy', state='allocated'),
                  made('off', state='idle', asleep=True), made('idle'))
    assert names(best(mixed, Requirements('batch'), (), 5)) == ['idle', 'off', 'busy', 'silent', 'down']


def test_what_the_user_wrote_holds_in_any_case():
    mixed = table(made('c1', 4), made('g1', 8, 1, features=frozenset({'k80'})), made('g2', 8, 2))
    assert names(best(mixed, Requirements('batch', gres='gpu:2'), (), 3)) == ['g2']
    assert names(best(mixed, Requirements('batch', constraint='k80'), (), 3)) == ['g1']
    assert names(best(mixed, Requirements('batch', cores=8), (), 3)) == ['g1', 'g2']
    assert names(best(mixed, Requirements('batch', gres='none', vm_size='Standard_NC6'), (), 1)) == ['c1']


@pytest.mark.parametrize('wanted, said', [
    (Requirements('nope'), 'Slurm has no partition nope; there are: batch'),
    (Requirements(''), 'no default partition; name one with "partition" in slurm.json'),
    (Requirements('batch', constraint='v100'), 'constraint v100; its nodes have the features: k80'),
    (Requirements('batch', gres='gpu:9'), 'has the GRES gpu:9; its nodes have: gpu:1'),
    (Requirements('batch', cores=99), 'has 99 cores; the largest has 8'),
    (Requirements('batch', constraint='k80', cores=8), 'all at once that is asked for: the constraint k80, cores: 8')])
def test_a_cluster_that_no_node_could_be_of_is_objected_to(wanted, said):
    there = table(made('c1', 8), made('g1', 4, 1, features=frozenset({'k80'})))
    assert said in objection(there, wanted)


def test_a_cluster_whose_nodes_are_only_taken_or_down_is_none_to_object_to():
    assert objection(table(made('c1', problem='down')), Requirements('batch', vm_size='Standard_NC24')) == ''


def test_a_partition_without_nodes_is_objected_to():
    assert objection(table(), Requirements('batch')) == 'the partition batch has no nodes'
