"""Where tests find real frameworks: virtual environments that are no part of this project's own."""
import os
from pathlib import Path

import pytest

FRAMEWORKS = Path(os.environ.get('BATCHAI_TEST_FRAMEWORKS')
                  or Path(__file__).resolve().parents[2] / '.venv' / 'frameworks')
# The second has mpi4py for the MPI of the system.
_PLACES = (FRAMEWORKS, FRAMEWORKS / 'mpi' / 'system')


def framework_python(package):
    """The interpreter that has the package; a test without it is skipped, and says so."""
    for place in _PLACES:
        if any(place.glob(f'lib/python3*/site-packages/{package}')):
            return place / 'bin' / 'python'
    pytest.skip(f'{package} is not installed in {FRAMEWORKS}')
