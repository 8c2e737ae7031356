"""The service with real processes, for the tests of this folder."""
import pytest

from recorded_jobs import recorded_jobs


@pytest.fixture
def real(tmp_path):
    with recorded_jobs(tmp_path) as made:
        yield made
