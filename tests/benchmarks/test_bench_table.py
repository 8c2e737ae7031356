"""Who takes turns in what order, and what the table says of them."""
import json

import pytest

import run
from bench import report
from bench.contest import Contestant, Effort, Goal, PeerMissing, Result, Row, hold


def row_of(contestants, goal=Goal(20, 5), **more):
    return Row('key', 'what', 'ms', goal, contestants, **more)


def held(row, tmp_path, places, turns=2, **more):
    return {result.name: result for result in hold(row, tmp_path, Effort(turns=turns), places, **more)}


def test_contestants_take_turns_one_after_the_other(tmp_path, places):
    taken = []

    def one(name):
        return lambda contest: Contestant('', lambda: [float(taken.append(name) or len(taken))])
    results = held(row_of({'ours': one('A'), 'peer': one('B')}), tmp_path, places)
    assert taken == ['A', 'B', 'A', 'B']
    assert results['ours'].values == [1, 3]
    assert results['peer'].values == [2, 4]


def test_who_fails_is_left_out_from_there_on_and_the_others_go_on(tmp_path, places):
    def failing():
        raise RuntimeError('a long story\nthe end of it')

    def missing(contest):
        raise PeerMissing('install it')
    results = held(row_of({'ours': lambda contest: Contestant('', lambda: [1.0]), 'absent': missing,
                           'failing': lambda contest: Contestant('', failing)}), tmp_path, places)
    assert results['absent'].reason == 'install it'
    assert results['failing'].reason == 'failed: RuntimeError: the end of it'
    assert results['ours'].values == [1.0, 1.0]


def test_peers_are_not_even_prepared_when_nobody_asked_for_them(tmp_path, places):
    prepared = []
    results = held(row_of({'ours, in another way': lambda contest: Contestant('', lambda: [1.0]),
                           'peer': prepared.append}), tmp_path, places, peers=False)
    assert not prepared
    assert results['ours, in another way'].values and results['peer'].reason


def test_what_a_row_has_started_ends_with_it_and_is_started_once(tmp_path, places):
    events = []

    def peer(contest):
        contest.stack.callback(events.append, 'ended')
        events.append('started')
        return len(events)

    def contestant(contest):
        assert contest.shared(peer) == 1
        return Contestant('', lambda: [float(not events.append('turn'))])
    held(row_of({'ours': contestant, 'other': contestant}), tmp_path, places, turns=1)
    assert events == ['started', 'turn', 'turn', 'ended']


@pytest.mark.parametrize('median, more_is_better, said', [
    (4, False, 'aim met'), (5, False, 'aim met'), (19, False, 'met'), (21, False, 'missed'),
    (21, True, 'aim met'), (19, True, 'met'), (4, True, 'missed')])
def test_our_median_is_held_against_the_goal(median, more_is_better, said):
    goal = Goal(5, 20) if more_is_better else Goal(20, 5)
    results = [Result('ours', values=[0, median, 1000]), Result('peer', values=[1])]
    assert report.verdict(row_of({}, goal, more_is_better=more_is_better), results) == said


def test_the_table_has_spread_durability_facts_and_reasons():
    record = report.row_record(row_of({}), [
        Result('ours', 'on disk', [3.0, 1.0, 2.0], {'bytes lost': 0}), Result('peer', reason='not | here')], 1.0)
    lines = report.table([record]).splitlines()
    assert lines[2] == '| what (ms) | **ours** | 2 | 1 to 3 | 3 | 20; 5: aim met | on disk; bytes lost: 0 |'
    assert lines[3] == '|  | peer | left out | |  |  | not \\| here |'
    assert {line.replace('\\|', '').count('|') for line in lines} == {8}


def test_a_run_writes_both_results(tmp_path):
    assert run.main(['--only', 'memory-idle', '--no-peers', '--turns', '1', '--folder', str(tmp_path),
                     '--results', str(tmp_path / 'results')]) == 0
    found = json.loads((tmp_path / 'results/latest.json').read_text())
    [row] = found['rows']
    assert row['results'][0]['who'] == 'ours' and row['results'][0]['median'] > 10
    assert found['machine']['cores'] >= 1
    assert '| **ours** |' in (tmp_path / 'results/latest.md').read_text()


def test_a_row_that_is_not_there_is_refused_by_name(capsys):
    with pytest.raises(SystemExit):
        run.main(['--only', 'job-strat'])
    assert 'no row is called job-strat; there are jobs-per-second' in capsys.readouterr().err
