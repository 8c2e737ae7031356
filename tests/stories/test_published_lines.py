"""Every published command line, parsed by the installed az up to the call of the operation."""
from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from installed_az import Az

HERE = Path(__file__).resolve().parent
DATA = HERE.parent / 'data' / 'published-lines.txt'
SHARED = HERE.parent.parent.parent / 'shared' / 'spec' / 'published-commands.txt'
LINES = [tuple(line[1:].split('] ', 1)) for line in DATA.read_text('utf-8').splitlines()]
ACCEPTED = sorted({line for tag, line in LINES if tag != 'none'})
NEVER_ACCEPTED = sorted({line for tag, line in LINES if tag == 'none'})

# What a line that no version accepted is answered: a pattern of the line, whether it runs, the word it is told.
ANSWERS = [
    (r'cluster create .*--nfs-name', True, '--nfs-name beside --workspace .* writes --nfs'),
    (r'cluster auto-scale .*-w demoWorkspace --min', False, '--name'),
    (r'job create .*-r "/subscriptions/0.*/" "resource', False, 'Write it as one word: --cluster'),
    (r'job create .* -r ', True, '-r beside --workspace .* writes --cluster/-c'),
    (r'file-server create .*-c nfs.json', True, '-c beside --workspace .* writes --config-file/-f'),
    (r'batchai auto-scale', False, "you may mean 'az batchai cluster auto-scale'"),
    (r'cluster list-files', True, "'az batchai cluster file list'"),
    (r'experiment delete', True, '-e beside --workspace .* writes --name/-n'),
    (r'workspace list', False, 'az batchai experiment list -g MyResourceGroup -w MyWorkspace'),
    (r'workspace show', False, 'az batchai experiment show -w MyWorkspace -n MyExperiment'),
    (r'job wait', True, 'Without --experiment/-e'),
    (r'batchai group delete', False, "you may mean 'az group delete'"),
    (r'cluster node list', True, '--name beside --workspace .* writes --cluster/-c'),
    (r'cluster resize', False, '--target'),
]


def words_of(line: str) -> list[str]:
    """The words a shell makes of a line, with something in the place of what the reader was to fill in."""
    return shlex.split(re.sub(r'<[^>]+>|%[A-Z_]+%', 'filled-in', line).replace('$USER', 'demo'))[1:]


@pytest.fixture(scope='module')
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    lines = ACCEPTED + NEVER_ACCEPTED
    return dict(zip(lines, Az(tmp_path_factory.mktemp('lines')).parse([words_of(line) for line in lines])))


@pytest.mark.parametrize('line', ACCEPTED)
def test_line_that_a_version_accepted_is_accepted(answers: dict[str, dict[str, Any]], line: str) -> None:
    answer = answers[line]
    assert answer['command'] and line.startswith(f"az {answer['command']} ".rstrip()), answer['said']
    assert 'WARNING' not in answer['said'].replace(ALTERED, ''), 'a warning would break the log of a script'


# az itself says so of every command that an extension has too.
ALTERED = 'WARNING: The behavior of this command has been altered by the following extension: batchai'


@pytest.mark.parametrize('line', NEVER_ACCEPTED)
def test_line_that_no_version_accepted_is_told_the_right_word(answers: dict[str, dict[str, Any]], line: str) -> None:
    answer = answers[line]
    _, runs, told = next(entry for entry in ANSWERS if re.search(entry[0], line))
    assert [said for said in answer['said'].splitlines() if re.search(told, said)], answer['said']
    assert bool(answer['command']) == runs
    assert runs or answer['code'] != 0


@pytest.mark.parametrize('line, options', [
    ('job create -n j -r c -c job.json', {'config_file': 'job.json', 'cluster': 'c'}),
    ('job create -n j -w w -e e -c c -f job.json', {'config_file': 'job.json', 'cluster': 'c'}),
    ('job file list -n j -e 60', {'job_name': 'j', 'expiry': 60}),
    ('job file list -w w -e e -j j --expiry 15', {'job_name': 'j', 'experiment': 'e', 'expiry': 15}),
    ('job file list -w w -e 60 -j j', {'experiment': '60'}),
    ('cluster list-files -n c -e 60', {'cluster_name': 'c', 'expiry': 60}),
    ('job stream-file -j j -d stdouterr -n stderr.txt', {'job_name': 'j', 'file_name': 'stderr.txt'}),
    ('job file stream -n j -f stdout.txt', {'job_name': 'j', 'file_name': 'stdout.txt'}),
    ('job file stream --job j --experiment e --workspace w --file-name o.txt', {'job_name': 'j', 'file_name': 'o.txt'}),
    ('cluster node exec -c c -n tvm-1 --exec ls', {'cluster_name': 'c', 'node_id': 'tvm-1', 'command_line': 'ls'}),
    ('cluster node list --name c', {'cluster_name': 'c'}),
    ('experiment delete -w w -e e -y', {'workspace': 'w', 'experiment': 'e'}),
    ('workspace create --workspace w', {'workspace': 'w', 'location': 'eastus'}),
    ('cluster create -n c --container-name b --admin-user-name u --config f', {'bfs_name': 'b', 'user_name': 'u',
                                                                               'config_file': 'f'}),
    ('cluster create -n c --vm-s S --targ 2 --gen', {'vm_size': 'S', 'target': 2, 'generate_ssh_keys': True}),
    ('job show --ids {id}/workspaces/w/experiments/e/jobs/j', {'workspace': 'w', 'experiment': 'e', 'job_name': 'j'}),
    ('job show --ids {id}/jobs/j', {'resource_group': 'g', 'job_name': 'j'}),
    ('cluster resize -t 3 --ids {id}/clusters/c', {'cluster_name': 'c', 'target': 3}),
    ('file-server delete -y --ids {id}/workspaces/w/fileServers/f', {'workspace': 'w', 'file_server_name': 'f'}),
    ('workspace show --ids {id}/workspaces/w', {'workspace': 'w', 'resource_group': 'g'}),
], ids=lambda value: value if isinstance(value, str) else '')
def test_word_with_several_meanings_means_what_its_dialect_says(az: Az, line: str, options: dict[str, Any]) -> None:
    group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.BatchAI'
    answer, = az.parse([['batchai', *line.replace('{id}', group).split()]])
    assert answer['code'] == 0 and answer['command'], answer['said']
    assert {key: answer['options'].get(key) for key in options} == options
    if '/jobs/j' in line and '/workspaces/' not in line:
        assert 'workspace' not in answer['options'] and 'experiment' not in answer['options']


@pytest.mark.parametrize('line, said', [
    ('cluster show --ids {id}/workspaces/w/experiments/e/jobs/j', 'should be the id of one of the clusters'),
    ('job show --ids {id}/workspaces/w/clusters/c', 'cannot be derived from ID'),
    ('cluster show', 'are required'),
], ids=lambda value: value)
def test_resource_id_of_the_wrong_type_is_refused(az: Az, line: str, said: str) -> None:
    group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.BatchAI'
    answer, = az.parse([['batchai', *line.replace('{id}', group).split()]])
    assert answer['code'] != 0 and answer['command'] is None
    assert said in answer['said']


def test_the_lines_are_those_of_the_specification() -> None:
    assert {part for tag, _ in LINES for part in tag.split(',')} == {'F1', 'F2', 'W', 'none'} and len(LINES) == 350
    if SHARED.exists():
        published = [re.match(r'\[([^\]]+)\] (.*)', line) for line in SHARED.read_text('utf-8').splitlines()]
        assert LINES == [(match[1], match[2].split('    # !!')[0].rstrip()) for match in published if match]
