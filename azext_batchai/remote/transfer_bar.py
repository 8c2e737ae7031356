"""How far a download is, for people at a terminal: az's own bar, on standard error."""
from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator

from azext_batchai.remote.download_plan import readable

_STEP_SECONDS = 0.1


class Silence:
    """The progress of which nobody hears."""

    def at(self, size: int) -> None:
        pass

    def finished(self, size: int) -> None:
        pass


class TransferBar:
    """Draws the bytes and files that are done of `size` and `files` with `draw`, az's ProgressHook.add."""

    def __init__(self, draw: Callable[..., None], files: int, size: int, clock: Callable[[], float] = time.monotonic):
        self._draw = draw
        self._files, self._size = files, size
        self._clock = clock
        self._files_done = self._done = self._at = 0
        self._due = float('-inf')

    def at(self, size: int) -> None:
        self._at = size
        if self._clock() >= self._due or self._files_done == self._files:
            self._show()

    def finished(self, size: int) -> None:
        self._files_done += 1
        self._done += size
        self.at(0)

    def _show(self) -> None:
        self._due = self._clock() + _STEP_SECONDS
        done = min(self._done + self._at, self._size)  # a file may have grown since it was listed
        self._draw(message=f'{self._files_done}/{self._files} files, {readable(done)} of {readable(self._size)} ',
                   value=done, total_val=self._size)


@contextmanager
def transfer_bar(cli_ctx: Any, files: int, size: int) -> Iterator[TransferBar | Silence]:
    """A bar while a download runs; silence without a terminal, without anything to fetch, or when az is told so."""
    wanted = sys.stderr.isatty() and size and not cli_ctx.only_show_errors
    if not wanted or cli_ctx.config.getboolean('core', 'disable_progress_bar', False):
        yield Silence()
        return
    hook = cli_ctx.get_progress_controller(det=True)
    try:
        yield TransferBar(hook.add, files, size)
    except BaseException:
        hook.stop()
        raise
    hook.end()
