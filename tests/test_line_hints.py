from __future__ import annotations

import shlex

import pytest
from azure.cli.core.azclierror import ArgumentUsageError, CommandNotFoundError

from azext_batchai import _line_hints as hints

COMMANDS = ['batchai cluster auto-scale', 'batchai cluster list-files', 'batchai job list-files',
            'batchai job file list', 'batchai job list', 'batchai cluster list', 'batchai cluster file list',
            'batchai list-usages', 'storage account list']
ID = '/subscriptions/0/ resourceGroups/g /providers/Microsoft.BatchAI/workspaces/w/clusters/c'


@pytest.mark.parametrize('command, typed, word', [
    ('batchai cluster create', '-g -w -n --nfs-name', '--nfs.'),
    ('batchai job create', '-g --workspace -e -n -r -f', '--cluster/-c'),
    ('batchai file-server create', '-w -n -c', '--config-file/-f'),
    ('batchai cluster list-files', '-w -c', 'az batchai cluster file list'),
    ('batchai cluster node list', '--workspace --name', '--cluster/-c'),
    ('batchai experiment delete', '-g -w -e', '--name/-n'),
    ('batchai job wait', '-g -w -n', '--experiment/-e'),
])
def test_line_of_two_dialects_is_told_the_word_of_the_newer_one(command: str, typed: str, word: str) -> None:
    assert word in (hints.mixed_dialects(command, typed.split()) or '')


@pytest.mark.parametrize('command, typed', [
    ('batchai cluster create', '-g -n --nfs-name'), ('batchai cluster create', '-g -w -n --nfs'),
    ('batchai job create', '-g -n -r -c'), ('batchai job create', '-g -w -e -n -c -f'),
    ('batchai job wait', '-g -w -e -n'), ('batchai job wait', '-n'), ('batchai job wait', '-w --ids'),
    ('batchai cluster list-files', '-n -e'), ('batchai job show', '-w -n')])
def test_line_of_one_dialect_is_told_nothing(command: str, typed: str) -> None:
    assert hints.mixed_dialects(command, typed.split()) is None


@pytest.mark.parametrize('line, meant', [
    ('batchai auto-scale -n c --min 0', "you may mean 'az batchai cluster auto-scale'"),
    ('batchai list-files -n c', "you may mean 'az batchai cluster list-files' or 'az batchai job list-files'"),
    ('batchai jobs list -o table', "you may mean 'az batchai job list'.$"),
    ('batchai cluter file list -n c', "you may mean 'az batchai cluster file list'.$"),
    ('batchai group delete -n g -y', "you may mean 'az group delete'"),
    ('batchai storage share create', "you may mean 'az storage share create'"),
])
def test_command_that_never_was_is_told_the_one_meant(line: str, meant: str) -> None:
    with pytest.raises(CommandNotFoundError, match=meant):
        hints.check_command(line.split(), COMMANDS)


@pytest.mark.parametrize('line', ['batchai', 'batchai -h', 'batchai cluster', 'batchai cluster auto-scale -n c',
                                  'batchai list-usages -l eastus', 'batchai clusters show', 'batchai job lst'])
def test_other_lines_are_left_to_az(line: str) -> None:
    hints.check_command(line.split(), COMMANDS)


@pytest.mark.parametrize('pieces', [ID, ID.replace('/ resourceGroups', '/resourceGroups')])
@pytest.mark.parametrize('option', ['-r', '-c', '--cluster'])
def test_resource_id_in_pieces_is_to_be_one_word(option: str, pieces: str) -> None:
    with pytest.raises(ArgumentUsageError, match=f'The resource id after {option} is in several pieces'):
        hints.check_cluster_id(['batchai', 'job', 'create', option, *pieces.split(), '-n', 'j'])


@pytest.mark.parametrize('line', [f'-r "{ID}" -n j', '-r MyCluster -n j', f'-r {ID.replace(" ", "")}',
                                  '-r /subscriptions/0'])
def test_resource_id_in_one_word_passes(line: str) -> None:
    hints.check_cluster_id(shlex.split(line))
