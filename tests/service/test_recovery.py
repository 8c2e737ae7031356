"""What a service that died left behind is put away at the next start; what is still needed stays."""
import sqlite3
import time

import pytest
from harness import manual

from azext_batchai.service import reset as reset_module
from azext_batchai.service.recovery import put_away
from azext_batchai.service.server import StartError, make_data_dir
from azext_batchai.service.settings import Settings


def until(condition, what):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def made(folder):
    folder.mkdir(parents=True)
    (folder / 'file').write_text('x')
    return folder


def test_folders_without_an_owner_go_and_the_trash_is_emptied(harness):
    data = harness.folders.data_dir
    lost = [made(data / kind / 'lost') for kind in ('launches', 'output', 'nodes', 'fileservers', 'trash')]
    put_away(harness.store, harness.engine, harness.folders)
    assert not any(folder.exists() for folder in lost[:-1])
    trash = data / 'trash'
    put_away(harness.store, harness.engine, harness.folders)
    until(lambda: list(trash.iterdir()) == [], 'the trash is not empty')


def test_what_is_owned_or_runs_stays(harness):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    guid = harness.job_record('j').guid
    launch = made(harness.folders.launch(harness.running_launch('j').id))
    output = harness.folders.output(guid)
    output.mkdir(parents=True, exist_ok=True)
    put_away(harness.store, harness.engine, harness.folders)
    assert launch.exists() and output.exists()


def test_an_ended_launch_that_was_not_released_is_released(harness):
    harness.make_cluster(scaleSettings=manual(1))
    harness.submit('j')
    harness.settle()
    record = harness.running_launch('j')
    made(harness.folders.launch(record.id))
    harness.end('j')
    assert harness.state('j') == 'succeeded'
    released = []
    harness.engine.release = released.append
    put_away(harness.store, harness.engine, harness.folders)
    assert released == [record.handle]


# reset

@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / 'data')


def test_a_reset_works_with_a_damaged_database_and_spares_what_is_not_ours(settings):
    made(settings.data_dir / 'storage')
    settings.database_file.write_bytes(b'no database at all' * 100)
    settings.lock_file.touch()
    (settings.data_dir / 'settings.json').write_text('{}')
    with pytest.raises(sqlite3.Error):
        from azext_batchai.service.store import Store
        Store(settings.database_file)
    reset_module.reset(settings)
    assert sorted(path.name for path in settings.data_dir.iterdir()) == ['service.lock', 'settings.json']


def test_a_reset_of_what_never_was_a_service_deletes_nothing(settings):
    precious = made(settings.data_dir / 'storage')
    reset_module.reset(settings)
    assert (precious / 'file').exists()


# whose folder it is

def test_a_folder_with_foreign_files_is_no_data_folder(tmp_path):
    made(tmp_path / 'project' / 'storage')
    with pytest.raises(StartError, match='not of a Batch AI service.*--data-dir'):
        make_data_dir(tmp_path / 'project')


@pytest.mark.parametrize('names', [[], ['connection.json', 'data-dir'], ['settings.json'], ['service.lock', 'trash'],
                                   ['batchai.db', 'storage'], ['service.log'], ['.connection.json-x1', 'lost+found']])
def test_an_empty_folder_or_one_of_ours_is(tmp_path, names):
    for name in names:
        (tmp_path / name).write_text('')
    make_data_dir(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
