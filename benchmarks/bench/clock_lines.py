"""Jobs that print the time: the script, and reading it back."""
from __future__ import annotations

from pathlib import Path

from bench.waiting import wait_until

PRINT_TIME = 'echo "$EPOCHREALTIME"'


def printed_time(file: Path) -> float:
    """Seconds since 1970 that a job's first line says, once it is there."""
    text = wait_until(lambda: _first_line(file), f'a line in {file}')
    return float(text.replace(',', '.'))


def _first_line(file: Path) -> str:
    try:
        line, end, _ = file.read_text().partition('\n')
    except FileNotFoundError:
        return ''
    return line if end else ''
