"""The frame of the storage services with a handler that only says what it was given."""
from __future__ import annotations

import pytest
from signing import ACCOUNT, KEYS, NOON
from starlette.responses import Response

from azext_batchai.service.storage import rest
from azext_batchai.service.store.accounts import Account


class Probe:
    """In the place of the handlers of both services: keeps the requests that get that far, and answers 200.

    `work` is called with each first, and may raise or answer."""

    def __init__(self):
        self.seen = []
        self.work = None

    async def handle(self, _service, request):
        self.seen.append(request)
        answer = await self.work(request) if self.work else None
        return answer or Response(status_code=200)


@pytest.fixture
def probe(monkeypatch):
    made = Probe()
    for package in ('blob', 'file'):
        monkeypatch.setattr(rest, package, made, raising=False)
    return made


@pytest.fixture
def storage(harness, probe):
    """A harness with the account of `signing`."""
    harness.now = NOON
    harness.store.accounts.put(Account(ACCOUNT, 'aa', 'rg', 'eastus', 'Standard_LRS', 'StorageV2', {}, NOON, KEYS))
    return harness
