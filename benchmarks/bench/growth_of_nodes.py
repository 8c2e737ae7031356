"""The scheduler with many nodes: the real app, store and loop in this process, on the fake engine, which runs nothing.

The database is not synced, and requests do not go through a socket: what is measured is the work of the service.
"""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

from bench.contest import Effort
from bench.running_service import ROOT
from bench.in_process_times import short, timed

_MOST_TURNS = 50
# Of one cluster, to the service.
_LARGEST = 100


def measure(data_dir: Path, nodes: int, effort: Effort) -> dict[str, Any]:
    """A row of the growth table; times are milliseconds. More than 100 nodes are in several clusters."""
    for place in (ROOT, ROOT / 'tests' / 'service'):
        if str(place) not in sys.path:
            sys.path.append(str(place))
    import harness as kit
    harness = kit.Harness(data_dir)
    try:
        clusters = ['c', *(f'c{number}' for number in range(1, nodes // _LARGEST))]
        each = min(nodes, _LARGEST)
        for name in clusters:
            harness.make_cluster(name, settle=False, scaleSettings=kit.manual(each))
        all_idle = timed(lambda: _turn_until(harness, lambda: all(
            harness.counts(name) == {'idle': each} for name in clusters)))
        starts, ends = [], []
        for number in range(effort.count(20)):
            name = f'j{number}'
            starts.append(timed(lambda: _turn_until(harness, lambda: harness.state(name) == 'running',
                                                    lambda: harness.submit(name))))
            ends.append(timed(lambda: _turn_until(harness, lambda: harness.state(name) == 'succeeded',
                                                  lambda: harness.engine.end(harness.running_launch(name).id, 0))))
        idle_turns = [timed(harness.turn) for _ in range(effort.count(20))]
        seen = [timed(harness.cluster) for _ in range(effort.count(20))]
        gang = timed(lambda: _turn_until(harness, lambda: harness.state('gang') == 'running',
                                         lambda: harness.submit('gang', nodeCount=each)))
        return {'nodes': nodes, 'all idle, ms': round(all_idle), 'job submitted → runs, ms': short(starts),
                'job ends → final state, ms': short(ends), 'a turn with nothing to do, ms': short(idle_turns),
                'GET cluster, ms': short(seen), 'job on a whole cluster runs, ms': round(gang, 1)}
    finally:
        harness.close()


def _turn_until(harness: Any, met: Callable[[], bool], first: Callable[[], Any] = lambda: None) -> None:
    first()
    for _ in range(_MOST_TURNS):
        harness.turn()
        if met():
            return
    raise RuntimeError(f'not so after {_MOST_TURNS} turns')
