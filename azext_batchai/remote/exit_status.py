"""Let `az` end with an exit status of our choice."""
from __future__ import annotations

import sys
from typing import Any

# In the data of the CLI: whether the command runs for several --ids.
SEVERAL_IDS = 'batchai_several_ids'


def exit_with(cli_ctx: Any, status: int) -> None:
    """Make az exit with `status` (1 to 255) once the command is through and its result is printed; 0 changes nothing.

    az has no error class with a status of its own, and it takes a SystemExit that an operation raises for a mishap
    when the command runs for several --ids. The event at the end of a command comes once for all of them; the first
    status counts.
    """
    if not status:
        return
    from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE

    def leave(*_: Any, **__: Any) -> None:
        cli_ctx.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
        sys.exit(status)
    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, leave)
