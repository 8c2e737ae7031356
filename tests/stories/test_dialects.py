"""The union of the published dialects against what the installed az registered."""
from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from installed_az import AZ, Az

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / 'data' / 'cli-dialects.json'
SHARED = HERE.parent.parent.parent / 'shared' / 'spec' / 'cli-dialects.json'
DIALECTS: dict[str, dict[str, Any]] = json.loads(DATA.read_text('utf-8'))

# What az adds to every command, and what we add to commands of old.
OF_AZ = {'--subscription', '--cmd', '--yes', '-y', '--no-wait', '--change-reference', '--acquire-policy-token'}
ADDED_COMMANDS = {
    'batchai cluster wait', 'batchai file-server wait', 'batchai job file download', 'batchai service start',
    'batchai service stop', 'batchai service show', 'batchai service logs', 'batchai service reset',
    'batchai service env', 'batchai service mount', 'batchai service unmount'}
ADDED_OPTIONS = {
    'batchai cluster create': {'--dry-run'},
    'batchai cluster resize': {'--node-deallocation-option'},
    'batchai job create': {'--dry-run', '--wait', '--stream'},
    'batchai job wait': {'--custom', '--timeout'},
    'batchai job file stream': {'--all'},
    'batchai job stream-file': {'--all'},
}


@pytest.fixture(scope='module')
def registered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    az = Az(tmp_path_factory.mktemp('commands'))
    done = subprocess.run([AZ.parent / 'python', HERE / 'command_lister.py'], capture_output=True, text=True,
                          env=az.environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_command_is_ours_and_those_beyond_the_dialects_are_known(registered: dict[str, Any]) -> None:
    assert {command for command, found in registered.items() if found['extension'] != 'batchai'} == set()
    assert set(registered) == set(DIALECTS) | ADDED_COMMANDS


@pytest.mark.parametrize('command', sorted(DIALECTS))
def test_every_option_of_every_dialect_is_there(registered: dict[str, Any], command: str) -> None:
    found = registered[command]
    for dialect, entry in DIALECTS[command].items():
        published = {name for option in entry['options'] for name in option['names']}
        assert published - set(found['options']) == set(), dialect
        assert not entry.get('confirmation') or found['confirmation'], dialect
        assert not entry.get('no_wait') or '--no-wait' in found['options'], dialect


@pytest.mark.parametrize('command', sorted(DIALECTS))
def test_nothing_is_required_that_some_dialect_did_not_require(registered: dict[str, Any], command: str) -> None:
    required = {name for name, needed in registered[command]['options'].items() if needed}
    for dialect, entry in DIALECTS[command].items():
        free = {name for option in entry['options'] if not option.get('required') for name in option['names']}
        assert required & free <= {'--resource-group', '-g', '--name', '-n', '--workspace', '-w'}, dialect


@pytest.mark.parametrize('command', sorted(DIALECTS))
def test_options_beyond_the_dialects_are_synonyms_or_known(registered: dict[str, Any], command: str) -> None:
    published = {name for entry in DIALECTS[command].values() for option in entry['options']
                 for name in option['names']}
    synonyms = {name for entry in DIALECTS.values() for options in entry.values() for option in options['options']
                for name in option['names']} | {'--ids'}
    extra = set(registered[command]['options']) - published - OF_AZ - synonyms
    assert extra == ADDED_OPTIONS.get(command, set())


def test_every_option_has_a_text_and_no_default_is_told_twice(registered: dict[str, Any]) -> None:
    for command, found in registered.items():
        for name, (text, default) in found['help'].items():
            assert text or name in ('cmd', 'client'), (command, name)
            assert default in (None, False) or 'Default:' not in text, (command, name)


def test_the_dialects_are_those_of_the_specification() -> None:
    assert {dialect for entry in DIALECTS.values() for dialect in entry} == {'2017-09', '2018-03', '2018-05'}
    if SHARED.exists():
        assert DIALECTS == json.loads(SHARED.read_text('utf-8'))
