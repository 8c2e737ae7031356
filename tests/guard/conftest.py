"""Compares what operations cost with the table in tests/data, or writes it: ``pytest tests/guard --update-counts``."""
import json
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / name) for name in ('service', 'stories')]

from harness_fixture import harness  # noqa: E402, F401  found on the path just set

TABLE = Path(__file__).parents[1] / 'data' / 'operation_counts.json'


def pytest_addoption(parser):
    parser.addoption('--update-counts', action='store_true', help=f'write {TABLE.name} instead of comparing with it')


@pytest.fixture
def costs(request):
    """Checks what an operation was found to cost: `costs(section, name, found, details)`. `details` is shown with a
    difference."""
    def check(section, name, found, details=''):
        table = json.loads(TABLE.read_text('utf-8'))
        if request.config.getoption('--update-counts', default=False):
            table.setdefault(section, {})[name] = found
            TABLE.write_text(_text(table), 'utf-8')
            return
        known = table.get(section, {}).get(name)
        assert found == known, (
            f"'{name}' costs {found} instead of {known}.\nIf that is meant, run `pytest tests/guard --update-counts` "
            f'and look at what it changes in {TABLE.name}.\n{details}')
    return check


def _text(table):
    """JSON with a line for each operation."""
    sections = [f' {json.dumps(section)}: {{\n' + ',\n'.join(
        f'  {json.dumps(name)}: {json.dumps(cost)}' for name, cost in found.items()) + '\n }'
        for section, found in table.items()]
    return '{\n' + ',\n'.join(sections) + '\n}\n'


@pytest.fixture
def table():
    """The table as it is, by section."""
    return json.loads(TABLE.read_text('utf-8'))
