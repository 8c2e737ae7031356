"""Wait until a cluster or a file server is as wished."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Callable

from azure.cli.core.azclierror import (
    AzureResponseError, ManualInterrupt, RequiredArgumentMissingError, ResourceNotFoundError as NotFound)

from azext_batchai.arm.states import ProvisioningState
from azext_batchai.remote.job_waiting import Condition, compiled
from azext_batchai.remote.spinner import Spinner

_POLL_SECONDS = 1.0


@dataclass(frozen=True)
class Wish:
    """What `wait` was asked to wait for; any one of it ends the wait. `custom` is a JMESPath expression."""
    created: bool = False
    updated: bool = False
    deleted: bool = False
    exists: bool = False
    custom: str | None = None

    def condition(self, example: str) -> Condition | None:
        """`custom` as a test. Raises the CLI error when it is none, or when nothing at all is wished."""
        if not (self.created or self.updated or self.deleted or self.exists or self.custom):
            raise RequiredArgumentMissingError(
                f'Say what to wait for: --created, --updated, --deleted, --exists or --custom "{example}".')
        return compiled(self.custom, example) if self.custom else None


def wait_for_resource(cli_ctx: Any, look: Callable[[], Any], wish: Wish, what: str, example: str,
                      interval: float | None, timeout: float | None, clock: Callable[[], float] = time.monotonic,
                      sleep: Callable[[float], None] = time.sleep) -> None:
    """Ask `look` every `interval` seconds, for `timeout` seconds at most, until `wish` is true of what it returns.

    `what` names the resource, as in ``cluster 'c'``. Raises AzureResponseError when time is up or the resource could
    not be made, and ResourceNotFoundError when it is not there and nobody said it might not be.
    """
    condition = wish.condition(example)
    deadline = clock() + timeout if timeout is not None else float('inf')
    try:
        with Spinner(cli_ctx, 'Waiting'):
            while not _is_granted(_look(look, wish), wish, condition, what):
                left = deadline - clock()
                if left <= 0:
                    raise AzureResponseError(f'After {timeout:g} seconds (--timeout) {what} is not yet as asked for.')
                sleep(min(interval or _POLL_SECONDS, left))
    except KeyboardInterrupt:
        raise ManualInterrupt(f'Stopped waiting for {what}, which is left as it is.') from None


def _look(look: Callable[[], Any], wish: Wish) -> Any:
    """The resource; None while it is missing, if that is something to wait for."""
    from azure.core.exceptions import ResourceNotFoundError
    try:
        return look()
    except (ResourceNotFoundError, NotFound):
        if wish.deleted or wish.created or wish.exists:
            return None
        raise


def _is_granted(resource: Any, wish: Wish, condition: Condition | None, what: str) -> bool:
    if resource is None:
        return wish.deleted
    state = (resource.provisioning_state or '').lower()
    if wish.exists or condition and condition(resource):
        return True
    if (wish.created or wish.updated) and state == ProvisioningState.FAILED:
        raise AzureResponseError(f'The service could not make {what}; `show` prints why.')
    return (wish.created or wish.updated) and state == ProvisioningState.SUCCEEDED
