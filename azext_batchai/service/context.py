"""What every handler is given: the service's parts in one value."""
from __future__ import annotations

import asyncio
import hmac
import hashlib
import os
from dataclasses import dataclass, field
from typing import Callable

from azext_batchai.service.auth import STORAGE_DOMAIN
from azext_batchai.service.engines.base import Engine, QueueingEngine
from azext_batchai.service.engines.devices import count_gpus
from azext_batchai.service.scheduler.launching import Folders
from azext_batchai.service.settings import Settings
from azext_batchai.service.store import Store


class Pulse:
    """Wakes everybody who waits, at every `beat`; `beats` counts them. Once closed, nobody should wait again."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()
        self.beats = 0
        self.is_closed = False

    def beat(self) -> None:
        self.beats += 1
        waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Whoever waits, or will, is to answer at once: the service ends."""
        self.is_closed = True
        self.beat()

    async def wait(self, timeout: float) -> None:
        """Until the next beat, at most `timeout` seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            pass
        finally:
            self._waiting.discard(future)


@dataclass
class Service:
    """`clock` gives seconds since the epoch, `new_guid` lower-case guids with dashes; `wake` starts a turn of the
    scheduler, and `turned` beats after each. `lookers` counts requests that look at files until there is news.
    `blob_port` and `file_port` are where the two storage services listen. `queue` is the engine, where it has a queue
    of its own."""
    settings: Settings
    store: Store
    engine: Engine
    folders: Folders
    token: str
    clock: Callable[[], float]
    new_guid: Callable[[], str]
    wake: Callable[[], None]
    started: float
    hosts: frozenset[str]
    turned: Pulse = field(default_factory=Pulse)
    lookers: int = 0
    blob_port: int = 0
    file_port: int = 0
    queue: QueueingEngine | None = field(init=False)

    def __post_init__(self) -> None:
        # Asked for with every request, and a check of a protocol looks at each of its methods.
        self.queue = self.engine if isinstance(self.engine, QueueingEngine) else None

    def storage_endpoint(self, kind: str, account: str) -> str:
        """Where the blobs or files (`kind` is ``blob`` or ``file``) of an account are reached."""
        host = self.settings.host
        port = self.blob_port if kind == 'blob' else self.file_port
        return f"https://{f'[{host}]' if ':' in host else host}:{port}/{account}"

    def capacity(self) -> dict[str, int]:
        """``cores`` and ``gpus`` of all that jobs may run on."""
        if self.queue:
            return self.queue.capacity()
        return {'cores': os.cpu_count() or 1, 'gpus': count_gpus()}

    @property
    def storage_suffix(self) -> str:
        """What is behind ``account.blob.`` and ``account.file.`` in addresses that have the account in their host."""
        return f'{STORAGE_DOMAIN}:{self.blob_port}'

    @property
    def link_key(self) -> bytes:
        """Signs download links. Derived from the token, so a new token ends the old links too."""
        return hmac.new(self.token.encode(), b'download links', hashlib.sha256).digest()
