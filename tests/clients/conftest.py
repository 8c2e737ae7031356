"""One service for all clients; each works in a resource group of its own."""
from __future__ import annotations

from typing import Iterator

import pytest
from running_service import RunningService


@pytest.fixture(scope='session')
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with RunningService(tmp_path_factory.mktemp('clients') / 'data') as running:
        yield running
