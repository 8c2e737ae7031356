"""Slurm clusters for tests: one that they share, and others that a test breaks."""
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'service'))

from slurm_for_test import slurm_in_new_folder  # noqa: E402


@pytest.fixture(scope='session')
def slurm():
    """Four nodes and quick settings. A test leaves its nodes idle and its partitions as they were."""
    with slurm_in_new_folder(tuned=True) as cluster:
        yield cluster


@pytest.fixture
def start_slurm():
    """Starts clusters with options of SlurmCluster, and ends them after the test."""
    with ExitStack() as clusters:
        yield lambda **options: clusters.enter_context(slurm_in_new_folder(**options))
