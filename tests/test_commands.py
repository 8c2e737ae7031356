"""The table of commands against its documents: help, README, and the published dialects."""
from __future__ import annotations

import json
from pathlib import Path

import azext_batchai._help  # noqa: F401  (fills the table of help texts)
import pytest
import yaml
from azext_batchai.arm.checking import check
from azext_batchai._loader import BatchAICommandsLoader
from azure.cli.core.mock import DummyCli
from knack.help_files import helps

ROOT = Path(__file__).resolve().parent.parent
DIALECTS = json.loads((ROOT / 'tests' / 'data' / 'cli-dialects.json').read_text('utf-8'))
OURS = ['batchai cluster wait', 'batchai file-server wait', 'batchai job file download',
        *(f'batchai service {verb}'
          for verb in ('start', 'stop', 'show', 'env', 'mount', 'unmount', 'logs', 'reset'))]

TABLE = BatchAICommandsLoader(DummyCli()).load_command_table(None)
GROUPS = sorted({command.rsplit(' ', 1)[0] for command in TABLE})


def test_the_commands_are_those_of_every_dialect_and_ours() -> None:
    assert sorted(TABLE) == sorted([*DIALECTS, *OURS])


@pytest.mark.parametrize('command', sorted(TABLE))
def test_every_command_has_a_summary_and_an_example(command: str) -> None:
    text = yaml.safe_load(helps[command])
    assert text['short-summary'].endswith('.')
    assert text['examples'] and all(f'az {command} ' in f'{example["text"]} '.replace(')', ' ')
                                    for example in text['examples'])


@pytest.mark.parametrize('command', sorted(TABLE))
def test_every_command_has_a_line_in_the_readme(command: str) -> None:
    assert f'az {command}' in (ROOT / 'README.md').read_text('utf-8')


@pytest.mark.parametrize('group', GROUPS)
def test_every_group_has_a_summary(group: str) -> None:
    assert yaml.safe_load(helps[group])['short-summary']


def test_the_top_level_metadata_is_a_link_to_the_one_az_reads() -> None:
    link = ROOT / 'azext_metadata.json'
    assert link.is_symlink() and link.resolve() == ROOT / 'azext_batchai' / 'azext_metadata.json'


def test_the_service_half_never_imports_azure_cli() -> None:
    for part in ('service', 'arm'):
        for path in (ROOT / 'azext_batchai' / part).rglob('*.py'):
            assert 'azure.cli' not in path.read_text('utf-8') and 'knack' not in path.read_text('utf-8'), path


@pytest.mark.parametrize('command', sorted(TABLE))
def test_long_texts_fit_on_80_columns_and_end_with_a_sentence(command: str) -> None:
    text = yaml.safe_load(helps[command]).get('long-summary', '.').rstrip('\n')
    assert text.endswith('.'), 'az would add a dot, which breaks JSON that is copied'
    lines = text.split('\n')
    assert len(lines) == 1 or max(map(len, lines)) <= 80 - 8, 'az indents by 8, and keeps line ends as they are'


@pytest.mark.parametrize('command, shape', [('batchai cluster create', 'CLUSTER'), ('batchai job create', 'JOB'),
                                            ('batchai file-server create', 'FILE_SERVER')])
def test_config_files_in_the_help_are_good_ones(command: str, shape: str) -> None:
    text = yaml.safe_load(helps[command])['long-summary']
    decoder, files, start = json.JSONDecoder(), [], text.find('{')
    while start >= 0:
        document, end = decoder.raw_decode(text, start)
        if shape == 'JOB':
            document['properties'].setdefault('cluster', {'id': 'c'})  # options give it
        files.append(check(shape, document))
        start = text.find('{', end)
    assert len(files) == (1 if shape == 'FILE_SERVER' else 2)
