"""Slurm clusters for tests: one that they share, and others that a test breaks."""
import shutil
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'service'))

from cluster import SlurmCluster, missing_for_slurm  # noqa: E402


@contextmanager
def slurm_in_new_folder(**options):
    """pytest's own folders are closed to other users, whose jobs need Slurm's settings and the socket of munge."""
    if reason := missing_for_slurm():
        pytest.skip(reason)
    cluster = SlurmCluster(Path(tempfile.mkdtemp(prefix='bslurm-')), **options)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(cluster.folder)


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
