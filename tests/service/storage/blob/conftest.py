"""The blob service of one account, called in process."""
from __future__ import annotations

import pytest
from blob_client import BlobClient


@pytest.fixture
def blobs(harness):
    """With container `work`, which is empty."""
    client = BlobClient(harness)
    assert client.put('work', restype='container').status_code == 201
    return client
