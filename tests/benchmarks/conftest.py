"""Puts the benchmarks on the path."""
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'benchmarks'))

from bench.contest import Effort, Places  # noqa: E402


@pytest.fixture
def effort():
    """The least that a row can do."""
    return Effort(turns=1, scale=0.01)


@pytest.fixture
def places():
    """The machine's own az, and the peers that `make bench` may have installed."""
    return Places(Path(os.environ.get('BATCHAI_TEST_AZ', ROOT / '.venv/bin/az')),
                  Path(os.environ.get('AZURE_EXTENSION_DIR', ROOT / '.venv/cliextensions')), ROOT / '.venv/peers')
