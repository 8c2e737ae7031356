"""The service killed again and again while its jobs are in Slurm: none is lost, none runs twice."""
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'reliability'))

from crash_run import CrashRun  # noqa: E402


@pytest.mark.timeout(600)
def test_twenty_kills_under_a_hundred_jobs_of_slurm_harm_none(tmp_path, slurm, monkeypatch):
    for name, value in slurm.environment.items():
        monkeypatch.setenv(name, value)
    outcome = CrashRun(tmp_path, kills=20, jobs=100, seed=20180605, engine='slurm').run()
    print(outcome)
    assert sum(outcome.kills.values()) == 20
    assert outcome.verdict.lost == []
    assert outcome.verdict.twice == []
    assert outcome.verdict.wrong == []
    assert outcome.left == []
    assert not slurm.run('squeue', '--noheader').strip()
