"""Puts this folder on the path, so that every test below finds `harness`, and hands out its fixtures."""
import pytest

from harness import manual
from harness_fixture import harness  # noqa: F401

# Its assertions are those of a test.
pytest.register_assert_rewrite('contract')


@pytest.fixture
def pair(harness):  # noqa: F811
    """A manual cluster of two idle nodes."""
    harness.make_cluster(scaleSettings=manual(2))
    return harness
