"""The service in this process, shared by the checks of one document, and the figures at the end of the run."""
from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'service'))

from harness import Harness, file_server_body, file_server_path, manual  # noqa: E402

_figures: dict[str, Counter[str]] = defaultdict(Counter)


@pytest.fixture(scope='module')
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A harness with cluster c of one idle node and file server f."""
    harness = Harness(tmp_path_factory.mktemp('contracts') / 'data')
    harness.make_cluster(scaleSettings=manual(1))
    harness.put(file_server_path('f'), file_server_body())
    yield harness
    harness.close()


@pytest.fixture
def tally() -> Callable[[str, str], None]:
    """``tally('Puppet properties', 'returned')`` adds one to the figures that are printed at the end."""
    def count(document: str, outcome: str) -> None:
        _figures[document][outcome] += 1
    return count


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if _figures:
        terminalreporter.section('contracts')
    for document, outcomes in sorted(_figures.items()):
        parts = ', '.join(f'{count} {outcome}' for outcome, count in sorted(outcomes.items()))
        terminalreporter.write_line(f'{document}: {sum(outcomes.values())}: {parts}')
