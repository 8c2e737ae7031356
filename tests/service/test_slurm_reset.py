"""A reset of a data folder whose jobs are in Slurm. Its commands are scripts here that keep their jobs in a file."""
import os

import pytest

from azext_batchai.service.reset import reset
from azext_batchai.service.server import StartError
from azext_batchai.service.settings import load_settings

SQUEUE = '''#!/bin/sh
echo "squeue $*" >> {folder}/asked
if [ -e {folder}/down ]; then
    echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2
    exit 1
fi
cat {folder}/jobs
'''
SCANCEL = '''#!/bin/sh
echo "scancel $*" >> {folder}/asked
for word; do
    case $word in
        -*) ;;
        *) grep -v "^$word|" {folder}/jobs > {folder}/left; mv {folder}/left {folder}/jobs ;;
    esac
done
'''


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    folder = tmp_path / 'slurm'
    folder.mkdir()
    for name, text in {'squeue': SQUEUE, 'scancel': SCANCEL}.items():
        (folder / name).write_text(text.format(folder=folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv('PATH', f'{folder}:{os.environ["PATH"]}')
    (folder / 'asked').touch()
    return folder


@pytest.fixture
def data(tmp_path):
    """A data folder as a service with the engine slurm leaves it."""
    folder = tmp_path / 'data'
    (folder / 'launches' / 'a').mkdir(parents=True)
    for name in ('service.lock', 'batchai.db', 'slurm.json', 'slurm-news', 'slurm-jobs.log', 'slurm-node-0a1b2c3d.sh'):
        (folder / name).touch()
    (folder / 'engine').write_text('slurm')
    return folder


def reset_as_told(data):
    reset(load_settings(data, {}, {}))


def left(data):
    return sorted(path.name for path in data.iterdir() if path.name != 'trash')


def test_jobs_of_the_data_folder_end_and_those_of_others_go_on(slurm, data):
    ours = ('2|RUNNING|None|batchai:a', '3|PENDING|Priority|batchai:b')
    others = [f'4|RUNNING|None|batchai:x|{data}-2/launches/a', f'5|RUNNING|None|course|{data}/launches/a',
              '6|RUNNING|None|(null)|/home/me', '7', '', f'8|RUNNING|None|batchai:x|{data.parent}']
    first, last = (f'{row}|{data}/launches/{name}' for row, name in zip(ours, 'ab'))
    (slurm / 'jobs').write_text('\n'.join([first, *others, last, '']))
    reset_as_told(data)
    assert left(data) == ['service.lock', 'slurm.json']
    assert (slurm / 'jobs').read_text().splitlines() == others
    first, *_ = asked = (slurm / 'asked').read_text().splitlines()
    assert f'--user={os.getuid()}' in first and '--all' in first
    assert asked[1].split()[-2:] == ['2', '3']


def test_a_data_folder_that_is_reached_through_a_link_is_known(slurm, data, tmp_path):
    (tmp_path / 'link').symlink_to(data)
    (slurm / 'jobs').write_text(f'2|RUNNING|None|batchai:a|{data}/launches/a\n')
    reset_as_told(tmp_path / 'link')
    assert (slurm / 'jobs').read_text() == ''


def test_nothing_is_deleted_while_slurm_does_not_answer(slurm, data):
    (slurm / 'down').touch()
    before = left(data)
    with pytest.raises(StartError, match='^Jobs may be left in Slurm, so nothing was deleted: .*[Uu]nable to contact'):
        reset_as_told(data)
    assert left(data) == before


def test_nothing_is_deleted_where_the_commands_of_slurm_are_missing(slurm, data, monkeypatch):
    monkeypatch.setenv('PATH', str(data))
    with pytest.raises(StartError, match='squeue is not on PATH'):
        reset_as_told(data)
    assert 'batchai.db' in left(data)


def test_a_job_that_stays_keeps_the_data(slurm, data, monkeypatch):
    from azext_batchai.service.engines.slurm import leftovers
    monkeypatch.setattr(leftovers, 'PATIENCE_SECONDS', 0.3)
    (slurm / 'scancel').write_text('#!/bin/sh\nexit 0\n')
    (slurm / 'jobs').write_text(f'2|RUNNING|None|batchai:a|{data}/launches/a\n')
    with pytest.raises(StartError, match='nothing was deleted: job 2 does not end in Slurm'):
        reset_as_told(data)
    assert 'batchai.db' in left(data)


def test_slurm_is_not_asked_where_jobs_were_processes(slurm, data):
    (data / 'engine').write_text('process')
    reset_as_told(data)
    assert left(data) == ['service.lock', 'slurm.json'] and (slurm / 'asked').read_text() == ''
