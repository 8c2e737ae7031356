"""What Slurm says of nodes and partitions."""
import pytest

from azext_batchai.service.engines.slurm.commands import SlurmUnavailable
from azext_batchai.service.engines.slurm.nodes import parse_nodes, read_nodes, time_limit


def row(name='n1', address='10.0.0.1', state='idle', cpus='8', gres='(null)', features='(null)', partition='batch*',
        limit='infinite', available='up', reason='none'):
    columns = (name, address, state, cpus, gres, features, partition, limit, available, reason)
    return '\x1e' + '\x1f'.join(columns) + '\n'


def node(**columns):
    return parse_nodes(row(**columns)).nodes['n1']


def test_rows_become_nodes_and_partitions():
    table = parse_nodes(row() + row(partition='short', limit='1:00')
                        + row(name='n2', address='10.0.0.2', gres='gpu:k80:2(S:0-1),nic:1', features='ib,k80'))
    assert table.default_partition == 'batch'
    assert table.partitions['batch'].nodes == ('n1', 'n2') and table.partitions['batch'].time_limit is None
    assert table.partitions['short'].nodes == ('n1',) and table.partitions['short'].time_limit == 1
    assert (table.nodes['n2'].address, table.nodes['n2'].cpus, table.nodes['n2'].gpus) == ('10.0.0.2', 8, 2)
    assert table.nodes['n2'].features == {'ib', 'k80'} and table.nodes['n1'].features == frozenset()


@pytest.mark.parametrize('state', ['idle', 'mixed', 'allocated', 'completing', 'planned', 'idle-', 'reserved', 'maint',
                                   'allocated+', 'idle#', 'mixed#', 'powering_up', 'idle!', 'idle@', 'idle^', 'unknown',
                                   'idle$', 'blocked'])
def test_nodes_that_get_work_now_or_soon_have_no_problem(state):
    found = node(state=state)
    assert (found.problem, found.asleep) == ('', False)


@pytest.mark.parametrize('state', ['down', 'down*', 'drained', 'draining', 'draining@', 'fail', 'failing', 'inval',
                                   'drained~', 'down#', 'idle+drain', 'future', 'error'])
def test_nodes_that_get_none_have_a_problem_that_names_state_and_reason(state):
    found = node(state=state, reason='disk | broken\nsee ticket')
    assert found.problem == f'Slurm has the node n1 as {found.state}: disk | broken see ticket'
    assert not found.asleep and not found.silent


@pytest.mark.parametrize('state', ['idle~', 'idle%', 'powered_down', 'powering_down', 'idle~*', 'POWERED_DOWN'])
def test_nodes_that_are_switched_off_are_asleep(state):
    found = node(state=state)
    assert found.asleep and not found.problem


def test_a_node_that_does_not_respond_is_silent():
    assert node(state='idle*').silent and not node(state='idle').silent and not node(state='down*').silent


def test_a_drained_node_without_a_reason_has_a_problem_all_the_same():
    assert node(state='drained').problem == 'Slurm has the node n1 as drained'


def test_reasons_of_any_length_and_shape_do_not_spill_into_other_rows():
    table = parse_nodes(row(state='down', reason='x\n' * 1000) + row(name='n2', state='down', reason='a|b\tc'))
    assert list(table.nodes) == ['n1', 'n2']
    assert len(table.nodes['n1'].problem) < 300 and table.nodes['n2'].problem.endswith('a|b c')


def test_torn_rows_and_unsafe_names_are_left_out():
    table = parse_nodes(row() + '\x1en2\x1f10.0' + row(name='../n3') + row(name='', partition='empty'))
    assert list(table.nodes) == ['n1']
    assert table.partitions['empty'].nodes == () and table.partitions['batch'].nodes == ('n1',)


def test_without_a_default_there_is_none():
    assert parse_nodes(row(partition='batch')).default_partition == ''
    assert parse_nodes('').partitions == {}


def test_a_partition_that_is_down_or_gone_is_trouble():
    table = parse_nodes(row() + row(partition='old', available='down'))
    assert table.trouble_with('batch') == ''
    assert table.trouble_with('old') == 'Slurm has the partition old as down'
    assert table.trouble_with('none') == 'Slurm has no partition none any more'


def test_what_a_node_does_now_makes_no_other_table_but_a_problem_does():
    assert parse_nodes(row(state='idle')) == parse_nodes(row(state='allocated'))
    assert parse_nodes(row(state='idle')) != parse_nodes(row(state='drained'))


@pytest.mark.parametrize('text, minutes', [
    ('infinite', None), ('n/a', None), ('', None), ('30', 30), ('1:00', 1), ('30:00', 30), ('2:00:00', 120),
    ('1-00:00:00', 1440), ('2-12', 3600), ('2-12:30', 3630), ('0:30', 1)])
def test_limits_are_in_minutes(text, minutes):
    assert time_limit(text) == minutes


def test_an_answer_in_another_form_is_none(tmp_path, monkeypatch):
    (tmp_path / 'sinfo').write_text('#!/bin/sh\necho Welcome to the cluster\n')
    (tmp_path / 'sinfo').chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}:/usr/bin:/bin')
    with pytest.raises(SlurmUnavailable, match='Welcome to the cluster'):
        read_nodes()
