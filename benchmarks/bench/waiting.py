"""Waiting for a condition, bounded."""
from __future__ import annotations

import time
from typing import Callable, TypeVar

PATIENCE_SECONDS = 60.0
T = TypeVar('T')


def wait_until(look: Callable[[], T], what: str, pause: float = 0.002, patience: float = PATIENCE_SECONDS) -> T:
    """What `look` returned once it was true. Raises RuntimeError after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise RuntimeError(f'waited {patience:g} seconds for {what}')
        time.sleep(pause)
    return found
