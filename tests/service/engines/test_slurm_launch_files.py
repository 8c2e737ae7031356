"""The shell text of tasks, read by every shell that is here."""
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from azext_batchai.service.engines.base import Allocation, EngineCluster, LaunchRejected, Task
from azext_batchai.service.engines.slurm.launch_files import (
    address_word, fill, files_script, id_word, index_of_node, needs_nodes, node_script, shell_text)
from azext_batchai.service.engines.slurm.shares import Share
from azext_batchai.service.engines.slurm.submission import CommonFiles, sbatch_words
from azext_batchai.service.engines.slurm.allocation_folder import AllocationFolder

SHELLS = [[path] for name in ('dash', 'bash', 'ksh') if (path := shutil.which(name))]
SHELLS += [[path, 'sh'] for path in [shutil.which('busybox')] if path]
TEXTS = ['', ' ', 'a b', "it's", '"', '$(false)', '`false`',
         '$HOME', 'x\ny', '\\n', '-e', '!', 'ü\x81\x88', "''", '#x', '~']


@pytest.mark.parametrize('shell', SHELLS, ids=lambda words: words[-1])
@pytest.mark.parametrize('text', TEXTS)
def test_a_text_is_one_word_for_each_shell(shell, text):
    line = f'_batchai_id_0=node-a; printf %s {shell_text(text)} {shell_text(f"{text}{id_word(0)}{text}")}'
    done = subprocess.run([*shell, '-c', line], capture_output=True, check=True)
    assert done.stdout.decode() == f'{text}{text}node-a{text}'


@pytest.mark.parametrize('shell', SHELLS, ids=lambda words: words[-1])
def test_files_are_written_with_what_is_known_then(shell, tmp_path):
    place = tmp_path / "it's new" / 'hosts'
    script = files_script({place: f'{address_word(0)} slots=1\n{address_word(1)} $x\n'})
    for _ in range(2):
        subprocess.run([*shell, '-c', f'_batchai_address_0=10.0.0.1 _batchai_address_1=10.0.0.2\n{script}'], check=True)
        assert place.read_text() == '10.0.0.1 slots=1\n10.0.0.2 $x\n'
    assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize('text, known', [
    ('plain', 'plain'), (id_word(0), 'a'), (f'{address_word(1)}:{id_word(1)}', '2:b'), (id_word(7), id_word(7)),
    *[(text, text) for text in ('@batchai:id:0@', '@batchai:0123456789abcdef:id:0@', id_word('x'))]])
def test_words_are_filled_in_as_far_as_nodes_are_known(text, known):
    assert fill(text, [('a', '1'), ('b', '2')]) == known
    assert needs_nodes(known) == (known == id_word(7))


def test_a_task_names_its_node_by_word_or_id():
    assert index_of_node(id_word(3), ()) == 3
    assert index_of_node('b', ('a', 'b')) == 1
    with pytest.raises(LaunchRejected):
        index_of_node('c', ('a', 'b'))


@pytest.mark.parametrize('change', [{'command': 'a\0b'}, {'environment': {'A': '\0'}}, {'environment': {'A=B': ''}}])
def test_what_no_process_can_have_is_refused(change):
    task = {'node': 'a', 'command': 'true', 'environment': {}, 'working_directory': Path('/'), 'stdout': Path('/o'),
            'stderr': Path('/e')}
    with pytest.raises(ValueError):
        node_script({0: Task(**{**task, **change})}, '/mark')


# the submission

SHARE = Share('batch', ('--partition=batch', '--mem=0'), None, {'a': 'n1', 'b': 'n2'}, frozenset('ab'))
COMMON = CommonFiles(Path('/d/news'), Path('/d/100%.log'), Path('/d/node.sh'))


def words(share=SHARE, excluded='', nice=0, **changes):
    values = {'id': 'x-1', 'cluster': EngineCluster('g', Path('/d/nodes/g')), 'name': 'job', 'node_count': 2,
              'wall_seconds': 3600.0, **changes}
    return sbatch_words(AllocationFolder(Path('/d/nodes/g/attempts/x-1/allocation-1')), Allocation(**values), share,
                        excluded, nice, COMMON)


@pytest.mark.parametrize('seconds, limit, minutes', [
    (3600, None, '61'), (1, None, '2'), (61, None, '3'), (3600, 30, '30'), (3600, 61, '61'), (60, 600, '2'),
    (float('inf'), None, 'UNLIMITED'), (float('inf'), 5, '5')])
def test_the_time_is_a_minute_more_than_was_asked_for_and_never_more_than_allowed(seconds, limit, minutes):
    share = Share('batch', (), limit, {}, frozenset())
    assert f'--time={minutes}' in words(share, wall_seconds=seconds)


def test_nodes_are_those_named_or_all_but_the_excluded():
    assert '--nodelist=n[1-2]' in words(nodes=('b', 'a')) and words(nodes=('b', 'a'))[-2:] == ['n2', 'n1']
    assert '--exclude=n[3-4]' in words(excluded='n[3-4]') and not any('--nodelist' in word for word in words())


def test_every_word_for_sbatch_is_an_option_with_its_value_or_after_the_script():
    given = words(name='-x\n$(y)')
    script = next(number for number, word in enumerate(given) if number and not word.startswith('--'))
    assert given[0] == 'sbatch' and given[script].endswith('batch.sh')
    assert {'--exclusive', '--no-requeue', '--export=ALL', '--job-name=x___y_', '--output=/d/100%%.log'} <= set(given)


# the record

def test_a_record_that_a_crash_tore_is_mended_by_the_next_line(tmp_path):
    folder = AllocationFolder(tmp_path / 'nodes' / 'g' / 'attempts' / 'x-1' / 'allocation-1')
    allocation = Allocation('x-1', EngineCluster('g', tmp_path / 'nodes' / 'g'), 'job', 2, 60.0, -1000, ('a', 'b'))
    folder.create(allocation, True, {'cores': 2, 'gpus': 1})
    folder.add_stage(Path('/d/first'), False)
    with open(folder.path / 'record', 'a') as record:
        record.write('jo')
    assert folder.job() == ''
    for _ in range(2):
        folder.set_job('17')
        folder.add_stage(Path('/d/second'), True)
    assert folder.stages() == ['more /d/first', 'last /d/second'] and folder.job() == '17'
    assert folder.read_request() == (allocation, True) and folder.read_plan() == {'cores': 2, 'gpus': 1}
    folder.refuse('no\nway')
    assert folder.refusal() == 'no way'
    assert json.loads((folder.path / 'record').read_text().splitlines()[0].removeprefix('request '))['id'] == 'x-1'


@pytest.mark.parametrize('text', ['', '17', '17\n', '17\na 1 n1\n', '17\na 1 n1\n.'])
def test_nodes_are_known_once_all_of_them_are(tmp_path, text):
    folder = AllocationFolder(tmp_path)
    (tmp_path / 'started').write_text(text)
    assert folder.placed() is None and folder.has_started()
    (tmp_path / 'started').write_text('17\na 1 n1\nb 2 n2\n.\n')
    placed = folder.placed()
    assert (placed.job, placed.ids, placed.nodes) == ('17', ('a', 'b'), (('a', '1'), ('b', '2')))
