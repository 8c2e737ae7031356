"""A thread that looks at Slurm's nodes and partitions now and then, and more seldom at its settings."""
from __future__ import annotations

import logging
import threading
import time
from typing import Callable, Mapping

from azext_batchai.service.engines.base import EngineUnavailable
from azext_batchai.service.engines.slurm.commands import SlurmRefused
from azext_batchai.service.engines.slurm.nodes import read_nodes
from azext_batchai.service.engines.slurm.shares import Shares
from azext_batchai.service.engines.slurm.slurm_config import read_config

_log = logging.getLogger(__name__)
_INTERVAL_SECONDS = 5.0
_CONFIG_SECONDS = 60.0


class NodeWatch:
    """`changed` is called, in the thread, when Slurm says something else than before."""

    def __init__(self, shares: Shares, changed: Callable[[], None]):
        self._shares = shares
        self._changed = changed
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self.trouble = ''
        self.config: Mapping[str, str] = {}
        self._config_due = 0.0

    def begin(self) -> None:
        if self._thread is None and not self._closed.is_set():
            self._thread = threading.Thread(target=self._work, daemon=True, name='slurm-nodes')
            self._thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._thread:
            self._thread.join()

    def look(self) -> bool:
        """Ask Slurm, and wait for the answer; whether it is another one than the last. Never raises."""
        try:
            news = self._shares.looked(read_nodes())
            if time.monotonic() >= self._config_due:
                self.config = read_config()
                self._config_due = time.monotonic() + _CONFIG_SECONDS
            self.trouble = ''
            return news
        except (EngineUnavailable, SlurmRefused) as problem:
            if not self.trouble:
                _log.warning('%s', problem)
            self.trouble = str(problem)
            return False

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                if self.look():
                    self._changed()
            except Exception as problem:  # without this thread nodes would stay as they are for ever
                _log.exception('the nodes of Slurm are not understood: %s', problem)
            self._closed.wait(_INTERVAL_SECONDS)
