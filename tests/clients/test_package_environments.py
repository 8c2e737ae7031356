"""A client that cannot be installed is skipped with a reason that tells why."""
from __future__ import annotations

import sys
from pathlib import Path

import pytest
from package_environments import first_reason, python_with

PIP = """WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError(Connection refused)'
ERROR: Could not find a version that satisfies the requirement nothing==1 (from versions: none)
ERROR: No matching distribution found for nothing==1
"""
NPM = """npm error code ECONNREFUSED
npm error syscall connect
npm error errno ECONNREFUSED
npm error FetchError: request to https://registry.npmjs.org/x failed, reason: connect ECONNREFUSED
"""
GONE = """npm ERR! code E404
npm ERR! 404 Not Found - GET https://registry.npmjs.org/x - Error: not found
"""


@pytest.mark.parametrize('stderr, reason', [
    pytest.param(PIP, 'ERROR: Could not find a version that satisfies the requirement nothing==1 '
                      '(from versions: none)', id='pip'),
    pytest.param(NPM, 'npm error FetchError: request to https://registry.npmjs.org/x failed, reason: connect '
                      'ECONNREFUSED', id='npm'),
    pytest.param(GONE, 'npm ERR! 404 Not Found - GET https://registry.npmjs.org/x - Error: not found', id='gone'),
    pytest.param('', 'no reason given', id='silent')])
def test_the_reason_is_the_line_that_says_what_went_wrong(stderr: str, reason: str) -> None:
    assert first_reason(stderr) == reason


@pytest.mark.parametrize('required, outcome', [('', pytest.skip.Exception), ('required', pytest.fail.Exception)])
def test_a_package_that_cannot_be_had_skips_or_fails_and_is_tried_again(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, required: str, outcome: type[BaseException]) -> None:
    monkeypatch.setenv('BATCHAI_TEST_CLIENTS_DIR', str(tmp_path))
    monkeypatch.setenv('BATCHAI_TEST_CLIENTS', required)
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    with pytest.raises(outcome, match='nothing-1 cannot be installed: ERROR: Could not find a version'):
        python_with('nothing==1')
    assert not (tmp_path / f'nothing-1-py{sys.version_info.major}{sys.version_info.minor}' / 'ready').exists()
