"""What tests here need of the machine, and the name of the package that brings it."""
import shutil
import subprocess

import pytest


def needs_open_mpi():
    """Skips a test where `mpirun` is not that of Open MPI."""
    if not shutil.which('mpirun') or 'open' not in subprocess.run(
            ['mpirun', '--version'], capture_output=True, text=True, timeout=30).stdout.lower():
        pytest.skip('the package openmpi-bin is not installed, or its mpirun is not the one of the machine')
