"""The Slurm engine's rows and rounds in their smallest form."""
import pytest

from bench import growth, slurm_rounds
from bench.contest import Effort, hold
from bench.rows import slurm_jobs


@pytest.mark.parametrize('row', slurm_jobs.ROWS, ids=lambda row: row.key)
def test_the_same_jobs_run_through_us_and_beside_us(tmp_path_factory, effort, places, row):
    results = hold(row, tmp_path_factory.mktemp('s'), effort, places)  # a socket cannot have a long path
    if all(result.reason for result in results) and not results[0].reason.startswith('failed'):
        pytest.skip(results[0].reason)
    ours, four = results
    assert not ours.reason and not four.reason, f'{ours.reason} {four.reason}'
    assert ours.values[0] > 0 and four.values[0] > 0
    assert ours.facts['jobs a turn'] == 4 and ours.facts['CPU seconds of the service'] > 0
    assert ours.values[0] == pytest.approx(ours.facts['seconds of `sbatch`'] / ours.facts['seconds'], rel=0.1)


def test_a_round_is_measured_with_all_of_the_scheduler_and_the_engine(tmp_path):
    [row] = slurm_rounds.measure(tmp_path, Effort(scale=0.001))
    assert (row['jobs in Slurm'], row['nodes'], row['clusters']) == (20, 4, 1)
    assert row['jobs told of it'] == 10 and row['with calls of scontrol'] == 1
    assert all(value > 0 for value in row.values())
    assert len(growth.table({'rounds': [row]}).splitlines()) == 3
