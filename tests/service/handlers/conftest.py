"""Services with what most tests of handlers begin with."""
import pytest
from harness import manual


@pytest.fixture
def workspace(harness):
    """A harness with an empty workspace."""
    harness.make_workspace()
    return harness


@pytest.fixture
def cluster(harness):
    """A harness with a cluster c of one idle node."""
    harness.make_cluster(scaleSettings=manual(1))
    harness.wakes = 0
    return harness
