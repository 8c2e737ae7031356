"""Environments of published client packages, each in a folder of its own below .venv/clients, made once and kept.

A package that cannot be had (no network, no npm, gone from its registry) skips the test and says which it was;
with BATCHAI_TEST_CLIENTS=required that is a failure.
"""
from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_SECONDS = 240
_NPM_OPTIONS = ('--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error',
                '--fetch-retries=2', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=2000')
_SAYS_LITTLE = re.compile(r'\s*(WARNING:|npm (error|ERR!) (code|errno|syscall) )')


def clients_folder() -> Path:
    """Where the environments lie: BATCHAI_TEST_CLIENTS_DIR, else .venv/clients."""
    return Path(os.environ.get('BATCHAI_TEST_CLIENTS_DIR', ROOT / '.venv' / 'clients'))


def python_with(*requirements: str) -> Path:
    """The interpreter of an environment that has these packages, the first of which names it."""
    name = requirements[0].replace('==', '-')
    folder = clients_folder() / f'{name}-py{sys.version_info.major}{sys.version_info.minor}'
    python = folder / 'bin' / 'python'
    if not _is_ready(folder, requirements):
        _run([sys.executable, '-m', 'venv', '--clear', str(folder)], name)
        _run([str(python), '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--timeout', '30',
              '--retries', '2', *requirements], name)
        _mark_ready(folder, requirements)
    return python


def node_with(*packages: str) -> tuple[str, Path]:
    """The first of the npm packages that can be had, and the folder in whose node_modules it lies."""
    for tool in ('node', 'npm'):
        if shutil.which(tool) is None:
            _unavailable(f"npm package {packages[0]}: {tool} is not installed")
    problem = ''
    for package in packages:
        folder = clients_folder() / f"npm-{package.replace('/', '+')}"
        if not _is_ready(folder, (package,)):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / 'package.json').write_text('{"private": true}\n', 'utf-8')
            problem = _problem_of(['npm', 'install', '--prefix', str(folder), *_NPM_OPTIONS, package],
                                  f'npm package {package}')
            if problem:
                continue
            _mark_ready(folder, (package,))
        return package, folder
    _unavailable(problem)


def _stamp(requirements: tuple[str, ...]) -> str:
    return hashlib.sha256('\n'.join(requirements).encode()).hexdigest()


def _is_ready(folder: Path, requirements: tuple[str, ...]) -> bool:
    """What was interrupted has no stamp, what was asked for differently another one; both are made again."""
    stamp = folder / 'ready'
    return stamp.exists() and stamp.read_text('ascii') == _stamp(requirements)


def _mark_ready(folder: Path, requirements: tuple[str, ...]) -> None:
    (folder / 'ready').write_text(_stamp(requirements), 'ascii')


def _run(command: list[str], what: str) -> None:
    problem = _problem_of(command, what)
    if problem:
        _unavailable(problem)


def _problem_of(command: list[str], what: str) -> str:
    """Why `what` could not be installed; empty when it was."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        return f'{what}: not installed within {_PATIENCE_SECONDS} seconds'
    if not done.returncode:
        return ''
    return f'{what} cannot be installed: {first_reason(done.stderr)}'


def first_reason(stderr: str) -> str:
    """The first line in which pip or npm says what went wrong, rather than how often it tried or a mere number."""
    lines = [line.strip() for line in stderr.splitlines() if 'error' in line.lower() and not _SAYS_LITTLE.match(line)]
    return (lines or ['no reason given'])[0][:200]


def _unavailable(reason: str) -> NoReturn:
    if os.environ.get('BATCHAI_TEST_CLIENTS') == 'required':
        pytest.fail(reason)
    pytest.skip(reason)
