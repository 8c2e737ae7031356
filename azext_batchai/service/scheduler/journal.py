"""execution.log: the story of an attempt, in lines a person can read. Writing it never stops a job."""
from __future__ import annotations

from pathlib import Path

from azext_batchai.arm.times import format_time


def log_file(folder: Path, node_id: str, node_count: int) -> Path:
    """One log a node; a single node's has no suffix (semantics sheet, section 3.3)."""
    return folder / ('execution.log' if node_count == 1 else f'execution-{node_id}.log')


def note(folder: Path, node_ids: list[str], now: float, text: str) -> None:
    """Append a line to the log of every node."""
    for node_id in node_ids:
        try:
            with open(log_file(folder, node_id, len(node_ids)), 'a', encoding='utf-8') as file:
                file.write(f'{format_time(now)} {node_id} {text}\n')
        except OSError:
            continue
