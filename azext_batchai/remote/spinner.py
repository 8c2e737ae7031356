"""Something that turns on the terminal while a command waits."""
from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import Any

_SILENT_SECONDS = 0.3
_STEP_SECONDS = 0.1


class Spinner:
    """Turns from entering to leaving, beside `message`, when standard error is a terminal; else does nothing."""

    def __init__(self, cli_ctx: Any, message: str):
        self.message = message
        self._cli_ctx = cli_ctx
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Spinner:
        is_main = threading.current_thread() is threading.main_thread()  # az runs several --ids in threads
        if is_main and sys.stderr.isatty():
            self._thread = threading.Thread(target=self._turn, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
                 ) -> None:
        """Leaves a clean line behind."""
        self._over.set()
        if self._thread:
            self._thread.join()

    def say(self, message: str) -> None:
        self.message = message

    def _turn(self) -> None:
        if self._over.wait(_SILENT_SECONDS):
            return
        from azure.cli.core.commands.progress import IndeterminateProgressBar
        bar = IndeterminateProgressBar(self._cli_ctx, message=self.message)
        bar.begin()
        while not self._over.wait(_STEP_SECONDS):
            bar.update_progress_with_msg(self.message)
        bar.end()
