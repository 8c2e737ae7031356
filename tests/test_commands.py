"""The table of commands against its documents: help, README, and what issue 2 asks for."""
from __future__ import annotations

from pathlib import Path

import azext_batchai._help  # noqa: F401  (fills the table of help texts)
import pytest
import yaml
from azext_batchai._loader import BatchAICommandsLoader
from azure.cli.core.mock import DummyCli
from knack.help_files import helps

ROOT = Path(__file__).resolve().parent.parent
EXPECTED = {
    'batchai cluster': 'create show list list-nodes resize auto-scale delete',
    'batchai job': 'create show list list-files stream-file list-nodes terminate delete',
    'batchai file-server': 'create show list delete',
    'batchai service': 'start stop show logs reset',
}


TABLE = BatchAICommandsLoader(DummyCli()).load_command_table(None)


def test_the_commands_are_those_that_were_asked_for() -> None:
    assert sorted(TABLE) == sorted(f'{group} {verb}' for group, verbs in EXPECTED.items() for verb in verbs.split())


@pytest.mark.parametrize('command', sorted(TABLE))
def test_every_command_has_a_summary_and_an_example(command: str) -> None:
    text = yaml.safe_load(helps[command])
    assert text['short-summary'].endswith('.')
    assert text['examples'] and all(f'az {command} ' in f'{example["text"]} ' for example in text['examples'])


@pytest.mark.parametrize('command', sorted(TABLE))
def test_every_command_has_a_line_in_the_readme(command: str) -> None:
    assert f'az {command}' in (ROOT / 'README.md').read_text('utf-8')


@pytest.mark.parametrize('group', EXPECTED)
def test_every_group_has_a_summary(group: str) -> None:
    assert yaml.safe_load(helps[group])['short-summary']


def test_the_top_level_metadata_is_a_link_to_the_one_az_reads() -> None:
    link = ROOT / 'azext_metadata.json'
    assert link.is_symlink() and link.resolve() == ROOT / 'azext_batchai' / 'azext_metadata.json'


def test_the_service_half_never_imports_azure_cli() -> None:
    for part in ('service', 'arm'):
        for path in (ROOT / 'azext_batchai' / part).rglob('*.py'):
            assert 'azure.cli' not in path.read_text('utf-8') and 'knack' not in path.read_text('utf-8'), path
