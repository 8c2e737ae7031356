"""Launches of which nobody knows whether they were started: a service may have died between the start and its note.

Starting one again, with nothing to do, tells: an engine starts a launch id once and hands out the same handle for ever.
"""
from __future__ import annotations

import os
from pathlib import Path

from azext_batchai.service.engines.base import Engine, Launch, LaunchRejected, Task


def nothing(launch_id: str, node_id: str, folder: Path) -> Launch:
    """A launch that ends at once, to be started in place of another of that id. `folder` is that of the launch.

    It begins in a folder of its own: who stops a launch also stops what is at work where its tasks began.
    """
    work = folder / 'work'
    work.mkdir(parents=True, exist_ok=True)
    return Launch(launch_id, folder, (Task(
        node_id, 'exit 0', {'PATH': os.defpath}, work, folder / 'shell.out', folder / 'shell.err',
        is_ours=True),))


def take_back(engine: Engine, launch_id: str, node_id: str, folder: Path) -> str | None:
    """Kill what was started of a launch, if it was. Returns the handle, which is still to be released; None when there
    cannot be one. Raises EngineUnavailable."""
    try:
        handle = engine.start(nothing(launch_id, node_id, folder))
    except LaunchRejected:
        return None  # nor was it then
    engine.stop(handle, 0)
    return handle
