"""What goes wrong while something is followed for hours and may pass by itself, and how long it is borne."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Callable

from azure.cli.core.azclierror import AzureConnectionError
from knack.log import get_logger

logger = get_logger(__name__)

PATIENCE_SECONDS = 60.0
_PAUSE_SECONDS = 0.5


class Trouble(Exception):
    """Something on the way that may pass: no connection, a server error, an expired link."""


class ConnectionLost(Trouble):
    """The service is away, or was started again elsewhere."""


class LinkExpired(Trouble):
    """The link has to be asked for again."""


class Rewritten(Exception):
    """The file is shorter than what was read of it: a requeued job writes it anew."""


class JobGone(Exception):
    """The job was deleted."""


@dataclass
class Patience:
    """Bears trouble for as long as `PATIENCE_SECONDS`. `what` is what fails, as in ``Reading 'stdout.txt'``."""
    what: str
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    _since: float | None = None

    def bear(self, trouble: Trouble) -> None:
        """Pause before the next try. Raises AzureConnectionError when it has lasted too long."""
        now = self.clock()
        if self._since is None:
            self._since = now
            logger.info('%s; trying again for %d seconds', trouble, PATIENCE_SECONDS)
        elif now - self._since > PATIENCE_SECONDS:
            raise AzureConnectionError(f'{self.what} failed for {PATIENCE_SECONDS:.0f} seconds: {trouble}. '
                                       "The job goes on; the service's log: 'az batchai service logs'.") from trouble
        self.sleep(_PAUSE_SECONDS)

    def relieve(self) -> None:
        """It works again."""
        self._since = None
