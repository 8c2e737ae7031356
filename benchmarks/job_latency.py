"""How long from the moment a job is accepted to the first instruction of its command, on an idle cluster.

Starts a service of its own in a temporary folder, submits one job at a time over REST, and lets each job print the
time at which its shell ran. Prints a JSON object; times are milliseconds.

    .venv/bin/python benchmarks/job_latency.py [--jobs 20]
"""
from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from service_client import RunningService


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--jobs', type=int, default=20, help='how many jobs, one after the other (default 20)')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, RunningService(Path(folder) / 'data') as service:
        out = Path(folder) / 'out'
        out.mkdir()
        service.create_cluster('bench', nodes=1, bind=out)
        samples = [_one(service, number) for number in range(options.jobs)]
    print(json.dumps({
        'jobs': options.jobs,
        'accepted_to_started_ms': _spread([sample[0] for sample in samples]),
        'request_ms': _spread([sample[1] for sample in samples]),
    }, indent=2))


def _one(service: RunningService, number: int) -> tuple[float, float]:
    """Milliseconds from the 202 to the command's first instruction, and the time of the request itself."""
    began = time.time()
    service.submit(f'job{number}', 'bench', 'echo "$EPOCHREALTIME"')
    accepted = time.time()
    job = service.wait(f'job{number}')
    log = service.log_folder(job) / 'stdout.txt'
    started = float(log.read_text().strip().replace(',', '.'))
    return (started - accepted) * 1000, (accepted - began) * 1000


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {'median': round(statistics.median(ordered), 2), 'least': round(ordered[0], 2),
            'most': round(ordered[-1], 2)}


if __name__ == '__main__':
    main()
