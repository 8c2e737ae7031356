"""Every row of the table in its smallest form, with the real service and the real az, so that none of them rots."""
import pytest

from bench import growth
from bench.contest import Row, hold, is_us
from bench.peers import slurm
from bench.peers.processes import left_out
from bench.rows import all_rows, gangs, kill_recovery, terminate
from bench.rows.stream import _lost

ROWS = {row.key: row for row in all_rows.all_rows()}
# Without the engine's own row, which needs a Slurm and has tests beside it.
OURS = [key for key, row in ROWS.items() if any(map(is_us, row.contestants)) and key in {
    'jobs-per-second', 'job-start', 'gang-start', 'gangs-per-second', 'accepted-per-second', 'terminate', 'job-wait',
    'stream', 'job-show', 'list-rest', 'list-az', 'service-start', 'memory-idle', 'memory-10000', 'kill-recovery'}]


def test_every_row_of_the_design_is_there():
    assert len(OURS) == 15


@pytest.mark.parametrize('key', OURS)
def test_a_row_measures_us(tmp_path, effort, places, key):
    found = [result for result in hold(ROWS[key], tmp_path, effort, places, peers=False) if is_us(result.name)]
    assert found
    for result in found:
        assert not result.reason, f'{result.name}: {result.reason}'
        assert result.values
        assert result.facts.get('bytes lost', 0) == result.facts.get('lost', 0) == result.facts.get('run twice', 0) == 0


@pytest.mark.parametrize('row', [terminate.ROWS[0], *gangs.ROWS, kill_recovery.ROWS[0]], ids=lambda row: row.key)
def test_slurm_takes_its_turns(tmp_path, effort, places, row):
    peers = {name: prepare for name, prepare in row.contestants.items() if name.startswith(slurm.NAME)}
    results = hold(Row(row.key, row.title, row.unit, None, peers), tmp_path, effort, places)
    for result in results:
        if not result.reason.startswith('failed'):
            continue
        pytest.fail(f'{result.name}: {result.reason}')
    if results[0].reason:
        pytest.skip(results[0].reason)
    assert all(value > 0 for result in results for value in result.values)


def test_who_is_not_installed_is_left_out_with_what_was_said(tmp_path):
    assert 'install_peers.sh' in left_out(tmp_path, 'azurite')
    (tmp_path / 'azurite.left-out').write_text('azurite could not be installed:\nno such host\n')
    assert left_out(tmp_path, 'azurite') == 'azurite could not be installed: no such host'


def test_growth_has_a_line_for_each_size(tmp_path, effort):
    found = growth.measure(tmp_path, False, effort)
    assert [row['jobs in the store'] for row in found['jobs']] == [100]
    assert [row['nodes'] for row in found['nodes']] == [4]
    assert all(value > 0 for table in found.values() for row in table for value in row.values())
    assert len(growth.table(found).splitlines()) == 7


@pytest.mark.parametrize('printed, lost', [
    (b'ready\n1\nthe end', 0), (b'the log begins\nready\n1\nthe end\nthe log ends\n', 0), (b'ready\n1\n', 7),
    (b'', 15)], ids=['all', 'more than all', 'without the tail', 'nothing'])
def test_bytes_that_are_not_printed_are_counted(printed, lost):
    assert _lost(b'ready\n1\nthe end', printed) == lost
