"""The service under load: many clients, jobs, nodes and files, a long log, clients that stall. Prints rows of figures.

    python tests/reliability/load_run.py [--seconds 60] [--only mixed,stalled]

Every scenario has a service of its own, over TLS on loopback; the client is this process. Memory, file descriptors and
threads are those of the service before, at their highest, and after the load; they have returned when there are at most
`load_figures.TOLERANCE` more of each. Exits with 1 when something has not, or when an answer was wrong.
"""
from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from job_load import long_log, many_files, many_jobs, many_nodes, mixed  # noqa: E402
from stalled_load import stalled  # noqa: E402
from storage_load import storage  # noqa: E402

_SCENARIOS = {found.__name__: found for found in (
    mixed, many_jobs, many_nodes, long_log, many_files, stalled, storage)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seconds', type=float, default=60, help='of the loads that have no end of their own')
    parser.add_argument('--only', default=','.join(_SCENARIOS), help='names of scenarios, with commas')
    options = parser.parse_args()
    failed = False
    for name in options.only.split(','):
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            figures = asyncio.run(_SCENARIOS[name](Path(folder), options.seconds))
        figures.show(f'{name} ({time.monotonic() - began:.0f} s)')
        failed |= bool(figures.wrong) or not figures.has_returned()
    return int(failed)


if __name__ == '__main__':
    sys.exit(main())
