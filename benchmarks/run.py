"""The table of design section 11: us and what people would pick instead, measured in turns on this machine.

    make bench                                             everything, in about a quarter of an hour on two idle cores
    make bench BENCH_ARGS='--only job-start,stream'        some rows
    make bench BENCH_ARGS=--full                           more turns, larger ones, and 100,000 jobs in the growth table
    make bench PEERS=no                                    without installing and running anybody else

Results go to benchmarks/results/latest.json and latest.md. Each row is bounded in time; everything listens on loopback.
Exits with 1 when a figure of ours could not be had.
"""
from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench import growth, report, slurm_rounds  # noqa: E402
from bench.contest import Effort, Places, hold, is_us  # noqa: E402
from bench.rows.all_rows import all_rows  # noqa: E402

_ROOT = Path(__file__).resolve().parents[1]
_QUICK, _FULL = Effort(), Effort(turns=7, scale=2.0, seconds=300.0)


def main(arguments: list[str] | None = None) -> int:
    rows = {row.key: row for row in all_rows()}
    keys = [*rows, growth.KEY, slurm_rounds.KEY]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', default='', metavar='ROWS', help=f'of {", ".join(keys)}; with commas')
    parser.add_argument('--full', action='store_true')
    parser.add_argument('--turns', type=int, help='of everybody in a row')
    parser.add_argument('--scale', type=float, help='size of a turn beside that of a quick run, such as 0.1')
    parser.add_argument('--no-peers', action='store_true', help='only us')
    parser.add_argument('--peers', type=Path, default=_ROOT / '.venv' / 'peers', help='made by install_peers.sh')
    parser.add_argument('--with-ray', action='store_true', help='Ray Jobs too')
    parser.add_argument('--folder', type=Path, default=Path('/var/tmp'), help='a disk for everybody (%(default)s)')
    parser.add_argument('--results', type=Path, default=Path(__file__).resolve().parent / 'results')
    options = parser.parse_args(arguments)
    wanted = options.only.split(',') if options.only else keys
    if unknown := [key for key in wanted if key not in keys]:
        parser.error(f'--only: no row is called {unknown[0]}; there are {", ".join(keys)}')
    usual = _FULL if options.full else _QUICK
    effort = Effort(options.turns or usual.turns, options.scale or usual.scale, usual.seconds)
    places = Places(Path(os.environ.get('BATCHAI_TEST_AZ', _ROOT / '.venv' / 'bin' / 'az')),
                    Path(os.environ.get('AZURE_EXTENSION_DIR', _ROOT / '.venv' / 'cliextensions')),
                    options.peers.absolute(), options.with_ray)
    about = report.machine(options.folder)
    records: list[dict[str, Any]] = []
    for key in wanted:
        if key not in rows:
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory(dir=options.folder, prefix='bench-') as folder:
            results = hold(rows[key], Path(folder), effort, places, not options.no_peers)
        records.append(report.row_record(rows[key], results, time.monotonic() - began))
        print(f'\n{report.table(records[-1:])}\n({records[-1]["seconds"]:.0f} s)', flush=True)
        report.write(options.results, about, records, None, '')
    grown: Any = growth.measure(options.folder, options.full, effort) if growth.KEY in wanted else {}
    if slurm_rounds.KEY in wanted:
        grown['rounds with Slurm, ms'] = slurm_rounds.measure(options.folder, effort)
    if grown:
        print(f'\n{growth.table(grown)}', flush=True)
    report.write(options.results, about, records, grown or None, growth.table(grown))
    missing = [record['what'] for record in records for result in record['results']
               if is_us(result['who']) and 'left out' in result]
    for what in missing:
        print(f'no figure of ours: {what}', file=sys.stderr)
    return 1 if missing else 0


if __name__ == '__main__':
    sys.exit(main())
