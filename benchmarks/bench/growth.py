"""What a job costs when there are many jobs in the store, and when there are many nodes."""
from __future__ import annotations

import signal
import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Sequence

from bench import growth_of_nodes
from bench.clock_lines import PRINT_TIME, printed_time
from bench.contest import Effort
from bench.filled_store import PARKED, fill_store
from bench.rows.jobs_per_second import timed_jobs
from bench.rows.memory import resident
from bench.running_service import JOBS, RunningService

KEY = 'growth'
_JOBS = (100, 1_000, 10_000, 100_000)
_NODES = (4, 100, 1_000)


def measure(folder: Path, full: bool, effort: Effort) -> dict[str, list[dict[str, Any]]]:
    """Rows of the two tables. 100,000 jobs only in a `full` run; a small effort leaves out the larger sizes."""
    jobs = [size for size in _JOBS if full or size <= 10_000 * effort.scale] or [50]
    nodes = [size for size in _NODES if size <= 1_000 * effort.scale] or [2]
    found: dict[str, list[dict[str, Any]]] = {'jobs': [], 'nodes': []}
    with ExitStack() as stack:
        stores = [_Store(Path(stack.enter_context(tempfile.TemporaryDirectory(dir=folder, prefix='bench-'))) / 'data',
                         size, effort, stack) for size in jobs]
        for _ in range(effort.turns):
            for store in stores:
                store.turn()
        found['jobs'] = [store.row() for store in stores]
    for size in nodes:
        with tempfile.TemporaryDirectory(dir=folder, prefix='bench-') as name:
            found['nodes'].append(growth_of_nodes.measure(Path(name) / 'data', size, effort))
    return found


class _Store:
    """The service as a user runs it, over TLS; `size` jobs were put into its store before it started. All sizes take
    turns, so that what else the machine does hits all of them."""

    def __init__(self, data_dir: Path, size: int, effort: Effort, stack: ExitStack):
        fill_store(data_dir, size)
        self._bytes = sum(file.stat().st_size for file in data_dir.glob('batchai.db*'))
        self._size, self._effort = size, effort
        self._starts: list[float] = []
        self._rates: list[float] = []
        self._accepted: list[float] = []
        self._known: list[float] = []
        self._listed: list[float] = []
        self._service = stack.enter_context(RunningService(data_dir))
        self._service.call('PUT', PARKED, {'properties': {
            'vmSize': 'STANDARD_D1', 'scaleSettings': {'manual': {'targetNodeCount': 0}},
            'userAccountSettings': {'adminUserName': 'bench', 'adminUserPassword': 'bench'}}})
        self._service.make_cluster(4)
        _one_start(self._service)

    def turn(self) -> None:
        service, count = self._service, self._effort.count(100, least=8)
        self._starts += [_one_start(service) for _ in range(self._effort.count(5))]
        self._rates.append(timed_jobs(service, [service.submission(name, 'true') for name in service.new_names(count)]))
        self._accepted += _milliseconds(
            [service.submission(name, 'true', 'parked') for name in service.new_names(count)], service.submit)
        self._known += _milliseconds([f'filled{number * (self._size // 20)}' for number in range(20)], service.job)
        self._listed.append(_list(service))

    def row(self) -> dict[str, Any]:
        memory = resident(self._service.pid)
        self._service.end(signal.SIGTERM)
        rate = statistics.median(self._rates)
        return {'jobs in the store': self._size, 'submitted → runs, ms': _short(self._starts),
                'jobs a second': round(rate), 'cost of a job, ms': round(1000 / rate, 2),
                'PUT job, ms': _short(self._accepted), 'GET job, ms': _short(self._known),
                'a page of 1,000, per job, µs': _short(self._listed), 'memory, MiB': round(memory),
                'start, ms': round(self._service.start() * 1000),
                'database, bytes a job': round(self._bytes / self._size)}


def _one_start(service: RunningService) -> float:
    """Milliseconds from the request until the command runs."""
    [name] = service.new_names(1)
    request, sent = service.submission(name, PRINT_TIME), time.time()
    service.submit(request)
    return (printed_time(service.logs(service.ended(name)) / 'stdout.txt') - sent) * 1000


def _list(service: RunningService) -> float:
    """Microseconds for each job of the first page."""
    began = time.perf_counter()
    page = service.connection.read(JOBS)['value']
    return (time.perf_counter() - began) * 1e6 / len(page)


def _milliseconds(values: Sequence[Any], work: Callable[[Any], Any]) -> list[float]:
    samples = []
    for value in values:
        began = time.perf_counter()
        work(value)
        samples.append((time.perf_counter() - began) * 1000)
    return samples


def _short(values: Sequence[float]) -> float:
    return float(f'{statistics.median(values):.3g}')


def table(found: dict[str, list[dict[str, Any]]]) -> str:
    """Both tables as Markdown."""
    return '\n\n'.join(filter(None, map(_markdown, found.values())))


def _markdown(rows: Sequence[dict[str, Any]]) -> str:
    if not rows:
        return ''
    lines = [' | '.join(rows[0]), ' | '.join(['---'] * len(rows[0])),
             *(' | '.join(f'{value:,}' for value in row.values()) for row in rows)]
    return '\n'.join(f'| {line} |' for line in lines)
