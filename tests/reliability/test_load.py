"""The scenarios of `load_run.py`, short: nothing is answered wrongly, and what the load took is given back."""
import asyncio

import pytest

from job_load import long_log, many_files, many_jobs, many_nodes, mixed
from stalled_load import stalled
from storage_load import storage


@pytest.mark.parametrize('scenario, seconds, size', [
    (mixed, 2, {'clients': 16}),
    (many_jobs, 0, {'jobs': 2000}),
    (many_nodes, 0, {'nodes': 30}),
    (long_log, 0, {'size': 50_000_000}),
    (many_files, 0, {'files': 1000}),
    (storage, 0, {'parallel': 8, 'size': 4 << 20}),
], ids=lambda value: getattr(value, '__name__', ''))
def test_a_load_is_served_and_leaves_nothing_behind(tmp_path, scenario, seconds, size):
    figures = asyncio.run(scenario(tmp_path, seconds, **size))
    assert not figures.wrong
    assert figures.has_returned(), f'before {figures.before}, after {figures.after}'


def test_an_honest_client_is_served_among_many_that_stall_and_no_file_stays_open(tmp_path):
    figures = asyncio.run(stalled(tmp_path, 4, each=20, sockets=100))
    assert not figures.wrong
    assert figures.after.descriptors <= figures.before.descriptors + 4, f'{figures.before}, {figures.after}'
