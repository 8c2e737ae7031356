"""The file service of one account, called in process."""
from __future__ import annotations

import pytest
from file_client import FileClient


@pytest.fixture
def files(harness):
    """With share `work`, which is empty."""
    client = FileClient(harness)
    client.expect(201, client.put('work', restype='share'))
    return client
