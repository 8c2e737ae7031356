"""The published packages for Azure Files against the real service."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from file_account import connection_string
from package_environments import python_with
from running_service import RunningService
from told_of_files import check_file_2_1, check_file_share

SCRIPTS = Path(__file__).resolve().parent / 'scripts'
# Making an environment takes longer than any test should.
pytestmark = pytest.mark.timeout(420)


def run(service: RunningService, work: Path, share: str, script: str, *packages: str) -> dict[str, Any]:
    python = python_with(*packages)
    return service.run([str(python), str(SCRIPTS / script)], 'files', work, FILE_SHARE=share,
                       FILE_CONNECTION=connection_string(service.state, 'filesaccount'))


@pytest.mark.parametrize('release', ['12.14.2', '12.27.1'])
def test_azure_storage_file_share(service: RunningService, tmp_path: Path, release: str) -> None:
    check_file_share(run(service, tmp_path, f"new-{release.replace('.', '-')}", 'file_share.py',
                         f'azure-storage-file-share=={release}', 'requests'))


def test_azure_storage_file_of_our_extension(service: RunningService, tmp_path: Path) -> None:
    told = run(service, tmp_path, 'old', 'file_2_1.py', 'azure-storage-file==2.1.0', 'azure-storage-common==2.1.0')
    assert told['common'] == '2.1.0'
    check_file_2_1(told)
    assert json.dumps(told).isascii()
