"""A database after a loss of power, a bad disk or a careless hand: whole up to some commit, or refused in words."""
import random
import shutil
import sqlite3

import pytest

from azext_batchai.arm.ids import parse_resource_id
from azext_batchai.service.store import Store
from azext_batchai.service.store.database import Database

ROWS = 60
ID = ('/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/g/providers/Microsoft.BatchAI'
      '/workspaces/w/experiments/e/jobs/')


def add_job(store, number):
    store.jobs.add(parse_resource_id(f'{ID}j{number}'), f'guid-{number}', 'eastus',
                   {'nodeCount': 1, 'text': 'x' * 700}, {}, 'c', 0, float(number))


@pytest.fixture(scope='module')
def crashed(tmp_path_factory):
    """The files of a database whose process died, and the length of its log after each commit."""
    folder = tmp_path_factory.mktemp('crashed')
    store = Store(folder / 'batchai.db')
    store.database.connection.execute('PRAGMA wal_autocheckpoint=0')
    store.database.overwrite_deleted()
    log = folder / 'batchai.db-wal'
    lengths = []
    for number in range(ROWS):
        add_job(store, number)
        lengths.append(log.stat().st_size)
    copy = tmp_path_factory.mktemp('left') / 'batchai.db'
    shutil.copy(folder / 'batchai.db', copy)
    shutil.copy(log, f'{copy}-wal')
    store.close()
    return copy, lengths


def left_at(crashed, folder):
    file = folder / 'batchai.db'
    shutil.copy(crashed[0], file)
    shutil.copy(f'{crashed[0]}-wal', f'{file}-wal')
    return file, folder / 'batchai.db-wal'


def jobs_in(file):
    store = Store(file)
    try:
        assert [row[0] for row in store.database.all('PRAGMA integrity_check')] == ['ok']
        return [job.guid for job in store.jobs.list_children(f'{ID}'.lower().rpartition('/jobs')[0])]
    finally:
        store.close()


def expected(count):
    return [f'guid-{number}' for number in range(count)]


@pytest.mark.parametrize('seed', range(25))
def test_a_log_cut_off_anywhere_keeps_every_commit_before_the_cut(crashed, tmp_path, seed):
    file, log = left_at(crashed, tmp_path)
    cut = random.Random(seed).randrange(log.stat().st_size)
    with open(log, 'r+b') as opened:
        opened.truncate(cut)
    assert jobs_in(file) == expected(sum(length <= cut for length in crashed[1]))


@pytest.mark.parametrize('content', [b'\0', b'\xa5'], ids=['zeros', 'garbage'])
@pytest.mark.parametrize('seed', range(10))
def test_a_sector_of_the_log_that_never_arrived_ends_it_there(crashed, tmp_path, seed, content):
    file, log = left_at(crashed, tmp_path)
    begin = random.Random(seed).randrange(1, log.stat().st_size // 512 - 1) * 512
    with open(log, 'r+b') as opened:
        opened.seek(begin)
        opened.write(content * 512)
    found = jobs_in(file)
    assert found == expected(len(found))
    assert len(found) >= sum(length <= begin for length in crashed[1])


@pytest.mark.parametrize('seed', range(5))
def test_a_crash_in_the_middle_of_a_checkpoint_loses_nothing(crashed, tmp_path, seed):
    """Pages on their way from the log to the file are torn; the log still has them."""
    file, log = left_at(crashed, tmp_path)
    copy, chance = tmp_path / 'done.db', random.Random(seed)
    shutil.copy(file, copy)
    shutil.copy(log, f'{copy}-wal')
    opened = sqlite3.connect(copy)
    opened.execute('PRAGMA wal_checkpoint(FULL)')
    done = copy.read_bytes()
    opened.close()
    torn = bytearray(file.read_bytes().ljust(len(done), b'\0'))
    for begin in range(512, len(done), 512):  # SQLite counts on the first sector being written whole
        if chance.random() < 0.5:
            torn[begin:begin + 512] = done[begin:begin + 512]
    file.write_bytes(torn)
    assert jobs_in(file) == expected(ROWS)


def checkpointed(crashed, folder):
    file, log = left_at(crashed, folder)
    Store(file).close()
    assert not log.exists()
    return file


@pytest.mark.parametrize('seed', range(20))
def test_a_damaged_page_is_noticed_at_the_start(crashed, tmp_path, seed):
    file = checkpointed(crashed, tmp_path)
    size = file.stat().st_size
    begin = random.Random(seed).randrange(1, size // 4096) * 4096
    with open(file, 'r+b') as opened:
        opened.seek(begin)
        opened.write(random.Random(seed).randbytes(4096))
    with pytest.raises(sqlite3.DatabaseError) as caught:
        Database(file)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize('share', [0.1, 0.5, 0.9, 0.99])
def test_a_file_cut_off_is_refused(crashed, tmp_path, share):
    file = checkpointed(crashed, tmp_path)
    with open(file, 'r+b') as opened:
        opened.truncate(int(file.stat().st_size * share))
    with pytest.raises(sqlite3.DatabaseError) as caught:
        Database(file)
    assert len(str(caught.value).splitlines()) == 1
