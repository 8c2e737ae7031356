"""Wait for long-running operations: a spinner for people, a word on Ctrl-C, quick polls for a quick service."""
from __future__ import annotations

import sys
from typing import Any, Callable

from azure.cli.core.azclierror import ManualInterrupt

# Headers of a PUT that is to create: refused when the name is taken, instead of changing what has it.
NEW_ONLY = {'If-None-Match': '*'}

_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_SPINNER_AFTER = 0.3
_SPINNER_STEP = 0.1


def run_operation(cli_ctx: Any, begin: Callable[..., Any], no_wait: bool, message: str) -> Any:
    """Call `begin` (a ``begin_...`` method of the SDK, all but its `polling` bound) and wait for what it returns.

    With `no_wait` only the request is made and None returned. `message` names it: ``The deletion of job 'j'``.
    """
    if no_wait:
        begin(polling=False)
        return None
    poller = begin(polling=quick_polling())
    try:
        _wait(cli_ctx, poller, message)
        return poller.result()
    except KeyboardInterrupt:
        raise ManualInterrupt(f'{message} goes on in the background; this command no longer waits for it.') from None


def quick_polling() -> Any:
    """ARM polling whose pauses start short and grow; a Retry-After header of the service still rules."""
    from azure.mgmt.core.polling.arm_polling import ARMPolling

    class QuickPolling(ARMPolling):
        _pause = _FIRST_PAUSE

        def _extract_delay(self) -> float:
            asked = super()._extract_delay()
            if asked != self._timeout:
                return asked
            pause, self._pause = self._pause, min(self._pause * 1.5, _LONGEST_PAUSE)
            return pause

    return QuickPolling(timeout=0)


def _wait(cli_ctx: Any, poller: Any, message: str) -> None:
    poller.wait(_SPINNER_AFTER)
    if poller.done() or not sys.stderr.isatty():
        poller.wait()
        return
    from azure.cli.core.commands.progress import IndeterminateProgressBar
    spinner = IndeterminateProgressBar(cli_ctx, message=message)
    spinner.begin()
    try:
        while not poller.done():
            spinner.update_progress()
            poller.wait(_SPINNER_STEP)
    finally:
        spinner.end()
