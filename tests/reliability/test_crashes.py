"""The service killed again and again under a stream of jobs: none is lost, none runs twice, each keeps its code."""
from __future__ import annotations

from pathlib import Path

import pytest
from crash_run import CrashRun


@pytest.mark.timeout(400)
def test_thirty_kills_under_two_hundred_jobs_harm_none(tmp_path: Path) -> None:
    outcome = CrashRun(tmp_path, kills=30, jobs=200, seed=20180605).run()
    print(outcome)
    assert sum(outcome.kills.values()) == 30
    assert outcome.verdict.lost == []
    assert outcome.verdict.twice == []
    assert outcome.verdict.wrong == []
    assert outcome.left == []
