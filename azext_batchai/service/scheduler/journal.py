"""execution.log: the story of an attempt, in lines a person can read. Writing it never stops a job."""
from __future__ import annotations

import os
import stat
from pathlib import Path

from azext_batchai.arm.times import format_time


def log_file(folder: Path, node_id: str, node_count: int) -> Path:
    """One log a node; a single node's has no suffix (semantics sheet, section 3.3)."""
    return folder / ('execution.log' if node_count == 1 else f'execution-{node_id}.log')


def note(folder: Path, node_ids: list[str], now: float, text: str) -> None:
    """Append a line to the log of every node."""
    for node_id in node_ids:
        try:
            _append(log_file(folder, node_id, len(node_ids)), f'{format_time(now)} {node_id} {text}\n')
        except OSError:
            continue


def _append(file: Path, line: str) -> None:
    """Append to an ordinary file only: the folder belongs to the job, and a pipe put there would make us wait."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW
    descriptor = os.open(file, flags, 0o644)
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.write(descriptor, line.encode('utf-8', 'replace'))
    finally:
        os.close(descriptor)
