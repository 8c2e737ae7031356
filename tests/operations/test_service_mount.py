"""Which folders `service mount` refuses before it asks the service."""
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azext_batchai.operations import service_mount
from azure.cli.core.azclierror import InvalidArgumentValueError


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What gets as far as the service."""
    found: list[Any] = []
    monkeypatch.setattr(service_mount, 'find_connection',
                        lambda *_: SimpleNamespace(is_loopback=True, is_of_environment=False))
    monkeypatch.setattr(service_mount, 'send_json', lambda *arguments: found.append(arguments[-1]) or {})
    return found


def _mount(home: Path, path: str) -> None:
    cmd = SimpleNamespace(cli_ctx=SimpleNamespace(config=SimpleNamespace(config_dir=str(home / '.azure'))))
    service_mount.mount_folder(cmd, 'demobatchaicli', path, share='demoafs')


@pytest.mark.parametrize('name', ['.', '.azure', '.azure/batchai', 'link', '/', 'work/..'])
def test_the_settings_of_az_are_not_given_away(tmp_path: Path, sent: list[Any], name: str) -> None:
    for folder in ('.azure/batchai', 'work'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'link').symlink_to(tmp_path / '.azure')
    with pytest.raises(InvalidArgumentValueError, match='settings of az'):
        _mount(tmp_path, str(tmp_path / name))
    _mount(tmp_path, str(tmp_path / 'work'))
    assert sent == [{'path': str(tmp_path / 'work')}]


def test_a_relative_path_begins_where_the_command_is_typed(tmp_path: Path, sent: list[Any],
                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / 'work').mkdir()
    monkeypatch.chdir(tmp_path)
    _mount(tmp_path, './work')
    assert sent == [{'path': str(tmp_path / 'work')}]
    with pytest.raises(InvalidArgumentValueError, match="'./none' is not a folder"):
        _mount(tmp_path, './none')
