"""Puts this folder on the path, so that every test below finds `harness`, and hands out its fixtures."""
import pytest

from harness import Harness, manual

# Its assertions are those of a test.
pytest.register_assert_rewrite('contract')


@pytest.fixture
def harness(tmp_path):
    """A whole service in this process: real app and store, fake engine, a clock that only moves when told."""
    made = Harness(tmp_path / 'data')
    yield made
    made.close()


@pytest.fixture
def pair(harness):
    """A manual cluster of two idle nodes."""
    harness.make_cluster(scaleSettings=manual(2))
    return harness
