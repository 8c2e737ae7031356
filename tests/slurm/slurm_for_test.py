"""A Slurm cluster for as long as a test needs it."""
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from cluster import SlurmCluster, missing_for_slurm


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
