"""How well a cluster is used by jobs of mixed sizes: the makespan beside the bound that no order can beat.

300 jobs of 1 to 4 nodes go to a cluster of 8 nodes, all at once. The real app, store and scheduler run them on the fake
engine with a simulated clock, so the figures are about the order of starts, not about the speed of this machine. The
bound is the larger of all node seconds shared by 8 nodes, and the longest job.

    python benchmarks/mixed_load.py [--jobs 300] [--nodes 8] [--seeds 5]
"""
from __future__ import annotations

import argparse
import heapq
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / 'tests/service')]

from harness import Harness, job_body, job_path, manual  # noqa: E402


def makespan(folder: Path, sizes: list[int], lengths: list[float], node_count: int) -> float:
    """Seconds of simulated time from the submission of the jobs to the end of the last."""
    harness = Harness(folder)
    try:
        harness.make_cluster(scaleSettings=manual(node_count))
        begun = harness.now
        for number, size in enumerate(sizes):
            assert harness.put(job_path(f'j{number}'), job_body(nodeCount=size)).status_code == 202
        launches = {harness.job_record(f'j{number}').guid: number for number in range(len(sizes))}
        ends: list[tuple[float, str]] = []
        known: set[str] = set()
        while True:
            harness.turn()
            for record in harness.store.launches.live():
                if record.id not in known:
                    known.add(record.id)
                    heapq.heappush(ends, (harness.now + lengths[launches[record.owner]], record.id))
            if not ends:
                break
            harness.now, launch = heapq.heappop(ends)
            harness.engine.end(launch, 0)
        states = harness.store.jobs.count_by_state()
        assert states == {'succeeded': len(sizes)}, states
        return harness.now - begun
    finally:
        harness.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--jobs', type=int, default=300)
    parser.add_argument('--nodes', type=int, default=8)
    parser.add_argument('--seeds', type=int, default=5)
    options = parser.parse_args()
    ratios = []
    for seed in range(options.seeds):
        chance = random.Random(seed)
        sizes = [chance.randint(1, 4) for _ in range(options.jobs)]
        lengths = [chance.expovariate(1 / 600) + 30 for _ in range(options.jobs)]
        bound = max(sum(size * length for size, length in zip(sizes, lengths)) / options.nodes, max(lengths))
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            found = makespan(Path(folder) / 'data', sizes, lengths, options.nodes)
        ratios.append(found / bound)
        print(f'seed {seed}: {found / 3600:.2f} h, bound {bound / 3600:.2f} h, ratio {ratios[-1]:.3f} '
              f'({time.perf_counter() - began:.1f} s to simulate)')
    print(f'median ratio {statistics.median(ratios):.3f}, from {min(ratios):.3f} to {max(ratios):.3f}')


if __name__ == '__main__':
    main()
