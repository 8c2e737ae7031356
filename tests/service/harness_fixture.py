"""A whole service for a test, for the conftest of a folder to import."""
import pytest
from harness import Harness


@pytest.fixture
def harness(tmp_path):
    """A whole service in this process: real app and store, fake engine, a clock that only moves when told."""
    made = Harness(tmp_path / 'data')
    yield made
    made.close()
