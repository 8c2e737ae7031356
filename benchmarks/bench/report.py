"""What a run found, as JSON and as a table in Markdown, with the machine that it ran on."""
from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any, Sequence

from bench.contest import OURS, Result, Row
from bench.running_service import ROOT


def machine(folder: Path) -> dict[str, Any]:
    """Of the machine, what figures depend on. `load` is the average number of busy processes before the run."""
    return {'date': time.strftime('%Y-%m-%d %H:%M'), 'cores': len(os.sched_getaffinity(0)), 'processor': _processor(),
            'memory GiB': round(os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / (1 << 30), 1),
            'system': f'{platform.system()} {platform.release()}', 'python': platform.python_version(),
            'file system': _said('stat', '--file-system', '--format=%T', str(folder)),
            'load': round(os.getloadavg()[0], 2),
            'commit': _said('git', '-C', str(ROOT), 'rev-parse', '--short', 'HEAD')}


def row_record(row: Row, results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """A row for JSON. `seconds` is what it took."""
    return {'key': row.key, 'what': row.title, 'unit': row.unit, 'seconds': round(seconds, 1),
            'more is better': row.more_is_better,
            'goal': {'least': row.goal.least, 'aim': row.goal.aim} if row.goal else None,
            'verdict': verdict(row, results), 'results': [_result_record(result) for result in results]}


def _result_record(result: Result) -> dict[str, Any]:
    if result.reason or not result.values:
        return {'who': result.name, 'left out': result.reason or 'no turn was taken'}
    return {'who': result.name, 'durability': result.durability, 'median': _short(statistics.median(result.values)),
            'least': _short(min(result.values)), 'most': _short(max(result.values)), 'samples': len(result.values),
            'facts': result.facts, 'values': [_short(value) for value in result.values]}


def verdict(row: Row, results: Sequence[Result]) -> str:
    """How our median stands to the goal: 'aim met', 'met', 'missed'; empty without a goal or a value of ours."""
    values = next((result.values for result in results if result.name == OURS and not result.reason), [])
    if row.goal is None or not values:
        return ''
    sign = -1 if row.more_is_better else 1
    median = statistics.median(values)
    if sign * median <= sign * row.goal.aim:
        return 'aim met'
    return 'met' if sign * median <= sign * row.goal.least else 'missed'


def table(records: Sequence[dict[str, Any]]) -> str:
    """Rows as Markdown: who stands first is us, then everybody in the order of the row."""
    lines = ['| What | Who | Median | Least to most | Samples | Goal; aim | On disk |', '|---|---|---|---|---|---|---|']
    for record in records:
        for number, result in enumerate(record['results']):
            goal = record['goal']
            what = f'{record["what"]} ({record["unit"]})' if number == 0 else ''
            asked = f'{goal["least"]:g}; {goal["aim"]:g}: {record["verdict"] or "not measured"}' \
                if goal and result['who'] == OURS else ''
            lines.append(f'| {what} | {_cells(result)} | {asked} | {_said_of(result)} |')
    return '\n'.join(lines)


def _cells(result: dict[str, Any]) -> str:
    name = f'**{result["who"]}**' if result['who'] == OURS else result['who']
    if 'left out' in result:
        return f'{name} | left out | | '
    return f'{name} | {result["median"]:g} | {result["least"]:g} to {result["most"]:g} | {result["samples"]}'


def _said_of(result: dict[str, Any]) -> str:
    """The last cell: why there is no figure, or durability and facts."""
    if 'left out' in result:
        return result['left out'].replace('|', '\\|').replace('\n', ' ')
    facts = [f'{name}: {value}' for name, value in result['facts'].items()]
    return '; '.join(filter(None, [result['durability'], *facts]))


def markdown(about: dict[str, Any], records: Sequence[dict[str, Any]], growth: str) -> str:
    parts = ['# Benchmarks', ', '.join(f'{name} {value}' for name, value in about.items()) + '.']
    if records:
        parts.append(table(records))
    if growth:
        parts += ['## Growth', growth]
    return '\n\n'.join(parts) + '\n'


def write(folder: Path, about: dict[str, Any], records: Sequence[dict[str, Any]], growth: Any, growth_table: str
          ) -> None:
    """latest.json and latest.md in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {'machine': about, 'rows': list(records), 'growth': growth}
    (folder / 'latest.json').write_text(json.dumps(whole, indent=1, ensure_ascii=False) + '\n')
    (folder / 'latest.md').write_text(markdown(about, records, growth_table))


def _short(value: float) -> float:
    """Three digits that count."""
    return float(f'{value:.3g}') if value < 1000 else round(value)


def _processor() -> str:
    try:
        text = Path('/proc/cpuinfo').read_text()
    except OSError:
        return platform.processor()
    return next((line.partition(':')[2].strip() for line in text.splitlines() if line.startswith('model name')), '')


def _said(*command: str) -> str:
    """What a command prints; empty when it cannot."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10).stdout.strip()
    except OSError:
        return ''
